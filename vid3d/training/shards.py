"""The files of a training: shards of scenes, encoded clips, logs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vid3d.errors import InputError
from vid3d.files import atomic
from vid3d.training.scenes import Scenes
from vid3d.training.schedule import Progress


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """A compressed npz archive."""
    with atomic(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # of numpy's allow_pickle


def load_arrays(paths: Sequence[Path], names: Sequence[str]) -> list[np.ndarray[Any, Any]]:
    """The named arrays of all archives, joined along the first axis; raises InputError on anything else."""
    parts: list[list[np.ndarray[Any, Any]]] = []
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as archive:
                parts.append([archive[name] for name in names])
        except (OSError, ValueError, KeyError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(f"{path}: no archive of {', '.join(names)} ({reason}); make it anew") from None
    return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]


def load_scenes(paths: Sequence[Path]) -> Scenes:
    """Shards of scenes, joined."""
    orbits, videos, scores = load_arrays(paths, ("orbits", "videos", "scores"))
    return Scenes(orbits, videos, scores)


def save_losses(path: Path, phases: Sequence[Progress]) -> None:
    """The loss of every step of every phase, as CSV."""
    rows = [f"{k},{step},{loss:.5f}\n" for k, p in enumerate(phases, 1) for step, loss in enumerate(p.losses, 1)]
    with atomic(path) as temporary:
        temporary.write_text("phase,step,loss\n" + "".join(rows))
