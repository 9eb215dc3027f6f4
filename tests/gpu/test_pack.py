"""The folder that a node without internet is given, but for what the wheels' index says."""

import subprocess

import pytest

from tests.gpu import inputs, pack
from vid3d.errors import InputError

NODE = "torch==2.11.0\nnumpy==2.5.2\nopencv-python-headless==4.13.0\ntransformers==5.17.0\nscikit_build_core==0.12.0\n"


@pytest.fixture
def node(tmp_path):
    file = tmp_path / "node.txt"
    file.write_text(NODE)
    return file


def names(wanted):
    return {line.partition("==")[0] for line in wanted}


def test_what_the_node_lacks_or_has_too_old_is_fetched(node):
    lacking = names(pack.lacks(pack.installed(node)))
    assert {"gsplat", "diffusers", "pydantic-core"} <= lacking
    assert "transformers" in lacking  # older than what pyproject.toml allows
    assert not {"numpy", "opencv-python-headless", "scikit-build-core"} & lacking
    assert not {name for name in lacking if name.startswith(("torch", "nvidia", "cuda", "triton"))}


def test_a_node_is_described_by_its_list(node):
    with pytest.raises(InputError, match="No such file"):
        pack.installed(node.with_name("none.txt"))
    node.write_text("numpy==2.5.2\n")
    with pytest.raises(InputError, match="names no torch"):
        pack.installed(node)


def test_the_folder_holds_source_inputs_and_one_command(node, tmp_path, monkeypatch, little, capsys):
    given = tmp_path / "given"
    inputs.save(little, given)
    monkeypatch.setattr(inputs, "FOLDER", given)
    fetched = []
    monkeypatch.setattr(pack, "wheels", lambda folder, wanted, python: fetched.extend(wanted))
    folder = tmp_path / "packed"
    pack.pack(folder, node, "3.12")
    assert names(fetched) == names(pack.lacks(pack.installed(node)))
    assert inputs.load(folder / "inputs").quality == pytest.approx(little.quality)
    for file in ("vid3d/splatting/core/module.cpp", "tests/gpu/test_acceptance.py", "tests/data/multiview/ORIGIN.md"):
        assert (folder / "source" / file).is_file()
    assert (folder / "source/SOURCE").read_text().strip()
    assert subprocess.run(["sh", "-n", str(folder / "run.sh")], check=False).returncode == 0
    assert " MB in " in capsys.readouterr().out
    with pytest.raises(InputError, match="is there already"):
        pack.pack(folder, node, "3.12")
    monkeypatch.setattr(pack, "MOST", 1000)
    with pytest.raises(InputError, match="at most 0: install the largest wheels on the node first"):
        pack.total(folder)


def test_a_package_without_a_wheel_is_named(tmp_path, monkeypatch):
    refuses = subprocess.CompletedProcess([], 1, "", "WARNING: x\nERROR: No matching distribution found for a==1\n")
    monkeypatch.setattr(pack.subprocess, "run", lambda *given, **named: refuses)
    with pytest.raises(InputError, match=r"a==1: no wheel for Python 3\.12 \(ERROR: No matching"):
        pack.wheels(tmp_path / "wheels", ["a==1"], "3.12")
