"""Reads generated files of one kind in a process whose memory is bounded: `python -m tests.fuzz.reading KIND`.

Prints a line of JSON: how many were read and how many refused.  A file that is neither is kept, shrunk by Hypothesis,
and the process ends with its traceback; one that crashes or hangs the process is kept, too.
"""

import argparse
import contextlib
import io
import json
import resource
import shutil
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from tests.fuzz.targets import MIB, TARGETS, Target
from vid3d.errors import InputError, refusal
from vid3d.external.videos import IncompleteError


def address_space() -> int:
    """Bytes that the process has reserved."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def check(target: Target, path: Path) -> str:
    """``read`` or ``refused``.

    Raises:
        AssertionError: a refusal that is not one line that says something.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            target.read(path)
    except (InputError, IncompleteError, OSError) as error:
        text = (refusal(error) or "") if isinstance(error, OSError) else str(error)  # as the command line says it
        if isinstance(error, OSError) and not text:
            raise
        text = str(InputError(text))
        assert text.strip(), "a refusal says nothing"
        assert text.isprintable(), text
        assert len(text) < 2000, f"{len(text)} signs"
        return "refused"
    return "read"


def run(kind: str, count: int, start: int, folder: Path) -> Counter[str]:
    """Read ``count`` files of a kind, in bounded memory.

    Args:
        start: Hypothesis's seed.
        folder: where the file being read is.

    Returns:
        How many were ``read`` and ``refused``.
    """
    target, outcomes = TARGETS[kind], Counter[str]()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"input{target.suffix}"
    path.write_bytes(b"")
    with contextlib.suppress(InputError, IncompleteError):
        target.read(path)  # imports what it needs
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + target.memory * MIB, before[1]))

    @seed(start)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(target.drawn)
    def each(content: bytes) -> None:
        path.write_bytes(content)
        outcomes[check(target, path)] += 1

    try:
        each()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    return outcomes


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kind", choices=TARGETS)
    parser.add_argument("--inputs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="where a file that fails is kept")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    started = time.monotonic()
    folder = asked.keep / asked.kind.replace(" ", "-")
    outcomes = run(asked.kind, asked.inputs, asked.seed, folder)
    shutil.rmtree(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    told = dict(outcomes) | {"peak": peak, "seconds": round(time.monotonic() - started, 1)}
    print(json.dumps(told), file=sys.stdout)


if __name__ == "__main__":
    main()
