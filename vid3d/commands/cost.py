from collections.abc import Sequence
from pathlib import Path

from vid3d.machine import cost
from vid3d.study.parsing import load_runs
from vid3d.study.reading import load_yaml
from vid3d.weights.manifest import load_manifest


def run(*, run: Sequence[str] = (), configfile: Sequence[Path] = (), config: Sequence[str] = ()) -> None:
    """Print jobs, GPU hours, CPU hours and disk of runs, as if nothing of them were there yet.

    Args:
        run: names of runs (default: those of the default report).
        configfile: laid over config/study.yaml, as for Snakemake.
        config: single settings, KEY=VALUE, as for Snakemake.
    """
    study, names = load_runs(run, configfile, config, Path())
    manifest = load_manifest("config/weights.yaml")
    sums = cost.total(study, names, load_yaml("config/costs.yaml", cost.Costs), manifest, Path())
    print(f"Run {' and '.join(names)}, as if nothing were there yet\n\n{cost.table(sums)}")
