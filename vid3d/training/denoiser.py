"""The mini denoisers: one makes orbits of views, one seed videos; trained alike, on latents.

Continuous noise levels with the v-prediction and the preconditioning of Stable Video Diffusion (Blattmann et al. 2023,
after Karras et al. 2022): x = z + sigma n enters as x / sqrt(sigma^2 + 1), the noise level as 0.25 ln sigma.

Neither embedding nor condition is ever dropped: the study samples without guidance, and so learns for nothing else.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vid3d.scene import Float32
from vid3d.training import shards
from vid3d.training.faster import compile_blocks, hasten, processor, reduced_precision
from vid3d.training.loop import optimise
from vid3d.training.models import new_denoiser
from vid3d.training.schedule import Progress, Schedule
from vid3d.training.windows import Windows, counted_from, drawn, with_positions

NOISE_AUGMENTATION = 0.02
LOG_SIGMA = (1.5, 1.5)  # mean and deviation: few steps are sampled, most of them from high noise
WATCHED = (40.0, 3.0, 0.7)  # noise levels at which the error on held-out clips is watched


@dataclass(frozen=True)
class Latents:
    """n encoded clips.

    Attributes:
        clips: (n, frames, channels, h, w) float16, the images' latents.
        conditions: (n, channels, h, w) float16, the latent of the first image, as the sampler will condition on it.
        embeddings: (n, d) float16, of the first image.
        identifiers: (n, 2) float32: what the model is told as fps and as motion score.
    """

    clips: np.ndarray[Any, np.dtype[np.float16]]
    conditions: np.ndarray[Any, np.dtype[np.float16]]
    embeddings: np.ndarray[Any, np.dtype[np.float16]]
    identifiers: Float32

    def windows(self, chosen: Sequence[int], first: Sequence[int], frames: int) -> "Latents":
        """``frames`` frames of the ``chosen`` clips, each from its ``first`` on."""
        clips = np.stack([self.clips[clip, start : start + frames] for clip, start in zip(chosen, first, strict=True)])
        index = np.asarray(chosen)
        return Latents(clips, self.conditions[index], self.embeddings[index], self.identifiers[index])


def load_latents(paths: Sequence[Path]) -> Latents:
    """Shards of encoded clips, joined."""
    return Latents(*shards.load_arrays(paths, [field.name for field in fields(Latents)]))


SCHEDULES = {
    "views": Schedule(steps=50_000, rate=1.5e-3, muon=4e-3, warmup=60, decay=0.5),
    "seed": Schedule(steps=10_000, rate=1e-3, muon=2.5e-3, warmup=60, decay=0.5),
}
WINDOWS = {"views": Windows(frames=9, until=0.7), "seed": None}
BATCH = 4  # clips a step: the least for which Muon does not take a third of the time
ON_GPU = 4  # times as many


def train_denoiser(
    latents: Latents,
    held_out: Latents,
    initial: Any | None,
    folder: Path,
    schedule: Schedule,
    seed: int,
    budget: float | None = None,
    title: str = "denoiser",
    windows: Windows | None = None,
) -> tuple[Any, Progress]:
    """Train on encoded clips, from ``initial`` (another denoiser) or from nothing.

    Args:
        held_out: clips to watch the error on, which nothing else depends on.
        folder: of the checkpoint.  budget: minutes.
        windows: what of a clip is shown at first; None shows whole ones always.
    """
    torch.manual_seed(seed)
    device = processor()
    batch = BATCH * (ON_GPU if device.type == "cuda" else 1)
    frames = latents.clips.shape[1]
    model = new_denoiser(frames) if initial is None else initial
    model.register_to_config(num_frames=frames)
    positions = with_positions(hasten(model))
    compile_blocks(model.to(device), schedule, budget)

    def loss(share: float, randomness: torch.Generator) -> Tensor:
        parts = windows if windows is not None and share < windows.until else None
        count = batch if parts is None else batch * frames // parts.frames
        first = None if parts is None else drawn(parts, frames, count, randomness)
        chosen = torch.randint(len(latents.clips), (count,), generator=randomness).numpy()
        # one noise level from each part of the distribution: the loss varies less from step to step
        quantiles = (torch.arange(count) + torch.rand(1, generator=randomness)) / count
        sigmas = (LOG_SIGMA[0] + LOG_SIGMA[1] * torch.special.ndtri(quantiles.clamp(1e-4, 1 - 1e-4))).exp()
        shown = latents
        if parts is not None and first is not None:
            shown, chosen = latents.windows(chosen.tolist(), first.tolist(), parts.frames), np.arange(count)
        with nullcontext() if first is None else counted_from(positions, first):
            return velocity_errors(model, shown, chosen, sigmas, randomness, device).mean()

    def watch(average: Any) -> list[float]:
        return [clean_error(average, held_out, sigma, device) for sigma in WATCHED]

    average, progress = optimise(model, loss, schedule, folder / "denoiser.pt", seed, budget, title, watch)
    return average, progress


def velocity_errors(
    model: Any,
    latents: Latents,
    chosen: np.ndarray[Any, np.dtype[np.int64]],
    sigmas: Tensor,
    randomness: torch.Generator,
    device: torch.device,
) -> Tensor:
    """(b, frames) mean squared errors of the velocities of the ``chosen`` clips at noise levels ``sigmas`` (b,)."""
    clean = torch.from_numpy(latents.clips[chosen]).float()
    sigma = sigmas.view(-1, 1, 1, 1, 1)
    noisy = clean + sigma * torch.randn(clean.shape, generator=randomness)
    condition = torch.from_numpy(latents.conditions[chosen]).float()
    condition = condition + NOISE_AUGMENTATION * torch.randn(condition.shape, generator=randomness)
    embedding = torch.from_numpy(latents.embeddings[chosen]).float()[:, None]
    tiled = condition[:, None].expand(-1, clean.shape[1], -1, -1, -1)
    told = torch.from_numpy(latents.identifiers[chosen])
    times = torch.cat([told, torch.full((len(told), 1), NOISE_AUGMENTATION)], dim=1)
    variance = sigma**2 + 1.0
    wanted = (noisy / variance - clean) * variance.sqrt() / sigma
    entered = [torch.cat([noisy / variance.sqrt(), tiled], dim=2), 0.25 * sigmas.log(), embedding]
    with reduced_precision(device):
        said = model(*(value.to(device) for value in entered), added_time_ids=times.to(device)).sample.float()
    return (said - wanted.to(device)).pow(2).mean((2, 3, 4))


@torch.no_grad()
def clean_error(model: Any, latents: Latents, sigma: float, device: torch.device) -> float:
    """Mean squared error of what the model takes for the clean latents, seen through noise ``sigma``.

    The first frame, of which the condition tells everything, does not count; the noise is always the same.
    """
    errors = []
    randomness = torch.Generator().manual_seed(0)
    for chosen in np.array_split(np.arange(len(latents.clips)), -(-len(latents.clips) // BATCH)):
        sigmas = torch.full((len(chosen),), sigma)
        errors.append(velocity_errors(model, latents, chosen, sigmas, randomness, device)[:, 1:].flatten())
    # clean = noisy / (sigma^2 + 1) - velocity * sigma / sqrt(sigma^2 + 1)
    return float(torch.cat(errors).mean()) * sigma**2 / (sigma**2 + 1.0)
