"""Where files live: the one list of path patterns, for the rules and for the commands that read many files at once.

Wildcards: run, image, motion, views, frame and camera (two digits), report, method (another method), file.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.config import Run, Study

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

EXTERNAL = "results/external/{method}"  # renders of other methods
EXTERNAL_VIDEO = EXTERNAL + "/source/{file}"  # as downloaded
EXTERNAL_SCORES = EXTERNAL + "/{run}/scores.csv"  # with the embedder and the reference images of a run

GSPLAT_EXTENSION = "build/gsplat-extension.json"  # gsplat's CUDA kernels are compiled, and draw as the CPU does

REPORT = "results/reports/{report}"
TABLE = REPORT + "/tables/table{number}.csv"
HELD_OUT_TABLE = REPORT + "/tables/held-out.csv"  # PSNR and SSIM at cameras that were not trained on
PROTOCOL_TABLE = REPORT + "/tables/protocols.csv"  # what the definition of CLIP-I alone does
MACROS = REPORT + "/tables/macros.tex"  # every number of the tables by a name
FIGURE = REPORT + "/figures/figure{number}.svg"
PAGE = REPORT + "/index.html"


def tables(report: str) -> list[str]:
    """The CSV files of a report's tables."""
    numbered = [TABLE.format(report=report, number=number) for number in (1, 2, 3)]
    return [*numbered, HELD_OUT_TABLE.format(report=report), PROTOCOL_TABLE.format(report=report)]


def exports(report: str) -> list[str]:
    """The same tables in LaTeX and Markdown, and the macros."""
    stems = [path.removesuffix(".csv") for path in tables(report)]
    return [f"{stem}.{suffix}" for stem in stems for suffix in ("tex", "md")] + [MACROS.format(report=report)]


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
