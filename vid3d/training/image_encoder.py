"""The mini image encoder: trained to tell two images of one object from those of others (Radford et al. 2021)."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.pipelines.stable_video_diffusion.pipeline_stable_video_diffusion import _resize_with_antialiasing
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPImageProcessor

from vid3d.scene import UInt8
from vid3d.training.autoencoder import as_pixels
from vid3d.training.faster import processor
from vid3d.training.loop import optimise
from vid3d.training.models import IMAGE_ENCODER, new_image_encoder
from vid3d.training.schedule import Progress, Schedule

BATCH = 48  # objects, two images each
SCHEDULE = Schedule(steps=400, rate=2e-3, average=0.99)


def train_image_encoder(
    images: UInt8, folder: Path, seed: int, budget: float | None = None, schedule: Schedule = SCHEDULE
) -> tuple[Any, Progress]:
    """Train on images (objects, images of each, 64, 64, 3) uint8; embeddings end with unit deviation per number.

    Args:
        folder: of the checkpoint.  budget: minutes.
    """
    torch.manual_seed(seed)
    device = processor()
    model: Any = new_image_encoder()
    model.register_parameter("temperature", nn.Parameter(torch.tensor(2.5)))
    model.to(device)

    def loss(_share: float, randomness: torch.Generator) -> Tensor:
        objects = torch.randperm(len(images), generator=randomness)[:BATCH].numpy()
        which = torch.randint(images.shape[1], (2, len(objects)), generator=randomness).numpy()
        both = np.concatenate([images[objects, which[0]], images[objects, which[1]]])
        one, other = functional.normalize(embed(model, as_pixels(both).to(device)), dim=1).chunk(2)
        logits = one @ other.T * model.temperature.exp()
        right = torch.arange(len(objects), device=device)
        return (functional.cross_entropy(logits, right) + functional.cross_entropy(logits.T, right)) / 2

    average, progress = optimise(model, loss, schedule, folder / "image-encoder.pt", seed, budget, "image encoder")
    del average.temperature
    average.eval()
    with torch.no_grad():
        some = np.random.default_rng(seed).choice(len(images), min(256, len(images)), replace=False)
        average.visual_projection.weight /= embed(average, as_pixels(images[some, 0]).to(device)).std()
    return average, progress


def embed(model: Any, pixels: Tensor) -> Tensor:
    """(n, 3, h, w) in [-1, 1] to (n, EMBEDDING), through the stock pipeline's own preprocessing."""
    stock = CLIPImageProcessor()
    edge = IMAGE_ENCODER["image_size"]
    resized = (_resize_with_antialiasing(pixels, (edge, edge)) + 1.0) / 2.0
    mean, deviation = (
        torch.tensor(v, device=pixels.device)[:, None, None] for v in (stock.image_mean, stock.image_std)
    )
    return model(pixel_values=(resized - mean) / deviation).image_embeds
