"""Trained parts to folders that Stable Video Diffusion's pipeline loads."""

import copy
import shutil
from pathlib import Path
from typing import Any, Literal

import torch
from diffusers import AutoencoderKLTemporalDecoder, StableVideoDiffusionPipeline, UNetSpatioTemporalConditionModel
from safetensors import SafetensorError
from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection

from vid3d.errors import InputError, first_line
from vid3d.training.models import new_scheduler
from vid3d.weights.group_norms import attribute_known, restore_norms

Part = Literal["autoencoder", "image-encoder", "denoiser"]
_CLASSES: dict[Part, type] = {
    "autoencoder": AutoencoderKLTemporalDecoder,
    "image-encoder": CLIPVisionModelWithProjection,
    "denoiser": UNetSpatioTemporalConditionModel,
}


def save_part(model: Any, folder: Path) -> None:
    """One model as diffusers or transformers write it, in half precision."""
    copy.deepcopy(model).half().save_pretrained(folder, safe_serialization=True)


def load_part(part: Part, folder: Path) -> Any:
    """A trained part, in single precision.

    Raises:
        InputError: it cannot be loaded.
    """
    kind: Any = _CLASSES[part]
    try:
        with attribute_known():
            model = kind.from_pretrained(folder, use_safetensors=True).float().eval()
    except (OSError, ValueError, SafetensorError) as error:
        raise InputError(f"{folder}: cannot be loaded ({first_line(error)}); train it anew") from None
    restore_norms(model)
    if part != "image-encoder":  # transformers does not write it down
        model.register_to_config(_name_or_path=folder.name)  # where it lay on this machine is nobody's business
    return model


def assemble(autoencoder: Path, image_encoder: Path, denoiser: Path, output: Path) -> None:
    """A pipeline's folder, complete or not there."""
    pipeline: Any = StableVideoDiffusionPipeline(
        vae=load_part("autoencoder", autoencoder),
        image_encoder=load_part("image-encoder", image_encoder),
        unet=load_part("denoiser", denoiser),
        scheduler=new_scheduler(),
        feature_extractor=CLIPImageProcessor(),
    )
    temporary = output.with_name(output.name + ".part")
    shutil.rmtree(temporary, ignore_errors=True)
    pipeline.to(torch.float16).save_pretrained(temporary, safe_serialization=True)
    shutil.rmtree(output, ignore_errors=True)
    temporary.replace(output)
