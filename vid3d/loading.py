"""Loading what a process keeps to its end, libraries and models, without searching it for garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Search for no garbage in the block, nor ever among what is there at its end (``gc.freeze``).

    Importing diffusers makes half a million objects, and Python searches all of them eight times meanwhile: 1.3 of 5.3
    processor seconds.  What is made after the block is searched as ever.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
