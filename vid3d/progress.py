"""A progress bar for long fits, on a terminal only."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from vid3d.stages import Progress


@contextmanager
def progress_bar(title: str) -> Iterator[Progress | None]:
    """A ``Progress`` callback that draws a bar on standard error, or None where that is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc=title, unit="step", leave=False) as bar:

        def update(done: int, total: int, loss: float) -> None:
            bar.total = total
            bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
            bar.update(done - bar.n)

        yield update
