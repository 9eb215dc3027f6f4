"""Images of Gaussians, and their gradients."""

import numpy as np

from vid3d.errors import InputError
from vid3d.scene import Cameras, Float32, Splats
from vid3d.splatting import native
from vid3d.splatting.native import AS_RELEASED, InstructionSet, Rasterisation, load


def render(
    splats: Splats,
    cameras: Cameras,
    rasterisation: Rasterisation = AS_RELEASED,
    instruction_set: InstructionSet = "auto",
) -> Float32:
    """What n cameras see of splats, whose values must be finite.

    Returns:
        (n, height, width, 3) float32, at least 0; values above 1 are possible since colours are not clamped there.

    Raises:
        InputError: NaN or infinity in the splats, a quaternion of length 0, an instruction set this machine lacks.
    """
    images = np.empty((len(cameras), 3, cameras.height, cameras.width), np.float32)
    load(instruction_set).render(native.from_splats(splats), native.from_cameras(cameras), images, rasterisation)
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))


class Drawn:
    """One camera's image of splats, kept for its backward pass: the gradients of any loss of that image.

    Attributes:
        image: (height, width, 3) float32, as ``render`` makes it with the same arguments.
        visible: (n,) bool: splats in front of the near plane whose square of three standard deviations meets the image.
    """

    def __init__(
        self,
        splats: Splats,
        camera: Cameras,
        rasterisation: Rasterisation = AS_RELEASED,
        instruction_set: InstructionSet = "auto",
    ) -> None:
        """Draw.

        Raises:
            InputError: as ``render``.
            ValueError: ``camera`` is not a single one.
        """
        if len(camera) != 1:
            raise ValueError(f"one image is drawn by one camera, not by {len(camera)}")
        image = np.empty((3, camera.height, camera.width), np.float32)
        self.visible = np.empty(len(splats), bool)
        self._core = load(instruction_set).Drawn(
            native.from_splats(splats), native.from_cameras(camera), image, self.visible, rasterisation
        )
        self.image: Float32 = np.ascontiguousarray(image.transpose(1, 2, 0))

    def backward(self, image_gradient: Float32) -> tuple[Splats, Float32]:
        """The gradients that follow from (height, width, 3) float32 dL/d(image).

        Returns:
            dL/d(field) for every field of ``Splats`` in its own parametrisation (quaternions before normalisation, the
            logarithm of the scales, the logit of the opacity, spherical-harmonics coefficients), and (n, 2) float32
            dL/d(centre in pixels): how the loss changes when a splat's ellipse moves in the image plane, which is what
            densification looks at.

        Raises:
            InputError: NaN or infinity in ``image_gradient``.
            ValueError: ``image_gradient`` does not match the image.
        """
        if image_gradient.shape != self.image.shape or image_gradient.dtype != np.float32:
            raise ValueError(f"image_gradient must be float32 of shape {self.image.shape}, not {image_gradient.shape}")
        if not np.isfinite(image_gradient).all():
            raise InputError("image_gradient holds NaN or infinity")
        gradients = np.empty((native.PLANES, len(self.visible)), np.float32)
        centres = np.empty((len(self.visible), 2), np.float32)
        self._core.backward(np.ascontiguousarray(image_gradient.transpose(2, 0, 1)), gradients, centres)
        return native.to_splats(gradients), centres
