"""gsplat's kernels are compiled once and loaded from the built file where they fit; nothing is compiled here."""

import json
import os
import shutil
import sys
import types
from pathlib import Path

import pytest
import torch
from markupsafe import _speedups

from vid3d import cli
from vid3d.backends import compile_gsplat
from vid3d.errors import InputError
from vid3d.splatting import mark
from vid3d.splatting.torch import gsplat, kernels

HOPPER = (9, 0)


@pytest.fixture
def place(monkeypatch):
    """The module that gsplat looks for is taken out again after the test, and the environment is as before."""
    monkeypatch.delitem(sys.modules, kernels.PLACE, raising=False)
    monkeypatch.delitem(sys.modules, "gsplat.cuda._backend", raising=False)
    for name in (kernels.CHOICE, "TORCH_EXTENSIONS_DIR"):
        monkeypatch.setenv(name, "")  # so that what the code sets is undone
        monkeypatch.delenv(name)
    yield
    for name in (kernels.PLACE, "gsplat.cuda._backend"):
        sys.modules.pop(name, None)


@pytest.fixture
def built(tmp_path, place):
    """A mark in a study's folder; some extension module stands for the kernels."""
    library = tmp_path / "build/gsplat/gsplat_cuda" / Path(_speedups.__file__).name
    library.parent.mkdir(parents=True)
    shutil.copy(_speedups.__file__, library)
    file = tmp_path / "build/gsplat-extension.json"
    made = mark.Mark(str(library), mark.versions(torch.version.cuda), ["sm_90"], {})
    file.write_text(json.dumps(made.contents(file)))
    return file


def changed(file, **fields):
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def test_the_mark_says_for_what_the_kernels_were_compiled_and_where_they_are(built):
    contents = json.loads(built.read_text())
    assert contents["library"].startswith("gsplat/gsplat_cuda/_speedups")  # with its folder it may be moved
    assert contents["versions"]["torch"] == mark.version("torch")
    assert contents["versions"]["gsplat"] == "1.5.3"
    assert contents["versions"]["CUDA"] == str(torch.version.cuda)
    assert contents["architectures"] == ["sm_90"]


def test_gsplat_finds_the_built_file_where_it_looks_before_it_would_compile(built, monkeypatch):
    """The real gsplat: its backend takes the library, and never comes to compiling, whatever compiler there is."""
    compiles = []
    monkeypatch.setattr("torch.utils.cpp_extension._jit_compile", lambda *given, **named: compiles.append(given))
    kernels.load(built, [HOPPER])
    from gsplat.cuda import _backend

    assert _backend._C is sys.modules[kernels.PLACE]
    assert _backend._C.__file__.startswith(str(built.parent / "gsplat"))
    assert not compiles
    kernels.load(built, [HOPPER])
    assert _backend._C is sys.modules[kernels.PLACE]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"versions": {"gsplat": "1.5.2"}}, "compiled for gsplat 1.5.2, and here is 1.5.3"),
        ({"versions": {}}, "compiled for gsplat None"),
        ({"architectures": ["sm_80"]}, r"compiled for sm_80, and here is a GPU of 9.0 \(set TORCH_CUDA_ARCH_LIST"),
        ({"library": "gsplat/moved.so"}, "there is no .*build/gsplat/moved.so"),
        ({"library": "gsplat-extension.json"}, "cannot be loaded"),
        ({"checked": 3}, "is no mark"),
        ({"architectures": None}, "is no mark"),
    ],
)
def test_kernels_for_something_else_are_refused_in_one_line(built, fields, message):
    """Also torch, CUDA and Python, which are compared as gsplat is."""
    changed(built, **fields)
    with pytest.raises(InputError, match=message) as error:
        kernels.load(built, [HOPPER])
    assert "\n" not in str(error.value)
    assert "delete it and run the study again" in str(error.value)


@pytest.mark.parametrize("name", ["torch", "CUDA", "Python"])
def test_each_version_counts(built, name):
    contents = json.loads(built.read_text())
    changed(built, versions=contents["versions"] | {name: "0.1"})
    with pytest.raises(InputError, match=f"compiled for {name} 0.1, and here is"):
        kernels.load(built, [])


def test_a_mark_of_an_older_kind_or_a_broken_one_is_refused(tmp_path):
    file = tmp_path / "mark.json"
    for contents in ('{"device": "A100", "difference": 0.0}', "{", "[]", "3"):
        file.write_text(contents)
        with pytest.raises(InputError, match=r"mark\.json: is no mark of gsplat's compiled kernels; delete it"):
            mark.read(file)


