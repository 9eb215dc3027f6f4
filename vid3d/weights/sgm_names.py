"""The names that weights of the Stable Video Diffusion family have in checkpoints of its authors ("sgm" layout).

Each function takes the name that diffusers (or transformers) gives a weight of its own model and returns the one to ask
the checkpoint for, without the part's prefix.  So the wanted model decides what must be there, and what is missing or
left over in a checkpoint can be told by name.  Plain strings; the layout was read off published configurations and
checked against all 1800 names of V3D.
"""

import re
from collections.abc import Container

# side, block, kind of layer, its number, the rest
PLACE = re.compile(r"(down|mid|up)_block(?:s\.(\d+))?\.(resnets|attentions|\w+samplers)\.(\d+)\.(.+)")
RESIDUAL = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
UNET = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
IMAGE_ENCODER = {
    "vision_model.embeddings.class_embedding": "class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "positional_embedding",
    "visual_projection.weight": "proj",
}
IMAGE_LAYER = {
    "layer_norm1.": "ln_1.",
    "layer_norm2.": "ln_2.",
    "mlp.fc1.": "mlp.c_fc.",
    "mlp.fc2.": "mlp.c_proj.",
    "self_attn.out_proj.": "attn.out_proj.",
    "self_attn.q_proj.": "attn.in_proj_",
    "self_attn.k_proj.": "attn.in_proj_",
    "self_attn.v_proj.": "attn.in_proj_",
}


def unet_name(name: str, layers: int, names: Container[str]) -> str:
    """The name of a weight of the UNet, below ``model.diffusion_model.``.

    Args:
        name: in ``UNetSpatioTemporalConditionModel``.
        layers: its ``layers_per_block``.
        names: all its names; they tell which blocks have attention.
    """
    place = PLACE.fullmatch(name)
    if place is None:
        whole, leaf = name.rsplit(".", 1)
        return f"{UNET[whole]}.{leaf}"
    side, block, kind, number, rest = place.groups()
    inner = {"resnets": _residual, "attentions": _attention}.get(kind, str)(rest)
    if side == "mid":
        return f"middle_block.{2 * int(number) if kind == 'resnets' else 1}.{inner}"
    # in sgm a down- or upsampler is one more entry of the same list of blocks
    index = int(block) * (layers + 1) + (layers if kind.endswith("samplers") else int(number))
    if kind == "downsamplers":
        return f"input_blocks.{index + 1}.0.op.{rest.removeprefix('conv.')}"
    if kind == "upsamplers":
        attended = f"up_blocks.{block}.attentions.0.norm.weight" in names
        return f"output_blocks.{index}.{2 if attended else 1}.{rest}"
    part = 0 if kind == "resnets" else 1
    return f"input_blocks.{index + 1}.{part}.{inner}" if side == "down" else f"output_blocks.{index}.{part}.{inner}"


def _residual(name: str) -> str:
    """Within a residual block: the spatial half has no name of its own in sgm."""
    half, rest = name.split(".", 1)
    if half == "time_mixer":
        return name
    layer, leaf = rest.rsplit(".", 1)
    return ("time_stack." if half == "temporal_res_block" else "") + f"{RESIDUAL[layer]}.{leaf}"


def _attention(name: str) -> str:
    """Within an attention block."""
    name = name.replace("temporal_transformer_blocks.", "time_stack.")
    return name.replace("time_pos_embed.linear_1.", "time_pos_embed.0.").replace(
        "time_pos_embed.linear_2.", "time_pos_embed.2."
    )


def vae_name(name: str, levels: int) -> str:
    """The name of a weight of the autoencoder, below ``first_stage_model.``.

    Args:
        name: in ``AutoencoderKLTemporalDecoder`` or ``AutoencoderKL``.
        levels: number of its ``block_out_channels``.
    """
    half, rest = name.split(".", 1)
    if half not in ("encoder", "decoder"):
        return name  # quant_conv
    rest = rest.replace("conv_norm_out.", "norm_out.").replace("time_conv_out.", "conv_out.time_mix_conv.")
    place = PLACE.fullmatch(rest)
    if place is None:
        return f"{half}.{rest}"
    side, block, kind, number, inner = place.groups()
    if kind == "attentions":
        layer, leaf = inner.rsplit(".", 1)
        return f"{half}.mid.attn_1.{VAE_ATTENTION[layer]}.{leaf}"
    if kind == "resnets":
        inner = inner.removeprefix("spatial_res_block.").replace("time_mixer.", "").replace("conv_short", "nin_short")
        if inner.startswith("temporal_res_block."):
            inner = _residual(inner)
    if side == "mid":
        return f"{half}.mid.block_{int(number) + 1}.{inner}"
    level = int(block) if side == "down" else levels - 1 - int(block)  # sgm counts the decoder's levels from the image
    if kind == "resnets":
        return f"{half}.{side}.{level}.block.{number}.{inner}"
    return f"{half}.{side}.{level}.{side}sample.{inner}"


def image_encoder_name(name: str) -> str:
    """The name of a weight of the image encoder, below ``conditioner.embedders.0.open_clip.model.visual.``.

    Queries, keys and values are thirds of one weight there, and the projection is transposed.

    Args:
        name: in ``CLIPVisionModelWithProjection``.
    """
    if name in IMAGE_ENCODER:
        return IMAGE_ENCODER[name]
    layer = re.fullmatch(r"vision_model\.encoder\.layers\.(\d+)\.(.+\.)(weight|bias)", name)
    if layer is None:  # pre_layrnorm is transformers' spelling
        return name.replace("vision_model.pre_layrnorm.", "ln_pre.").replace("vision_model.post_layernorm.", "ln_post.")
    number, place, leaf = layer.groups()
    return f"transformer.resblocks.{number}.{IMAGE_LAYER[place]}{leaf}"
