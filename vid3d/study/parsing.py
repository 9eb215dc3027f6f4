"""From the configuration to the validated study: runs that extend others, the user's photograph, restrictions."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vid3d.errors import InputError
from vid3d.study.benchmark import load_benchmark
from vid3d.study.config import Run, Study
from vid3d.study.reading import NAMES_LISTED, merge, read_settings, read_yaml
from vid3d.study.specs.score import ClipEmbed
from vid3d.study.validation import first_problem


def load_study(files: Iterable[str | Path], settings: Mapping[str, Any], root: Path) -> Study:
    """The study of configuration files and then single settings, each laid over those before it by ``merge``.

    Raises:
        InputError: one line that names the file or the setting.
    """
    raw: dict[str, Any] = {}
    for layer in [*map(read_yaml, files), dict(settings)]:
        raw = merge(raw, layer)
    return parse_study(raw, root)


def load_runs(
    names: Sequence[str], files: Iterable[Path], settings: Iterable[str], root: Path
) -> tuple[Study, list[str]]:
    """The study as the workflow reads it with the same options, and runs of it.

    Args:
        names: of the runs; none for those of the default report.
        files: laid over ``config/study.yaml``.
        settings: KEY=VALUE, laid over the files.
        root: the folder that holds ``config/`` and ``benchmark/``.

    Raises:
        InputError: one line that names the file, the setting or the run that there is not.
    """
    study = load_study([root / "config/study.yaml", *files], read_settings(settings), root)
    asked = list(names or study.reports[study.report].runs)
    for name in asked:
        if name not in study.runs:
            raise InputError(f"--run: there is no run {name!r}; the study has {', '.join(study.runs)}")
    return study, asked


def parse_study(raw: dict[str, Any], root: Path) -> Study:
    """The validated study from the merged configuration, with every run's ``extends`` and ``images`` filled in.

    Args:
        raw: parsed configuration; top-level keys that begin with ``x-`` may hold YAML anchors and are ignored.
        root: the folder that holds ``benchmark/``.

    Raises:
        InputError: one line that names the setting.
    """
    raw = {key: value for key, value in raw.items() if not key.startswith("x-")}
    for name in NAMES_LISTED:
        if isinstance(raw.get(name), str):
            raw[name] = [part.strip() for part in raw[name].split(",")]
    runs = raw.get("runs")
    if not isinstance(runs, dict):
        raise InputError("runs: must be a mapping of run names to settings")
    raw["runs"] = {name: _extended(runs, name, ()) for name in runs}
    try:
        study = Study.model_validate(raw)
    except ValidationError as error:
        raise InputError(first_problem(error)) from None
    if study.own is not None:
        study = _of_own_image(study, study.own)
    benchmarks = {
        name: list(load_benchmark(name, study.image, root)) for name in {r.benchmark for r in study.runs.values()}
    }
    known = {image for images in benchmarks.values() for image in images}
    for image in study.images or ():
        if image not in known:
            raise InputError(f"images: no run's benchmark has {image!r}; check its spelling under benchmark/")
    return study.model_copy(
        update={"runs": {name: _resolved(study, name, benchmarks[run.benchmark]) for name, run in study.runs.items()}}
    )


def notices(study: Study, words: Iterable[str]) -> list[str]:
    """What has less effect than the command line says, a line each.

    Args:
        words: of the command line; those that are reports say what was asked for.
    """
    reports = [name for name in words if name in study.reports] or [study.report]
    frames = {name: study.runs[name].used_frames for report in reports for name in study.reports[report].runs}
    return [
        f"frames={study.frames}: run {name} has {count}, all of which are used"
        for name, count in frames.items()
        if study.frames is not None and count < study.frames
    ]


def _extended(runs: dict[str, Any], name: str, seen: tuple[str, ...]) -> dict[str, Any]:
    """A run's raw settings laid over those of the run that it extends."""
    own = runs[name]
    if not isinstance(own, dict):
        raise InputError(f"runs.{name}: must be a mapping of settings")
    parent = own.get("extends")
    if parent is None:
        return own
    if not isinstance(parent, str):
        raise InputError(f"runs.{name}.extends: must be the name of a run, not a {type(parent).__name__}")
    if parent not in runs or parent == name or parent in seen:
        why = "extends itself" if parent == name or parent in seen else f"there is no run {parent!r}"
        raise InputError(f"runs.{name}.extends: {why}; name another run of the study")
    inherited = dict(_extended(runs, parent, (*seen, name)))
    for key in ("title", "label", "replicate"):
        inherited.pop(key, None)
    merged: dict[str, Any] = merge(inherited, own)
    return merged


def _of_own_image(study: Study, name: str) -> Study:
    """The study whose report ``own`` shows the user's photograph by the backends of another run, at its base condition.

    That is a run of its own, ``own-NAME``, so that what it makes does not stand in the place of what run ``own`` made.
    """
    fitting = [
        other
        for other, run in study.runs.items()
        if "procedural" not in (run.seed.backend, run.views.backend) and not run.render.control and other != "own"
    ]
    if name not in fitting:
        choice = f"choose one of {', '.join(fitting)}"
        raise InputError(f"own: {name!r} is no other run whose backends take a photograph; {choice}")
    if "own" not in study.reports:
        raise InputError("own: the study has no report own, which would show the photograph; add one")
    run, made = study.runs[name], f"own-{name}"
    update: dict[str, Any] = {"title": f"Your image by the backends of run {name}", "benchmark": "own", "images": None}
    update |= {"motion_scores": run.motion_scores[:1], "view_counts": run.view_counts[:1]}
    update |= {"extends": None, "replicate": False}  # it shares no files: its photographs are others
    shown = study.reports["own"].model_copy(update={"runs": (made,)})
    runs, reports = study.runs | {made: run.model_copy(update=update)}, study.reports | {"own": shown}
    return study.model_copy(update={"runs": runs, "reports": reports})


def _resolved(study: Study, name: str, known: Sequence[str]) -> Run:
    """The run with concrete images of its benchmark's, and the command line's restrictions applied."""
    run = study.runs[name]
    update: dict[str, Any] = {}
    for image in run.images or ():
        if image not in known:
            raise InputError(f"runs.{name}.images: {image!r} is not in benchmark {run.benchmark}")
    images = run.images if run.images is not None else tuple(known)
    if study.images is not None and run.benchmark != "own":
        images = tuple(image for image in images if image in study.images)
    update["images"] = images
    if study.frames is not None:
        update["frames"] = min(study.frames, run.used_frames)
    if study.embedder is not None:
        model, weights = study.embedder.split("/", 1)
        update["score"] = ClipEmbed(backend="clip", model=model, weights=weights)
    return run.model_copy(update=update)
