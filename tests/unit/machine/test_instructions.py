"""Libraries choose no kernels by the processor, unless they are told to, and no variable that is set is overwritten."""

import json
import os
import subprocess
import sys

import pytest

from vid3d.errors import InputError
from vid3d.machine import instructions

ALL = instructions.PINNED | instructions.WITHOUT_AVX512


@pytest.fixture
def modern(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text(f"model name\t: one\nflags\t\t: fpu sse2 avx2 fma {' '.join(instructions.AVX512)}\n")
    return path


def test_all_libraries_are_pinned(modern):
    environment = {}
    instructions.pin(environment, modern)
    assert environment == ALL


def test_nothing_is_taken_away_that_is_not_there(tmp_path):
    path, environment = tmp_path / "cpuinfo", {}
    path.write_text("flags : sse2 avx2 fma\n")
    instructions.pin(environment, path)
    assert environment == instructions.PINNED


def test_what_was_set_is_kept(modern):
    environment = {"MKL_CBWR": "AVX2"}
    instructions.pin(environment, modern)
    assert environment == ALL | {"MKL_CBWR": "AVX2"}


def test_native_leaves_libraries_their_choice(modern):
    environment = {instructions.SETTING: "native"}
    instructions.pin(environment, modern)
    assert list(environment) == [instructions.SETTING]


@pytest.mark.parametrize("told", ["flags : fpu sse2 avx\n", "Features : fp asimd\n", None])
def test_a_processor_without_avx2_is_left_alone(told, tmp_path):
    path = tmp_path / "cpuinfo"
    if told is not None:
        path.write_text(told)
    environment = {}
    instructions.pin(environment, path)
    assert environment == {}


def test_an_unknown_choice_is_refused(modern):
    with pytest.raises(InputError, match="VID3D_INSTRUCTIONS=fastest: is unknown; set it to pinned or native"):
        instructions.pin({instructions.SETTING: "fastest"}, modern)


@pytest.mark.parametrize(("command", "set_for_it"), [("score", ALL), ("train-part", {})])
def test_jobs_have_it_before_numpy_and_torch_are_there(command, set_for_it, modern, tmp_path):
    """The command line, started as a job is, with an import of numpy that tells when it came; training has it never."""
    (tmp_path / "numpy.py").write_text("import json, os\nprint(json.dumps(dict(os.environ)))\nraise SystemExit(0)\n")
    code = (
        "import sys, pathlib\n"
        "from vid3d.machine import instructions\n"
        f"instructions.pin.__defaults__ = (pathlib.Path({str(modern)!r}),)\n"
        "from vid3d import cli\n"
        f"sys.argv = ['vid3d', {command!r}, '--help']\n"
        "cli.main()\n"
    )
    environment = {k: v for k, v in os.environ.items() if k not in ALL} | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {name: told[name] for name in ALL if name in told} == set_for_it
