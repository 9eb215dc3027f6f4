"""The command ``vid3d``.

Exit codes: 0 done; 2 something given is wrong, said in one line; 1 anything unforeseen, with a traceback.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from vid3d import __version__, commands
from vid3d.errors import InputError

Command = Callable[[argparse.Namespace], None]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vid3d", description="Stages of the Vid3D reproducibility study.")
    parser.add_argument("--version", action="version", version=f"vid3d {__version__}")
    stages = parser.add_subparsers(required=True, metavar="STAGE")

    def stage(name: str, command: Command, spec: bool = True) -> argparse.ArgumentParser:
        added = stages.add_parser(name, help=command.__doc__, description=command.__doc__)
        added.set_defaults(command=command)
        if spec:
            added.add_argument("--spec", required=True, help="the stage's Spec as JSON")
        return added

    def paths(to: argparse.ArgumentParser, *names: str, number: str | int = "+", required: bool = True) -> None:
        for name in names:
            nargs = None if number == 1 else number
            to.add_argument(f"--{name}", type=Path, nargs=nargs, required=required)  # type: ignore[arg-type]

    def item(to: argparse.ArgumentParser, *numbers: str) -> None:
        paths(to, "reference", number=3)
        for name in numbers:
            to.add_argument(f"--{name}", type=int, required=True)

    added = stage("fetch", commands.fetch, spec=False)
    added.add_argument("--entry", required=True, help="the photograph's manifest entry as JSON")
    paths(added, "folder", number=1, required=False)
    paths(added, "output", number=1)

    added = stage("reference", commands.reference)
    added.add_argument("--entry", required=True, help="the image's manifest entry as JSON")
    added.add_argument("--image", required=True, help="its name in paths")
    paths(added, "source", number=1, required=False)
    paths(added, "output", number=3)

    added = stage("seed", commands.seed)
    item(added, "motion")
    paths(added, "output")

    added = stage("views", commands.views)
    item(added, "motion")
    added.add_argument("--frames", type=int, nargs="+", required=True)
    paths(added, "seed", "output")

    added = stage("fit", commands.fit)
    added.add_argument(
        "--image", required=True, help="name of the reference image; the fit's randomness derives from it"
    )
    added.add_argument("--generated", type=int, default=18, help="views in each filmstrip")
    added.add_argument("--views", type=int, default=18, help="how many of them to fit, uniformly spaced")
    added.add_argument("--frames", type=int, nargs="+", required=True)
    paths(added, "orbit", "output")
    paths(added, "report", required=False)

    added = stage("render", commands.render)
    item(added, "motion", "views")
    paths(added, "splats", number="*", required=False)
    paths(added, "output", "videos")

    added = stage("score", commands.score)
    item(added, "motion", "views")
    paths(added, "renders")
    paths(added, "embeddings", "scores", number=1)

    added = stage("held-out-truth", commands.held_out_truth, spec=False)
    item(added, "motion", "size")
    added.add_argument("--frames", type=int, nargs="+", required=True)
    paths(added, "output")

    added = stage("held-out", commands.held_out)
    item(added, "motion", "views")
    paths(added, "splats", "truth")
    paths(added, "output", number=1)

    for name, command in (("tables", commands.tables), ("figures", commands.figures), ("report", commands.report)):
        added = stage(name, command, spec=False)
        added.add_argument("--study", required=True, help="the resolved study as JSON, restricted to the report")
        added.add_argument("--report", required=True)
        if name == "report":
            paths(added, "times", number=1, required=False)

    added = stage("train", commands.train, spec=False)
    added.add_argument("model", choices=["clip"])
    added.add_argument(
        "--budget", type=float, default=None, help="stop after so many minutes (default: the full recipe)"
    )
    added.add_argument("--seed", type=int, default=0)
    paths(added, "output", number=1)
    return parser


def main() -> None:
    """Entry point."""
    arguments = _parser().parse_args()
    try:
        arguments.command(arguments)
    except InputError as error:
        print(f"vid3d: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
