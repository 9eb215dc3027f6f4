"""The mini autoencoder: first crops around the objects, then whole images, then the decoder alone.

Two things that a few minutes of training do not find by themselves: the first three latents are drawn to the image's
thumbnail (fading out with the crops), or colour is learnt late; and latents are scaled to unit variance per channel
between the phases, which is what the denoisers expect of them.

It learns from single images: its convolutions over time have no weight on neighbouring frames and get none.  (A quarter
of an hour of training the decoder on whole clips as well gained nothing: 26.6 dB before and after.)  What helped: Muon
(8 minutes lowered the loss that 26 minutes of AdamW had left at 0.0151 to 0.0128), more noise on the latents (decoded
with a noise of 0.5, which is about a denoiser's error, images gained 1 dB), and the decoder alone with noise of all
strengths up to 0.4 (another half).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vid3d.scene import UInt8
from vid3d.training.faster import hasten
from vid3d.training.loop import Loss, optimise
from vid3d.training.models import LATENT_CHANNELS, new_autoencoder
from vid3d.training.scenes import Scenes
from vid3d.training.schedule import Progress, Schedule

CROP = 32  # pixels
CROPS, WHOLE = 24, 8  # images per step
JITTER = 14  # pixels that a crop's centre may lie off the object's
CROPS_SCHEDULE = Schedule(steps=4000, rate=2e-3, muon=3e-3, weight_decay=0.0, average=0.99)
WHOLE_SCHEDULE = Schedule(steps=6000, rate=1.2e-3, muon=3e-3, weight_decay=0.0, average=0.995)
DECODER_SCHEDULE = Schedule(steps=2000, rate=1.2e-3, muon=2e-3, weight_decay=0.0, average=0.995)
SHARES = (0.1, 0.75, 0.15)  # of a budget, for the three phases
DECODER_NOISE = 0.4  # at most, in the last phase
NOISE = 0.15  # added to latents in training, so that the decoder bears imperfect ones


@dataclass(frozen=True)
class Recipe:
    """Three phases, each with its steps and its highest rates."""

    crops: Schedule = CROPS_SCHEDULE
    whole: Schedule = WHOLE_SCHEDULE
    decoder: Schedule = DECODER_SCHEDULE


def train_autoencoder(
    scenes: Scenes, folder: Path, seed: int, budget: float | None = None, recipe: Recipe | None = None
) -> tuple[Any, list[Progress]]:
    """Train on rendered scenes; returns the model and the progress of the three phases.

    Args:
        folder: of the checkpoints.  budget: minutes in all, of which the phases take SHARES.
    """
    recipe = recipe or Recipe()
    torch.manual_seed(seed)
    images = single_images(scenes)
    minutes = [None if budget is None else share * budget for share in SHARES]

    def train(model: Any, loss: Loss, schedule: Schedule, name: str, number: int) -> tuple[Any, Progress]:
        title = f"autoencoder, {name}"
        return optimise(model, loss, schedule, folder / f"{name}.pt", seed, minutes[number], title)

    model = hasten(new_autoencoder())
    model, first = train(model, _crops_loss(model, images), recipe.crops, "crops", 0)
    model.requires_grad_(True)
    normalise(model, images, seed)
    model, second = train(model, _whole_loss(model, images), recipe.whole, "whole", 1)
    normalise(model, images, seed)
    model.decoder.requires_grad_(True)  # latents stay as they are
    model, third = train(model, _decoder_loss(model, images), recipe.decoder, "decoder", 2)
    model.eval().register_to_config(scaling_factor=1.0)
    return model, [first, second, third]


def single_images(scenes: Scenes) -> UInt8:
    """(n, 64, 64, 3) uint8: all views of the orbits, and of each video one frame in motion."""
    flat = scenes.orbits.reshape(-1, *scenes.orbits.shape[2:])
    return np.concatenate([flat, scenes.videos[:, scenes.videos.shape[1] // 2]])


def _crops_loss(model: Any, images: UInt8) -> Loss:
    centres = _centres(images)

    def loss(share: float, randomness: torch.Generator) -> Tensor:
        chosen = torch.randint(len(images), (CROPS,), generator=randomness)
        offsets = torch.randint(-JITTER, JITTER + 1, (CROPS, 2), generator=randomness)
        corners = (torch.from_numpy(centres[chosen.numpy()]) + offsets - CROP // 2).clamp(0, images.shape[1] - CROP)
        cut = [images[i, y : y + CROP, x : x + CROP] for i, (y, x) in zip(chosen, corners.tolist(), strict=True)]
        pixels = as_pixels(np.stack(cut))
        latents, error = _reconstruct(model, pixels, randomness)
        thumbnail = functional.avg_pool2d(pixels, pixels.shape[-1] // latents.shape[-1])
        drawn = (latents[:, :3] - thumbnail).pow(2).mean()
        return error + 1e-4 * latents.pow(2).mean() + 0.5 * (1.0 - share) * drawn

    return loss


def _whole_loss(model: Any, images: UInt8) -> Loss:
    def loss(_share: float, randomness: torch.Generator) -> Tensor:
        chosen = torch.randint(len(images), (WHOLE,), generator=randomness).numpy()
        latents, error = _reconstruct(model, as_pixels(images[chosen]), randomness)
        return error + 1e-4 * latents.pow(2).mean()

    return loss


def _decoder_loss(model: Any, images: UInt8) -> Loss:
    def loss(_share: float, randomness: torch.Generator) -> Tensor:
        chosen = torch.randint(len(images), (WHOLE,), generator=randomness).numpy()
        noise = DECODER_NOISE * torch.rand(WHOLE, 1, 1, 1, generator=randomness)
        return _reconstruct(model, as_pixels(images[chosen]), randomness, noise)[1]

    return loss


def as_pixels(images: UInt8) -> Tensor:
    """(n, h, w, 3) uint8 to (n, 3, h, w) float32 in [-1, 1]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def _reconstruct(
    model: Any, pixels: Tensor, randomness: torch.Generator, noise: float | Tensor = NOISE
) -> tuple[Tensor, Tensor]:
    """Latents, and the error of what is decoded from them with some noise."""
    latents = model.encode(pixels).latent_dist.mean
    disturbed = latents + noise * torch.randn(latents.shape, generator=randomness)
    error = model.decode(disturbed, num_frames=1).sample - pixels
    return latents, error.pow(2).mean() + 0.2 * error.abs().mean()


