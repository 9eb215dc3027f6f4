"""gsplat's CUDA kernels for the backends ``autodiff``: compiled, and compared with the C++ rasterizer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from vid3d.errors import InputError
from vid3d.splatting.torch import gsplat, kernels


def compiled(file: Path, check: bool = True) -> dict[str, Any]:
    """The contents of the mark in ``file``, when the kernels are compiled, in folder ``gsplat`` beside it.

    Args:
        file: where the mark will stand.
        check: draw with them, which needs the GPU.

    Raises:
        InputError: there is no CUDA device to check them on, they cannot be compiled, or they draw otherwise than the
            C++ rasterizer.
    """
    if check and not torch.cuda.is_available():
        raise InputError("gsplat's kernels are checked on a CUDA device and this machine has none; --unchecked")
    mark = kernels.compile_in(file.parent / "gsplat", kernels.capabilities())
    if check:
        mark = replace(mark, checked={"device": torch.cuda.get_device_name()} | gsplat.compare())
    return mark.contents(file)
