"""Train the denoiser of orbits of views, or that of seed videos."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from vid3d.training import denoiser, part, pipelines, shards


def run(
    kind: Literal["views", "seed"],
    /,
    *,
    latents: Sequence[Path],
    held_out: Path,
    initial: Path | None = None,
    budget: float | None = None,
    seed: int = 0,
    threads: int = 1,
    checkpoints: Path,
    output: Path,
) -> None:
    """Write the part's folder.

    Args:
        kind: which of the two.
        latents: shards.
        held_out: a shard of what training never sees, on which the error is watched.
        initial: folder of a denoiser to begin with (default: random weights).
        budget: minutes in all (default: the full recipe).
        seed: of the randomness.
        threads: of the processor.
        checkpoints: folder from which an interrupted training goes on.
        output: the part's folder.
    """
    part.use_threads(threads)
    names = ("clips", "conditions", "embeddings", "identifiers")
    data = denoiser.Latents(*shards.load_arrays(latents, names))
    unseen = denoiser.Latents(*shards.load_arrays([held_out], names))
    schedule = {"views": denoiser.VIEWS_SCHEDULE, "seed": denoiser.SEED_SCHEDULE}[kind]
    begun = None if initial is None else pipelines.load_denoiser(initial)
    title = f"denoiser of {kind}"
    model, progress = denoiser.train_denoiser(data, unseen, begun, checkpoints, schedule, seed, budget, title)
    facts = {"recipe": asdict(schedule), "clips": len(data.clips), "frames": data.clips.shape[1]}
    facts |= {"initialised_from": str(initial), "noise_levels_watched": denoiser.WATCHED}
    facts |= {"seed": seed, "threads": threads, "budget_minutes": budget}
    part.save(output, model, [progress], facts, checkpoints)
