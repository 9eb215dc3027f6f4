"""Images of Gaussians, and their gradients."""

import numpy as np

from vid3d.errors import InputError
from vid3d.scene import Cameras, Float32, Splats
from vid3d.splatting import planes
from vid3d.splatting.instruction_sets import InstructionSet, load

Colour = tuple[float, float, float]
WHITE: Colour = (1.0, 1.0, 1.0)


def render(
    splats: Splats,
    cameras: Cameras,
    *,
    background: Colour = WHITE,
    near: float = 0.2,
    alpha_cap: float = 0.99,
    eps2d: float = 0.3,
    instruction_set: InstructionSet = "auto",
) -> Float32:
    """What the cameras see, composited over ``background``.

    Args:
        splats: finite values only.
        cameras: n cameras.
        background: RGB.
        near: splats whose centre is nearer than this are not drawn, scene units.
        alpha_cap: largest alpha of one splat at one pixel (.99 in the released code, .999 in gsplat).
        eps2d: low-pass added to the image-plane covariance, pixels squared.

    Returns:
        (n, height, width, 3) float32, at least 0; values above 1 are possible since colours are not clamped there.

    Raises:
        InputError: NaN or infinity in the splats, a quaternion of length 0, an instruction set this machine lacks.
    """
    images = np.empty((len(cameras), 3, cameras.height, cameras.width), np.float32)
    load(instruction_set).render(
        planes.from_splats(splats), planes.from_cameras(cameras), images, background, near, alpha_cap, eps2d
    )
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))


def render_backward(
    splats: Splats,
    cameras: Cameras,
    image_gradients: Float32,
    *,
    background: Colour = WHITE,
    near: float = 0.2,
    alpha_cap: float = 0.99,
    eps2d: float = 0.3,
    instruction_set: InstructionSet = "auto",
) -> Splats:
    """The gradient of any loss of ``render``'s images, summed over the cameras.

    The forward pass is done again, so that no state has to be kept between the two calls.

    Args:
        image_gradients: (n, height, width, 3) float32, dL/d(images of ``render`` with the same arguments).

    Returns:
        dL/d(field) for every field of ``Splats`` in its own parametrisation: quaternions before normalisation, the
        logarithm of the scales, the logit of the opacity, spherical-harmonics coefficients.

    Raises:
        InputError: as ``render``, or NaN or infinity in ``image_gradients``.
        ValueError: ``image_gradients`` does not match the cameras.
    """
    shape = (len(cameras), cameras.height, cameras.width, 3)
    if image_gradients.shape != shape or image_gradients.dtype != np.float32:
        raise ValueError(f"image_gradients must be float32 of shape {shape}, not {image_gradients.shape}")
    if not np.isfinite(image_gradients).all():
        raise InputError("image_gradients hold NaN or infinity")
    gradients = np.empty((planes.PLANES, len(splats)), np.float32)
    load(instruction_set).render_backward(
        planes.from_splats(splats),
        planes.from_cameras(cameras),
        planes.planar(image_gradients),
        gradients,
        background,
        near,
        alpha_cap,
        eps2d,
    )
    return planes.to_splats(gradients)


class Drawn:
    """One camera's image of splats, kept for its backward pass: for use in other loops than ``vid3d.splatting.fit``.

    Attributes:
        image: (height, width, 3) float32, as ``render`` makes it with the same arguments.
        visible: (n,) bool: splats in front of the near plane whose square of three standard deviations meets the image.
    """

    def __init__(
        self,
        splats: Splats,
        camera: Cameras,
        *,
        background: Colour = WHITE,
        near: float = 0.2,
        alpha_cap: float = 0.99,
        eps2d: float = 0.3,
        instruction_set: InstructionSet = "auto",
    ) -> None:
        """Draw.

        Raises:
            InputError: as ``render``.
            ValueError: ``camera`` is not a single one.
        """
        image = np.empty((3, camera.height, camera.width), np.float32)
        self.visible = np.empty(len(splats), bool)
        self._core = load(instruction_set).Drawn(
            planes.from_splats(splats),
            planes.from_cameras(camera),
            image,
            self.visible,
            background,
            near,
            alpha_cap,
            eps2d,
        )
        self.image: Float32 = np.ascontiguousarray(image.transpose(1, 2, 0))

    def backward(self, image_gradient: Float32) -> tuple[Splats, Float32]:
        """The gradients that follow from (height, width, 3) float32 dL/d(image).

        Returns:
            dL/d(field) as ``render_backward`` returns it, and (n, 2) float32 dL/d(centre in pixels): how the loss
            changes when a splat's ellipse moves in the image plane, which is what densification looks at.

        Raises:
            InputError: NaN or infinity in ``image_gradient``.
            ValueError: ``image_gradient`` does not match the image.
        """
        if image_gradient.shape != self.image.shape or image_gradient.dtype != np.float32:
            raise ValueError(f"image_gradient must be float32 of shape {self.image.shape}, not {image_gradient.shape}")
        if not np.isfinite(image_gradient).all():
            raise InputError("image_gradient holds NaN or infinity")
        gradients = np.empty((planes.PLANES, len(self.visible)), np.float32)
        centres = np.empty((len(self.visible), 2), np.float32)
        self._core.backward(np.ascontiguousarray(image_gradient.transpose(2, 0, 1)), gradients, centres)
        return planes.to_splats(gradients), centres
