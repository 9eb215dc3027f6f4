"""Images of Gaussians by gsplat's CUDA rasterizer, on white; or, to check a study without a GPU, by the C++ one.

gsplat caps a splat's alpha at .999 (released code: .99).  Not yet run on a GPU.
"""

from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.scene import Cameras, Float32, Reference, Splats
from vid3d.splatting import Rasterisation
from vid3d.splatting import render as cpp_render
from vid3d.splatting.recipe import SH_C0
from vid3d.stages import Render
from vid3d.study.specs import CudaRender

GSPLAT_ALPHA_CAP = 0.999
LARGEST_DIFFERENCE = 1e-2  # of two pictures in [0, 1]: a pixel may see one contribution near the cut of 1/255 more


def build(spec: CudaRender) -> Render:
    """A renderer of (n, spec.size, spec.size, 3) float32 images in [0, 1]; the cameras' own image size is not used.

    Raises:
        InputError: gsplat is asked for and there is no CUDA device, or gsplat cannot be used on it; when called, also
            when the images do not fit into the GPU's memory.
    """
    if spec.rasterizer == "gsplat":
        _require_gsplat()
    draw = _gsplat if spec.rasterizer == "gsplat" else _cpp

    def render(splats: Splats | None, cameras: Cameras, reference: Reference) -> Float32:
        if splats is None:
            raise ValueError("this renderer draws splats and got none")
        try:
            return draw(splats, replace(cameras, width=spec.size, height=spec.size), spec.near)
        except torch.OutOfMemoryError:
            raise InputError(f"render: out of GPU memory; lower render.size (now: {spec.size})") from None

    return render


def _require_gsplat() -> None:
    if not torch.cuda.is_available():
        raise InputError("render.backend: gsplat needs a CUDA device and this machine has none; use backend cpu")
    try:
        from gsplat.cuda._backend import _C  # compiled on first use
    except ModuleNotFoundError:
        raise InputError("render.backend: gsplat is not installed; pip install 'vid3d[gpu]'") from None
    if _C is None:
        raise InputError("render.backend: gsplat finds no CUDA compiler; put nvcc on PATH or set CUDA_HOME")


def check() -> dict[str, Any]:
    """Compile gsplat's kernels, unless they are, and draw a small scene with them and with the C++ rasterizer.

    Returns:
        What was compared, and how much the two pictures differ.

    Raises:
        InputError: as ``build``, or the pictures differ.
    """
    _require_gsplat()
    rng, count = np.random.default_rng(0), 200
    splats = Splats(
        positions=rng.normal(0, 0.3, (count, 3)).astype(np.float32),
        quaternions=rng.normal(size=(count, 4)).astype(np.float32),
        log_scales=rng.normal(-2.5, 0.5, (count, 3)).astype(np.float32),
        opacity_logits=rng.normal(size=count).astype(np.float32),
        colours=rng.normal(size=(count, 3)).astype(np.float32),
    )
    cameras = orbit(3, 128)
    expected = cpp_render(splats, cameras, Rasterisation(alpha_cap=GSPLAT_ALPHA_CAP))
    difference = float(np.abs(_gsplat(splats, cameras, 0.2) - expected.clip(0.0, 1.0)).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise InputError(
            f"gsplat: its pictures differ by {difference:.2g} from the CPU's; is it {version('gsplat')} built for this"
            f" GPU and torch {torch.__version__}? Delete torch's extensions folder (~/.cache/torch_extensions)"
        )
    device = torch.cuda.get_device_name()
    return {"device": device, "gsplat": version("gsplat"), "torch": torch.__version__, "difference": difference}


def _gsplat(splats: Splats, cameras: Cameras, near: float) -> Float32:
    from gsplat import rasterization

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def on_device(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, np.float32)).to(device)

    with torch.inference_mode():
        images, _, _ = rasterization(
            means=on_device(splats.positions),
            quats=on_device(splats.quaternions),
            scales=on_device(splats.log_scales).exp(),
            opacities=on_device(splats.opacity_logits).sigmoid(),
            colors=(0.5 + SH_C0 * on_device(splats.colours)).clamp_min(0.0),
            viewmats=on_device(cameras.world_to_camera),
            Ks=on_device(cameras.intrinsics).expand(len(cameras), 3, 3),
            width=cameras.width,
            height=cameras.height,
            near_plane=near,
            packed=False,
            backgrounds=torch.ones((len(cameras), 3), device=device),
        )
        drawn: Float32 = images.clamp(0.0, 1.0).cpu().numpy()
    return drawn


def _cpp(splats: Splats, cameras: Cameras, near: float) -> Float32:
    return np.clip(cpp_render(splats, cameras, Rasterisation(near=near)), 0.0, 1.0)
