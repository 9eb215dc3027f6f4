"""Stage 2 of the paper: one frame to 18 views by V3D, through diffusers' stock pipeline and a converted checkpoint.

V3D is Stable Video Diffusion fine-tuned on orbits, so the stock pipeline runs it, with these documented differences:

- the condition latent is a *sample* of the posterior (the stock pipeline takes its mode), not scaled, with noise of
  strength ``noise_aug_strength`` added to the latent (stock: to the pixels);
- the UNet sees ``fps_id`` itself (stock subtracts 1), and guidance is constant over the views;
- all views are decoded in one chunk, and 8-bit values are truncated, not rounded;
- the residual blocks' group norms have epsilon 1e-5 (diffusers' port: 1e-6 where attention follows);
- on a GPU the UNet alone runs under half-precision autocast; latents, guidance, image encoder and autoencoder are in
  single precision.

Other models of the family differ in settings of the Spec.  One that is conditioned on the noise strength only
(SV3D_u), instead of on fps, motion and noise strength, is recognised by its UNet's width.

To sample with noise and an image of one's own, as the conformance tests do::

    pipeline = load(spec)
    noise = Noise(posterior, condition, latents)  # or draw_noise(spec, rng)
    image = recentre(rgba, bounds(rgba, "name"), spec.size, spec.border)  # images.preparation; rgba (h, w, 4) uint8
    views = sample(pipeline, spec, image, noise)  # = quantised(decode(pipeline, spec, denoise(...)))

The frames come cut out, recentred and on white, in the size of the views (``vid3d.images.preparation``).

On a tiny random checkpoint on a CPU every step agrees with the released code's numbers
(``tests/conformance/test_multiview.py``); not yet run with the published weights or on a GPU.
"""

from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
import torch
from diffusers import StableVideoDiffusionPipeline
from PIL import Image

from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.scene import Float32, SeedFrame, Views
from vid3d.stages import MultiView
from vid3d.study.specs.views import V3dViews
from vid3d.weights import pipelines

TIME_IDS = {3: "fps, motion and noise strength", 1: "noise strength"}  # what the UNets that are run here are told


class Noise(NamedTuple):
    """Standard normal noise of one frame, in the order in which it is drawn; c is 4 and h and w are size / 8 in V3D.

    Attributes:
        posterior: (1, c, h, w) float32, selects the sample of the condition's posterior.
        condition: (1, c, h, w) float32, added to the condition latent.
        latents: (1, count, c, h, w) float32, what the views are denoised from.
    """

    posterior: torch.Tensor
    condition: torch.Tensor
    latents: torch.Tensor


