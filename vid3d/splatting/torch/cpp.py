"""The C++ rasterizer as a differentiable function of torch tensors, on a CPU."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from vid3d.scene import Cameras, Splats, Views
from vid3d.splatting.native import Rasterisation
from vid3d.splatting.rasteriser import Drawn
from vid3d.splatting.recipe import Recipe
from vid3d.splatting.torch.drawing import FIELDS, Drawing, Parameters, Rasterize


def rasterizer(moments: Sequence[Views], recipe: Recipe) -> Rasterize:
    """The C++ rasterizer on the moments' cameras, one moment after another."""

    def rasterize(parameters: Parameters, counts: Sequence[int], views: Tensor) -> Drawing:
        rows = {name: value.unbind() for name, value in parameters.items()}  # k of (n, ...)
        shape = parameters["opacity_logits"].shape
        centres = torch.zeros((*shape, 2), requires_grad=True)  # (k, n, 2); for their gradient only
        visible = torch.zeros(shape, dtype=torch.bool)  # (k, n)
        images = []
        for moment, (count, view) in enumerate(zip(counts, views.tolist(), strict=True)):
            image, seen = Rasterization.apply(
                moments[moment].cameras.select([view]),
                recipe.rasterisation,
                centres[moment, :count],  # (own n, 2)
                *(rows[name][moment][:count] for name in FIELDS),
            )
            visible[moment, :count] = seen
            images.append(image)
        return Drawing(torch.stack(images), centres, visible)

    return rasterize


class Rasterization(torch.autograd.Function):
    """(camera, rasterisation, centres (n, 2), fields of Splats) to the image (h, w, 3) and the visible splats (n,).

    The values of ``centres`` do not matter: they receive the gradient of the image-plane centres in pixels.
    """

    @staticmethod
    def forward(context: Any, camera: Cameras, rasterisation: Rasterisation, centres: Tensor, *values: Tensor) -> Any:
        context.drawn = Drawn(Splats(*(value.detach().numpy() for value in values)), camera, rasterisation)
        image, visible = torch.from_numpy(context.drawn.image), torch.from_numpy(context.drawn.visible)
        context.mark_non_differentiable(visible)
        return image, visible  # (h, w, 3), (n,)

    @staticmethod
    def backward(context: Any, image_gradient: Tensor, _: None) -> Any:
        gradients, centres = context.drawn.backward(image_gradient.contiguous().numpy())
        return None, None, torch.from_numpy(centres), *(torch.from_numpy(getattr(gradients, name)) for name in FIELDS)
