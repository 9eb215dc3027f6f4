"""Stage 1 of the paper: a seed video by Stable Video Diffusion (SVD-XT), through diffusers' stock pipeline.

As in the released code the *source image*, background included, is resized to a square without regard to its aspect
ratio (PIL, bicubic), and the generator is a CPU generator; unlike there, where every scene starts from seed 42, it is
seeded per image.  Draws, in the pipeline's order: the image's noise, then the latents.  The released code saves the
pipeline's PIL images, and so do the files of this study round to the same 8-bit values.

On a CPU the pixels are those of the stock pipeline called by hand, bit for bit, with or without offloading (tests, on
tiny random checkpoints); with the published weights and in half precision on a GPU this module has not been run yet.
"""

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from diffusers import StableVideoDiffusionPipeline
from PIL import Image

from vid3d.errors import InputError
from vid3d.scene import Clip, Reference
from vid3d.stages import Seed
from vid3d.study.specs.seed import SvdSeed
from vid3d.weights import pipelines

PRECISIONS = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}


def build(spec: SvdSeed) -> Seed:
    """The pipeline as a seed stage: spec.frames images (spec.size, spec.size, 3) float32 in [0, 1], no alpha.

    It runs on the CUDA device if there is one and spec.processor does not say otherwise, else on the CPU (where SVD-XT
    takes hours per clip).

    Raises:
        InputError: the model cannot be found, downloaded or read, size, frames or precision do not fit it or the
            machine, or memory does not suffice (when a clip is made, too).
    """
    if spec.frames < 2:
        raise InputError("seed.frames: Stable Video Diffusion makes at least 2 frames; ask for 2 or more")
    if spec.size % 8:
        raise InputError(f"seed.size: {spec.size} is not divisible by 8, as the model's latent grid requires")
    with _memory(spec):
        pipeline = _load(spec)

    def seed(reference: Reference, motion: int, rng: np.random.Generator) -> Clip:
        with _memory(spec):
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
    """The pipeline (diffusers is not typed) on its device."""
    device = pipelines.device_for("seed", spec.processor)
    precision = spec.precision if spec.precision != "auto" else {"cuda": "fp16", "cpu": "fp32"}[device]
    if (device, precision) == ("cpu", "fp16"):
        raise InputError("seed.precision: fp16 needs a CUDA device, and there is none; use fp32 or bf16, or auto")
    cure = "give a diffusers folder, or a hub id that you have access to, with the variant and revision that it has"
    pipeline = pipelines.load(
        StableVideoDiffusionPipeline, "seed", spec, PRECISIONS[precision], cure, variant=spec.variant
    )
    pipelines.place(pipeline, spec.offload, device)
    return pipeline


def _memory(spec: SvdSeed) -> AbstractContextManager[None]:
    return pipelines.memory("seed", spec, f"frames {spec.frames}", spec.decode_chunk)
