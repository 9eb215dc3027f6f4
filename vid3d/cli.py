"""The command ``vid3d``.

Exit codes: 0 done; 2 something given is wrong, said in one line; 1 anything unforeseen, with a traceback.
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from vid3d import __version__, commands
from vid3d.errors import InputError
from vid3d.machine import gpus
from vid3d.study import specs
from vid3d.training import commands as training

Stage = argparse.ArgumentParser


def _spec(stage: Stage, of: str) -> None:
    """The Spec of a stage, which says whether the command needs a GPU."""
    stage.set_defaults(spec_of=of)
    stage.add_argument("--spec", required=True, help="the stage's Spec as JSON")
    _paths(stage, "gpu-record", number=None, required=False)


def _paths(stage: Stage, *names: str, number: int | str | None = "+", required: bool = True) -> None:
    """Options that take files: any number of them, a fixed number, or (None) one."""
    settings: dict[str, Any] = {"type": Path, "nargs": number, "required": required}
    for name in names:
        stage.add_argument(f"--{name}", **settings)


def _item(stage: Stage, *numbers: str) -> None:
    """The reference image's three files, and numbers that say which clip."""
    _paths(stage, "reference", number=3)
    for name in numbers:
        stage.add_argument(f"--{name}", type=int, required=True)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _frames(stage: Stage) -> None:
    stage.add_argument("--frames", type=int, nargs="+", required=True, help="frame numbers")


def _fetch(stage: Stage) -> None:
    stage.add_argument("--entry", required=True, help="the photograph's manifest entry as JSON")
    _paths(stage, "folder", number=None, required=False)
    _paths(stage, "output", number=None)


def _fetch_weights(stage: Stage) -> None:
    stage.add_argument("--manifest", type=Path, default=Path("config/weights.yaml"))
    stage.add_argument("--licences", nargs="*", default=[], help="names of the licences that you accept")
    _paths(stage, "output")


def _of_runs(stage: Stage) -> None:
    stage.add_argument("--run", nargs="+", help="names of runs (default: those of the default report)")
    _paths(stage, "configfile", number="+", required=False)
    stage.set_defaults(configfile=[])
    stage.add_argument("--config", nargs="+", default=[], metavar="KEY=VALUE", help="single settings, as for Snakemake")


def _doctor(stage: Stage) -> None:
    _of_runs(stage)
    stage.add_argument("--checksums", action="store_true", help="read the weights through and compare checksums")


def _reference(stage: Stage) -> None:
    _spec(stage, "reference")
    stage.add_argument("--entry", required=True, help="the image's manifest entry as JSON")
    stage.add_argument("--image", required=True, help="its name in paths")
    _paths(stage, "source", number=None, required=False)
    _paths(stage, "output", number=3)


def _seed(stage: Stage) -> None:
    _spec(stage, "seed")
    _item(stage, "motion")
    _paths(stage, "output")


def _views(stage: Stage) -> None:
    _spec(stage, "views")
    _item(stage, "motion")
    _frames(stage)
    _paths(stage, "seed", "output")
    stage.add_argument("--clip", type=Path, nargs="*", default=[], help="all seed frames, if the Spec needs them")


def _fit(stage: Stage) -> None:
    _spec(stage, "splat")
    stage.add_argument(
        "--image", required=True, help="name of the reference image: the fit's randomness derives from it"
    )
    stage.add_argument("--generated", type=int, default=18, help="views in each filmstrip")
    stage.add_argument("--views", type=int, default=18, help="how many of them to fit, uniformly spaced")
    _frames(stage)
    stage.add_argument("--batch", type=_positive, default=1, help="how many frames to fit together, on a GPU")
    _paths(stage, "orbit", "output")
    _paths(stage, "report", required=False)


def _render(stage: Stage) -> None:
    _spec(stage, "render")
    _item(stage, "motion", "views")
    _paths(stage, "splats", number="*", required=False)
    _paths(stage, "output", "videos")


def _score(stage: Stage) -> None:
    _spec(stage, "score")
    _item(stage, "motion", "views")
    _paths(stage, "renders")
    _paths(stage, "embeddings", "scores", number=None)