@torch.no_grad()
def normalise(model: Any, images: UInt8, seed: int) -> None:
    """Give latents zero mean and unit deviation per channel, in place, without changing what is reconstructed."""
    chosen = np.random.default_rng(seed).choice(len(images), min(512, len(images)), replace=False)
    latents = torch.cat(
        [model.encode(as_pixels(images[part])).latent_dist.mean for part in np.array_split(chosen, 8) if len(part)]
    )
    mean, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    encoder, decoder = model.quant_conv, model.decoder.conv_in
    encoder.weight[:LATENT_CHANNELS].div_(deviation[:, None, None, None])
    encoder.bias[:LATENT_CHANNELS].sub_(mean).div_(deviation)
    # a shift does not commute with the zero padding at the border, where images are white
    decoder.bias.add_((decoder.weight * mean[None, :, None, None]).sum((1, 2, 3)))
    decoder.weight.mul_(deviation[None, :, None, None])


def _centres(images: UInt8) -> np.ndarray[Any, np.dtype[np.int64]]:
    """(n, 2) row and column of the objects' centres; the images' middle where there is none."""
    shown = images.min(axis=-1) < 230
    centres = np.full((len(images), 2), images.shape[1] // 2, np.int64)
    for axis in (1, 2):
        along = shown.any(axis=3 - axis)
        weight = along.sum(axis=1)
        mean = (along * np.arange(along.shape[1])).sum(axis=1) / np.maximum(weight, 1)
        centres[:, axis - 1] = np.where(weight > 0, np.rint(mean), centres[:, axis - 1])
    return centres
