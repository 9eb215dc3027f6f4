"""Write the model card of a mini diffusion model from the files of its folder."""

from pathlib import Path
from typing import Literal

from vid3d.training import card


def run(kind: Literal["views", "seed"], /, *, model: Path) -> None:
    """Write README.md and its figure.

    Args:
        kind: the stage that the model serves.
        model: its folder.
    """
    card.write(kind, model)
