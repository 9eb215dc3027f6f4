"""Whether a rasterizer draws as the C++ one does, forward and back: looked at before any fit relies on it.

All of densification hangs on the size of the centres' gradient, and no error tells when it is off by half a width; so
gradients are compared, not only images, and through what the loop calls: several moments at once, their rows padded.
"""

from collections.abc import Callable, Sequence

import numpy as np

import torch
from vid3d.errors import InputError
from vid3d.scene import Cameras, Float32, Splats, Views
from vid3d.splatting.native import Rasterisation
from vid3d.splatting.rasteriser import Drawn
from vid3d.splatting.rasteriser import render as cpp_render
from vid3d.splatting.recipe import Recipe
from vid3d.splatting.torch.batch import Batch
from vid3d.splatting.torch.drawing import FIELDS, Rasterize
from vid3d.splatting.torch.state import State

MakeRasterizer = Callable[[Sequence[Views], Recipe], Rasterize]
Renderer = Callable[[Splats, Cameras, Rasterisation], Float32]

# What may differ, by what is compared; a pixel may see one contribution near the cut of 1/255 more.
BOUNDS = {
    "image, most": 1e-2,
    "image, mean": 2e-5,
    **{f"gradient of {name}": 1e-3 for name in (*FIELDS, "centres")},  # relative, L2
    "gradient of padding": 0.0,
    "visible": 1e-3,  # share of the splats
}
RENDERED = {"render, most": 1e-2, "render, mean": 2e-5}


def of_gradients(
    make: MakeRasterizer, moments: Sequence[Splats], cameras: Cameras, recipe: Recipe, device: torch.device
) -> dict[str, float]:
    """How far images and gradients of moments drawn together are from the C++ rasterizer's, one by one; as BOUNDS.

    The gradients are those of a random weighting of the pixels.

    Args:
        make: the rasterizer, for views and a recipe.
        moments: k moments' splats, in numbers that differ so that rows are padded.
        cameras: moment i is seen by camera i.
        recipe: with the rasterizer's alpha cap.
    """
    blank = np.ones((len(cameras), cameras.height, cameras.width, 3), np.float32)
    weights = np.random.default_rng(1).normal(size=blank[: len(moments)].shape).astype(np.float32)
    batch = Batch.joined([State.start(splats, device) for splats in moments])
    rasterize = make([Views(blank, cameras)] * len(moments), recipe)
    drawing = rasterize(batch.parameters, batch.counts, torch.arange(len(moments), device=device))
    drawing.centres.retain_grad()
    (drawing.images * torch.from_numpy(weights).to(device)).sum().backward()  # type: ignore[no-untyped-call]

    images = drawing.images.detach().cpu().numpy()
    gradients = {name: _gradient(value) for name, value in batch.parameters.items()}  # (k, n, ...)
    gradients["centres"] = _gradient(drawing.centres).reshape(*images.shape[:1], -1, 2)
    visible = drawing.visible.cpu().numpy()
    apart: dict[str, list[float]] = {name: [] for name in BOUNDS}
    for moment, splats in enumerate(moments):
        drawn = Drawn(splats, cameras.select([moment]), recipe.rasterisation)
        expected, centres = drawn.backward(weights[moment])
        difference = np.abs(images[moment] - drawn.image)
        apart["image, most"].append(float(difference.max()))
        apart["image, mean"].append(float(difference.mean()))
        apart["visible"].append(float((visible[moment, : len(splats)] != drawn.visible).mean()))
        for name, ours in gradients.items():
            exact = centres if name == "centres" else getattr(expected, name)
            apart[f"gradient of {name}"].append(relative(ours[moment, : len(splats)], exact))
            apart["gradient of padding"].append(float(np.abs(ours[moment, len(splats) :]).max(initial=0.0)))
    return {name: float(np.max(values)) for name, values in apart.items()}


def of_render(render: Renderer, splats: Splats, cameras: Cameras, rasterisation: Rasterisation) -> dict[str, float]:
    """How far a renderer's images are from those of the C++ rasterizer; as RENDERED."""
    drawn = np.clip(cpp_render(splats, cameras, rasterisation), 0.0, 1.0)
    difference = np.abs(render(splats, cameras, rasterisation) - drawn)
    return {"render, most": float(difference.max()), "render, mean": float(difference.mean())}


def refuse(found: dict[str, float], bounds: dict[str, float], what: str) -> None:
    """Refuse what differs by more than its bound.

    Raises:
        InputError: naming the first of them; a value that is not a number is one.
    """
    for name, bound in bounds.items():
        if not found[name] <= bound:
            off = f"differs by {found[name]:.2g} from the C++ rasterizer's, where {bound:.2g} is allowed"
            raise InputError(f"{what}: {name} {off}")


def scene(rng: np.random.Generator, count: int) -> Splats:
    """Ellipsoids of all shapes, opacities and colours within an orbit's sight."""
    return Splats(
        positions=rng.normal(0, 0.3, (count, 3)).astype(np.float32),
        quaternions=rng.normal(size=(count, 4)).astype(np.float32),
        log_scales=rng.normal(-2.5, 0.5, (count, 3)).astype(np.float32),
        opacity_logits=rng.normal(size=count).astype(np.float32),
        colours=rng.normal(size=(count, 3)).astype(np.float32),
    )


def relative(ours: Float32, exact: Float32) -> float:
    """The L2 norm of the difference over that of ``exact``; infinite where ``exact`` is 0 and ``ours`` is not."""
    length, off = np.linalg.norm(exact), np.linalg.norm(ours - exact)
    return float(off / length) if length else float("inf" if off else 0.0)


def _gradient(tensor: torch.Tensor) -> Float32:
    gradient = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
    found: Float32 = gradient.detach().cpu().numpy()
    return found