def _embed_stages(stage: Stage) -> None:
    _spec(stage, "score")
    _item(stage, "motion", "size")
    stage.add_argument("--generated", type=int, default=18, help="views in each filmstrip")
    _paths(stage, "seed", "orbit")
    _paths(stage, "output", number=None)


def _indicators(stage: Stage) -> None:
    _item(stage, "motion", "views")
    _paths(stage, "renders")
    stage.add_argument("--seed", type=Path, nargs="*", default=[], help="of the same frames, if the renders show it")
    stage.add_argument("--truth", action="store_true", help="compare with the truth of a procedural object")
    _paths(stage, "embeddings", "output", number=None)


def _fetch_external(stage: Stage) -> None:
    stage.add_argument("--url", required=True)
    stage.add_argument("--sha256", help="what the file must be (default: not pinned, and said so)")
    _paths(stage, "output", number=None)


def _score_external(stage: Stage) -> None:
    _spec(stage, "score")
    stage.add_argument("--method", required=True, help="of benchmark/external")
    stage.add_argument("--entry", help="its entry as JSON (default: as the manifest has it)")
    _paths(stage, "references", number=None, required=False)
    _paths(stage, "output", number=None)


def _held_out_truth(stage: Stage) -> None:
    _item(stage, "motion", "size")
    _frames(stage)
    _paths(stage, "output")


def _held_out(stage: Stage) -> None:
    _spec(stage, "render")
    _item(stage, "motion", "views")
    _paths(stage, "splats", "truth")
    _paths(stage, "output", number=None)


def _gsplat_extension(stage: Stage) -> None:
    _paths(stage, "output", number=None)


def _of_report(stage: Stage) -> None:
    stage.add_argument("--study", required=True, help="the resolved study as JSON, restricted to the report")
    stage.add_argument("--report", required=True)


def _tables(stage: Stage) -> None:
    _of_report(stage)
    stage.add_argument("--external", type=Path, nargs="*", default=[], help="scores of other methods, for Table 1")


def _page(stage: Stage) -> None:
    _of_report(stage)
    _paths(stage, "times", number=None, required=False)


def _convert(stage: Stage) -> None:
    _paths(stage, "checkpoint", number=None)
    stage.add_argument("--svd", type=Path, help="svd_xt.safetensors, for its encoders (default: the checkpoint's own)")
    stage.add_argument("--config", type=Path, help="JSON: diffusers' arguments by part, for a model not of V3D's size")
    _paths(stage, "output", number=None)


def _tiny_weights(stage: Stage) -> None:
    stage.add_argument("--seed", type=int, default=0)
    _paths(stage, "output", number=None)


def _train(stage: Stage) -> None:
    stage.add_argument("model", choices=["clip"])
    stage.add_argument(
        "--budget", type=float, default=None, help="stop after so many minutes (default: the full recipe)"
    )
    stage.add_argument("--seed", type=int, default=0)
    _paths(stage, "output", number=None)


def _train_scenes(stage: Stage) -> None:
    for name in ("first", "count"):
        stage.add_argument(f"--{name}", type=int, required=True)
    stage.add_argument("--seed", type=int, default=0)
    _paths(stage, "output", number=None)


def _trained(stage: Stage) -> None:
    """What all trainings of the mini diffusion models take."""
    stage.add_argument("--budget", type=float, default=None, help="minutes in all (default: the full recipe)")
    stage.add_argument("--seed", type=int, default=0)
    stage.add_argument("--threads", type=int, default=1)
    _paths(stage, "checkpoints", "output", number=None)


def _train_on_scenes(stage: Stage) -> None:
    _paths(stage, "scenes")
    _trained(stage)


def _train_latents(stage: Stage) -> None:
    _paths(stage, "scenes", "autoencoder", "image-encoder", "orbits", "videos", number=None)
    stage.add_argument("--threads", type=int, default=1)


