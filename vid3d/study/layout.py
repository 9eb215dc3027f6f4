"""Where files live: the one list of path patterns, for the rules and for the commands that read many files at once.

Wildcards: run, image, motion, views, frame and camera (two digits), report, method (another method), file.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.study import figure_list, table_list
from vid3d.study.config import Run, Study

IMAGE = "results/{run}/{image}"
CLIP = IMAGE + "/motion-{motion}"
CONDITION = CLIP + "/views-{views}"

DOWNLOADED = "weights/downloads/{file}"  # published weights, as config/weights.yaml pins them
SOURCE = "results/sources/{benchmark}/{file}"  # a benchmark's photographs, as downloaded and verified
REFERENCE = IMAGE + "/reference.png"
FOREGROUND = IMAGE + "/reference-foreground.png"
SUBJECT = IMAGE + "/subject.json"  # name, caption and, for a procedural object, its description
SEED = CLIP + "/seed/frame-{frame}.png"
ORBIT = CLIP + "/orbit/frame-{frame}.png"
HELD_OUT_TRUTH = CLIP + "/held-out/frame-{frame}.png"
SPLATS = CONDITION + "/splats/frame-{frame}.ply"
FIT_REPORT = CONDITION + "/splats/frame-{frame}-fit.json"  # loss curve, splat counts, notes
RENDERS = CONDITION + "/renders/frame-{frame}.png"
VIDEO = CONDITION + "/renders/camera-{camera}.mp4"
EMBEDDINGS = CONDITION + "/embeddings.npz"
SCORES = CONDITION + "/scores.csv"
HELD_OUT = CONDITION + "/held-out.csv"
INDICATORS = CONDITION + "/indicators.csv"
STAGE_EMBEDDINGS = CLIP + "/stages.npz"  # of seed frames, generated views and, where there is one, the truth

EXTERNAL = "results/external/{method}"  # renders of other methods
EXTERNAL_VIDEO = EXTERNAL + "/source/{file}"  # as downloaded
EXTERNAL_SCORES = EXTERNAL + "/{run}/scores.csv"  # with the embedder and the reference images of a run

GSPLAT_EXTENSION = "build/gsplat-extension.json"  # gsplat's CUDA kernels are compiled, and draw as the CPU does

REPORT = "results/reports/{report}"
TABLE = REPORT + "/tables/{name}.csv"  # a name of table_list.NAMES
MACROS = REPORT + "/tables/macros.tex"  # every number of the tables by a name
FIGURE = REPORT + "/figures/{name}.{suffix}"  # a name of figure_list.NAMES
FIGURE_LIST = REPORT + "/figures/figures.json"  # titles, captions, alternative texts; why some are left out
FIGURE_FORMATS = ("svg", "pdf", "webp")
PAGE = REPORT + "/index.html"
SPLAT_ARCHIVE = REPORT + ".splats/{clip}.zip"  # beside the report's folder, which it would make large


def tables(report: str) -> list[str]:
    """The CSV files of a report's tables."""
    return [TABLE.format(report=report, name=name) for name in table_list.NAMES]


def exports(report: str) -> list[str]:
    """A report's tables in LaTeX and Markdown, and the macros."""
    stems = [path.removesuffix(".csv") for path in tables(report)]
    return [f"{stem}.{suffix}" for stem in stems for suffix in ("tex", "md")] + [MACROS.format(report=report)]


def figures(study: Study, report: str) -> list[str]:
    """The files of the figures that a report can have, and their list."""
    names = figure_list.shown(study, report)
    files = [FIGURE.format(report=report, name=name, suffix=suffix) for name in names for suffix in FIGURE_FORMATS]
    return [*files, FIGURE_LIST.format(report=report)]


def two(number: int) -> str:
    """Frame and camera numbers in file names: two digits."""
    return f"{number:02d}"


def frames(run: Run) -> list[str]:
    """The frame numbers that a run carries from the seed to the scores."""
    return [two(frame) for frame in range(run.used_frames)]


def blocks(numbers: list[str], size: int) -> list[list[str]]:
    """Frame numbers cut into lists of ``size``, the last one maybe shorter."""
    return [numbers[start : start + size] for start in range(0, len(numbers), size)]


def cameras() -> list[str]:
    """The evaluation cameras' numbers."""
    return [two(camera) for camera in range(EVALUATION_CAMERAS)]


@dataclass(frozen=True)
class Condition:
    """One clip of one run: an image at a motion score and a view count."""

    run: str
    image: str
    motion: int
    views: int

    def path(self, pattern: str, study: Study, stage: str, **wildcards: str) -> str:
        """The path of an artefact of ``stage``, in the folder of the run that owns it."""
        run = study.owner(self.run, stage)
        return pattern.format(run=run, image=self.image, motion=self.motion, views=self.views, **wildcards)


def conditions(study: Study, run: str) -> Iterator[Condition]:
    """All clips of a run, image by image."""
    for image in study.runs[run].images or ():
        for motion, views in study.runs[run].conditions:
            yield Condition(run, image, motion, views)
