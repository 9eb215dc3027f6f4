"""How long a training is to be, and how far it is."""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Attributes:
        steps: optimiser steps.  warmup: of them with a rising rate.
        rate: AdamW's highest learning rate.  weight_decay: of all.  average: decay of the running mean of the weights.
        muon: Muon's highest learning rate, for the weights that suit it; None trains all with AdamW.
        decay: share of the training, its end, over which rates fall to 0, along half a cosine.
    """

    steps: int
    rate: float
    warmup: int = 100
    weight_decay: float = 0.01
    average: float = 0.999
    muon: float | None = None
    decay: float = 1.0

    def factor(self, step: int, share: float) -> float:
        """Of the highest rates, what applies to a step (from 0) when ``share`` of the training is done."""
        falling = max(0.0, 1.0 - (1.0 - share) / self.decay)
        return min(1.0, (step + 1) / self.warmup) * 0.5 * (1.0 + math.cos(math.pi * falling))


@dataclass
class Progress:
    """How far a training is: steps done, seconds spent, the loss of every step, and by step what was watched."""

    steps: int
    seconds: float
    losses: list[float]
    watched: dict[int, list[float]] = field(default_factory=dict)
