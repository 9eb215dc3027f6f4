"""The mini autoencoder: small crops around the objects, then larger ones, then whole images.

What a few minutes of training do not find by themselves: the first three latents are drawn to the image's thumbnail
(fading out with the small crops), or colour is learnt late.

It learns from single images, in each phase from the running mean of the weights that the last one left.  Latents are
disturbed by noise in proportion to their deviation, so that the decoder bears imperfect ones and larger latents do not
help it; they are scaled to unit deviation per channel before the last phase and after it, which is what the denoisers
expect of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vid3d.scene import UInt8
from vid3d.training.faster import hasten, processor, reduced_precision
from vid3d.training.loop import Loss, optimise
from vid3d.training.models import LATENT_CHANNELS, new_autoencoder
from vid3d.training.scenes import Scenes
from vid3d.training.schedule import Progress, Schedule
from vid3d.weights.idle_blocks import switch_off

SHOWN = 230  # a pixel whose darkest channel lies below shows the object
NOISE = 0.1  # of each channel's deviation in the batch
ABSOLUTE, SMALL, THUMBNAIL = 0.2, 1e-4, 0.5  # weights in the loss, beside the mean square's 1
ON_GPU = 4  # times as many images a step


@dataclass(frozen=True)
class Phase:
    """What one phase shows: ``images`` a step, cut out as squares of ``crop`` pixels, or whole."""

    name: str
    schedule: Schedule
    images: int
    share: float  # of a budget
    crop: int | None = None
    thumbnail: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """The phases, in their order; the last one begins with latents of unit deviation."""

    phases: tuple[Phase, ...] = (
        Phase("small crops", Schedule(2000, 2e-3, weight_decay=0.0, average=0.99, muon=3e-3), 24, 0.16, 32, THUMBNAIL),
        Phase("crops", Schedule(3600, 2e-3, weight_decay=0.0, average=0.99, muon=3e-3), 16, 0.29, 40),
        Phase("whole", Schedule(6000, 1.2e-3, weight_decay=0.0, average=0.995, muon=1.8e-3), 8, 0.55),
    )


def train_autoencoder(
    scenes: Scenes, folder: Path, seed: int, budget: float | None = None, recipe: Recipe | None = None
) -> tuple[Any, list[Progress]]:
    """Train on rendered scenes; returns the model and the progress of the phases.

    Args:
        folder: of the checkpoints.  budget: minutes in all, which the phases share.
    """
    recipe = recipe or Recipe()
    torch.manual_seed(seed)
    images, device = single_images(scenes), processor()
    model, done = hasten(new_autoencoder()).to(device), []
    for number, phase in enumerate(recipe.phases, 1):
        if number == len(recipe.phases):
            normalise(model, images, seed)
        model = switch_off(model.requires_grad_(True))
        minutes = None if budget is None else phase.share * budget
        checkpoint = folder / f"{phase.name.replace(' ', '-')}.pt"
        title = f"autoencoder, {phase.name}"
        loss = _loss(model, images, phase, device)
        model, progress = optimise(model, loss, phase.schedule, checkpoint, seed, minutes, title)
        done.append(progress)
    normalise(model, images, seed)
    model.eval().register_to_config(scaling_factor=1.0)
    return model, done


def single_images(scenes: Scenes) -> UInt8:
    """(n, 64, 64, 3) uint8: all views of the orbits, and of each video one frame in motion."""
    flat = scenes.orbits.reshape(-1, *scenes.orbits.shape[2:])
    return np.concatenate([flat, scenes.videos[:, scenes.videos.shape[1] // 2]])


def _loss(model: Any, images: UInt8, phase: Phase, device: torch.device) -> Loss:
    count = phase.images * (ON_GPU if device.type == "cuda" else 1)

    def loss(share: float, randomness: torch.Generator) -> Tensor:
        rng = np.random.default_rng(int(torch.randint(2**62, (1,), generator=randomness)))
        chosen = images[rng.integers(len(images), size=count)]
        if phase.crop is not None:
            chosen = np.stack([cut_out(image, phase.crop, rng) for image in chosen])
        pixels = as_pixels(chosen).to(device)
        with reduced_precision(device):
            latents = model.encode(pixels).latent_dist.mean.float()
            noise = torch.randn(latents.shape, generator=randomness).to(device)
            disturbed = latents + NOISE * latents.std((0, 2, 3), keepdim=True) * noise
            error = model.decode(disturbed, num_frames=1).sample.float() - pixels
        value = error.pow(2).mean() + ABSOLUTE * error.abs().mean() + SMALL * latents.pow(2).mean()
        if phase.thumbnail:
            small = functional.avg_pool2d(pixels, pixels.shape[-1] // latents.shape[-1])
            value = value + phase.thumbnail * (1.0 - share) * (latents[:, :3] - small).pow(2).mean()
        return value

    return loss


def cut_out(image: UInt8, size: int, rng: np.random.Generator) -> UInt8:
    """A square of the image (h, w, 3) with some of the object in it, if there is one, mirrored in half of the cases.

    Its centre lies near a pixel of the object: in half of the cases any, else one at the object's mean height.
    """
    rows, columns = np.nonzero(image.min(axis=-1) < SHOWN)
    middle = image.shape[0] // 2
    row, column = middle, middle
    if len(rows):
        any_pixel = rng.integers(len(rows))
        row, column = rows[any_pixel], columns[any_pixel]
        if rng.random() < 0.5:
            row = round(rows.mean())
    jitter = rng.integers(-(size // 4), size // 4 + 1, size=2)
    top = int(np.clip(row + jitter[0] - size // 2, 0, image.shape[0] - size))
    left = int(np.clip(column + jitter[1] - size // 2, 0, image.shape[1] - size))
    piece = image[top : top + size, left : left + size]
    return piece[:, ::-1] if rng.random() < 0.5 else piece


def as_pixels(images: UInt8) -> Tensor:
    """(n, h, w, 3) uint8 to (n, 3, h, w) float32 in [-1, 1]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def in_parts(encode: Callable[[Tensor], Tensor], images: UInt8, device: torch.device) -> Tensor:
    """``encode`` of many images, some at a time, on the CPU."""
    parts = np.array_split(images, -(-len(images) // 64))
    return torch.cat([encode(as_pixels(part).to(device)).float().cpu() for part in parts])


@torch.no_grad()
def normalise(model: Any, images: UInt8, seed: int) -> None:
    """Give latents zero mean and unit deviation per channel, in place, without changing what is reconstructed."""
    chosen = np.random.default_rng(seed).choice(len(images), min(512, len(images)), replace=False)
    device = model.quant_conv.weight.device
    latents = in_parts(lambda pixels: model.encode(pixels).latent_dist.mean, images[chosen], device).to(device)
    mean, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    encoder, decoder = model.quant_conv, model.decoder.conv_in
    encoder.weight[:LATENT_CHANNELS].div_(deviation[:, None, None, None])
    encoder.bias[:LATENT_CHANNELS].sub_(mean).div_(deviation)
    # a shift does not commute with the zero padding at the border, where images are white
    decoder.bias.add_((decoder.weight * mean[None, :, None, None]).sum((1, 2, 3)))
    decoder.weight.mul_(deviation[None, :, None, None])
