"""How long a training is to be, and how far it is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Attributes:
        steps: optimiser steps.  warmup: of them with a rising rate, before cosine decay to 0.
        rate: AdamW's highest learning rate.  weight_decay: of all.  average: decay of the running mean of the weights.
        muon: Muon's highest learning rate, for the weights that suit it; None trains all with AdamW.
    """

    steps: int
    rate: float
    warmup: int = 100
    weight_decay: float = 0.01
    average: float = 0.999
    muon: float | None = None


@dataclass
class Progress:
    """How far a training is: steps done, seconds spent, and the loss of every step."""

    steps: int
    seconds: float
    losses: list[float]
