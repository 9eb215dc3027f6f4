from collections.abc import Sequence
from pathlib import Path

from vid3d.errors import InputError
from vid3d.machine import cost
from vid3d.machine.doctor import Doctor
from vid3d.study.parsing import load_runs
from vid3d.study.reading import load_yaml
from vid3d.weights.manifest import load_manifest


def run(
    *, run: Sequence[str] = (), configfile: Sequence[Path] = (), config: Sequence[str] = (), checksums: bool = False
) -> None:
    """Say what runs need, what of it is here, and the cure of what is missing, before any job starts.

    Args:
        run: names of runs (default: those of the default report).
        configfile: laid over config/study.yaml, as for Snakemake.
        config: single settings, KEY=VALUE, as for Snakemake.
        checksums: read the weights through and compare checksums.

    Raises:
        InputError: something is missing, or an option is wrong.
    """
    study, names = load_runs(run, configfile, config, Path())
    manifest, costs = load_manifest("config/weights.yaml"), load_yaml("config/costs.yaml", cost.Costs)
    sums = cost.total(study, names, costs, manifest, Path())
    findings = Doctor(study, names, manifest, costs, Path(), checksums).examine(sums)
    print("\n".join(map(str, findings)))
    missing = sum(finding.state == "missing" for finding in findings)
    if missing:
        raise InputError(f"run {' and '.join(names)}: {missing} missing; each line above names its cure")
    print(f"run {' and '.join(names)}: nothing is missing")
