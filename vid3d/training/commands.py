"""The subcommands of ``vid3d`` that train the mini diffusion models: load, train, save."""

import argparse
import importlib
import shutil
from dataclasses import asdict
from typing import Any

import numpy as np

from vid3d import files
from vid3d.training import shards


def scenes(arguments: argparse.Namespace) -> None:
    """Render a shard of training scenes."""
    made = importlib.import_module("vid3d.training.scenes").render_scenes(
        arguments.first, arguments.count, arguments.seed
    )
    shards.save_arrays(arguments.output, {"orbits": made.orbits, "videos": made.videos, "scores": made.scores})


def autoencoder(arguments: argparse.Namespace) -> None:
    """Train the autoencoder of the mini diffusion models."""
    from vid3d.training.autoencoder import Recipe, train_autoencoder

    _threads(arguments)
    data = shards.load_scenes(arguments.scenes)
    images = np.concatenate([data.orbits.reshape(-1, *data.orbits.shape[2:]), data.videos[:, 6]])
    model, phases = train_autoencoder(images, arguments.checkpoints, arguments.seed, arguments.budget)
    _save(arguments, model, phases, {"recipe": asdict(Recipe()), "images": len(images)})


def image_encoder(arguments: argparse.Namespace) -> None:
    """Train the image encoder of the mini diffusion models."""
    from vid3d.training.image_encoder import SCHEDULE, train_image_encoder

    _threads(arguments)
    orbits = shards.load_scenes(arguments.scenes).orbits
    model, progress = train_image_encoder(orbits, arguments.checkpoints, arguments.seed, arguments.budget)
    _save(arguments, model, [progress], {"recipe": asdict(SCHEDULE), "images": orbits.shape[0] * orbits.shape[1]})


def latents(arguments: argparse.Namespace) -> None:
    """Encode a shard of scenes for the denoisers."""
    from vid3d.training import encode, pipelines

    _threads(arguments)
    data = shards.load_scenes([arguments.scenes])
    models = pipelines.load_autoencoder(arguments.autoencoder), pipelines.load_image_encoder(arguments.image_encoder)
    for output, encoded in (
        (arguments.orbits, encode.encode_orbits(data, *models)),
        (arguments.videos, encode.encode_videos(data, *models)),
    ):
        shards.save_arrays(output, vars(encoded))


def denoiser(arguments: argparse.Namespace) -> None:
    """Train the denoiser of orbits of views, or that of seed videos."""
    from vid3d.training import denoiser as training
    from vid3d.training import pipelines

    _threads(arguments)
    names = ("clips", "conditions", "embeddings", "identifiers")
    data = training.Latents(*shards.load_arrays(arguments.latents, names))
    schedule = {"views": training.VIEWS_SCHEDULE, "seed": training.SEED_SCHEDULE}[arguments.kind]
    initial = None if arguments.initial is None else pipelines.load_denoiser(arguments.initial)
    model, progress = training.train_denoiser(
        data,
        initial,
        arguments.checkpoints,
        schedule,
        arguments.seed,
        arguments.budget,
        f"denoiser of {arguments.kind}",
    )
    facts = {"recipe": asdict(schedule), "clips": len(data.clips), "frames": data.clips.shape[1]}
    _save(arguments, model, [progress], facts | {"initialised_from": str(arguments.initial)})


def pipeline(arguments: argparse.Namespace) -> None:
    """Put trained parts together as a Stable Video Diffusion pipeline."""
    from vid3d.training.pipelines import assemble

    assemble(arguments.autoencoder, arguments.image_encoder, arguments.denoiser, arguments.output)


def _threads(arguments: argparse.Namespace) -> None:
    importlib.import_module("torch").set_num_threads(arguments.threads)


def _save(arguments: argparse.Namespace, model: Any, phases: list[Any], facts: dict[str, Any]) -> None:
    """The model's folder: weights, ``training.csv`` (losses) and ``training.json`` (what was done).

    The checkpoints go, or the next training would find itself finished.
    """
    from vid3d.training.pipelines import save_part

    save_part(model, arguments.output)
    shards.save_losses(arguments.output / "training.csv", phases)
    done = facts | {
        "seed": arguments.seed,
        "threads": arguments.threads,
        "budget_minutes": arguments.budget,
        "parameters": sum(value.numel() for value in model.parameters()),
        "steps": [phase.steps for phase in phases],
        "minutes": [round(phase.seconds / 60, 1) for phase in phases],
    }
    files.save_json(arguments.output / "training.json", done)
    shutil.rmtree(arguments.checkpoints)
