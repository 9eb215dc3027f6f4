"""Train the autoencoder of the mini diffusion models."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from vid3d.training import part, shards
from vid3d.training.autoencoder import Recipe, train_autoencoder


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
    data = shards.load_scenes(scenes)
    model, phases = train_autoencoder(data, checkpoints, seed, budget)
    facts = {"recipe": asdict(Recipe()), "objects": len(data.scores)}
    part.save(output, model, phases, facts | {"seed": seed, "threads": threads, "budget_minutes": budget}, checkpoints)
