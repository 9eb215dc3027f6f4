"""Train the image encoder of the mini diffusion models."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from vid3d.training import part, shards
from vid3d.training.image_encoder import SCHEDULE, train_image_encoder


def run(
    *,
    scenes: Sequence[Path],
    budget: float | None = None,
    seed: int = 0,
    threads: int = 1,
    checkpoints: Path,
    output: Path,
) -> None:
    """Write the part's folder.

    Args:
        scenes: shards.
        budget: minutes in all (default: the full recipe).
        seed: of the randomness.
        threads: of the processor.
        checkpoints: folder from which an interrupted training goes on.
        output: the part's folder.
    """
    part.use_threads(threads)
    orbits = shards.load_scenes(scenes).orbits
    model, progress = train_image_encoder(orbits, checkpoints, seed, budget)
    facts = {"recipe": asdict(SCHEDULE), "images": orbits.shape[0] * orbits.shape[1]}
    facts |= {"seed": seed, "threads": threads, "budget_minutes": budget}
    part.save(output, model, [progress], facts, checkpoints)
