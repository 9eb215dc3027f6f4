"""What jobs are expected to take before any of their kind has ended, by the unit costs of ``vid3d.machine.cost``."""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from statistics import fmean

from vid3d.machine import cost
from vid3d.study.config import Study
from vid3d.study.reading import load_yaml
from vid3d.weights.manifest import Manifest

COSTS = "config/costs.yaml"
OF_REPORTS = ("tables", "figures", "report")  # which vid3d.machine.cost does not count
_STAGES = {"gsplat-extension": "compile", "weights/v3d-diffusers": "convert"}  # whose kinds have other names


def kinds(benchmarks: Mapping[int, str | None]) -> dict[int, str]:
    """The kinds of jobs, in the order of the data's way; jobs that do nothing are left out.

    A kind is STAGE/RUN, of a report's jobs STAGE/REPORT.  Jobs of a kind differ in image, motion score, views and
    frames only.

    Args:
        benchmarks: where Snakemake notes the time of each job, ``benchmarks/STAGE/RUN/...tsv``, by the job's number;
            None of jobs that do nothing.
    """
    found = {job: "/".join(PurePosixPath(path).with_suffix("").parts[1:3]) for job, path in benchmarks.items() if path}
    place = {stage: number for number, stage in enumerate((*cost.STAGES, *OF_REPORTS))}
    return dict(sorted(found.items(), key=lambda item: place.get(item[1].partition("/")[0], -1)))


def seconds(study: Study, manifest: Manifest, root: Path, of: Iterable[str]) -> dict[str, float]:
    """What a job of each kind takes on one core or GPU, on average over the kind; kinds of unknown times are left out.

    Args:
        root: the folder that holds ``config/`` and ``benchmark/``.
        of: the kinds, as ``kinds`` returns them.

    Raises:
        InputError: unit costs that are missing or not understood.
    """
    asked = sorted(set(of))
    costs = load_yaml(root / COSTS, cost.Costs)
    runs = [name for name in study.runs if any(one.partition("/")[2] == name for one in asked)]
    found: dict[str, list[float]] = {}
    for job in cost.jobs(study, runs, manifest, root):
        if (one := cost.seconds(study, job, costs)) is not None:
            found.setdefault(f"{job.stage}/{job.run}", []).append(one)
    alike = [unit for unit in costs.time if not unit.at]  # as much in any run
    for name in asked:
        stage = _STAGES.get(name, name.partition("/")[0])
        if name not in found and (unit := cost.nearest(alike, stage, None, {})) is not None:
            found[name] = [unit.start + unit.amount]
    return {name: fmean(found[name]) for name in asked if name in found}
