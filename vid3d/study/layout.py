"""Where files live: the one list of path patterns, for the rules and for the commands that read many files at once.

Wildcards: run, image, motion, views, frame and camera (two digits), report, method (another method), file.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.errors import InputError
from vid3d.study import figure_list, table_list
from vid3d.study.benchmark import BenchmarkImage, Procedural
from vid3d.study.config import Run, Study
from vid3d.study.registry import STAGES

T = TypeVar("T")
Scored = tuple[str, int, int]  # a clip of an image by the run in whose folder it lies, its motion score and view count
Kind = Literal["scores", "held-out", "measures", "references", "renders", "views", "splats"]  # of what a report reads
_ENDS: tuple[Kind, ...] = ("references", "renders", "scores", "held-out", "measures")  # of which nothing more is made


class Artefact(str):
    """A path pattern and the stage that makes the file: by it a study knows in which run's folder the file lies.

    It is a string, so that rules take it as it is.  Patterns that no run owns are plain strings.

    Attributes:
        stage: one of ``STAGES``, whose Spec and those before it the file depends on (``Study.owner``).
    """

    stage: str

    def __new__(cls, stage: str, pattern: str) -> "Artefact":
        """The ``pattern`` of a file that ``stage`` makes."""
        artefact = super().__new__(cls, pattern)
        artefact.stage = stage
        return artefact


EACH = "{run}"  # in place of the name of a run: whichever the file's path names
IMAGE = "results/{run}/{image}"
CLIP = IMAGE + "/motion-{motion}"
CONDITION = CLIP + "/views-{views}"

CONTENTS = "results/contents.json"  # checksums of what enters from outside (vid3d.weights.contents)
DOWNLOADED = "weights/downloads/{file}"  # published weights, as config/weights.yaml pins them
SOURCE = "results/sources/{benchmark}/{file}"  # a benchmark's photographs, as downloaded and verified
REFERENCE = Artefact("reference", IMAGE + "/reference.png")
FOREGROUND = Artefact("reference", IMAGE + "/reference-foreground.png")
SUBJECT = Artefact("reference", IMAGE + "/subject.json")  # name, caption and, for a procedural object, its description
SEED = Artefact("seed", CLIP + "/seed/frame-{frame}.png")
ORBIT = Artefact("views", CLIP + "/orbit/frame-{frame}.png")
HELD_OUT_TRUTH = Artefact("views", CLIP + "/held-out/frame-{frame}.png")
SPLATS = Artefact("splat", CONDITION + "/splats/frame-{frame}.ply")
FIT_REPORT = Artefact("splat", CONDITION + "/splats/frame-{frame}-fit.json")  # loss curve, splat counts, notes
RENDERS = Artefact("render", CONDITION + "/renders/frame-{frame}.png")
VIDEO = Artefact("render", CONDITION + "/renders/camera-{camera}.mp4")
EMBEDDINGS = Artefact("score", CONDITION + "/embeddings.npz")
SCORES = Artefact("score", CONDITION + "/scores.csv")
HELD_OUT = Artefact("render", CONDITION + "/held-out.csv")
INDICATORS = Artefact("score", CONDITION + "/indicators.csv")
STAGE_EMBEDDINGS = Artefact("score", CLIP + "/stages.npz")  # of seed frames, generated views and the truth, if there

EXTERNAL = "results/external/{method}"  # renders of other methods
EXTERNAL_VIDEO = EXTERNAL + "/source/{file}"  # as downloaded
EXTERNAL_STEADINESS = EXTERNAL + "/steadiness.csv"  # of each camera by itself
EXTERNAL_SCORES = EXTERNAL + "/{run}/scores.csv"  # with the embedder and the reference images of a run

GSPLAT_EXTENSION = "build/gsplat-extension.json"  # of gsplat's compiled CUDA kernels: vid3d.splatting.mark

REPORT = "results/reports/{report}"
TABLE = REPORT + "/tables/{name}.csv"  # a name of table_list.NAMES
COLUMN_TABLE = REPORT + "/tables/{name}-column.tex"  # of table_list.OF_A_COLUMN
TABLE_PAGE = REPORT + "/tables/{name}.html"  # a table by itself, for Snakemake's own report
MACROS = REPORT + "/tables/macros.tex"  # every number of the tables by a name
FIGURE = REPORT + "/figures/{name}.{suffix}"  # a name of figure_list.NAMES
FIGURE_LIST = REPORT + "/figures/figures.json"  # titles, captions, alternative texts; why some are left out
FIGURE_FORMATS = ("svg", "pdf", "webp")
DARK_PLOT = REPORT + "/figures/{name}-dark.webp"  # of figure_list.PLOTS, for a page read in the dark
PAGE = REPORT + "/index.html"
AUTHORS = "results/reports/authors"  # what the authors' own videos say, front camera against side camera
AUTHORS_PAGE = AUTHORS + "/index.html"
AUTHORS_PAIRS = AUTHORS + "/pairs.csv"
AUTHORS_FIGURE = AUTHORS + "/pairs.{suffix}"  # of FIGURE_FORMATS


def tables(report: str) -> list[str]:
    """The CSV files of a report's tables."""
    return [TABLE.format(report=report, name=name) for name in table_list.NAMES]


