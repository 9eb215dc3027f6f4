"""The mini denoisers: one makes orbits of views, one seed videos; trained alike, on latents.

Continuous noise levels with the v-prediction and the preconditioning of Stable Video Diffusion (Blattmann et al. 2023,
after Karras et al. 2022): x = z + sigma n enters as x / sqrt(sigma^2 + 1), the noise level as 0.25 ln sigma.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vid3d.scene import Float32
from vid3d.training.faster import hasten, reduced_precision
from vid3d.training.loop import optimise
from vid3d.training.models import new_denoiser
from vid3d.training.schedule import Progress, Schedule

DROPPED = 0.1  # share of examples without embedding, and without condition latent: guidance needs to know that case
NOISE_AUGMENTATION = 0.02
LOG_SIGMA = (1.3, 1.5)  # mean and deviation: few steps are sampled, most of them from high noise


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


VIEWS_SCHEDULE = Schedule(steps=40_000, rate=1.2e-3, muon=3e-3)
SEED_SCHEDULE = Schedule(steps=20_000, rate=8e-4, muon=2e-3)
BATCH = 2  # clips: on a CPU a step costs what its examples cost, and many small steps learn faster than few large ones


def train_denoiser(
    latents: Latents,
    initial: Any | None,
    folder: Path,
    schedule: Schedule,
    seed: int,
    budget: float | None = None,
    title: str = "denoiser",
) -> tuple[Any, Progress]:
    """Train on encoded clips, from ``initial`` (another denoiser) or from nothing.

    Args:
        folder: of the checkpoint.  budget: minutes.
    """
    torch.manual_seed(seed)
    frames = latents.clips.shape[1]
    model = new_denoiser(frames) if initial is None else initial
    model.register_to_config(num_frames=frames)
    hasten(model)
    half = reduced_precision()

    def loss(_share: float, randomness: torch.Generator) -> Tensor:
        chosen = torch.randint(len(latents.clips), (BATCH,), generator=randomness).numpy()
        # one noise level from each half of the distribution: the loss varies less from step to step
        quantiles = (torch.arange(BATCH) + torch.rand(1, generator=randomness)) / BATCH
        sigmas = (LOG_SIGMA[0] + LOG_SIGMA[1] * torch.special.ndtri(quantiles.clamp(1e-4, 1 - 1e-4))).exp()
        dropped = torch.rand(BATCH, generator=randomness)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            return denoising_loss(model, latents, chosen, sigmas, randomness, dropped).mean()

    return optimise(model, loss, schedule, folder / "denoiser.pt", seed, budget, title)


def denoising_loss(
    model: Any,
    latents: Latents,
    chosen: np.ndarray[Any, np.dtype[np.int64]],
    sigmas: Tensor,
    randomness: torch.Generator,
    dropped: Tensor | None = None,
) -> Tensor:
    """(b,) mean squared errors of the velocities of the ``chosen`` clips at noise levels ``sigmas`` (b,).

    ``dropped`` (b,) in [0, 1): below DROPPED, clips lose their embedding; from half of that to one and a half, their
    condition latent.  None drops nothing.
    """
    clean = torch.from_numpy(latents.clips[chosen]).float()
    sigma = sigmas.view(-1, 1, 1, 1, 1)
    noisy = clean + sigma * torch.randn(clean.shape, generator=randomness)
    condition = torch.from_numpy(latents.conditions[chosen]).float()
    condition = condition + NOISE_AUGMENTATION * torch.randn(condition.shape, generator=randomness)
    embedding = torch.from_numpy(latents.embeddings[chosen]).float()[:, None]
    if dropped is not None:
        embedding = embedding * (dropped >= DROPPED).float().view(-1, 1, 1)
        kept = (dropped < DROPPED / 2) | (dropped >= 1.5 * DROPPED)
        condition = condition * kept.float().view(-1, 1, 1, 1)
    tiled = condition[:, None].expand(-1, clean.shape[1], -1, -1, -1)
    told = torch.from_numpy(latents.identifiers[chosen])
    times = torch.cat([told, torch.full((len(told), 1), NOISE_AUGMENTATION)], dim=1)
    variance = sigma**2 + 1.0
    entered = torch.cat([noisy / variance.sqrt(), tiled], dim=2)
    said = model(entered, 0.25 * sigmas.log(), embedding, added_time_ids=times).sample.float()
    wanted = (noisy / variance - clean) * variance.sqrt() / sigma
    return (said - wanted).pow(2).mean((1, 2, 3, 4))
