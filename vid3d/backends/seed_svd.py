"""Stage 1 of the paper: a seed video by Stable Video Diffusion (SVD-XT), through diffusers' stock pipeline.

As in the released code the *source image*, background included, is resized to a square without regard to its aspect
ratio (PIL, bicubic), and the generator is a CPU generator; unlike there, where every scene starts from seed 42, it is
seeded per image.  Draws, in the pipeline's order: the image's noise, then the latents.

Proven so far on tiny random checkpoints on a CPU (shapes, determinism, every setting's way to the pipeline); with the
published weights and in half precision on a GPU this module has not been run yet.
"""

import sys
from typing import Any

import numpy as np
import torch
from diffusers import StableVideoDiffusionPipeline
from PIL import Image
from safetensors import SafetensorError

from vid3d.errors import InputError
from vid3d.scene import Clip, Reference
from vid3d.specs import SvdSeed
from vid3d.stages import Seed


def build(spec: SvdSeed) -> Seed:
    """The pipeline as a seed stage: spec.frames images (spec.size, spec.size, 3) float32 in [0, 1], no alpha.

    Half precision on a CUDA device, single precision on a CPU (where SVD-XT takes hours per clip).

    Raises:
        InputError: the model cannot be found, downloaded or read, or size or frames do not fit it.
    """
    if spec.frames < 2:
        raise InputError("seed.frames: Stable Video Diffusion makes at least 2 frames; ask for 2 or more")
    if spec.size % 8:
        raise InputError(f"seed.size: {spec.size} is not divisible by 8, as the model's latent grid requires")
    pipeline = _load(spec)

    def seed(reference: Reference, motion: int, rng: np.random.Generator) -> Clip:
        frames = pipeline(
            _square(reference, spec.size),
            height=spec.size,
            width=spec.size,
            num_frames=spec.frames,
            num_inference_steps=spec.steps,
            min_guidance_scale=spec.min_guidance,
            max_guidance_scale=spec.max_guidance,
            fps=spec.fps,  # the pipeline subtracts 1: the UNet was conditioned on fps - 1
            motion_bucket_id=motion,
            noise_aug_strength=spec.noise_aug_strength,
            decode_chunk_size=spec.decode_chunk,
            generator=torch.Generator("cpu").manual_seed(int(rng.integers(2**63))),
            output_type="np",
        ).frames[0]
        return Clip(np.ascontiguousarray(frames, np.float32))

    return seed


def _square(reference: Reference, size: int) -> Image.Image:
    image = Image.fromarray(np.rint(reference.image * 255.0).astype(np.uint8))
    return image.resize((size, size), Image.Resampling.BICUBIC)


def _load(spec: SvdSeed) -> Any:
    device, precision = ("cuda", torch.float16) if torch.cuda.is_available() else ("cpu", torch.float32)
    try:
        pipeline = StableVideoDiffusionPipeline.from_pretrained(
            spec.model,
            revision=spec.model_revision,
            variant=spec.variant,
            dtype=precision,
            use_safetensors=True,  # never unpickle
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise InputError(
            f"seed.model: {spec.model} cannot be loaded ({_first_line(error)}); give a diffusers folder, or a hub id"
            " that you have access to, with the variant and revision that it has"
        ) from None
    pipeline.set_progress_bar_config(disable=not sys.stderr.isatty())
    return pipeline.to(device)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(":. ")
