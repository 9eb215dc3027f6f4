"""The study as data: Study > Run > one frozen Spec per stage (``vid3d.study.specs``), validated before the first job.

Unknown keys are refused, saying where.  This module imports neither torch nor snakemake, so that the Snakefile and
every job can read it in a few milliseconds.  ``vid3d.study.parsing`` makes a study of configuration files.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from vid3d.cameras import GENERATED_VIEWS
from vid3d.study.execution import Execution, Training
from vid3d.study.registry import STAGES
from vid3d.study.specs.fit import FitSpec
from vid3d.study.specs.reference import ReferenceSpec
from vid3d.study.specs.render import RenderSpec
from vid3d.study.specs.score import EmbedSpec
from vid3d.study.specs.seed import SeedSpec
from vid3d.study.specs.views import ViewsSpec
from vid3d.study.validation import Name, Strict

LicenceName = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9.-]*$")]
MotionScore = Annotated[int, Field(ge=0, le=255)]  # SVD's motion_bucket_id


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
