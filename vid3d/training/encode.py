"""Rendered scenes to what the denoisers are trained on."""

from typing import Any

import numpy as np
import torch

from vid3d.scene import UInt8
from vid3d.training.autoencoder import as_pixels
from vid3d.training.denoiser import Latents
from vid3d.training.image_encoder import embed
from vid3d.training.scenes import Scenes

# what the models are told: the values that the samplers of the study tell V3D and SVD
ORBIT_IDENTIFIERS = (1.0, 300.0)
SEED_FPS = 6.0  # the pipeline subtracts 1 from 7
CLIPS_AT_ONCE = 4


def encode_orbits(scenes: Scenes, autoencoder: Any, image_encoder: Any) -> Latents:
    """The orbits."""
    told = np.tile(np.array(ORBIT_IDENTIFIERS, np.float32), (len(scenes.scores), 1))
    return _encode(scenes.orbits, told, autoencoder, image_encoder)


def encode_videos(scenes: Scenes, autoencoder: Any, image_encoder: Any) -> Latents:
    """The videos, each with its motion score."""
    told = np.stack([np.full(len(scenes.scores), SEED_FPS, np.float32), scenes.scores], axis=1)
    return _encode(scenes.videos, told, autoencoder, image_encoder)


@torch.inference_mode()
def _encode(clips: UInt8, told: np.ndarray[Any, np.dtype[np.float32]], autoencoder: Any, image_encoder: Any) -> Latents:
    """Stable Video Diffusion's condition is the latent without the scaling factor, which is 1 here."""
    encoded, embedded = [], []
    for start in range(0, len(clips), CLIPS_AT_ONCE):
        part = clips[start : start + CLIPS_AT_ONCE]
        latents = autoencoder.encode(as_pixels(part.reshape(-1, *part.shape[2:]))).latent_dist.mode()
        encoded.append(latents.view(*part.shape[:2], *latents.shape[1:]).half().numpy())
        embedded.append(embed(image_encoder, part[:, 0]).half().numpy())
    all_clips = np.concatenate(encoded)
    return Latents(all_clips, all_clips[:, 0].copy(), np.concatenate(embedded), told)