def table_pages(report: str) -> list[str]:
    """A report's tables as pages of their own."""
    return [TABLE_PAGE.format(report=report, name=name) for name in table_list.NAMES]


def exports(report: str) -> list[str]:
    """A report's tables in LaTeX and Markdown, and the macros."""
    stems = [path.removesuffix(".csv") for path in tables(report)]
    columns = [COLUMN_TABLE.format(report=report, name=name) for name in table_list.OF_A_COLUMN]
    return [f"{stem}.{suffix}" for stem in stems for suffix in ("tex", "md")] + columns + [MACROS.format(report=report)]


def figures(study: Study, report: str) -> list[str]:
    """The files of the figures that a report can have, and their list."""
    names = figure_list.shown(study, report)
    files = [FIGURE.format(report=report, name=name, suffix=suffix) for name in names for suffix in FIGURE_FORMATS]
    dark = [DARK_PLOT.format(report=report, name=name) for name in names if name in figure_list.PLOTS]
    return [*files, *dark, FIGURE_LIST.format(report=report)]


def photograph(benchmark: str, image: BenchmarkImage) -> str | None:
    """Where the photograph behind a reference image lies: one's own as it is named; None for a procedural object."""
    if isinstance(image, Procedural):
        return None
    return image.file if benchmark == "own" else SOURCE.format(benchmark=benchmark, file=image.file)


def two(number: int) -> str:
    """Frame and camera numbers in file names: two digits."""
    return f"{number:02d}"


def numbers(count: int) -> list[str]:
    """Frames or cameras from 0 on, as file names have them."""
    return [two(number) for number in range(count)]


def frames(run: Run) -> list[str]:
    """The frame numbers that a run carries from the seed to the scores."""
    return numbers(run.used_frames)


def blocks(items: Sequence[T], size: int) -> list[tuple[T, ...]]:
    """Frame numbers, or clips, cut into blocks of ``size``, the last one maybe shorter."""
    return [tuple(items[start : start + size]) for start in range(0, len(items), size)]


def shared(study: Study, cut: Callable[[str], Iterable[T]]) -> dict[T, list[str]]:
    """{what a job makes: runs}, from what ``cut`` says of each run: a rule is written once for all that share it."""
    found: dict[T, list[str]] = {}
    for name in study.runs:
        for block in cut(name):
            found.setdefault(block, []).append(name)
    return found


def frame_blocks(study: Study, condition: Callable[[Run], bool], size: int) -> dict[tuple[str, ...], list[str]]:
    """{block of at most ``size`` frame numbers: runs}: how clips of runs with ``condition`` are cut into jobs."""
    return shared(study, lambda name: blocks(frames(run), size) if condition(run := study.runs[name]) else ())


def sampled_blocks(study: Study, run: str, stage: str) -> list[tuple[int, ...]]:
    """Motion scores of the clips that a job of ``stage``, seed or views, makes in a run's folder, job by job.

    None are named, ``[()]``, where each clip is a job: unless a learned model runs on a CPU.
    """
    spec, size = study.runs[run].spec(stage), study.execution.clips_per_job.sampled
    if size == 1 or not spec.learned or spec.device == "gpu":
        return [()]
    return _kept_blocks(study, run, stage, lambda of: of.motion_scores, size)


