import shlex
from collections.abc import Sequence
from pathlib import Path

from vid3d.machine import interrupted, status
from vid3d.study.parsing import load_runs


def run(*, run: Sequence[str] = (), configfile: Sequence[Path] = (), config: Sequence[str] = ()) -> None:
    """Say how far runs are: which of their files are there, and how to go on; nothing is started.

    Args:
        run: names of runs (default: those of which something is there, else those of the default report).
        configfile: laid over config/study.yaml, as for Snakemake.
        config: single settings, KEY=VALUE, as for Snakemake.

    Raises:
        InputError: an option is wrong.
    """
    study, names = load_runs(run, configfile, config, Path())
    noted = interrupted.noted(Path())
    present = status.Present(Path(), noted.begun)
    counts = status.counted(study, names if run else status.begun(study, Path()), present)
    given = [
        word
        for option, values in (("--configfile", configfile), ("--config", config))
        if values
        for word in (option, *map(str, values))
    ]
    words = "".join(f" {shlex.quote(word)}" for word in given)
    print("\n".join(status.lines(counts, study, present, noted, words)))
