from importlib import import_module
from pathlib import Path

from vid3d import files
from vid3d.machine import gpus


def run(*, output: Path, unchecked: bool = False) -> None:
    """Compile gsplat's CUDA kernels, once for all later jobs, and compare what they draw with the CPU's.

    Args:
        output: JSON, the kernels' mark; they are built in folder gsplat beside it.
        unchecked: compile for the GPUs that TORCH_CUDA_ARCH_LIST names on a machine that has none; each job that uses
            the kernels compares them in any case.
    """
    with gpus.held():
        mark = import_module("vid3d.backends.compile_gsplat").compiled(output, check=not unchecked)
    files.save_json(output, mark)
