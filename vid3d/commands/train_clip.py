from pathlib import Path

from vid3d.training import clip


def run(*, budget: float | None = None, seed: int = 0, output: Path) -> None:
    """Train the mini CLIP anew.

    Args:
        budget: stop after so many minutes (default: the full recipe).
        seed: of the randomness.
        output: the model's folder.
    """
    clip.train(output, seed, budget)
