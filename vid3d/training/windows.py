"""Clips shown in windows: a step sees some neighbouring frames of each, and so more clips.

Neighbouring views of an object say nearly the same, other objects do not: 1000 steps on 8 windows of 9 views left a
lower error on held-out orbits, of which the model had never seen a whole one, than as many on 4 orbits of 18 views
(0.437, 0.313 and 0.112 from noise 40, 3 and 0.7, instead of 0.451, 0.323 and 0.116), at the same cost.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Windows:
    """``frames`` of a clip are shown, of as many more clips a step, ``until`` this share of the training is done.

    After that the clips are whole, since a model also learns what lies beyond a clip's ends: nothing.
    """

    frames: int
    until: float


class Positions(nn.Module):
    """In front of a temporal transformer's embedding of frame numbers, which count from 0: lets them count from others.

    Attributes:
        first: (b,) int, the number of each clip's first frame; None counts from 0.
    """

    def __init__(self, embedding: nn.Module) -> None:
        super().__init__()
        self.embedding = embedding
        self.first: Tensor | None = None

    def forward(self, numbers: Tensor) -> Tensor:
        """Embeds frame numbers (b * frames,), clip by clip."""
        if self.first is not None:
            numbers = numbers + self.first.to(numbers.device).repeat_interleave(len(numbers) // len(self.first))
        return self.embedding(numbers)  # type: ignore[no-any-return]


def with_positions(model: Any) -> list[Positions]:
    """Put ``Positions`` into a UNet, in place, without changing what it computes or the names of its parameters."""
    transformers = [m for m in model.modules() if type(m).__name__ == "TransformerSpatioTemporalModel"]
    for transformer in transformers:
        transformer.time_proj = Positions(transformer.time_proj)
    return [transformer.time_proj for transformer in transformers]


@contextmanager
def counted_from(positions: Sequence[Positions], first: Tensor) -> Iterator[None]:
    """Let the frames of the clips be counted ``from`` these numbers (b,)."""
    for one in positions:
        one.first = first
    try:
        yield
    finally:
        for one in positions:
            one.first = None


def drawn(windows: Windows, frames: int, count: int, randomness: torch.Generator) -> Tensor:
    """(count,) int64: where windows of clips of so many frames begin, evenly from wherever they fit."""
    return torch.randint(frames - windows.frames + 1, (count,), generator=randomness)
