"""A slow twin of the C++ rasterizer: plain torch, float64, every pixel with every splat, gradients by autograd."""

import numpy as np
import torch
from torch import Tensor

from vid3d.scene import SH_C0, Cameras, Splats

FIELDS = ("positions", "quaternions", "log_scales", "opacity_logits", "colours")


def parameters(splats: Splats) -> dict[str, Tensor]:
    """The fields as float64 leaves."""
    return {name: torch.tensor(getattr(splats, name), dtype=torch.float64, requires_grad=True) for name in FIELDS}


def rotations(quaternions: Tensor) -> Tensor:
    """(n, 4) wxyz of any length to (n, 3, 3)."""
    w, x, y, z = torch.nn.functional.normalize(quaternions, dim=1).unbind(1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, 1).reshape(-1, 3, 3)


def render_one(
    p: dict[str, Tensor],
    cameras: Cameras,
    index: int,
    background: tuple[float, float, float] = (1.0, 1.0, 1.0),
    near: float = 0.2,
    alpha_cap: float = 0.99,
    eps2d: float = 0.3,
    shift: Tensor | None = None,
) -> Tensor:
    """(height, width, 3) float64; ``shift`` (n, 2), in pixels, moves the projected means."""
    view = torch.tensor(cameras.world_to_camera[index])
    k = cameras.intrinsics
    fx, fy, cx, cy = k[0, 0], k[1, 1], k[0, 2], k[1, 2]
    centres = p["positions"] @ view[:3, :3].T + view[:3, 3]
    order = torch.argsort(centres[:, 2].detach(), stable=True)
    order = order[centres[order, 2] > near]
    x, y, z = centres[order].unbind(1)

    mean = torch.stack([fx * x / z + cx, fy * y / z + cy], 1)
    if shift is not None:
        mean = mean + shift[order]
    margin_x, margin_y = 0.15 * cameras.width / fx, 0.15 * cameras.height / fy
    bounded_x = z * torch.clamp(x / z, -(cx / fx + margin_x), (cameras.width - cx) / fx + margin_x)
    bounded_y = z * torch.clamp(y / z, -(cy / fy + margin_y), (cameras.height - cy) / fy + margin_y)
    zero = torch.zeros_like(z)
    rows = [fx / z, zero, -fx * bounded_x / z**2, zero, fy / z, -fy * bounded_y / z**2]
    jacobian = torch.stack(rows, 1).reshape(-1, 2, 3)
    spread = rotations(p["quaternions"][order]) * torch.exp(p["log_scales"][order])[:, None, :]
    flat = jacobian @ view[:3, :3] @ spread
    covariance = flat @ flat.transpose(1, 2) + eps2d * torch.eye(2, dtype=torch.float64)
    conic = torch.linalg.inv(covariance)

    opacity = torch.sigmoid(p["opacity_logits"][order])
    colour = torch.clamp_min(0.5 + SH_C0 * p["colours"][order], 0.0)
    rows_, columns = torch.meshgrid(torch.arange(cameras.height), torch.arange(cameras.width), indexing="ij")
    pixels = torch.stack([columns, rows_], -1).reshape(-1, 1, 2) + 0.5
    offset = pixels - mean[None]
    distance = torch.einsum("pni,nij,pnj->pn", offset, conic, offset)
    alpha = torch.clamp_max(opacity * torch.exp(-0.5 * distance), alpha_cap)
    alpha = torch.where(alpha >= 1 / 255, alpha, torch.zeros_like(alpha))
    left = torch.cumprod(1 - alpha, 1)  # transmittance behind each splat, were none to stop
    alpha = torch.where(left.detach() > 1e-4, alpha, torch.zeros_like(alpha))
    left = torch.cumprod(1 - alpha, 1)
    before = torch.cat([torch.ones_like(left[:, :1]), left[:, :-1]], 1)
    image = (alpha * before) @ colour
    last = left[:, -1:] if len(order) else torch.ones(len(pixels), 1, dtype=torch.float64)
    image = image + last * torch.tensor(background, dtype=torch.float64)
    return image.reshape(cameras.height, cameras.width, 3)


def render(p: dict[str, Tensor], cameras: Cameras, **settings: object) -> Tensor:
    """(n, height, width, 3) float64."""
    return torch.stack([render_one(p, cameras, k, **settings) for k in range(len(cameras))])  # type: ignore[arg-type]


def gradients(
    splats: Splats, cameras: Cameras, image_gradients: np.ndarray, **settings: object
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The images and, by field, the gradient of sum(images * image_gradients)."""
    p = parameters(splats)
    images = render(p, cameras, **settings)
    (images * torch.tensor(image_gradients, dtype=torch.float64)).sum().backward()
    grads = {name: np.zeros(t.shape) if t.grad is None else t.grad.numpy() for name, t in p.items()}
    return images.detach().numpy(), grads


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Mean SSIM of two (h, w, 3) images: 11 x 11 Gaussian window, sigma 1.5, zero padding."""
    taps = torch.exp(-(torch.arange(-5, 6, dtype=torch.float64) ** 2) / (2 * 1.5**2))
    window = torch.outer(taps, taps) / taps.sum() ** 2

    def blur(image: Tensor) -> Tensor:
        return torch.nn.functional.conv2d(image.permute(2, 0, 1)[:, None], window[None, None], padding=5)[:, 0]

    ma, mb = blur(a), blur(b)
    va, vb, covariance = blur(a * a) - ma**2, blur(b * b) - mb**2, blur(a * b) - ma * mb
    scores = (2 * ma * mb + 1e-4) * (2 * covariance + 9e-4) / ((ma**2 + mb**2 + 1e-4) * (va + vb + 9e-4))
    return scores.mean()
