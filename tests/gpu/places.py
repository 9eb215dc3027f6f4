"""Where the checks run: on a GPU with gsplat, or, to see that the checks themselves are right, on a CPU without."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from vid3d.scene import Cameras, Float32, Splats
from vid3d.splatting.native import Rasterisation
from vid3d.splatting.rasteriser import render as cpp_render
from vid3d.splatting.torch import cpp, gsplat
from vid3d.splatting.torch.agreement import MakeRasterizer, Renderer


@dataclass(frozen=True)
class Place:
    """A device with its rasterizer, and how large the scenes are that it is given.

    Attributes:
        rasterisation: as which the C++ rasterizer draws what this one draws.
        whole: sizes are the acceptance's; otherwise small ones, which a CPU does in seconds.
    """

    device: torch.device
    rasterizer: MakeRasterizer
    render: Renderer
    rasterisation: Rasterisation
    whole: bool

    @property
    def cuda(self) -> bool:
        """Whether it is a GPU."""
        return self.device.type == "cuda"

    def seconds(self, call: Callable[[], Any]) -> tuple[Any, float]:
        """What a call gives, and how long it takes until the device has done it."""
        self.wait()
        started = time.monotonic()
        made = call()
        self.wait()
        return made, time.monotonic() - started

    def wait(self) -> None:
        """Until the device has done what it was given."""
        if self.cuda:
            torch.cuda.synchronize()

    def start_memory(self) -> None:
        """The peak of the memory is counted from here."""
        if self.cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def peak_gib(self) -> float | None:
        """Of what torch reserved on the device since ``start_memory``; None on a CPU."""
        return torch.cuda.max_memory_reserved() / 2**30 if self.cuda else None


def on_gpu() -> Place:
    """gsplat on the CUDA device."""
    return Place(gsplat.GPU, gsplat.rasterizer, gsplat.render, gsplat.CAPPED, True)


def on_cpu() -> Place:
    """The C++ rasterizer in gsplat's place, told to cap alphas as gsplat does."""

    def render(splats: Splats, cameras: Cameras, rasterisation: Rasterisation) -> Float32:
        return np.clip(cpp_render(splats, cameras, rasterisation), 0.0, 1.0)

    return Place(torch.device("cpu"), cpp.rasterizer, render, gsplat.CAPPED, False)