def seed_blocks(study: Study) -> dict[tuple[int, tuple[int, ...]], list[str]]:
    """{(frames of the clips, motion scores) of a job of seeds: runs}; no motion scores where each clip is a job."""
    return shared(
        study,
        lambda run: [(study.runs[run].seed.frames, motions) for motions in sampled_blocks(study, run, "seed")],
    )


def views_blocks(study: Study) -> dict[tuple[tuple[str, ...], tuple[int, ...]], list[str]]:
    """{(frame numbers, motion scores) of a job of views: runs}; no motion scores where each clip is a job."""
    return shared(
        study,
        lambda run: [
            (frames_of_job, motions)
            for frames_of_job in blocks(frames(study.runs[run]), study.execution.frames_per_job.views)
            for motions in sampled_blocks(study, run, "views")
        ],
    )


def alike(study: Study, run: str) -> list[str]:
    """Controls that a run is scored with, itself among them: none draws splats, and all else is the same.

    None is scored with another unless every report shows both, so that no report plans renders of more than it shows.
    """

    def of_score(name: str) -> tuple[object, ...]:
        one = study.runs[name]
        shown = frozenset(report for report in study.reports if name in study.reports[report].runs)
        shared = (study.owner(name, "reference"), one.images, one.conditions, one.used_frames, one.plumbing)
        return one.extends, shown, shared, one.ground_truth, one.views.count, one.score

    def by_itself(name: str) -> bool:
        owned = [other for other in study.runs if study.owner(other, "score") == name]
        return owned == [name] and study.runs[name].render.control and not study.runs[name].render.draws_splats

    found = [name for name in study.runs if by_itself(name) and of_score(name) == of_score(run)]
    return found if run in found else [run]


def scored_blocks(study: Study, run: str) -> list[tuple[Scored, ...]]:
    """Clips of an image that a job scores, job by job, of which some lie in a run's folder.

    Where all do, the job names no run (``EACH``), so that runs cut alike can share a rule.
    """
    size = study.execution.clips_per_job.scored
    if len(together := alike(study, run)) > 1:
        return blocks([(name, *clip) for name in together for clip in study.runs[name].conditions], size)
    kept = _kept_blocks(study, run, "score", lambda of: of.conditions, size)
    return [tuple((EACH, *clip) for clip in block) for block in kept]


def score_blocks(study: Study) -> dict[tuple[Scored, ...], list[str]]:
    """{clips of an image that a job scores: runs}; of one run each, or of the controls that the clips name."""
    return shared(study, lambda run: scored_blocks(study, run))


def _kept_blocks(
    study: Study, run: str, stage: str, items: Callable[[Run], Sequence[T]], size: int
) -> list[tuple[T, ...]]:
    """What lies in a run's folder, cut into blocks: its own items, then those of each run that shares its stage."""
    kept: list[T] = []
    found: list[tuple[T, ...]] = []
    for name in (run, *(other for other in study.runs if other != run and study.owner(other, stage) == run)):
        new = [item for item in items(study.runs[name]) if item not in kept]
        kept += new
        found += blocks(new, size)
    return found


def of_block(folder: str, block: Sequence[str]) -> str:
    """The name of the job that makes a block of frames of the clip whose jobs are in ``folder``."""
    return f"{folder}/frames-{block[0]}-{block[-1]}"


def of_motions(folder: str, motions: Sequence[int]) -> str:
    """The name of the job that samples clips of the image whose jobs are in ``folder``; of one, if none is named."""
    return f"{folder}/motion-{'-'.join(map(str, motions)) or '{motion}'}"


def of_clips(stage: str, clips: Sequence[Scored]) -> str:
    """The name of the job that scores these clips of an image, below the folder of the first one's run."""
    (run, motion, views), (other, *last) = clips[0], clips[-1]
    name = f"{stage}/{run}/{{image}}/motion-{motion}/views-{views}"
    if len(clips) == 1:
        return name
    return f"{name}-to-{'' if other == run else f'{other}-'}motion-{last[0]}-views-{last[1]}"


def told(clips: Sequence[Scored]) -> str:
    """Clips for people: ``motion 120, 18 views; motion 160, 18 views``."""
    return "; ".join(
        f"{'' if run == EACH else f'{run}, '}motion {motion}, {views} views" for run, motion, views in clips
    )


