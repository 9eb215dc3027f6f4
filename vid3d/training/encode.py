"""Rendered scenes to what the denoisers are trained on."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from vid3d.scene import UInt8
from vid3d.training.autoencoder import in_parts
from vid3d.training.denoiser import Latents
from vid3d.training.faster import processor, reduced_precision
from vid3d.training.image_encoder import embed
from vid3d.training.scenes import Scenes

# what the models are told: the values that the samplers of the study tell V3D and SVD
ORBIT_IDENTIFIERS = (1.0, 300.0)
SEED_FPS = 6.0  # the pipeline subtracts 1 from 7


def encode_orbits(scenes: Scenes, autoencoder: Any, image_encoder: Any) -> Latents:
    """The orbits."""
    told = np.tile(np.array(ORBIT_IDENTIFIERS, np.float32), (len(scenes.orbits), 1))
    return _encode(scenes.orbits, told, autoencoder, image_encoder)


def encode_videos(scenes: Scenes, autoencoder: Any, image_encoder: Any) -> Latents:
    """The videos, each with its motion score."""
    told = np.stack([np.full(len(scenes.scores), SEED_FPS, np.float32), scenes.scores], axis=1)
    return _encode(scenes.videos, told, autoencoder, image_encoder)


@torch.inference_mode()
def _encode(clips: UInt8, told: np.ndarray[Any, np.dtype[np.float32]], autoencoder: Any, image_encoder: Any) -> Latents:
    """Stable Video Diffusion's condition is the latent without the scaling factor, which is 1 here."""
    device = processor()
    autoencoder, image_encoder = autoencoder.to(device), image_encoder.to(device)

    def encode(pixels: Tensor) -> Tensor:
        with reduced_precision(device):
            return autoencoder.encode(pixels).latent_dist.mode()

    flat = in_parts(encode, clips.reshape(-1, *clips.shape[2:]), device).half()
    latents = flat.view(*clips.shape[:2], *flat.shape[1:]).numpy()
    embeddings = in_parts(lambda pixels: embed(image_encoder, pixels), clips[:, 0], device).half().numpy()
    return Latents(latents, latents[:, 0].copy(), embeddings, told)
