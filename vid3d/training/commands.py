"""The subcommands of ``vid3d`` that train the mini diffusion models: load, train, save."""

import argparse
import importlib
import shutil
from dataclasses import asdict
from typing import Any

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
    model, phases = train_autoencoder(data, arguments.checkpoints, arguments.seed, arguments.budget)
    _save(arguments, model, phases, {"recipe": asdict(Recipe()), "objects": len(data.scores)})


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


PARTS = ("autoencoder", "image_encoder", "denoiser")


def pipeline(arguments: argparse.Namespace) -> None:
    """Put trained parts together as a Stable Video Diffusion pipeline, with what was done to train them."""
    from vid3d.training.pipelines import assemble

    folders = {part: getattr(arguments, part) for part in PARTS}
    done = {part: files.load_json(folder / "training.json") for part, folder in folders.items()}
    assemble(arguments.autoencoder, arguments.image_encoder, arguments.denoiser, arguments.output)
    losses = {part: shards.load_losses(folder / "training.csv") for part, folder in folders.items()}
    shards.save_curves(arguments.output / "training.csv", losses)
    files.save_json(arguments.output / "training.json", done)


def judge(arguments: argparse.Namespace) -> None:
    """Judge a mini model on held-out objects: figures, and a sheet of all samples."""
    from vid3d.procedural import load_objects
    from vid3d.study import config, specs
    from vid3d.training import judge as judging

    spec = specs.parse_spec(arguments.kind, arguments.spec)
    stage = importlib.import_module(type(spec).module).build(spec)
    objects = load_objects(config.read_yaml(arguments.objects))
    if arguments.kind == "views":
        judged = judging.judge_views(objects, stage, shards.load_scenes(arguments.scenes).orbits, spec.seed)
    else:
        judged = judging.judge_seeds(objects, stage, spec.size, spec.seed, spec.frames)
    files.save_picture(arguments.sheet, judged.pop("sheet"))
    files.save_json(arguments.output, {"spec": spec.argument(), **judged})


def card(arguments: argparse.Namespace) -> None:
    """Write the model card of a mini diffusion model from the files of its folder."""
    importlib.import_module("vid3d.training.card").write(arguments.kind, arguments.model)


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
