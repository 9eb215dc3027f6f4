"""Temporal blocks of a decoder that count for nothing: switched off for training, and not computed when decoding.

Stable Video Diffusion's decoder mixes each spatial block with a temporal one.  A decoder that is trained on single
images needs no temporal blocks, and they take 40 % of its time.
"""

from typing import Any

import torch
from diffusers.models.resnet import SpatioTemporalResBlock
from torch import Tensor

OFF = -30.0  # a mix factor whose sigmoid, 1e-13, is nothing beside 1 in single precision


class _SpatialOnly(SpatioTemporalResBlock):  # type: ignore[misc]  # diffusers is not typed
    """Computes what the whole block would, to the last bit."""

    def forward(
        self, hidden_states: Tensor, temb: Tensor | None = None, image_only_indicator: Tensor | None = None
    ) -> Any:
        del image_only_indicator
        return self.spatial_res_block(hidden_states, temb)


def switch_off(autoencoder: Any) -> Any:
    """Let the temporal blocks of the decoder count for nothing, for good: they are frozen, too.  In place."""
    for block in _mixed(autoencoder):
        torch.nn.init.constant_(block.time_mixer.mix_factor, OFF)
        block.time_mixer.requires_grad_(False)
        block.temporal_res_block.requires_grad_(False)
    return autoencoder


def skip_idle_blocks(autoencoder: Any) -> Any:
    """Do not compute the temporal blocks that count for nothing.  In place; a published model's stay."""
    for block in _mixed(autoencoder):
        if block.time_mixer.mix_factor.item() <= OFF:
            block.__class__ = _SpatialOnly
    return autoencoder


def _mixed(autoencoder: Any) -> list[Any]:
    """The blocks whose mix factor weighs the temporal part (in UNets it weighs the spatial one: none of theirs)."""
    blocks = [module for module in autoencoder.modules() if isinstance(module, SpatioTemporalResBlock)]
    return [block for block in blocks if block.time_mixer.switch_spatial_to_temporal_mix]
