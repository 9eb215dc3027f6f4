"""What runs cost: their jobs, counted by the functions from which the rules are made, times unit costs kept as data.

Unit costs stand in ``config/costs.yaml``, each with its source.  What is neither measured nor published is an estimate,
and so is what was measured or published for other sizes.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from vid3d.cameras import EVALUATION_CAMERAS, held_out
from vid3d.study import layout
from vid3d.study.benchmark import load_benchmark
from vid3d.study.config import Run, Study
from vid3d.study.specs.spec import Device
from vid3d.study.validation import Strict
from vid3d.weights.manifest import Manifest

STAGES = (
    *("weights", "convert", "compile", "fetch", "reference", "seed", "views", "splat", "render"),
    *("held-out-truth", "score", "stage-embeddings", "indicators", "held-out"),
)
Known = Literal["measured", "published", "estimate"]
Number = Literal["steps", "frames", "views", "images", "iterations", "pixels", "splats"]


class UnitCost(Strict):
    """Seconds, bytes or GB of a unit of a stage, in proportion to each number of ``at``; see ``config/costs.yaml``.

    Attributes:
        backend, device, reads, offload: which Specs it is about, as far as given; ``reads`` is one of their files.
    """

    stage: str
    backend: str | None = None
    device: Device | None = None
    reads: str | None = None
    offload: str | None = None
    start: Annotated[float, Field(ge=0)] = 0
    amount: Annotated[float, Field(ge=0)]
    at: dict[Number, Annotated[float, Field(gt=0)]]
    known: Known
    source: str

    def meant_for(self, stage: str, spec: Any) -> bool:
        """Whether it is about this stage and, as far as it says so, its backend, device and model."""
        return (
            self.stage == stage
            and self.backend in (None, getattr(spec, "backend", None))
            and self.device in (None, getattr(spec, "device", "cpu"))
            and (self.reads is None or self.reads in spec.checkpoints)
            and self.offload in (None, getattr(spec, "offload", None))
        )

    def scaled(self, numbers: Mapping[Number, float]) -> float:
        """The amount at other numbers."""
        return self.amount * math.prod(numbers[name] / value for name, value in self.at.items())

    def distance(self, numbers: Mapping[Number, float]) -> float:
        """How far it is extrapolated: from another size of images or number of splats, not from another count."""
        sizes = [
            numbers[name] / self.at[name] for name in ("pixels", "splats") if name in self.at and self.at[name] > 1
        ]
        return sum(abs(math.log(size)) for size in sizes)


class Costs(Strict):
    """All unit costs, as ``config/costs.yaml`` holds them."""

    time: tuple[UnitCost, ...]
    disk: tuple[UnitCost, ...]
    memory: tuple[UnitCost, ...]
    gpu_memory: tuple[UnitCost, ...]


# --- jobs ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """One job of the workflow: for the run under whose name its files lie ("" for what all runs share)."""

    stage: str
    run: str
    item: tuple[Any, ...]
    units: int = 1


def jobs(study: Study, names: Iterable[str], manifest: Manifest, root: Path) -> list[Job]:
    """The jobs that make what reports read of the runs if nothing is there yet, each once; reports are not counted."""
    found: dict[Job, None] = {}
    for name in names:
        found |= dict.fromkeys([*_shared(study, name, manifest, root), *_clips(study, name)])
    return list(found)


def _shared(study: Study, name: str, manifest: Manifest, root: Path) -> Iterator[Job]:
    run = study.runs[name]
    for stage in ("score",) if not run.render.draws_splats else ("seed", "views", "score"):
        for model in manifest.needed(run.spec(stage)):
            yield from (Job("weights", "", (path,)) for path in manifest.models[model].paths)
        converted = set(manifest.inputs(run.spec(stage))) & manifest.converted.keys()
        yield from (Job("convert", "", (path,)) for path in converted)
    if run.render.draws_splats and "gpu" in (run.splat.device, run.render.device):
        yield Job("compile", "", ("gsplat",))
    images = load_benchmark(run.benchmark, study.image, root)
    for image in run.images or ():
        if images[image].kind == "photograph" and run.benchmark != "own":
            yield Job("fetch", "", (image,))
        yield Job("reference", study.owner(name, "reference"), (image,))


def _clips(study: Study, name: str) -> Iterator[Job]:
    run, size = study.runs[name], study.execution.frames_per_job
    owner = {stage: study.owner(name, stage) for stage in ("seed", "views", "splat", "render", "score")}
    sampled = {stage: layout.sampled_blocks(study, owner[stage], stage) for stage in ("seed", "views")}
    scored = layout.scored_blocks(study, owner["score"])
    for condition in layout.conditions(study, name):
        clip = (condition.image, condition.motion)
        item = (*clip, condition.views)
        if run.render.draws_splats:
            yield _sampled("seed", owner["seed"], sampled["seed"], clip)
            for block in layout.blocks(layout.frames(run), size.views):
                yield _sampled("views", owner["views"], sampled["views"], clip, block)
            for block in layout.blocks(layout.frames(run), size.splat(run.splat.device)):
                yield Job("splat", owner["splat"], (*item, *block), len(block))
        yield Job("render", owner["render"], item)
        together = next(block for block in scored if {(owner["score"], *item[1:]), (layout.EACH, *item[1:])} & {*block})
        first = owner["score"] if together[0][0] == layout.EACH else together[0][0]
        yield Job("score", first, (condition.image, *together), len(together))
        if not run.plumbing:
            yield Job("indicators", first, (condition.image, *together), len(together))
            if not run.render.control and (condition.motion, condition.views) == run.conditions[0]:
                yield Job("stage-embeddings", owner["score"], clip)
        if run.ground_truth:
            yield Job("held-out-truth", owner["views"], clip)
            yield Job("held-out", owner["render"], item)


def _sampled(
    stage: str, owner: str, blocks: Iterable[tuple[int, ...]], clip: tuple[str, int], frames: tuple[str, ...] = ()
) -> Job:
    """The job that makes a clip's seed, or views of these frames, maybe together with other clips of the image."""
    image, motion = clip
    together = next((block for block in blocks if motion in block), (motion,))
    return Job(stage, owner, (image, *together, *frames), len(together) * (len(frames) or 1))


