from importlib import import_module
from pathlib import Path

from vid3d import files
from vid3d.machine import gpus


def run(*, output: Path) -> None:
    """Compile gsplat's CUDA kernels, once for all later jobs, and compare a picture of theirs with the CPU's.

    Args:
        output: JSON.
    """
    with gpus.held():
        checked = import_module("vid3d.backends.render_autodiff").check()
    files.save_json(output, checked)
