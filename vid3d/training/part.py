"""How the training of a part of a mini diffusion model begins and ends."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from vid3d.files import save_json
from vid3d.training import shards
from vid3d.training.pipelines import save_part
from vid3d.training.schedule import Progress


def use_threads(count: int) -> None:
    """Let torch use so many threads of the processor."""
    torch.set_num_threads(count)


def save(folder: Path, model: Any, phases: Sequence[Progress], facts: dict[str, Any], checkpoints: Path) -> None:
    """The part's folder: weights, ``training.csv`` (losses) and ``training.json`` (``facts`` and what was done).

    The checkpoints go, or the next training would find itself finished.
    """
    save_part(model.cpu(), folder)
    shards.save_losses(folder / "training.csv", phases)
    done = facts | {
        "parameters": sum(value.numel() for value in model.parameters()),
        "steps": [phase.steps for phase in phases],
        "minutes": [round(phase.seconds / 60, 1) for phase in phases],
        "held_out": [phase.watched for phase in phases if phase.watched],
    }
    save_json(folder / "training.json", done)
    shutil.rmtree(checkpoints)