@pytest.mark.parametrize(
    ("choice", "architectures"),
    [
        ("9.0", ["sm_90"]),
        ("8.0;8.6 9.0+PTX", ["sm_80", "sm_86", "sm_90", "compute_90"]),
        ("12.0a", ["sm_120"]),
    ],
)
def test_torchs_list_of_architectures_is_read(choice, architectures):
    assert mark.named(choice) == architectures
    with pytest.raises(InputError, match="TORCH_CUDA_ARCH_LIST: 'Hopper'"):
        mark.named("Hopper")


# --- compiling -------------------------------------------------------------------------------------------------------


@pytest.fixture
def compiler(monkeypatch, place):
    """A gsplat whose backend "compiles" when it is imported: what it leaves, or raises, is what ``becomes`` says."""
    seen = {}

    class Backend(types.ModuleType):
        def __getattr__(self, name):
            if name != "_C":
                raise AttributeError(name)
            seen.update({key: os.environ.get(key) for key in (kernels.CHOICE, "TORCH_EXTENSIONS_DIR")})
            return seen["becomes"]()

    def library():
        file = Path(os.environ["TORCH_EXTENSIONS_DIR"], "gsplat_cuda/gsplat_cuda.so")
        file.parent.mkdir()
        file.write_bytes(b"")
        return types.SimpleNamespace(__file__=str(file))

    seen["becomes"] = library
    monkeypatch.setitem(sys.modules, "gsplat.cuda._backend", Backend("gsplat.cuda._backend"))
    return seen


def test_kernels_are_compiled_afresh_in_the_studys_folder_for_the_gpus_that_are_here(compiler, tmp_path):
    folder = tmp_path / "build/gsplat"
    (folder / "gsplat_cuda").mkdir(parents=True)
    (folder / "gsplat_cuda/of-another-torch.o").write_bytes(b"")
    made = kernels.compile_in(folder, [(8, 6), HOPPER])
    assert compiler[kernels.CHOICE] == "8.6;9.0"
    assert compiler["TORCH_EXTENSIONS_DIR"] == str(folder)
    assert (made.library, made.architectures) == (str(folder / "gsplat_cuda/gsplat_cuda.so"), ["sm_86", "sm_90"])
    assert not (folder / "gsplat_cuda/of-another-torch.o").exists()


def test_the_architectures_that_the_user_names_are_compiled(compiler, tmp_path, monkeypatch):
    monkeypatch.setenv(kernels.CHOICE, "8.0;9.0+PTX")
    made = kernels.compile_in(tmp_path / "gsplat", [(8, 6)])
    assert (compiler[kernels.CHOICE], made.architectures) == ("8.0;9.0+PTX", ["sm_80", "sm_90", "compute_90"])


def test_what_keeps_kernels_from_being_compiled_is_said_in_one_line(compiler, tmp_path, capsys):
    with pytest.raises(InputError, match="for which GPUs"):
        kernels.compile_in(tmp_path / "gsplat", [])
    compiler["becomes"] = lambda: None
    with pytest.raises(InputError, match="gsplat finds no CUDA compiler"):
        kernels.compile_in(tmp_path / "gsplat", [HOPPER])

    def fails():
        raise RuntimeError("Error building extension 'gsplat_cuda': [3/30] nvcc ...")

    compiler["becomes"] = fails
    with pytest.raises(InputError, match="could not be compiled; see above"):
        kernels.compile_in(tmp_path / "gsplat", [HOPPER])
    assert "[3/30] nvcc" in capsys.readouterr().err


def test_the_command_writes_the_mark_with_what_the_check_found(compiler, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA H100")
    monkeypatch.setattr(kernels, "capabilities", lambda: [HOPPER])
    monkeypatch.setattr(gsplat, "compare", lambda: {"gradient of centres": 2e-5})
    file = tmp_path / "build/gsplat-extension.json"
    monkeypatch.setattr(sys, "argv", ["vid3d", "gsplat-extension", "--output", str(file)])
    cli.main()
    written = mark.read(file)
    assert written.library == str(tmp_path / "build/gsplat/gsplat_cuda/gsplat_cuda.so")
    assert written.checked == {"device": "NVIDIA H100", "gradient of centres": 2e-5}
    assert written.problem(mark.versions(torch.version.cuda), [HOPPER]) is None

    def wrong():
        raise InputError("gsplat 1.5.3 on NVIDIA H100: gradient of centres differs by 15")

    file.unlink()
    monkeypatch.setattr(gsplat, "compare", wrong)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    assert not file.exists()


def test_without_a_gpu_kernels_are_compiled_only_when_asked_unchecked(compiler, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="this machine has none; --unchecked"):
        compile_gsplat.compiled(tmp_path / "mark.json")
    monkeypatch.setenv(kernels.CHOICE, "9.0")
    assert compile_gsplat.compiled(tmp_path / "mark.json", check=False)["checked"] == {}
