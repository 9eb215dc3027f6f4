"""The files of a training: shards of scenes, encoded clips, logs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vid3d import files
from vid3d.training.scenes import Scenes
from vid3d.training.schedule import Progress


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """A compressed npz archive."""
    with files.atomic(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # of numpy's allow_pickle


def load_arrays(paths: Sequence[Path], names: Sequence[str]) -> list[np.ndarray[Any, Any]]:
    """The named arrays of all archives, joined along the first axis; raises InputError on anything else."""
    parts = [files.load_arrays(path, *names) for path in paths]
    return [np.concatenate([part[name] for part in parts]) for name in names]


def load_scenes(paths: Sequence[Path]) -> Scenes:
    """Shards of scenes, joined."""
    orbits, videos, scores = load_arrays(paths, ("orbits", "videos", "scores"))
    return Scenes(orbits, videos, scores)


POINTS = 200  # of a loss curve that is kept with a model


def load_losses(path: Path) -> list[list[float]]:
    """The losses of each phase, as ``save_losses`` wrote them; raises InputError on anything else."""
    phases: dict[str, list[float]] = {}
    for row in files.load_rows(path, {"phase": str, "loss": float}, cure="train"):
        phases.setdefault(row["phase"], []).append(row["loss"])
    return list(phases.values())


def save_curves(path: Path, losses: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Loss curves of several models, each phase thinned to means over at most POINTS stretches of steps, as CSV."""
    rows = []
    for model, phases in losses.items():
        for phase, values in enumerate(phases, 1):
            parts = np.array_split(np.arange(len(values)), min(POINTS, len(values)))
            rows += [f"{model},{phase},{part[-1] + 1},{np.mean(np.take(values, part)):.5f}\n" for part in parts]
    files.save_text(path, "model,phase,step,loss\n" + "".join(rows))


def save_losses(path: Path, phases: Sequence[Progress]) -> None:
    """The loss of every step of every phase, as CSV."""
    rows = [f"{k},{step},{loss:.5f}\n" for k, p in enumerate(phases, 1) for step, loss in enumerate(p.losses, 1)]
    files.save_text(path, "phase,step,loss\n" + "".join(rows))