# --- sums ------------------------------------------------------------------------------------------------------------


@dataclass
class Sum:
    """What a stage's jobs cost together: hours of GPUs, hours of cores of other jobs, bytes.

    Attributes:
        estimates: which of the three are estimates.
        unknown: how many jobs' times are not known at all and left out.
        sources: of the unit costs that were used, as lines.
    """

    jobs: int = 0
    gpu: float = 0.0
    cpu: float = 0.0
    disk: float = 0.0
    estimates: set[str] = field(default_factory=set)
    unknown: int = 0
    sources: dict[str, None] = field(default_factory=dict)


def total(study: Study, names: Iterable[str], costs: Costs, manifest: Manifest, root: Path) -> dict[str, Sum]:
    """The costs of all jobs of the runs by stage, in the order of the data's way."""
    sums = {stage: Sum() for stage in STAGES}
    sizes = {path: file.size for model in manifest.models.values() for path, file in model.paths.items()}
    for job in jobs(study, names, manifest, root):
        into = sums[job.stage]
        into.jobs += 1
        if job.stage == "weights":
            into.disk += sizes[job.item[0]]
            continue
        spec, numbers = _what(study, job)
        kind: Device = "gpu" if job.stage == "compile" else getattr(spec, "device", "cpu")
        if (unit := nearest(costs.time, job.stage, spec, numbers)) is not None:
            hours = (unit.start + job.units * unit.scaled(numbers)) / 3600
            setattr(into, kind, getattr(into, kind) + hours)
            _note(into, kind, unit, numbers)
        else:
            into.unknown += 1
        if (unit := nearest(costs.disk, job.stage, spec, numbers)) is not None:
            into.disk += job.units * unit.scaled(numbers)
            _note(into, "disk", unit, numbers)
    return {stage: cost for stage, cost in sums.items() if cost.jobs}


