"""A GPU for each job by itself: jobs that run side by side on one machine take different devices.

A job takes the lock of the first free device, hides the others from CUDA and keeps the lock to its end.  Locks are the
kernel's (flock), so that a killed job's device is free at once.  They hold among one user's jobs on one machine; a
cluster's scheduler says by ``CUDA_VISIBLE_DEVICES`` which devices are a job's, and the choice is made among those.
"""

import fcntl
import importlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vid3d.errors import InputError
from vid3d.files import save_json

LISTING = ("nvidia-smi", "-L")
LISTING_TIMEOUT = 60.0  # seconds; a hanging driver is an error, not a machine without GPUs
WAIT = 0.5  # seconds between two looks for a free device
ENVIRONMENT = "CUDA_VISIBLE_DEVICES"


def installed() -> list[str]:
    """The unique identifiers of this machine's devices by index; of a GPU cut into MIG slices, those of the slices.

    Raises:
        InputError: the driver does not answer.
    """
    try:
        listed = subprocess.run(LISTING, capture_output=True, text=True, timeout=LISTING_TIMEOUT, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    except subprocess.TimeoutExpired:
        waited = f"no answer in {LISTING_TIMEOUT:.0f} s"
        raise InputError(f"{' '.join(LISTING)}: {waited}; is the GPU's driver well?") from None
    devices: list[str] = []
    for kind, identifier in re.findall(r"^\s*(GPU|MIG) .*\(UUID: ([^)]+)\)", listed, re.MULTILINE):
        if kind == "MIG" and devices and devices[-1].startswith("GPU"):
            devices.pop()
        devices.append(identifier)
    return devices


def visible() -> dict[str, str]:
    """The devices that this process may use: what ``CUDA_VISIBLE_DEVICES`` calls them, and their identifiers."""
    devices, named = installed(), os.environ.get(ENVIRONMENT)
    if named is None:
        # not by index, since CUDA may count the devices in another order than nvidia-smi
        return {identifier: identifier for identifier in devices}
    found = {}
    for token in (part.strip() for part in named.split(",")):
        if not token or token == "-1":  # CUDA ignores what follows
            break
        index = int(token) if token.isdecimal() else len(devices)
        found[token] = devices[index] if index < len(devices) else token
    return found


@contextmanager
def held(record: str | Path | None = None) -> Iterator[None]:
    """A device for the block alone, chosen before torch looks for devices; waits while all are taken.

    Where there is none the block runs all the same: what then becomes of it is the backend's business.

    Args:
        record: a JSON file for what the block used of the device (its name, the seconds that it was held, the peak of
            torch's memory).  It is not written, and an older one is removed, where CUDA was not used.
    """
    if record is not None:
        Path(record).unlink(missing_ok=True)
    with _lock(visible()):
        started = time.monotonic()
        yield
        used = importlib.import_module("vid3d.backends.cuda_usage").usage()
        if record is not None and used is not None:
            save_json(record, used | {"gpu_seconds": round(time.monotonic() - started, 3)})


@contextmanager
def _lock(devices: dict[str, str]) -> Iterator[None]:
    """The lock of the first of the ``devices`` that is free, by now or later; no lock if there are none."""
    folder = Path(tempfile.gettempdir()) / f"vid3d-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    told = False
    while devices:
        for token, identifier in devices.items():
            with (folder / f"{re.sub('[^A-Za-z0-9-]', '-', identifier)}.lock").open("w") as stream:
                try:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                os.environ[ENVIRONMENT] = token
                yield
                return
        if not told:
            held_by_others = "the GPU" if len(devices) == 1 else f"all {len(devices)} GPUs"
            print(f"vid3d: other jobs hold {held_by_others}; waiting for one to end", file=sys.stderr, flush=True)
            told = True
        time.sleep(WAIT)
    yield
