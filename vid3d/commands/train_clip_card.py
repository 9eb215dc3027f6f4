"""Write the model card of the mini CLIP from its measured files."""

from pathlib import Path

from vid3d.training import clip_card


def run(*, model: Path) -> None:
    """Write README.md and its figures.

    Args:
        model: the folder with what was measured, in which the card is written.
    """
    clip_card.write(model)