def seconds(study: Study, job: Job, costs: Costs) -> float | None:
    """What a job takes on one core or GPU; None where nothing is known of it."""
    spec, numbers = _what(study, job)
    unit = nearest(costs.time, job.stage, spec, numbers)
    return None if unit is None else unit.start + job.units * unit.scaled(numbers)


def nearest(units: Iterable[UnitCost], stage: str, spec: Any, numbers: Mapping[Number, float]) -> UnitCost | None:
    """Of the unit costs that are meant for the job, a backend's own before those of all, the least extrapolated."""
    meant = [unit for unit in units if unit.meant_for(stage, spec)]
    return min(meant, key=lambda unit: (unit.backend is None, unit.distance(numbers)), default=None)


def _note(into: Sum, column: str, unit: UnitCost, numbers: Mapping[Number, float]) -> None:
    known: str = unit.known
    if known != "estimate" and unit.distance(numbers) > 0:
        known += " for another size"
    if known not in ("measured", "published"):
        into.estimates.add(column)
    into.sources[f"{'disk' if column == 'disk' else 'time'} {known}: {' '.join(unit.source.split())}"] = None


def _what(study: Study, job: Job) -> tuple[Any, dict[Number, float]]:
    """The Spec of a job and what a unit of it consists of; nothing for what all runs share."""
    run = study.runs.get(job.run)
    return (None, {}) if run is None else (_spec(run, job.stage), _numbers(run, job.stage))


def _spec(run: Run, stage: str) -> Any:
    of = {"held-out": "render", "held-out-truth": "views", "stage-embeddings": "score", "indicators": "score"}
    return run.spec(of.get(stage, stage))


def _numbers(run: Run, stage: str) -> dict[Number, float]:
    """What a unit of the stage consists of."""
    spec = _spec(run, stage)
    per_frame = len(held_out(16)[1]) if stage.startswith("held-out") else EVALUATION_CAMERAS
    if stage == "stage-embeddings":
        per_frame = 1 + run.views.count
    size = getattr(spec, "size", 1)
    if stage in ("splat", "held-out"):
        size = run.views.size
    elif stage == "indicators":
        size = run.render.size
    return {
        "steps": getattr(spec, "steps", 1),
        "frames": run.seed.frames,
        "views": run.views.count,
        "images": run.used_frames * per_frame + (stage == "score"),
        "iterations": run.splat.iterations,
        "pixels": size**2,
        "splats": run.splat.maximum or run.splat.splats,
    }


# --- printing --------------------------------------------------------------------------------------------------------


def table(sums: Mapping[str, Sum]) -> str:
    """A table for people, aligned, estimates marked, and below it where the numbers come from."""
    lines = [f"{'':15}{'jobs':>6}  {'GPU hours':>10}  {'CPU hours':>10}  {'disk':>9}"]
    for stage, cost in sums.items():
        lines.append(_row(stage, cost))
    every = Sum(*(sum(getattr(cost, name) for cost in sums.values()) for name in ("jobs", "gpu", "cpu", "disk")))
    every.estimates = {name for cost in sums.values() for name in cost.estimates}
    lines += [_row("all", every), "", "~ an estimate, or worked out from another size", ""]
    for stage, cost in sums.items():
        lines += [f"{stage}: {source}" for source in cost.sources]
        if cost.unknown and stage != "fetch":  # which is the network's
            lines.append(f"{stage}: time of {cost.unknown} jobs unknown and left out")
    return "\n".join(lines)


def _row(stage: str, cost: Sum) -> str:
    def number(column: str, value: float, text: str) -> str:
        return "-" if not value else f"~{text}" if column in cost.estimates else text

    def hours(value: float) -> str:
        return f"{value:.1f}" if value >= 1 else f"{value:.1g}"

    gpu, cpu = (number(name, getattr(cost, name), hours(getattr(cost, name))) for name in ("gpu", "cpu"))
    return f"{stage:15}{cost.jobs:6}  {gpu:>10}  {cpu:>10}  {number('disk', cost.disk, gigabytes(cost.disk)):>9}"


def gigabytes(size: float) -> str:
    """A number of bytes for people, decimal."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size:.0f} B"