class Pipeline(StableVideoDiffusionPipeline):  # type: ignore[misc]  # diffusers is not typed
    """The stock pipeline with its condition latent and guidance given from outside.

    The unconditional branch sees zeros; it is left out where guidance is 1 for every view and so ignores it.

    Attributes:
        condition: (1, c, h, w) latent.
        guidance: (1, count, 1, 1, 1) scale per view.
    """

    unet: Any
    condition: torch.Tensor
    guidance: torch.Tensor

    @property
    def do_classifier_free_guidance(self) -> bool:
        return bool((self.guidance != 1.0).any())

    @property
    def guidance_scale(self) -> torch.Tensor:
        return self.guidance

    @property
    def time_ids(self) -> int:
        """How many numbers condition the UNet beside the time."""
        return int(self.unet.add_embedding.linear_1.in_features // self.unet.config.addition_time_embed_dim)

    def _encode_vae_image(self, *_: Any, **__: Any) -> torch.Tensor:
        guided = self.do_classifier_free_guidance
        return torch.cat([torch.zeros_like(self.condition), self.condition]) if guided else self.condition

    def _get_add_time_ids(self, *ids_and_layout: Any) -> torch.Tensor:
        *ids, dtype, _, _, _ = ids_and_layout
        return torch.tensor([ids[-self.time_ids :]] * (2 if self.do_classifier_free_guidance else 1), dtype=dtype)


def build(spec: V3dViews) -> MultiView:
    """The model as a views stage: a prepared frame to spec.count images of its size, (spec.size, spec.size, 3).

    Raises:
        InputError: the model cannot be found or read, the size does not fit its latent grid, or GPU memory does not
            suffice (when views are made, too).
    """
    if spec.size % 8:
        raise InputError(f"views.size: {spec.size} is not divisible by 8, as the model's latent grid requires")
    pipeline = load(spec)

    def views(frame: SeedFrame, rng: np.random.Generator) -> Views:
        if len(frame.image) != spec.size:
            raise ValueError(f"the frame has {len(frame.image)} rows, not {spec.size}: prepare it (images.preparation)")
        images = sample(pipeline, spec, frame.image, draw_noise(spec, rng, *latent_grid(pipeline)))
        return Views(images, orbit(spec.count, spec.size))

    return views


def load(spec: V3dViews) -> Any:
    """The ``Pipeline`` of spec.model in single precision, on the GPU if there is one and the Spec wants it.

    Its folder cannot hold the group norms' epsilon, nor the precisions on a GPU; both are set here.

    Raises:
        InputError: the model cannot be found or read, is conditioned on other numbers, or does not fit into memory.
    """
    cure = "give a folder in diffusers format (make it from a checkpoint as published with `vid3d convert`)"
    pipeline = pipelines.load(Pipeline, "views", spec, torch.float32, cure)
    if pipeline.time_ids not in TIME_IDS:
        raise InputError(
            f"views.model: {spec.model} is conditioned on {pipeline.time_ids} numbers (angles of views, as SV3D_p?);"
            f" models conditioned on {' or on '.join(TIME_IDS.values())} are run here"
        )
    for name, module in pipeline.unet.named_modules():
        if spec.group_norm_epsilon is not None and isinstance(module, torch.nn.GroupNorm) and "res_block" in name:
            module.eps = spec.group_norm_epsilon
    device = pipelines.device_for("views", spec.processor)
    if device == "cuda":
        half_precision(pipeline.unet, device)
    with _memory(spec):
        pipelines.place(pipeline, spec.offload, device)
    return pipeline


def half_precision(unet: torch.nn.Module, device: str) -> None:
    """Let the UNet, and nothing else, compute under half-precision autocast; it takes and gives single precision."""
    forward = unet.forward

    def autocast(*arguments: Any, **named: Any) -> tuple[torch.Tensor]:
        with torch.autocast(device, torch.float16):
            predicted = forward(*arguments, **named)[0]
        return (predicted.float(),)

    unet.forward = autocast


def _memory(spec: V3dViews) -> AbstractContextManager[None]:
    return pipelines.memory("views", spec, f"count {spec.count}", spec.decode_chunk or spec.count)


def latent_grid(pipeline: Any) -> tuple[int, int]:
    """Channels of a model's latents, and how many pixels of a side one of them stands for."""
    return int(pipeline.vae.config.latent_channels), int(pipeline.vae_scale_factor)


def draw_noise(spec: V3dViews, rng: np.random.Generator, channels: int = 4, factor: int = 8) -> Noise:
    """The noise of one frame, always drawn on the CPU; channels and factor: ``latent_grid``, by default V3D's."""
    generator = torch.Generator("cpu").manual_seed(int(rng.integers(2**63)))
    grid = (channels, spec.size // factor, spec.size // factor)
    posterior, condition, latents = (
        torch.randn(shape, generator=generator) for shape in ((1, *grid), (1, *grid), (1, spec.count, *grid))
    )
    return Noise(posterior, condition, latents)


def sample(pipeline: Any, spec: V3dViews, image: Float32, noise: Noise) -> Float32:
    """The views of a prepared image.

    Args:
        pipeline: from ``load``.
        spec: the sampler's settings; its model, size and seed are not used.
        image: (s, s, 3) float32 in [0, 1], as ``vid3d.images.preparation`` makes it; s divisible by 8.
        noise: of one frame, from ``draw_noise`` or elsewhere.

    Returns:
        (spec.count, s, s, 3) float32 in [0, 1], multiples of 1/255, in the order of the orbit's cameras.

    Raises:
        InputError: GPU memory does not suffice.
    """
    with _memory(spec):
        views = quantised(decode(pipeline, spec, denoise(pipeline, spec, image, noise)))
    return np.roll(views, 1, axis=0) if spec.input_view == "last" else views


@torch.inference_mode()
def denoise(pipeline: Any, spec: V3dViews, image: Float32, noise: Noise) -> torch.Tensor:
    """The first half of ``sample``: latents (1, spec.count, c, h, w) float32 after spec.steps steps."""
    device, size = pipeline._execution_device, len(image)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].to(device) * 2.0 - 1.0
    posterior = pipeline.vae.encode(pixels).latent_dist
    latent = posterior.mean
    if spec.condition == "sample":
        latent = latent + posterior.std * noise.posterior.to(device)
    pipeline.condition = latent + spec.noise_aug_strength * noise.condition.to(device)
    pipeline.guidance = _guidance(spec).to(device)
    return pipeline(
        Image.fromarray(np.rint(image * 255.0).astype(np.uint8)),
        height=size,
        width=size,
        num_frames=spec.count,
        num_inference_steps=spec.steps,
        fps=spec.fps_id + 1,
        motion_bucket_id=spec.motion_bucket_id,
        noise_aug_strength=spec.noise_aug_strength,
        # of the pixel noise that the stock pipeline draws and the given condition makes irrelevant
        generator=torch.Generator("cpu").manual_seed(0),
        latents=noise.latents,
        output_type="latent",
    ).frames


def _guidance(spec: V3dViews) -> torch.Tensor:
    """(1, count, 1, 1, 1): constant, or rising from 1 at the first and the last view to the middle one's."""
    if spec.guidance_shape == "constant":
        scale = torch.full((spec.count,), spec.guidance)
    else:
        scale = 1.0 + (spec.guidance - 1.0) * (1.0 - torch.linspace(-1.0, 1.0, spec.count).abs())
    return scale[None, :, None, None, None]


@torch.inference_mode()
def decode(pipeline: Any, spec: V3dViews, latents: torch.Tensor) -> torch.Tensor:
    """The decoder's images (spec.count, 3, s, s) float32, in about [-1, 1]."""
    images = pipeline.decode_latents(latents, spec.count, spec.decode_chunk or spec.count)[0].transpose(0, 1)
    pipeline.maybe_free_model_hooks()
    return images


def quantised(images: torch.Tensor) -> Float32:
    """(n, 3, s, s) in [-1, 1] to (n, s, s, 3) float32 multiples of 1/255 in [0, 1], truncated as released."""
    scaled = ((images + 1.0) / 2.0).clamp(0.0, 1.0) * 255.0
    views = scaled.permute(0, 2, 3, 1).to(torch.uint8).cpu().numpy()
    return views.astype(np.float32) / np.float32(255.0)
