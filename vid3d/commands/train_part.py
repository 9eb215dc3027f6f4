import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from vid3d import files
from vid3d.errors import InputError
from vid3d.training import denoiser, pipelines, shards
from vid3d.training.autoencoder import Recipe, train_autoencoder
from vid3d.training.faster import use_threads
from vid3d.training.image_encoder import SCHEDULE, train_image_encoder


def run(
    kind: Literal["autoencoder", "image-encoder", "views", "seed"],
    /,
    *,
    data: Sequence[Path],
    held_out: Path | None = None,
    initial: Path | None = None,
    budget: float | None = None,
    seed: int = 0,
    threads: int = 1,
    checkpoints: Path,
    output: Path,
) -> None:
    """Train a part of the mini diffusion models: the autoencoder, the image encoder, or a stage's denoiser.

    Write the part's folder: weights, training.csv (losses) and training.json (what was done).

    Args:
        kind: which part; views and seed are the denoisers of these stages.
        data: shards, of scenes or, for a denoiser, of encoded clips.
        held_out: for a denoiser, a shard of what training never sees, on which the error is watched.
        initial: for a denoiser, the folder of another one to begin with (default: random weights).
        budget: minutes in all (default: the full recipe).
        seed: of the randomness.
        threads: of the processor.
        checkpoints: folder from which an interrupted training goes on; it goes at the end, or the next training would
            find itself finished.
        output: the part's folder.
    """
    use_threads(threads)
    model: Any
    if kind == "autoencoder":
        scenes = shards.load_scenes(data)
        model, phases = train_autoencoder(scenes, checkpoints, seed, budget)
        facts = {"recipe": asdict(Recipe()), "objects": len(scenes.scores)}
    elif kind == "image-encoder":
        orbits = shards.load_scenes(data).orbits
        model, progress = train_image_encoder(orbits, checkpoints, seed, budget)
        phases, facts = [progress], {"recipe": asdict(SCHEDULE), "images": orbits.shape[0] * orbits.shape[1]}
    else:
        latents, schedule, windows = denoiser.load_latents(data), denoiser.SCHEDULES[kind], denoiser.WINDOWS[kind]
        if held_out is None:
            raise InputError(f"--held-out: a denoiser ({kind}) needs a shard of clips to watch its error on")
        begun = None if initial is None else pipelines.load_part("denoiser", initial)
        unseen, title = denoiser.load_latents([held_out]), f"denoiser of {kind}"
        model, progress = denoiser.train_denoiser(
            latents, unseen, begun, checkpoints, schedule, seed, budget, title, windows
        )
        phases, facts = [progress], {"recipe": asdict(schedule), "clips": len(latents.clips)}
        facts |= {"windows": None if windows is None else asdict(windows), "frames": latents.clips.shape[1]}
        facts |= {"noise_levels_watched": denoiser.WATCHED} | _begun_with(initial)
    facts |= {"seed": seed, "threads": threads, "budget_minutes": budget}
    facts |= {"parameters": sum(value.numel() for value in model.parameters())}
    facts |= {"steps": [p.steps for p in phases], "minutes": [round(p.seconds / 60, 1) for p in phases]}
    facts |= {"held_out": [p.watched for p in phases if p.watched]}
    pipelines.save_part(model.cpu(), output)
    shards.save_losses(output / "training.csv", phases)
    files.save_json(output / "training.json", facts)
    shutil.rmtree(checkpoints)


def _begun_with(initial: Path | None) -> dict[str, Any]:
    """The name of the model that a training was begun with, and what was done to train that, if it tells."""
    if initial is None:
        return {"initialised_from": None}
    earlier = initial / "training.json"
    before = {"before": files.load_json(earlier)} if earlier.exists() else {}
    return {"initialised_from": initial.name, **before}
