"""The loss of a fit: ssim (1 - SSIM) + l1 mean|x - y| + opacity mean(opacity), with the recipe's weights."""

import torch
from torch import Tensor
from torch.nn import functional
from vid3d.splatting.recipe import Recipe


def loss(images: Tensor, targets: Tensor, opacities: Tensor, recipe: Recipe) -> Tensor:
    """(k,) losses of (k, h, w, 3) images beside their targets, and of (k,) mean opacities."""
    losses = recipe.ssim_weight * (1.0 - ssim(images, targets)) + recipe.opacity_weight * opacities  # (k,)
    if recipe.l1_weight:
        losses = losses + recipe.l1_weight * (images - targets).abs().mean(dim=(1, 2, 3))
    return losses


def ssim(images: Tensor, targets: Tensor) -> Tensor:
    """(k,) mean structural similarity of (k, h, w, 3) images: 11 x 11 Gaussian window of sigma 1.5, zero padding."""
    offsets = torch.arange(11, device=images.device, dtype=images.dtype) - 5  # (11,)
    line = torch.exp(-(offsets**2) / (2 * 1.5**2))  # (11,)
    window = torch.outer(line / line.sum(), line / line.sum()).expand(3, 1, 11, 11)  # the same for each channel

    def blurred(values: Tensor) -> Tensor:  # (k, h, w, 3) to (k, 3, h, w)
        return functional.conv2d(values.permute(0, 3, 1, 2), window, padding=5, groups=3)

    mean_x, mean_y = blurred(images), blurred(targets)  # (k, 3, h, w), as all that follows
    variance_x, variance_y = blurred(images * images) - mean_x**2, blurred(targets * targets) - mean_y**2
    covariance = blurred(images * targets) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    numerator = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    scores = numerator / ((mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2))
    return scores.mean(dim=(1, 2, 3))
