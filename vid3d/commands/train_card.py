from pathlib import Path
from typing import Literal

from vid3d.training import card, clip_card


def run(kind: Literal["clip", "views", "seed"], /, *, model: Path) -> None:
    """Write the model card of a mini model from the files of its folder.

    Args:
        kind: the mini CLIP, or the stage that the model serves.
        model: its folder, with what was measured.
    """
    if kind == "clip":
        clip_card.write(model)
    else:
        card.write(kind, model)
