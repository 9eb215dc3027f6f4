"""gsplat's CUDA kernels: compiled once, by a job of its own, and loaded from the built file by all others.

gsplat compiles when it is first used, and looks at every later start whether to compile again: whatever changed the
command line (another ``ninja`` on PATH, ``TORCH_CUDA_ARCH_LIST`` in one shell only) rebuilds all of it inside that
job, beside others that use the same folder.  So only ``compile_in`` ever lets it; a job puts the library in the place
where gsplat looks for one before it looks for a compiler.
"""

import os
import shutil
import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from vid3d.errors import InputError
from vid3d.splatting.mark import ANEW, Capability, Mark, named, read, versions

CHOICE = "TORCH_CUDA_ARCH_LIST"
PLACE = "gsplat.csrc"  # the module that gsplat asks for first


def compile_in(folder: Path, capabilities: list[Capability]) -> Mark:
    """Compile the kernels for GPUs of these kinds, or for those that ``TORCH_CUDA_ARCH_LIST`` names.

    Args:
        folder: for the build; what is in it is deleted.

    Raises:
        InputError: no gsplat, no compiler, no kind of GPU, or the compiler failed, whose messages are then printed.
    """
    found = versions(torch.version.cuda)
    choice = os.environ.get(CHOICE) or ";".join("{}.{}".format(*kind) for kind in capabilities)
    if not choice:
        raise InputError(f"gsplat: for which GPUs? There is none here; set {CHOICE}, for instance to '8.0;9.0'")
    architectures = named(choice)
    os.environ[CHOICE] = choice
    os.environ["TORCH_EXTENSIONS_DIR"] = str(folder.resolve())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        from gsplat.cuda._backend import _C  # which compiles
    except (RuntimeError, OSError, ImportError) as error:
        print(error, file=sys.stderr, flush=True)
        raise InputError("gsplat: its kernels could not be compiled; see above what the compiler says") from None
    if _C is None:
        raise InputError("gsplat finds no CUDA compiler; put nvcc on PATH or set CUDA_HOME")
    return Mark(str(_C.__file__), found, architectures, {})


def load(file: Path, capabilities: list[Capability]) -> Mark:
    """Let gsplat use the kernels of the mark in ``file`` in this process, which then compiles nothing.

    Args:
        capabilities: of the GPUs that this process will draw on.

    Raises:
        InputError: there are no kernels, they are for something else than what is here, or cannot be loaded.
    """
    mark = read(file)
    problem = mark.problem(versions(torch.version.cuda), capabilities)
    if problem is not None:
        raise InputError(f"{file}: gsplat's kernels: {problem}; {ANEW}")
    if PLACE not in sys.modules:
        try:
            sys.modules[PLACE] = _loaded(mark.library)
        except (ImportError, OSError) as error:
            raise InputError(f"{mark.library} cannot be loaded ({error}); {ANEW}: {file}") from None
    return mark


def _loaded(library: str) -> ModuleType:
    """The module in a shared library, whose name is that of its file."""
    name = Path(library).name.partition(".")[0]
    loader = ExtensionFileLoader(name, library)
    spec: Any = spec_from_file_location(name, library, loader=loader)
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def capabilities() -> list[Capability]:
    """Of the GPUs that torch finds, each kind once."""
    there = range(torch.cuda.device_count()) if torch.cuda.is_available() else range(0)
    return sorted({torch.cuda.get_device_capability(index) for index in there})
