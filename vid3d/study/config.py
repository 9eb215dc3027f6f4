"""The study as data: Study > Run > one frozen Spec per stage (``vid3d.study.specs``), validated before the first job.

Unknown keys are refused, saying where.  This module imports neither torch nor snakemake, so that the Snakefile and
every job can read it in a few milliseconds.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import Field, ValidationError, model_validator

from vid3d import journal
from vid3d.cameras import GENERATED_VIEWS
from vid3d.errors import InputError
from vid3d.study.registry import STAGES
from vid3d.study.specs.fit import FitSpec
from vid3d.study.specs.reference import ReferenceSpec
from vid3d.study.specs.render import RenderSpec
from vid3d.study.specs.score import ClipEmbed, EmbedSpec
from vid3d.study.specs.seed import SeedSpec
from vid3d.study.specs.spec import Device
from vid3d.study.specs.views import ViewsSpec
from vid3d.study.validation import Strict, first_problem, validated

T = TypeVar("T")
NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"  # of runs, reports and images, as they stand in paths
MAXIMUM_VALUES, MAXIMUM_DEPTH = 100_000, 50  # of a configuration; ours have some thousand, six deep
Name = Annotated[str, Field(pattern=f"^{NAME}$")]
LicenceName = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9.-]*$")]
MotionScore = Annotated[int, Field(ge=0, le=255)]  # SVD's motion_bucket_id


# --- benchmarks ------------------------------------------------------------------------------------------------------


class Photograph(Strict):
    """A photograph of a benchmark: where it comes from and what it shows.

    ``revision`` is bumped when photographs are read or cut out otherwise, so that what was made of them is made anew,
    and nothing else: 2 since colour profiles are converted and smooth backgrounds grown.
    """

    kind: Literal["photograph"] = "photograph"
    revision: Literal[2] = 2
    caption: str = ""
    file: str
    url: str | None = None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


class Procedural(Strict):
    """A procedural object of a benchmark; ``object`` is read by ``vid3d.procedural``."""

    kind: Literal["procedural"] = "procedural"
    caption: str = ""
    object: dict[str, Any]


BenchmarkImage = Annotated[Photograph | Procedural, Field(discriminator="kind")]


# --- study -----------------------------------------------------------------------------------------------------------


class Run(Strict):
    """For each stage which backend and which numbers, and on which images and conditions.

    Attributes:
        title: what the report calls it.
        label: the same in a few words, for rows and columns; not inherited.  Empty: its name.
        extends: the run whose settings this one starts from and whose unchanged stages it shares.
        benchmark: ``procedural``, ``animate124`` or ``own``.
        images: names within the benchmark; None for all.
        frames: how many frames of each seed clip are carried on; None for all.
        motion_scores: the first is the base, at which the view counts are compared (Table 3 varies it).
        view_counts: the first is the base, at which the motion scores are compared (Table 2 varies it).
        stamp: printed on every table and figure of the run; says what its numbers are not.
        reference, seed, views, splat, render, score: the stages; below.
        plumbing: the weights are random: the run shows that everything works together, and no table holds its scores.
        replicate: the run that it extends with other seeds and nothing else; a report that names both shows them as
            one.  Not inherited.
    """

    title: str
    label: str = ""
    extends: Name | None = None
    benchmark: Literal["procedural", "animate124", "own"]
    images: tuple[Name, ...] | None = None
    frames: Annotated[int, Field(ge=1)] | None = None
    motion_scores: Annotated[tuple[MotionScore, ...], Field(min_length=1)] = (120,)
    view_counts: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (GENERATED_VIEWS,)
    stamp: str = ""
    plumbing: bool = False
    replicate: bool = False
    reference: ReferenceSpec
    seed: SeedSpec
    views: ViewsSpec
    splat: FitSpec
    render: RenderSpec
    score: EmbedSpec

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for count in self.view_counts:
            if self.views.count % count:
                raise ValueError(f"view_counts: {count} does not divide the {self.views.count} generated views")
        if self.splat.whole_clip:
            raise ValueError(
                f"splat: backend {self.splat.backend} fits whole clips, as `snakemake hypothesis` alone does"
            )
        if self.frames is not None and self.frames > self.seed.frames:
            raise ValueError(f"frames: {self.frames} is more than the seed's {self.seed.frames}")
        for name in ("images", "motion_scores", "view_counts"):
            values = getattr(self, name) or ()
            if len(set(values)) != len(values):
                raise ValueError(f"{name}: lists a value twice")
        return self

    @property
    def short(self) -> str:
        """What rows of a figure call it: its label, or its title where it has none."""
        return self.label or self.title

    @property
    def conditions(self) -> list[tuple[int, int]]:
        """(motion score, view count) pairs: all motion scores at the base views, all view counts at the base motion."""
        motion, views = self.motion_scores[0], self.view_counts[0]
        return [(m, views) for m in self.motion_scores] + [(motion, v) for v in self.view_counts[1:]]

    @property
    def used_frames(self) -> int:
        """How many frames of each clip go through the stages after the seed."""
        return self.frames if self.frames is not None else self.seed.frames

    @property
    def ground_truth(self) -> bool:
        """Whether the splats can be compared with the truth at cameras that were not trained on.

        There is truth where what they are fitted to shows a procedural object that moves as it is told: true views do,
        and any views of a true seed.  A model's video of it moves in its own way.
        """
        true = "procedural" in (self.seed.backend, self.views.backend)
        return self.benchmark == "procedural" and true and not self.render.control

    def spec(self, stage: str) -> Any:
        """The Spec of a stage by its name."""
        return getattr(self, stage)


class Report(Strict):
    """A report names the runs that it shows, in the order of its tables.

    Attributes:
        title: of the page.
        runs: names of runs.
    """

    title: str
    runs: Annotated[tuple[Name, ...], Field(min_length=1)]


class FramesPerJob(Strict):
    """How many frames of a clip one process handles; results do not depend on it.

    Attributes:
        views: frames whose views are generated together.
        splat_cpu: frames that a job fits one after the other on a CPU.  Where a fit takes minutes, as one of the
            paper's size does, fewer use more cores and lose less when a job fails.
        splat_gpu: frames that a job fits on a GPU.
    """

    views: Annotated[int, Field(ge=1)] = 25
    splat_cpu: Annotated[int, Field(ge=1)] = 25
    splat_gpu: Annotated[int, Field(ge=1)] = 25

    def splat(self, device: Device) -> int:
        """How many frames a splat job fits on this device."""
        return self.splat_gpu if device == "gpu" else self.splat_cpu


class ClipsPerJob(Strict):
    """How many clips of an image one process handles; results do not depend on it.

    Jobs are cut in the order in which a run lists its motion scores and view counts: what is listed behind full jobs is
    a job of its own, and any other change of the lists makes the clips of the jobs concerned anew.

    Attributes:
        sampled: clips whose seeds, or whose views, a learned model samples on a CPU, where importing its libraries
            takes longer than a clip.  On a GPU, and without a model, it is always one.
        scored: clips that are embedded and scored, or whose indicators are worked out; controls that draw no splats
            share jobs, too.
    """

    sampled: Annotated[int, Field(ge=1)] = 3
    scored: Annotated[int, Field(ge=1)] = 25


class Execution(Strict):
    """How jobs are cut and sized; never part of a Spec.

    Attributes:
        frames_per_job: below.
        clips_per_job: below.
        frames_per_batch: how many frames of a splat job share a call of gsplat's rasterizer.  Fewer take less memory;
            the splats are the same but for the rounding of sums, whose order a GPU does not fix in any case.
    """

    frames_per_job: FramesPerJob = FramesPerJob()
    clips_per_job: ClipsPerJob = ClipsPerJob()
    frames_per_batch: Annotated[int, Field(ge=1)] = 25


class Training(Strict):
    """How the mini diffusion models are trained (``make train-diffusion``).

    Attributes:
        minutes: a budget that the models share, for a trial; None trains in full.
        objects: geometries that the models are trained on, each in four colourings; None takes 3500, or, with a budget,
            30 for each of its minutes.
    """

    minutes: Annotated[float, Field(gt=0)] | None = None
    objects: Annotated[int, Field(ge=10)] | None = None

    def budget(self, share: float) -> str:
        """The option that gives a training its ``share`` of the minutes, if there is a budget."""
        return "" if self.minutes is None else f"--budget {round(share * self.minutes, 2)}"

    @property
    def shards(self) -> list[int]:
        """Sizes of the shards in which the objects are rendered."""
        asked = self.objects or (3500 if self.minutes is None else min(3500, max(60, round(30 * self.minutes))))
        size = min(250, -(-asked // 2))
        return [min(size, asked - start) for start in range(0, asked, size)]


class Study(Strict):
    """The whole study.

    Attributes:
        benchmark_dir: a folder that holds the benchmark's photographs already; None downloads them.
        authors_dir: a folder that holds the eight videos of the paper's authors already; None downloads them.
        image: a photograph of the user's, for run ``own``.
        own: the run whose backends and sizes report ``own`` has for the photograph, such as ``full``, at its base
            condition; None for those of run ``own``.
        images: restrict every run to these images (comma-separated on the command line).
        frames: restrict every run to its first frames.
        embedder: ``MODEL/WEIGHTS`` of open_clip for every run, such as ``ViT-B-32/openai``; None keeps each run's own.
        report: the report that ``all``, ``table1`` and the other general targets mean.
        external: other methods, of ``benchmark/external``, that Table 1 shows (comma-separated on the command line).
        licences: of the weights' licences in ``config/weights.yaml`` those that the user accepts (comma-separated on
            the command line).
        execution, training, runs, reports: below.
    """

    benchmark_dir: str | None = None
    authors_dir: str | None = None
    image: str | None = None
    own: Name | None = None
    images: tuple[Name, ...] | None = None
    frames: Annotated[int, Field(ge=1)] | None = None
    embedder: Annotated[str, Field(pattern="^[^/]+/.+$")] | None = None
    report: Name = "quick"
    external: tuple[Name, ...] = ()
    licences: tuple[LicenceName, ...] = ()
    execution: Execution = Execution()
    training: Training = Training()
    runs: dict[Name, Run]
    reports: dict[Name, Report]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, report in self.reports.items():
            for run in report.runs:
                if run not in self.runs:
                    raise ValueError(f"reports.{name}.runs: there is no run {run!r}")
        if self.report not in self.reports:
            raise ValueError(f"report: there is no report {self.report!r}")
        for name, replicate in self.runs.items():
            if replicate.replicate:
                self._check_replicate(name, replicate)
        return self

    def _check_replicate(self, name: str, run: Run) -> None:
        """Raises ValueError if a replicate is not the run that it extends but for seeds."""
        where = f"runs.{name}.replicate"
        if run.extends is None:
            raise ValueError(f"{where}: a replicate extends the run that it repeats; name it with `extends`")
        model = self.runs[run.extends]
        for setting in ("benchmark", "images", "frames", "motion_scores", "view_counts"):
            if getattr(run, setting) != getattr(model, setting):
                raise ValueError(f"{where}: {setting} are not those of {run.extends}; a replicate changes seeds only")
        for stage in STAGES:
            ours, theirs = (of.spec(stage).model_dump(exclude={"seed"}) for of in (run, model))
            if ours != theirs:
                raise ValueError(f"{where}: {stage} is not that of {run.extends}; a replicate changes seeds only")
        if all(run.spec(stage) == model.spec(stage) for stage in STAGES):
            raise ValueError(f"{where}: no seed differs from {run.extends}; its files would be the same")

    def replicated(self, run: str) -> str:
        """The run that a replicate repeats; the run itself if it is none."""
        while self.runs[run].replicate:
            run = str(self.runs[run].extends)
        return run

    def owner(self, run: str, stage: str) -> str:
        """The run under whose name the artefact of ``stage`` lives.

        It is the furthest ancestor by ``extends`` whose Specs up to and including ``stage``, whose benchmark and, after
        the seed, whose number of frames are equal, so that runs share what they have in common.  (A run of fewer frames
        shares no views: jobs make them in blocks, and five frames are to cost five frames.)
        """
        upstream = STAGES[: STAGES.index(stage) + 1]
        current = self.runs[run]
        while current.extends is not None:
            parent = self.runs[current.extends]
            same = all(current.spec(s) == parent.spec(s) for s in upstream)
            fewer = stage not in ("reference", "seed") and current.used_frames != parent.used_frames
            if not same or fewer or current.benchmark != parent.benchmark:
                break
            run, current = current.extends, parent
        return run

    def only(self, report: str) -> "Study":
        """This study with nothing but one report, its runs and the runs that those extend."""
        names: set[str] = set()
        for name in self.reports[report].runs:
            ancestor: str | None = name
            while ancestor is not None and ancestor not in names:
                names.add(ancestor)
                ancestor = self.runs[ancestor].extends
        return self.model_copy(
            update={
                "runs": {name: run for name, run in self.runs.items() if name in names},
                "reports": {report: self.reports[report]},
                "report": report,
                "licences": (),  # what a report shows does not depend on them
                "authors_dir": None,  # nor on where pinned videos were brought from
                "own": self.own if report == "own" else None,
            }
        )


# --- reading ---------------------------------------------------------------------------------------------------------


def merge(base: Any, overlay: Any) -> Any:
    """``overlay`` laid over ``base``: mappings key by key, everything else replaced.

    A mapping whose ``backend`` changes is replaced whole: the settings of one backend mean nothing to another.
    """
    if not isinstance(base, dict) or not isinstance(overlay, dict):
        return overlay
    if "backend" in base and "backend" in overlay and base["backend"] != overlay["backend"]:
        return overlay
    return {key: merge(base[key], overlay[key]) if key in base and key in overlay else (base | overlay)[key]
            for key in base | overlay}  # fmt: skip


def read_yaml(path: str | Path) -> dict[str, Any]:
    """A YAML file that holds a mapping.

    Raises:
        InputError: missing file, broken YAML, something else than a mapping, or what grows beyond measure by its
            aliases.
    """
    try:
        data = yaml.safe_load(journal.read(Path(path)).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; check the path") from None
    except Exception as error:  # PyYAML raises many classes for a value that is not of its tag, and for deep nesting
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: must hold a mapping of settings, not a {type(data).__name__}")
    if _grown(data, {}, 0) > MAXIMUM_VALUES:
        raise InputError(f"{path}: its aliases stand for more than {MAXIMUM_VALUES:,} values; write out what is meant")
    if odd := [key for key in data if not isinstance(key, str)]:
        raise InputError(f"{path}: {odd[0]!r} is no name of a setting; put it in quotes or take it out")
    return data


def _grown(data: Any, known: dict[int, int], depth: int) -> int:
    """How many values parsed YAML holds once aliases are written out; beyond measure for one that holds itself."""
    if depth > MAXIMUM_DEPTH:
        return MAXIMUM_VALUES + 1
    if not isinstance(data, dict | list):
        return 1
    if id(data) not in known:
        parts = data.values() if isinstance(data, dict) else data
        known[id(data)] = 1 + sum(_grown(part, known, depth + 1) for part in parts)
    return known[id(data)]


def load_yaml(path: str | Path, kind: type[T], cure: str = "") -> T:
    """A YAML file as what it is to hold (``specs.validated``).

    Raises:
        InputError: a file that is missing, is no YAML, or is not understood.
    """
    return validated(read_yaml(path), kind, path, cure)


TEXTS = (
    "benchmark_dir",
    "authors_dir",
    "image",
    "own",
    "embedder",
    "report",
    "from",
)  # settings that are one text, a path or a name
NAMES_LISTED = ("images", "licences", "external")  # settings that are names with commas between them, or a list


def read_settings(pairs: Iterable[str]) -> dict[str, Any]:
    """Single settings of the command line, KEY=VALUE: texts as they are typed, all others in YAML.

    Raises:
        InputError: no ``=``, or broken YAML.
    """
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        try:
            settings[key] = yaml.safe_load(value) if key not in TEXTS else None
        except yaml.YAMLError as error:
            raise InputError(f"--config {key}: not valid YAML: {' '.join(str(error).split())}") from None
        if not equals:
            raise InputError(f"--config {pair}: give it as KEY=VALUE")
    return as_typed(settings, pairs)


def as_typed(settings: Mapping[str, Any], words: Iterable[str]) -> dict[str, Any]:
    """Settings of the command line with their texts as they were typed.

    YAML makes a comment of what follows `` #``, a mapping of ``a: b`` and a number of ``007``, and all of these are
    names that a file may have.

    Args:
        settings: as another program parsed them.
        words: of its command line; the last KEY=VALUE counts.
    """
    typed = dict(settings)
    for word in words:
        key, equals, value = re.sub(r"^(--config=|-C=?)", "", word).partition("=")
        listed = key in NAMES_LISTED and not isinstance(settings.get(key), list)
        if equals and key in settings and (key in TEXTS or listed):
            typed[key] = _unquoted(value) or None
    return typed


def _unquoted(text: str) -> str:
    """A text without the quotes, if it has any, that YAML would take away."""
    if len(text) < 2 or text[0] not in "'\"" or text[-1] != text[0]:
        return text
    try:
        return str(yaml.safe_load(text))
    except yaml.YAMLError:
        return text[1:-1]


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


def image_name(path: str) -> str:
    """The name of a user's own image in paths: its file name in lower case, runs of other characters as one dash."""
    return re.sub(r"[^a-z0-9]+", "-", Path(path).stem.lower()).strip("-") or "image"


def load_benchmark(benchmark: str, own_image: str | None, root: Path) -> dict[str, BenchmarkImage]:
    """The images of a benchmark by name, from its manifest.

    Raises:
        InputError: a manifest that is missing or not understood.
    """
    if benchmark == "own":
        return {image_name(own_image): Photograph(file=own_image)} if own_image else {}
    file = {"procedural": "benchmark/procedural/objects.yaml", "animate124": "benchmark/animate124/manifest.yaml"}
    path = root / file[benchmark]
    kind: type[Photograph | Procedural] = Procedural if benchmark == "procedural" else Photograph
    entries = read_yaml(path)
    entries = entries.get("images", entries)
    images: dict[str, BenchmarkImage] = {}
    for name, entry in entries.items():
        if not re.fullmatch(NAME, str(name)) or not isinstance(entry, dict):
            raise InputError(f"{path}: {name}: must be a name of lower-case words and dashes with a mapping below it")
        images[name] = validated({"object": entry} if kind is Procedural else entry, kind, f"{path}: {name}")
    return images
