"""How good the autoencoder is by itself: what it cannot show, no denoiser will."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import torch

from vid3d.cameras import orbit
from vid3d.files import to_uint8
from vid3d.measures import likeness
from vid3d.measures.metrics import psnr
from vid3d.procedural import ObjectSpec, render
from vid3d.scene import Float32
from vid3d.training.autoencoder import as_pixels
from vid3d.training.judge import MOMENTS, MOTION
from vid3d.training.scenes import SIZE, VIEWS

EVERY = 7  # of the images, in their order: all objects from changing sides
COVERED = 0.02  # of a pixel, from which on it is foreground
CROPS, CROP, ENLARGED, COLUMNS = 36, 40, 3, 12  # of the sheet


def judge_autoencoder(objects: Mapping[str, ObjectSpec], model: Any) -> dict[str, Any]:
    """Images of held-out objects, encoded and decoded.

    Returns:
        ``images``: how many.  ``psnr`` of whole images and ``foreground_psnr``, in dB, means over images; ``lowest``
        PSNR; ``colour`` (CIEDE2000, median of the foreground), ``hue`` (degrees, mean over saturated pixels) and
        ``gradient`` energy (ratio) over all images; ``chroma`` kept, 1 is right.
        ``sheet``: uint8 image, crops of the truth above the same of what was decoded.
    """
    seen = [render(obj, float(moment), MOTION, orbit(VIEWS, SIZE)) for obj in objects.values() for moment in MOMENTS]
    truth = np.concatenate([images for images, _ in seen])[::EVERY]
    foreground = np.concatenate([alpha for _, alpha in seen])[::EVERY] > COVERED
    made = decoded(model, truth)
    error = ((made - truth) ** 2).mean(axis=-1)
    inside = [-10.0 * np.log10(max(float(e[f].mean()), 1e-10)) for e, f in zip(error, foreground, strict=True)]
    whole = psnr(made, truth)
    return {
        "images": len(truth),
        "psnr": float(whole.mean()),
        "foreground_psnr": float(np.mean(inside)),
        "lowest": float(whole.min()),
        "colour": likeness.colour_difference(made, truth),
        "hue": likeness.hue_error(made, truth),
        "gradient": likeness.gradient_energy(made, truth),
        "chroma": _chroma(made[foreground]) / _chroma(truth[foreground]),
        "sheet": _sheet(truth, made, foreground),
    }


@torch.inference_mode()
def decoded(model: Any, images: Float32) -> Float32:
    """Images (n, h, w, 3) in [0, 1] as the autoencoder gives them back."""
    made = []
    for part in np.array_split(images, -(-len(images) // VIEWS)):
        latents = model.encode(as_pixels(to_uint8(part))).latent_dist.mode()
        made.append(model.decode(latents, num_frames=1).sample)
    return ((torch.cat(made) + 1.0) / 2.0).clamp(0.0, 1.0).permute(0, 2, 3, 1).numpy()


def _chroma(colours: Float32) -> float:
    """How far colours (n, 3) lie from grey, as a root mean square."""
    return float(np.sqrt(((colours - colours.mean(axis=-1, keepdims=True)) ** 2).mean()))


def _sheet(truth: Float32, made: Float32, foreground: likeness.Mask) -> Any:
    chosen = np.linspace(0, len(truth) - 1, CROPS).astype(int)
    tiles = []
    for k in chosen:
        rows, columns = np.nonzero(foreground[k])
        top, left = (int(np.clip(round(axis.mean()) - CROP // 2, 0, SIZE - CROP)) for axis in (rows, columns))
        pair = np.concatenate([images[k, top : top + CROP, left : left + CROP] for images in (truth, made)])
        tiles.append(cv2.resize(to_uint8(pair), None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_NEAREST))
    strips = [np.concatenate(tiles[start : start + COLUMNS], axis=1) for start in range(0, CROPS, COLUMNS)]
    return np.concatenate(strips)