def cameras() -> list[str]:
    """The evaluation cameras' numbers."""
    return numbers(EVALUATION_CAMERAS)


@dataclass(frozen=True)
class Condition:
    """One clip of one run: an image at a motion score and a view count."""

    run: str
    image: str
    motion: int
    views: int

    def path(self, artefact: Artefact, study: Study, **wildcards: str) -> str:
        """Where an artefact of the clip lies: in the folder of the run that owns it."""
        run = study.owner(self.run, artefact.stage)
        return artefact.format(run=run, image=self.image, motion=self.motion, views=self.views, **wildcards)


def conditions(study: Study, run: str) -> Iterator[Condition]:
    """All clips of a run, image by image."""
    for image in study.runs[run].images or ():
        for motion, views in study.runs[run].conditions:
            yield Condition(run, image, motion, views)


def read_by(study: Study, report: str, *kinds: Kind) -> list[str]:
    """What a report reads: of each of its runs the files of the named kinds.

    ``measures`` are what tables read beside scores: indicators, and embeddings by stage at the base condition;
    ``views`` those of the middle frame at the base condition, where a run shows any;
    ``splats`` those of runs that mean something, which the page's viewer may show.

    Raises:
        InputError: a report without images.
    """
    runs = study.reports[report].runs
    if not any(study.runs[name].images for name in runs):
        raise InputError(f"report {report} has no images; for a photograph of yours: own --config image=photo.jpg")
    files: list[str] = []
    for name in runs:
        hidden = () if name in figure_list.scored(study, report) else ("splats",)
        wanted = [kind for kind in kinds if kind not in hidden]
        for clip in conditions(study, name):
            files += [clip.path(made, study, **which) for made, which in _read_of(study.runs[name], clip, wanted)]
    return list(dict.fromkeys(files))


def _read_of(run: Run, clip: Condition, kinds: Container[Kind]) -> Iterator[tuple[Artefact, dict[str, str]]]:
    """The files of a clip that are of these kinds: patterns, and which frames and cameras they are of."""
    first = not run.render.control and (clip.motion, clip.views) == run.conditions[0]
    made: list[Artefact] = []
    if "measures" in kinds and not run.plumbing:
        made.append(INDICATORS)
        if first:
            made += [STAGE_EMBEDDINGS, EMBEDDINGS]
    if "scores" in kinds:
        made.append(SCORES)
    if "held-out" in kinds and run.ground_truth:
        made.append(HELD_OUT)
    if "references" in kinds:
        made += [FOREGROUND, SUBJECT]
    yield from ((artefact, {}) for artefact in made)
    if "renders" in kinds:
        yield from _framewise(RENDERS, run)
        yield from ((VIDEO, {"camera": camera}) for camera in cameras())
    if "views" in kinds and first:
        yield ORBIT, {"frame": two(run.used_frames // 2)}
    if "splats" in kinds:
        yield from _framewise(SPLATS, run)


def _framewise(artefact: Artefact, run: Run) -> Iterator[tuple[Artefact, dict[str, str]]]:
    yield from ((artefact, {"frame": frame}) for frame in frames(run))


def needed(study: Study, name: str) -> dict[str, list[str]]:
    """What a report of the run needs of it, by the stage that makes it: what it reads, and what that is made of.

    Files of a run that it shares are among them.
    """
    run = study.runs[name]
    owners = {stage: study.owner(name, stage) for stage in STAGES}
    found: dict[str, dict[str, None]] = {stage: {} for stage in STAGES}
    for clip in conditions(study, name):
        for made, which in (*_upstream(run), *_read_of(run, clip, _ENDS)):
            path = made.format(run=owners[made.stage], image=clip.image, motion=clip.motion, views=clip.views, **which)
            found[made.stage][path] = None
    return {stage: list(files) for stage, files in found.items()}


def _upstream(run: Run) -> Iterator[tuple[Artefact, dict[str, str]]]:
    """What a clip's renders and measures are made of."""
    yield REFERENCE, {}
    if run.render.draws_splats:
        yield from ((SEED, {"frame": frame}) for frame in numbers(run.seed.frames))
        yield from _framewise(ORBIT, run)
        yield from _framewise(SPLATS, run)
    if run.ground_truth:
        yield from _framewise(HELD_OUT_TRUTH, run)
