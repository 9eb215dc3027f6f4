"""Trained parts to folders that Stable Video Diffusion's pipeline loads."""

import copy
import shutil
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLTemporalDecoder, StableVideoDiffusionPipeline, UNetSpatioTemporalConditionModel
from safetensors import SafetensorError
from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection

from vid3d.errors import InputError
from vid3d.training.models import new_scheduler
from vid3d.weights.group_norms import attribute_known, restore_norms


def save_part(model: Any, folder: Path) -> None:
    """One model as diffusers or transformers write it, in half precision."""
    copy.deepcopy(model).half().save_pretrained(folder, safe_serialization=True)


def load_autoencoder(folder: Path) -> Any:
    """A trained autoencoder, in single precision."""
    return _loaded(AutoencoderKLTemporalDecoder, folder)


def load_denoiser(folder: Path) -> Any:
    """A trained denoiser, in single precision."""
    return _loaded(UNetSpatioTemporalConditionModel, folder)


def load_image_encoder(folder: Path) -> Any:
    """A trained image encoder, in single precision."""
    return _loaded(CLIPVisionModelWithProjection, folder)


def _loaded(kind: Any, folder: Path) -> Any:
    try:
        with attribute_known():
            model = kind.from_pretrained(folder, use_safetensors=True).float().eval()
    except (OSError, ValueError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{folder}: cannot be loaded ({reason}); train it anew") from None
    restore_norms(model)
    return model


def assemble(autoencoder: Path, image_encoder: Path, denoiser: Path, output: Path) -> None:
    """A pipeline's folder, complete or not there."""
    pipeline: Any = StableVideoDiffusionPipeline(
        vae=load_autoencoder(autoencoder),
        image_encoder=load_image_encoder(image_encoder),
        unet=load_denoiser(denoiser),
        scheduler=new_scheduler(),
        feature_extractor=CLIPImageProcessor(),
    )
    temporary = output.with_name(output.name + ".part")
    shutil.rmtree(temporary, ignore_errors=True)
    pipeline.to(torch.float16).save_pretrained(temporary, safe_serialization=True)
    shutil.rmtree(output, ignore_errors=True)
    temporary.replace(output)
