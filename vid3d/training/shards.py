"""The files of a training: shards of scenes, encoded clips, logs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vid3d.errors import InputError
from vid3d.files import atomic, load_rows, save_text
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


POINTS = 200  # of a loss curve that is kept with a model


def load_losses(path: Path) -> list[list[float]]:
    """The losses of each phase, as ``save_losses`` wrote them; raises InputError on anything else."""
    phases: dict[str, list[float]] = {}
    for row in load_rows(path, {"phase": str, "loss": float}, cure="train"):
        phases.setdefault(row["phase"], []).append(row["loss"])
    return list(phases.values())


def save_curves(path: Path, losses: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Loss curves of several models, each phase thinned to means over at most POINTS stretches of steps, as CSV."""
    rows = []
    for model, phases in losses.items():
        for phase, values in enumerate(phases, 1):
            parts = np.array_split(np.arange(len(values)), min(POINTS, len(values)))
            rows += [f"{model},{phase},{part[-1] + 1},{np.mean(np.take(values, part)):.5f}\n" for part in parts]
    save_text(path, "model,phase,step,loss\n" + "".join(rows))


def save_losses(path: Path, phases: Sequence[Progress]) -> None:
    """The loss of every step of every phase, as CSV."""
    rows = [f"{k},{step},{loss:.5f}\n" for k, p in enumerate(phases, 1) for step, loss in enumerate(p.losses, 1)]
    save_text(path, "phase,step,loss\n" + "".join(rows))
