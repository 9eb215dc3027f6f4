"""Checks 2, 3 and 4: images, gradients and the loss on a place beside the CPU's."""

from dataclasses import replace

import numpy as np
import torch

from tests.gpu import inputs
from tests.gpu.inputs import Inputs
from tests.gpu.places import Place
from tests.gpu.record import Check
from vid3d.cameras import orbit
from vid3d.measures.metrics import psnr
from vid3d.scene import Float32
from vid3d.splatting.recipe import preset
from vid3d.splatting.torch import agreement
from vid3d.splatting.torch.loss import Targets, ssim

RECIPE = preset("as-released")
FORBIDDEN = ("tf32", "nhwc")  # in the names of kernels: convolutions in reduced precision, or cuDNN's layout for it
# What true single precision comes to on a CPU, of these images, is 4e-5; with TF32 it is a hundred times as much.
SSIM_BOUND, GRADIENT_BOUND = 2e-4, 1e-3


def forward(place: Place, given: Inputs, check: Check) -> None:
    """2: a small scene, and the CPU's fit at its size, from ten cameras."""
    scenes = {
        "200 splats": (agreement.scene(np.random.default_rng(0), 200), 128 if place.whole else 32),
        "the CPU's fit": (given.splats, given.views.images.shape[1]),
    }
    for name, (splats, size) in scenes.items():
        cameras = inputs.evaluation_cameras(size)
        images = place.render(splats, cameras, place.rasterisation)
        found = agreement.of_render(lambda *_, drawn=images: drawn, splats, cameras, place.rasterisation)
        check.bounded(found, agreement.RENDERED, f"{name}, ")
        capped = replace(RECIPE, rasterisation=place.rasterisation)
        check.tell(f"{name}, PSNR", psnr(images, inputs.drawn(splats, cameras, capped)).min(), least=60)
        released = psnr(images, inputs.drawn(splats, cameras, RECIPE)).min()
        check.tell(f"{name}, PSNR beside the released cap of alpha", released)


def backward(place: Place, check: Check) -> None:
    """3: one moment, and three of different numbers of splats in one call."""
    rng, recipe = np.random.default_rng(0), replace(RECIPE, rasterisation=place.rasterisation)
    cameras = orbit(3, 128 if place.whole else 32)
    for title, counts in (("alone", (200,)), ("padded", (100, 60, 80))):
        moments = [agreement.scene(rng, count) for count in counts]
        found = agreement.of_gradients(place.rasterizer, moments, cameras, recipe, place.device)
        check.bounded(found, agreement.BOUNDS, f"{title}, ")


def loss(place: Place, given: Inputs, check: Check) -> None:
    """4: SSIM where a variance of few bits does most harm, and which kernels work it out."""
    for name, (image, target) in _pairs(given, 512 if place.whole else 48).items():
        exact, gradient = _similarity(image, target, torch.device("cpu"), torch.float64)
        with torch.profiler.profile() as profile:
            found, ours = _similarity(image, target, place.device, torch.float32)
        check.tell(f"SSIM, {name}", abs(found - exact), most=SSIM_BOUND)
        if np.abs(gradient).max() > 1e-9:  # of an image beside itself it is rounding alone
            check.tell(f"gradient, {name}", agreement.relative(ours, gradient), most=GRADIENT_BOUND)
        kernels = {event.name for event in profile.events()}
        reduced = sorted(kernel for kernel in kernels if any(word in kernel.lower() for word in FORBIDDEN))
        check.tell(f"kernels of reduced precision, {name}", len(reduced), most=0)
        check.note(f"{name}: {', '.join(sorted(kernel for kernel in kernels if 'conv' in kernel.lower()))}")


def _pairs(given: Inputs, size: int) -> dict[str, tuple[Float32, Float32]]:
    """Images (h, w, 3) beside their targets."""
    white = np.ones((size, size, 3), np.float32)
    seen = given.views.images[0][:size, :size]
    noise = np.random.default_rng(0).normal(0, 0.004, white.shape).astype(np.float32)
    return {
        "white with noise": (white - np.abs(noise), white),
        "flat grey": (0.9734 * white, 0.9734 * white),
        "object": (np.clip(seen + 5 * noise[: len(seen), : len(seen)], 0, 1), seen),
    }


def _similarity(image: Float32, target: Float32, device: torch.device, kind: torch.dtype) -> tuple[float, Float32]:
    """SSIM and its gradient with respect to the image."""
    values = torch.from_numpy(image)[None].to(device, kind).requires_grad_()
    targets = Targets.of([torch.from_numpy(target)[None].to(device, kind)])
    first = torch.tensor([0], device=device)
    [found] = ssim(values, targets.select(first, first))
    found.backward()
    assert values.grad is not None
    return found.item(), values.grad[0].cpu().numpy()