def _train_denoiser(stage: Stage) -> None:
    stage.add_argument("kind", choices=["views", "seed"])
    _paths(stage, "latents")
    _paths(stage, "initial", number=None, required=False)
    _trained(stage)


def _train_pipeline(stage: Stage) -> None:
    _paths(stage, "autoencoder", "image-encoder", "denoiser", "output", number=None)


def _train_judge(stage: Stage) -> None:
    stage.add_argument("kind", choices=["views", "seed"])
    stage.add_argument("--spec", required=True, help="the stage's Spec as JSON, which names the model")
    stage.add_argument(
        "--scenes", type=Path, nargs="*", default=[], help="what views were trained on, to find the nearest"
    )
    _paths(stage, "objects", "output", "sheet", number=None)


def _train_card(stage: Stage) -> None:
    stage.add_argument("kind", choices=["views", "seed"])
    _paths(stage, "model", number=None)


def _ruler(stage: Stage) -> None:
    _paths(stage, "model", "objects", "output", number=None)


def _agreement(stage: Stage) -> None:
    _paths(stage, "scores", "held-out")
    _paths(stage, "model", "objects", "output", number=None)


def _card(stage: Stage) -> None:
    _paths(stage, "model", number=None)


Command = Callable[[argparse.Namespace], None]
STAGES: dict[str, tuple[Command, Callable[[Stage], None]]] = {
    "fetch": (commands.fetch, _fetch),
    "cost": (commands.cost, _of_runs),
    "doctor": (commands.doctor, _doctor),
    "fetch-weights": (commands.fetch_weights, _fetch_weights),
    "reference": (commands.reference, _reference),
    "seed": (commands.seed, _seed),
    "views": (commands.views, _views),
    "fit": (commands.fit, _fit),
    "render": (commands.render, _render),
    "score": (commands.score, _score),
    "embed-stages": (commands.embed_stages, _embed_stages),
    "indicators": (commands.indicators, _indicators),
    "fetch-external": (commands.fetch_external, _fetch_external),
    "score-external": (commands.score_external, _score_external),
    "held-out-truth": (commands.held_out_truth, _held_out_truth),
    "held-out": (commands.held_out, _held_out),
    "gsplat-extension": (commands.gsplat_extension, _gsplat_extension),
    "tables": (commands.tables, _tables),
    "figures": (commands.figures, _tables),
    "report": (commands.report, _page),
    "convert": (commands.convert, _convert),
    "tiny-weights": (commands.tiny_weights, _tiny_weights),
    "train": (commands.train, _train),
    "train-scenes": (training.scenes, _train_scenes),
    "train-autoencoder": (training.autoencoder, _train_on_scenes),
    "train-image-encoder": (training.image_encoder, _train_on_scenes),
    "train-latents": (training.latents, _train_latents),
    "train-denoiser": (training.denoiser, _train_denoiser),
    "train-pipeline": (training.pipeline, _train_pipeline),
    "train-judge": (training.judge, _train_judge),
    "train-card": (training.card, _train_card),
    "ruler": (commands.ruler, _ruler),
    "agreement": (commands.agreement, _agreement),
    "card": (commands.card, _card),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vid3d", description="Stages of the Vid3D reproducibility study.")
    parser.add_argument("--version", action="version", version=f"vid3d {__version__}")
    stages = parser.add_subparsers(required=True, metavar="STAGE")
    for name, (command, arguments) in STAGES.items():
        stage = stages.add_parser(name, help=command.__doc__, description=command.__doc__)
        stage.set_defaults(command=command)
        arguments(stage)
    return parser


def _device(arguments: argparse.Namespace) -> AbstractContextManager[None]:
    """A GPU for the command alone, if its Spec runs on one; taken before anything loads CUDA."""
    if "spec_of" not in arguments or specs.parse_spec(arguments.spec_of, arguments.spec).device == "cpu":
        return nullcontext()
    return gpus.held(arguments.gpu_record)


def main() -> None:
    """Entry point."""
    arguments = _parser().parse_args()
    try:
        with _device(arguments):
            arguments.command(arguments)
    except InputError as error:
        print(f"vid3d: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
