"""A second oracle, which we did not write: gsplat's own torch functions beside the C++ core, on a CPU.

What they say of compositing needs its kernels, and is compared on a GPU (tests/gpu).
"""

import sys

import numpy as np
import pytest
import torch
from gsplat.cuda import _torch_impl as oracle

from tests.unit.splatting import parts, scenes
from vid3d.splatting import native

WIDTH, HEIGHT = 70, 36
GEOMETRY = ("positions", "quaternions", "log_scales")


@pytest.fixture(params=["avx2", "portable"])
def instruction_set(request):
    if request.param == "avx2" and not native.load("portable").supports_avx2():
        pytest.skip("this machine has no AVX2")
    return request.param


def gsplats(splats, camera):
    """Leaves by name in float64, and gsplat's radii (n, 2), centres (n, 2) and conics (n, 3) of one camera."""
    leaves = {name: torch.from_numpy(getattr(splats, name)).double().requires_grad_() for name in GEOMETRY}
    covariances, _ = oracle._quat_scale_to_covar_preci(
        leaves["quaternions"], leaves["log_scales"].exp(), compute_preci=False
    )
    radii, centres, _, conics, _ = oracle._fully_fused_projection(
        leaves["positions"],
        covariances,
        torch.from_numpy(camera.world_to_camera),
        torch.from_numpy(camera.intrinsics)[None],
        WIDTH,
        HEIGHT,
        eps2d=0.3,
        near_plane=0.2,
    )
    return leaves, radii[0], centres[0], conics[0]


def relative(ours, exact):
    return np.linalg.norm(ours - exact) / np.linalg.norm(exact)


def test_gsplats_torch_functions_need_neither_a_gpu_nor_a_compiler():
    assert "gsplat.cuda._backend" not in sys.modules  # what compiles the kernels


@pytest.mark.parametrize("name", scenes.SCENES)
def test_centres_conics_and_their_gradients_are_gsplats(name, instruction_set):
    rng = np.random.default_rng(11)
    splats, camera = scenes.SCENES[name](rng), scenes.cameras(WIDTH, HEIGHT).select([1])
    leaves, _, centres, conics = gsplats(splats, camera)
    seen = native.from_splats(splats), native.from_cameras(camera)[0], WIDTH, HEIGHT
    planes, boxes = parts.projection(*seen, instruction_set)
    drawn = (boxes[:, 1] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 2])
    assert drawn.sum() >= 20
    np.testing.assert_allclose(planes[:2, drawn].T, centres.detach()[drawn], rtol=1e-5, atol=1e-3)
    assert relative(planes[2:, drawn].T, conics.detach().numpy()[drawn]) < (5e-4 if name == "needles" else 1e-4)

    weights = rng.normal(size=(5, len(splats))) * drawn  # of u, v, conic a, b, c
    (torch.cat([centres, conics], dim=1) * torch.from_numpy(weights).T)[drawn].sum().backward()
    # d(conic) = -conic dSigma conic
    a, b, c = conics.detach().numpy()[drawn].T
    conic = np.stack([a, b, b, c], axis=1).reshape(-1, 2, 2)
    w_a, w_b, w_c = weights[2:, drawn]
    of_sigma = -conic @ np.stack([w_a, w_b / 2, w_b / 2, w_c], axis=1).reshape(-1, 2, 2) @ conic
    given = weights.astype(np.float32)
    given[2:, drawn] = of_sigma.reshape(-1, 4)[:, [0, 1, 3]].T
    ours = native.to_splats(parts.projection_gradients(*seen, given, instruction_set))
    for field in GEOMETRY:
        assert relative(getattr(ours, field), leaves[field].grad.numpy()) < (1e-3 if name == "needles" else 1e-4), field
    assert not ours.opacity_logits.any()


@pytest.mark.parametrize("name", scenes.SCENES)
def test_radii_are_gsplats(name, instruction_set):
    """gsplat's whole pixels around a centre hold the pixels that the core draws; opaque splats fill them."""
    splats, camera = scenes.SCENES[name](np.random.default_rng(12)), scenes.cameras(WIDTH, HEIGHT).select([0])
    splats.opacity_logits[:40] = 12.0  # alpha reaches 1/255 where gsplat's radius of 3.33 sigma ends
    _, radii, centres, _ = gsplats(splats, camera)
    seen = native.from_splats(splats), native.from_cameras(camera)[0], WIDTH, HEIGHT
    boxes = parts.projection(*seen, instruction_set)[1].reshape(-1, 2, 2)  # splat, axis, from and to
    drawn = (boxes[..., 1] > boxes[..., 0]).all(axis=1)
    radii, centres = radii.numpy(), centres.detach().numpy()
    assert (radii[drawn] > 0).all()
    assert (boxes[drawn, :, 0] + 0.5 >= (centres - radii)[drawn] - 1e-2).all()
    assert (boxes[drawn, :, 1] - 0.5 <= (centres + radii)[drawn] + 1e-2).all()
    inside = (boxes[..., 0] > 0) & (boxes[..., 1] < [WIDTH, HEIGHT])
    whole = inside & drawn[:, None] & (np.arange(len(splats)) < 40)[:, None]
    assert whole.sum() > 10
    # a box of pixel centres is at most one pixel narrower than its ellipse, gsplat's rounds up by at most one each way
    narrower = (2 * radii - (boxes[..., 1] - boxes[..., 0]))[whole]
    assert narrower.min() >= -1
    assert narrower.max() <= 3
