"""The command ``vid3d``: which subcommands there are, how their options are read, and the exit codes.

A subcommand is a module of ``vid3d.commands`` of its name: the parameters of its ``run`` are its options, and the
docstring of ``run`` says what it does and what they mean.  Of all these modules only the one that is asked for is
imported.

Exit codes: 0 done; 2 something given is wrong, said in one line; 1 anything unforeseen, with a traceback.
"""

import argparse
import ast
import inspect
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType, NoneType
from typing import Any, Literal, NoReturn, get_args, get_origin, get_type_hints

from vid3d import __version__, journal
from vid3d.errors import InputError, refusal
from vid3d.loading import uncollected
from vid3d.machine import instructions

CHECKS = "for you: to see and check what was made"  # nothing is made by them, so that they leave no records
TRAINING = "for the workflow: training of the mini models"
COMMANDS = {
    "for you: to plan a study": ("doctor", "cost", "status", "settings"),
    CHECKS: ("result", "open", "reduce-page", "verify", "trace", "archive", "restore"),
    "for you: weights brought by hand": ("fetch-weights", "verify-weights"),
    "for the workflow: what a study begins with": ("fetch", "convert", "tiny-weights", "gsplat-extension"),
    "for the workflow: the stages, in the order of the data's way": (
        *("reference", "seed", "views", "fit", "render", "score"),
    ),
    "for the workflow: measures beside CLIP-I": ("indicators", "embed-stages", "held-out-truth", "held-out"),
    "for the workflow: other methods": ("fetch-external", "score-external", "steadiness", "camera-pairs"),
    "for the workflow: the experiment (docs/hypothesis.md)": (
        *("hypothesis-objects", "hypothesis-calibrate", "hypothesis-truth", "hypothesis-views", "hypothesis-cell"),
        *("hypothesis-choose", "hypothesis-verdicts", "hypothesis-figure", "hypothesis-film"),
    ),
    "for the workflow: a report": ("tables", "figures", "report"),
    TRAINING: (
        *("train-clip", "train-clip-judge"),
        *("train-scenes", "train-part", "train-latents", "train-pipeline", "train-judge", "train-card"),
    ),
}
_MEANING = re.compile(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)  # of an argument, in a docstring


def summary(command: str) -> str:
    """What a subcommand does: the first line of its ``run``'s docstring, read without importing the module."""
    source = Path(__file__).with_name("commands") / f"{command.replace('-', '_')}.py"
    for part in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(part, ast.FunctionDef) and part.name == "run":
            return (ast.get_docstring(part) or "").partition("\n")[0]
    raise ValueError(f"{source}: has no function run")


class _Contents(argparse.ArgumentParser):
    """Reads the one word after ``vid3d``; its help is a table of all subcommands."""

    def format_help(self) -> str:
        groups = [
            "\n".join([f"{title}:", *(f"  {command:21} {summary(command)}" for command in commands)])
            for title, commands in COMMANDS.items()
        ]
        return "\n\n".join(
            [
                super().format_help().rstrip(),
                *groups,
                "vid3d COMMAND --help tells its options; snakemake calls what is for the workflow.\n",
            ]
        )


def _asked(words: Sequence[str]) -> str:
    """The subcommand that the first word names."""
    parser = _Contents(prog="vid3d", description="The Vid3D reproducibility study.")
    parser.add_argument("--version", action="version", version=f"vid3d {__version__}")
    known = [command for commands in COMMANDS.values() for command in commands]
    parser.add_argument("command", choices=known, metavar="COMMAND", help="one of those below")
    return str(parser.parse_args(words[:1]).command)


