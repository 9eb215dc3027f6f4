"""Images of Gaussians by gsplat's CUDA rasterizer, on white.

gsplat caps a splat's alpha at .999 (released code: .99).  Not yet run on a GPU.
"""

import numpy as np
import torch

from vid3d.errors import InputError
from vid3d.scene import Cameras, Float32, Reference, Splats
from vid3d.specs import CudaRender
from vid3d.splatting.recipe import SH_C0
from vid3d.stages import Render


def build(spec: CudaRender) -> Render:
    """A renderer of (n, spec.size, spec.size, 3) float32 images in [0, 1]; the cameras' own image size is not used.

    Raises:
        InputError: there is no CUDA device.
    """
    if not torch.cuda.is_available():
        raise InputError("render.backend: gsplat needs a CUDA device and this machine has none; use backend cpu")
    from gsplat import rasterization  # on first use it compiles its CUDA extension

    def render(splats: Splats | None, cameras: Cameras, reference: Reference) -> Float32:
        if splats is None:
            raise ValueError("this renderer draws splats and got none")

        def on_device(array: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(np.ascontiguousarray(array, np.float32)).cuda()

        sized = Cameras(cameras.camera_to_world, cameras.fov, spec.size, spec.size)
        with torch.inference_mode():
            images, _, _ = rasterization(
                means=on_device(splats.positions),
                quats=on_device(splats.quaternions),
                scales=on_device(splats.log_scales).exp(),
                opacities=on_device(splats.opacity_logits).sigmoid(),
                colors=(0.5 + SH_C0 * on_device(splats.colours)).clamp_min(0.0),
                viewmats=on_device(sized.world_to_camera),
                Ks=on_device(sized.intrinsics).expand(len(sized), 3, 3),
                width=spec.size,
                height=spec.size,
                near_plane=spec.near,
                packed=False,
                backgrounds=torch.ones((len(sized), 3), device="cuda"),
            )
            drawn: Float32 = images.clamp(0.0, 1.0).cpu().numpy()
        return drawn

    return render
