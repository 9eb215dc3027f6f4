"""A training that can be interrupted: every step draws from a generator of its own, and checkpoints hold the rest."""

import copy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from vid3d.errors import InputError
from vid3d.files import atomic
from vid3d.randomness import derived_seed
from vid3d.training import muon
from vid3d.training.schedule import Progress, Schedule

CHECKPOINT_EVERY = 120.0  # seconds
WATCH_EVERY = 1000  # steps

Loss = Callable[[float, torch.Generator], Tensor]  # of the share of training that is done, and a step's randomness
Watch = Callable[[Any], list[float]]  # of the mean model: figures to be written down


def optimise(
    model: nn.Module,
    loss: Loss,
    schedule: Schedule,
    checkpoint: Path,
    seed: int,
    budget: float | None = None,
    title: str = "training",
    watch: Watch | None = None,
) -> tuple[Any, Progress]:
    """Train ``model`` in place; returns the running mean of its weights as a model, and the progress.

    Goes on from ``checkpoint`` if it is there, along the same losses as without the interruption, and writes it every
    CHECKPOINT_EVERY seconds and at the end.

    Args:
        loss: called once per step; all its randomness must come from the generator that it is given.
        budget: minutes in all, earlier sessions included, after which training ends with its learning rate decayed;
            None runs all steps, and only then does the result not depend on the machine's speed.
        watch: called every WATCH_EVERY steps and at the end; training does not depend on it.

    Raises:
        InputError: the checkpoint is not one of this training, or the loss is not finite.
    """
    average = copy.deepcopy(model).requires_grad_(False)
    optimisers = _optimisers(model, schedule)
    progress = Progress(0, 0.0, [])
    if checkpoint.exists():
        _restore(checkpoint, model, average, list(optimisers), progress)
    start, written = time.perf_counter() - progress.seconds, time.perf_counter()
    with tqdm(total=schedule.steps, initial=progress.steps, desc=title, mininterval=10) as bar:
        while (share := _share(schedule, budget, progress)) < 1.0:
            randomness = torch.Generator().manual_seed(derived_seed(seed, title, "step", progress.steps))
            value = loss(share, randomness)
            if not torch.isfinite(value):
                raise InputError(
                    f"{title}: the loss is not finite at step {progress.steps + 1}: lower the learning rate"
                )
            _step(model, value, optimisers, schedule.factor(progress.steps, share))
            progress.steps += 1
            progress.losses.append(value.item())
            # a short memory at first, or the mean would long remember the initial weights
            keep = min(schedule.average, progress.steps / (progress.steps + 20))
            with torch.no_grad():
                torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1.0 - keep)
            if watch is not None and progress.steps % WATCH_EVERY == 0:
                progress.watched[progress.steps] = watch(average)
                tqdm.write(f"{title}, step {progress.steps}: {progress.watched[progress.steps]}", file=sys.stderr)
            progress.seconds = time.perf_counter() - start
            bar.set_postfix(loss=f"{sum(progress.losses[-100:]) / len(progress.losses[-100:]):.4f}", refresh=False)
            bar.update()
            if time.perf_counter() - written > CHECKPOINT_EVERY:
                _write(checkpoint, model, average, list(optimisers), progress)
                written = time.perf_counter()
    if watch is not None:
        progress.watched[progress.steps] = watch(average)
    _write(checkpoint, model, average, list(optimisers), progress)
    return average, progress


def _step(model: nn.Module, value: Tensor, optimisers: dict[torch.optim.Optimizer, float], factor: float) -> None:
    """One step against the gradients of a loss, at ``factor`` of the optimisers' highest rates."""
    model.zero_grad()
    value.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimiser, rate in optimisers.items():
        for group in optimiser.param_groups:
            group["lr"] = rate * factor
        optimiser.step()


def _optimisers(model: nn.Module, schedule: Schedule) -> dict[torch.optim.Optimizer, float]:
    """Who updates which of the model's weights, with their highest rates."""
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    matrices = [] if schedule.muon is None else [p for name, p in trained.items() if muon.suits(name, p)]
    chosen = {id(p) for p in matrices}
    others = [p for p in trained.values() if id(p) not in chosen]
    decay = schedule.weight_decay
    adamw = torch.optim.AdamW(others, lr=schedule.rate, betas=(0.9, 0.99), weight_decay=decay, fused=True)
    if schedule.muon is None:
        return {adamw: schedule.rate}
    return {adamw: schedule.rate, muon.Muon(matrices, schedule.muon, decay): schedule.muon}


def _share(schedule: Schedule, budget: float | None, progress: Progress) -> float:
    of_time = 0.0 if budget is None else progress.seconds / (60.0 * budget)
    return 1.0 if progress.steps >= schedule.steps else max(progress.steps / schedule.steps, of_time)


def _write(
    path: Path, model: nn.Module, average: nn.Module, optimisers: list[torch.optim.Optimizer], done: Progress
) -> None:
    states: dict[str, Any] = {"model": model.state_dict(), "average": average.state_dict()}
    states["optimisers"] = [optimiser.state_dict() for optimiser in optimisers]
    with atomic(path) as temporary:
        torch.save(states | vars(done), temporary)


def _restore(
    path: Path, model: nn.Module, average: nn.Module, optimisers: list[torch.optim.Optimizer], progress: Progress
) -> None:
    try:
        saved = torch.load(path, weights_only=True, map_location="cpu")
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        for optimiser, state in zip(optimisers, saved["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        progress.steps, progress.seconds, progress.losses = saved["steps"], saved["seconds"], saved["losses"]
        progress.watched = saved["watched"]
    except Exception as error:
        raise InputError(
            f"{path}: no checkpoint of this training ({type(error).__name__}); delete it to start anew"
        ) from None
