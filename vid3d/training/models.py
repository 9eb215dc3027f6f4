"""The mini models: diffusers' own classes of Stable Video Diffusion at small widths.

diffusers fixes group normalisation at 32 groups in these classes, which at 32 channels is an instance norm and loses
colour, so every norm gets CHANNELS_PER_GROUP channels a group.  A configuration cannot hold that by itself: the number
is written into it as ``channels_per_group``, and ``vid3d.weights.group_norms`` applies it after loading.
"""

from typing import Any

import torch
from diffusers import AutoencoderKLTemporalDecoder, EulerDiscreteScheduler, UNetSpatioTemporalConditionModel
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from vid3d.weights.convert_v3d import CONFIGURATION
from vid3d.weights.group_norms import restore_norms
from vid3d.weights.idle_blocks import switch_off

CHANNELS_PER_GROUP = 8
LATENT_CHANNELS = 4
EMBEDDING = 64  # width of the image embedding

AUTOENCODER: dict[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 3,
    # Three levels: latents at a quarter of the size.  With as many numbers at an eighth of it, in 16 channels, images
    # were 3.7 dB worse after equal time, and colours came late.
    "block_out_channels": (32, 32, 64),
    "layers_per_block": 1,
    "latent_channels": LATENT_CHANNELS,
    "sample_size": 64,
}
WIDTHS = (32, 64, 96)  # narrow where the latents are large: most parameters work on 4 x 4 positions
DENOISER: dict[str, Any] = {
    "sample_size": 16,
    "in_channels": 2 * LATENT_CHANNELS,  # noisy latents and the condition's
    "out_channels": LATENT_CHANNELS,
    # attention over 16 x 16 positions would cost more than all else
    "down_block_types": ("DownBlockSpatioTemporal", *("CrossAttnDownBlockSpatioTemporal",) * 2),
    "up_block_types": (*("CrossAttnUpBlockSpatioTemporal",) * 2, "UpBlockSpatioTemporal"),
    "block_out_channels": WIDTHS,
    "layers_per_block": 1,
    "addition_time_embed_dim": 32,
    "projection_class_embeddings_input_dim": 3 * 32,  # of fps, motion score and noise augmentation
    "cross_attention_dim": EMBEDDING,
    "num_attention_heads": tuple(width // 32 for width in WIDTHS),
}
IMAGE_ENCODER: dict[str, Any] = {
    "hidden_size": EMBEDDING,
    "intermediate_size": 128,
    "projection_dim": EMBEDDING,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": 224,  # what the stock pipeline resizes to
    "patch_size": 32,
}


def new_autoencoder() -> Any:
    """An untrained autoencoder, its weights drawn from torch's global generator.

    A frame is decoded as if it were alone: the decoder's temporal blocks are switched off, and its last convolution,
    which is over time, begins and by training on single images stays without weight on neighbouring frames.
    """
    return switch_off(without_neighbours(_grouped(AutoencoderKLTemporalDecoder(**AUTOENCODER))))


def without_neighbours(model: Any) -> Any:
    """Set the weights of convolutions over time (kernels 3 x 1 x 1) on frames other than their own to 0, in place."""
    for module in model.modules():
        if isinstance(module, torch.nn.Conv3d) and module.kernel_size == (3, 1, 1):
            with torch.no_grad():
                module.weight[:, :, [0, 2]] = 0.0
    return model


def new_denoiser(frames: int) -> Any:
    """An untrained UNet that says 0 at first."""
    model: Any = UNetSpatioTemporalConditionModel(**DENOISER, num_frames=frames)
    torch.nn.init.zeros_(model.conv_out.weight)
    torch.nn.init.zeros_(model.conv_out.bias)
    return _grouped(model)


def new_image_encoder() -> CLIPVisionModelWithProjection:
    """An untrained image encoder."""
    return CLIPVisionModelWithProjection(CLIPVisionConfig(**IMAGE_ENCODER))


def new_scheduler() -> EulerDiscreteScheduler:
    """Stable Video Diffusion's scheduler; its range of noise is the one that the mini models are trained on."""
    # SVD goes from .002 to 700 for latents of 64 x 64 and more; of 8 x 8, nothing is left at 40
    return EulerDiscreteScheduler(**CONFIGURATION["scheduler"] | {"sigma_min": 0.02, "sigma_max": 40.0})


def _grouped(model: Any) -> Any:
    model.register_to_config(channels_per_group=CHANNELS_PER_GROUP)
    restore_norms(model)
    return model
