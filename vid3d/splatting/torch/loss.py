"""The loss of a fit: ssim (1 - SSIM) + l1 mean|x - y| + opacity mean(opacity), with the recipe's weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from vid3d.splatting.recipe import Recipe

C1, C2 = 0.01**2, 0.03**2  # of SSIM (Wang et al. 2004), for values in [0, 1]


@dataclass(frozen=True)
class Targets:
    """Views to be fitted, with what SSIM needs of them and no step changes.

    Attributes:
        values: (..., 4, 3, h, w): an image as (3, h, w), its local means, their squares + C1, local variances + C2.
        windows: (9, 1, 1, 11) and (9, 1, 11, 1), Gaussian of sigma 1.5 and sum 1, for each channel of three images.
    """

    values: Tensor
    windows: tuple[Tensor, Tensor]

    @classmethod
    def of(cls, images: Sequence[Tensor]) -> "Targets":
        """Those of k moments' (views, h, w, 3) images, which are float32 or float64: (k, views)."""
        offsets = torch.arange(11, device=images[0].device, dtype=images[0].dtype) - 5  # (11,)
        line = torch.exp(-(offsets**2) / (2 * 1.5**2))  # (11,)
        window = (line / line.sum()).expand(9, 1, 1, 11).contiguous()
        windows = window, window.mT.contiguous()

        def described(views: Tensor) -> Tensor:
            channels = _channels(views)  # (views, 3, h, w)
            together = torch.cat([channels, channels**2], dim=1)  # (views, 6, h, w)
            means, squares = _blurred(together, (windows[0][:6], windows[1][:6])).split(3, dim=1)
            return torch.stack([channels, means, means**2 + C1, squares - means**2 + C2], dim=1)

        views, height, width = images[0].shape[:3]
        values = images[0].new_empty((len(images), views, 4, 3, height, width))
        for moment, own in enumerate(images):  # never twice in memory
            values[moment] = described(own)
        return cls(values, windows)

    def select(self, moments: Tensor, views: Tensor) -> "Targets":
        """One view of each moment, (k,) indices: (k,)."""
        return Targets(self.values[moments, views], self.windows)


def loss(images: Tensor, targets: Targets, opacities: Tensor, recipe: Recipe) -> Tensor:
    """(k,) losses of (k, h, w, 3) images beside their targets (k,), and of (k,) mean opacities."""
    losses = recipe.ssim_weight * (1.0 - ssim(images, targets)) + recipe.opacity_weight * opacities  # (k,)
    if recipe.l1_weight:
        differences = images.permute(0, 3, 1, 2) - targets.values[:, 0]
        losses = losses + recipe.l1_weight * differences.abs().mean(dim=(1, 2, 3))
    return losses


def ssim(images: Tensor, targets: Targets) -> Tensor:
    """(k,) mean structural similarity of (k, h, w, 3) images: 11 x 11 Gaussian window of sigma 1.5, zero padding."""
    channels = _channels(images)  # (k, 3, h, w), as all that follows
    target, mean_y, mean_square_y, variance_y = targets.values.unbind(1)
    together = torch.cat([channels, channels * channels, channels * target], dim=1)  # (k, 9, h, w)
    mean_x, square, product = _blurred(together, targets.windows).split(3, dim=1)
    means, mean_square_x = mean_x * mean_y, mean_x * mean_x
    quarter = (means + C1 / 2) * (product - means + C2 / 2)  # of the numerator
    denominator = (mean_square_x + mean_square_y) * (square - mean_square_x + variance_y)
    return 4 * (quarter / denominator).mean(dim=(1, 2, 3))


def _channels(images: Tensor) -> Tensor:
    """(k, 3, h, w) of (k, h, w, 3), contiguous.

    A permuted view alone counts as "channels last", for which torch takes cuDNN's convolution, in TF32 unless told
    otherwise: 11 bits, too few for the difference of squares that a variance is.
    """
    return images.permute(0, 3, 1, 2).contiguous()


def _blurred(values: Tensor, windows: tuple[Tensor, Tensor]) -> Tensor:
    """(k, c, h, w) blurred along rows, then columns; on a GPU by torch's own depthwise kernel, in true float32."""
    channels, (rows, columns) = values.shape[1], windows
    along_rows = functional.conv2d(values, rows, padding=(0, 5), groups=channels)
    return functional.conv2d(along_rows, columns, padding=(5, 0), groups=channels)
