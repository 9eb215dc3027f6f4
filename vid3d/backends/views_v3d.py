"""Stage 2 of the paper: one frame to 18 views by V3D, through diffusers' stock pipeline and a converted checkpoint.

V3D is Stable Video Diffusion fine-tuned on orbits, so the stock pipeline runs it, with these documented differences:

- the condition latent is a *sample* of the posterior (the stock pipeline takes its mode), not scaled, with noise of
  strength ``noise_aug_strength`` added to the latent (stock: to the pixels);
- the UNet sees ``fps_id`` itself (stock subtracts 1), and guidance is constant over the views;
- all views are decoded in one chunk in single precision, and 8-bit values are truncated, not rounded;
- the residual blocks' group norms have epsilon 1e-5 (diffusers' port: 1e-6 where attention follows), for V3D only.

The frames come cut out, recentred and on white, in the size of the views (``vid3d.preparation``).

Proven so far on tiny random checkpoints on a CPU; not yet run with the published weights or on a GPU.
"""

import sys
from typing import Any, NamedTuple

import numpy as np
import torch
from diffusers import StableVideoDiffusionPipeline
from PIL import Image
from safetensors import SafetensorError

from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.scene import Float32, SeedFrame, Views
from vid3d.specs import V3dViews
from vid3d.stages import MultiView

GROUP_NORM_EPSILON = 1e-5


class Noise(NamedTuple):
    """Standard normal noise of one frame, in the order in which it is drawn; h and w are size / 8.

    Attributes:
        posterior: (1, 4, h, w) float32, selects the sample of the condition's posterior.
        condition: (1, 4, h, w) float32, added to the condition latent.
        latents: (1, count, 4, h, w) float32, what the views are denoised from.
    """

    posterior: torch.Tensor
    condition: torch.Tensor
    latents: torch.Tensor


class Pipeline(StableVideoDiffusionPipeline):  # type: ignore[misc]  # diffusers is not typed
    """The stock pipeline with its condition latent given from outside; the unconditional branch sees zeros."""

    condition: torch.Tensor  # (1, 4, h, w)

    def _encode_vae_image(self, *_: Any, **__: Any) -> torch.Tensor:
        return torch.cat([torch.zeros_like(self.condition), self.condition])


def build(spec: V3dViews) -> MultiView:
    """The model as a views stage: a prepared frame to spec.count images of its size, (spec.size, spec.size, 3).

    On a CUDA device the UNet runs under half-precision autocast, everything else in single precision.

    Raises:
        InputError: the model cannot be found or read, or the size does not fit its latent grid.
    """
    if spec.size % 8:
        raise InputError(f"views.size: {spec.size} is not divisible by 8, as the model's latent grid requires")
    pipeline = load(spec.model)

    def views(frame: SeedFrame, rng: np.random.Generator) -> Views:
        if len(frame.image) != spec.size:
            raise ValueError(f"the frame has {len(frame.image)} rows, not {spec.size}: prepare it (vid3d.preparation)")
        images = sample(pipeline, spec, frame.image, draw_noise(spec, rng))
        return Views(images, orbit(spec.count, spec.size))

    return views


def load(model: str) -> Any:
    """The ``Pipeline`` from a diffusers folder, single precision, on the GPU if there is one."""
    try:
        pipeline = Pipeline.from_pretrained(model, dtype=torch.float32, use_safetensors=True)
    except (OSError, ValueError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(":. ")
        raise InputError(
            f"views.model: {model} cannot be loaded ({reason}); give a folder in diffusers format"
            " (V3D is published in another one and must be converted)"
        ) from None
    for name, module in pipeline.unet.named_modules():
        if isinstance(module, torch.nn.GroupNorm) and "res_block" in name:
            module.eps = GROUP_NORM_EPSILON
    pipeline.set_progress_bar_config(disable=not sys.stderr.isatty())
    return pipeline.to("cuda" if torch.cuda.is_available() else "cpu")


def draw_noise(spec: V3dViews, rng: np.random.Generator) -> Noise:
    """The noise of one frame, always drawn on the CPU."""
    generator = torch.Generator("cpu").manual_seed(int(rng.integers(2**63)))
    grid = (4, spec.size // 8, spec.size // 8)
    posterior, condition, latents = (
        torch.randn(shape, generator=generator) for shape in ((1, *grid), (1, *grid), (1, spec.count, *grid))
    )
    return Noise(posterior, condition, latents)


def sample(pipeline: Any, spec: V3dViews, image: Float32, noise: Noise) -> Float32:
    """The views of a prepared image.

    Args:
        pipeline: from ``load``.
        spec: steps, guidance and conditioning; its model, size and seed are not used.
        image: (s, s, 3) float32 in [0, 1], as ``vid3d.preparation`` makes it; s divisible by 8.
        noise: of one frame, from ``draw_noise`` or elsewhere.

    Returns:
        (spec.count, s, s, 3) float32 in [0, 1], multiples of 1/255.
    """
    device, size = pipeline.device, len(image)
    with torch.inference_mode():
        pixels = torch.from_numpy(image).permute(2, 0, 1)[None].to(device) * 2.0 - 1.0
        posterior = pipeline.vae.encode(pixels).latent_dist
        latent = posterior.mean + posterior.std * noise.posterior.to(device)
        pipeline.condition = latent + spec.noise_aug_strength * noise.condition.to(device)
        with torch.autocast(device.type, torch.float16, enabled=device.type == "cuda"):
            latents = pipeline(
                Image.fromarray(np.rint(image * 255.0).astype(np.uint8)),
                height=size,
                width=size,
                num_frames=spec.count,
                num_inference_steps=spec.steps,
                min_guidance_scale=spec.guidance,
                max_guidance_scale=spec.guidance,
                fps=spec.fps_id + 1,
                motion_bucket_id=spec.motion_bucket_id,
                noise_aug_strength=spec.noise_aug_strength,
                # of the pixel noise that the stock pipeline draws and the given condition makes irrelevant
                generator=torch.Generator("cpu").manual_seed(0),
                latents=noise.latents,
                output_type="latent",
            ).frames
        decoded = pipeline.decode_latents(latents, spec.count, spec.count)[0]  # (3, count, s, s) in about [-1, 1]
        scaled = ((decoded + 1.0) / 2.0).clamp(0.0, 1.0) * 255.0
        views = scaled.permute(1, 2, 3, 0).to(torch.uint8).cpu().numpy()
    return views.astype(np.float32) / np.float32(255.0)