def parser_of(command: str, module: ModuleType) -> argparse.ArgumentParser:
    """The options of a subcommand, which are the parameters of its module's ``run``.

    A positional-only parameter is a positional argument, a default makes an option optional, and the type says how
    many words it takes: a sequence any number, a tuple its length, a flag none.  A Spec is read from JSON; commands
    that take one have ``--gpu-record``, too.
    """
    from vid3d.study.registry import UNIONS, parse_spec  # pydantic and numpy; the table of subcommands does without

    told = inspect.getdoc(module.run) or ""
    parser = argparse.ArgumentParser(prog=f"vid3d {command}", description=told.partition("Args:")[0])
    meanings = dict(_MEANING.findall(told))
    hints = get_type_hints(module.run, include_extras=True)
    for name, parameter in inspect.signature(module.run).parameters.items():
        stage = next((stage for stage, union in UNIONS.items() if union == hints[name]), None)
        if stage is None:
            settings = _reading(hints[name], parameter.default is not parameter.empty)
        else:
            settings = {"type": partial(parse_spec, stage), "metavar": "JSON"}
            parser.add_argument("--gpu-record", type=Path, help="JSON of a GPU's use, written if one is used")
        settings["help"] = " ".join(meanings[name].split())
        if parameter.default is not parameter.empty:
            settings["default"] = parameter.default
        if parameter.kind is parameter.POSITIONAL_ONLY:
            parser.add_argument(name, **settings)
        else:
            settings["required"] = parameter.default is parameter.empty
            parser.add_argument(f"--{name.replace('_', '-')}", **settings)
    return parser


def _reading(hint: Any, optional: bool) -> dict[str, Any]:
    """How argparse reads the values of a type."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType] or [hint]
    if hint is bool:
        return {"action": "store_true"}
    if get_origin(hint) is Literal:
        return {"choices": kinds}
    if get_origin(hint) is tuple:
        return {"type": kinds[0], "nargs": len(kinds)}
    if get_origin(hint) is Sequence:
        return {"type": kinds[0], "nargs": "*" if optional else "+"}
    return {"type": kinds[0]}


def _device(spec: Any, record: Path | None) -> AbstractContextManager[None]:
    """A GPU for the command alone, if its Spec runs on one; taken before anything loads CUDA."""
    if getattr(spec, "device", "cpu") == "cpu":
        return nullcontext()
    from vid3d.machine import gpus

    return gpus.held(record)


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are no paths, as the record of a job has them: a Spec as it is given."""
    plain = {
        name: json.loads(value.argument()) if hasattr(value, "argument") else value for name, value in options.items()
    }
    return {
        name: value
        for name, value in plain.items()
        if not isinstance(value, Path) and not (isinstance(value, tuple) and any(isinstance(v, Path) for v in value))
    }


def main() -> None:
    """Entry point."""
    if threads := os.environ.get("OMP_NUM_THREADS"):  # which Snakemake sets for a job
        os.environ.setdefault("OPENCV_FOR_THREADS_NUM", threads)  # OpenCV has threads of its own
    try:
        command = _asked(sys.argv[1:])
        if command not in COMMANDS[TRAINING]:  # hours, whose results are committed and not made again to be compared
            instructions.pin(os.environ)
        with uncollected():
            module = import_module(f"vid3d.commands.{command.replace('-', '_')}")
            given = vars(parser_of(command, module).parse_args(sys.argv[2:]))
        record = given.pop("gpu_record", None)
        options = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        kept = nullcontext() if command in COMMANDS[CHECKS] else journal.kept(command, _plain(options), Path())
        bound = inspect.signature(module.run).parameters.values()
        positional = [options.pop(p.name) for p in bound if p.kind is p.POSITIONAL_ONLY]
        with _device(options.get("spec"), record), kept:
            module.run(*positional, **options)
    except InputError as error:
        _stop(str(error))
    except (OSError, MemoryError) as error:
        told = refusal(error)
        if told is None:
            raise
        _stop(told)


def _stop(told: str) -> NoReturn:
    """End with one line and exit code 2; the line has no other place to go to if the disk with the log is full."""
    with suppress(OSError):
        print(f"vid3d: {told}", file=sys.stderr, flush=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
