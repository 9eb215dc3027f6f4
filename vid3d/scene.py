"""What travels between the stages: frozen dataclasses of numpy arrays, shapes stated and checked."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
UInt8 = NDArray[np.uint8]

SH_C0 = 0.28209479177387814  # the constant spherical harmonic, 1 / (2 sqrt(pi)); also in core/projection.hpp, spz.js


def _check(name: str, array: np.ndarray, dtype: type, shape: tuple[int | None, ...]) -> None:
    if array.dtype != dtype:
        raise ValueError(f"{name} must be {np.dtype(dtype).name}, not {array.dtype}")
    if array.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, array.shape, strict=True)):
        raise ValueError(f"{name} must have shape {shape}, not {array.shape}")


@dataclass(frozen=True)
class Cameras:
    """n pinhole cameras of one image size (axes, units and pixel centres: ``vid3d.cameras``).

    Attributes:
        camera_to_world: (n, 4, 4) float64, rigid; columns x right, y down, z forward, centre.
        fov: field of view in degrees on both axes.
        width: image width in pixels.
        height: image height in pixels.
    """

    camera_to_world: Float64
    fov: float
    width: int
    height: int

    def __post_init__(self) -> None:
        _check("camera_to_world", self.camera_to_world, np.float64, (None, 4, 4))
        if not 0.0 < self.fov < 180.0 or self.width < 1 or self.height < 1:
            raise ValueError(f"fov {self.fov} must lie within (0, 180) and {self.width} x {self.height} be positive")

    def __len__(self) -> int:
        return len(self.camera_to_world)

    @property
    def world_to_camera(self) -> Float64:
        """(n, 4, 4) float64: the inverses, by transposing the rotation."""
        rotation = self.camera_to_world[:, :3, :3].transpose(0, 2, 1)
        matrices = np.zeros_like(self.camera_to_world)
        matrices[:, :3, :3] = rotation
        matrices[:, :3, 3] = -np.einsum("nij,nj->ni", rotation, self.camera_to_world[:, :3, 3])
        matrices[:, 3, 3] = 1.0
        return matrices

    @property
    def intrinsics(self) -> Float64:
        """(3, 3) float64 in pixels, the same for all cameras."""
        focal = 0.5 / np.tan(np.radians(self.fov) / 2)
        return np.array([[focal * self.width, 0, self.width / 2], [0, focal * self.height, self.height / 2], [0, 0, 1]])

    def select(self, indices: list[int]) -> "Cameras":
        """The cameras at ``indices``."""
        return Cameras(self.camera_to_world[indices], self.fov, self.width, self.height)


@dataclass(frozen=True)
class Reference:
    """A reference image: what one clip starts from, and the benchmark's unit.

    Attributes:
        name: its name in paths (lower case, digits, dashes).
        caption: what it shows, one phrase.
        image: (h, w, 3) float32 in [0, 1], the source composited on white, any size.
        foreground: (s, s, 3) float32 in [0, 1], the source cut out, recentred, on white.
        alpha: (s, s) float32 in [0, 1], coverage of the foreground.
        procedural: for a procedural object its description (``benchmark/procedural/objects.yaml``), else None.
        doubt: why the foreground may be wrong, a phrase; empty if nothing speaks against it.
    """

    name: str
    caption: str
    image: Float32
    foreground: Float32
    alpha: Float32
    procedural: dict[str, Any] | None = None
    doubt: str = ""

    def __post_init__(self) -> None:
        _check("image", self.image, np.float32, (None, None, 3))
        _check("foreground", self.foreground, np.float32, (None, None, 3))
        _check("alpha", self.alpha, np.float32, self.foreground.shape[:2])


@dataclass(frozen=True)
class Clip:
    """A seed video.

    Attributes:
        images: (f, h, w, 3) float32 in [0, 1], on white.
        alpha: (f, h, w) float32 in [0, 1], coverage where the backend knows it, else None.
    """

    images: Float32
    alpha: Float32 | None = None

    def __post_init__(self) -> None:
        _check("images", self.images, np.float32, (None, None, None, 3))
        if self.alpha is not None:
            _check("alpha", self.alpha, np.float32, self.images.shape[:3])

    def frame(self, index: int, motion: int, reference: Reference) -> "SeedFrame":
        """One frame as the multi-view stage receives it; what the clip was asked for goes along.

        Raises:
            IndexError: the clip has no such frame.
        """
        return SeedFrame(
            self.images[index], None if self.alpha is None else self.alpha[index], index, motion, reference
        )


@dataclass(frozen=True)
class Moment:
    """A moment of a clip: the frame's number, from 0, and the motion score that the clip was asked for."""

    frame: int
    motion: int


AT_REST = Moment(0, 0)


@dataclass(frozen=True)
class SeedFrame:
    """One frame of a seed video, as the multi-view stage receives it.

    Attributes:
        image: (h, w, 3) float32 in [0, 1], on white.
        alpha: (h, w) float32 in [0, 1] or None.
        index: frame number within the clip, from 0.
        motion: the motion score the clip was asked for.
        reference: the reference image of the clip.
    """

    image: Float32
    alpha: Float32 | None
    index: int
    motion: int
    reference: Reference

    def __post_init__(self) -> None:
        _check("image", self.image, np.float32, (None, None, 3))
        if self.alpha is not None:
            _check("alpha", self.alpha, np.float32, self.image.shape[:2])


@dataclass(frozen=True)
class Views:
    """Images of one moment with the cameras that saw them.

    Attributes:
        images: (n, h, w, 3) float32 in [0, 1], on white.
        cameras: n cameras of image size h x w.
    """

    images: Float32
    cameras: Cameras

    def __post_init__(self) -> None:
        _check("images", self.images, np.float32, (len(self.cameras), self.cameras.height, self.cameras.width, 3))


@dataclass(frozen=True)
class Splats:
    """n Gaussians, spherical-harmonics degree 0, in the parametrisation of standard 3DGS PLY files.

    Attributes:
        positions: (n, 3) float32, world units.
        quaternions: (n, 4) float32, wxyz, any length above 0 (normalised where used).
        log_scales: (n, 3) float32, natural logarithm of the standard deviations in world units.
        opacity_logits: (n,) float32, logit of the opacity.
        colours: (n, 3) float32, SH degree-0 coefficients: rgb = 0.5 + SH_C0 * colours.
    """

    positions: Float32
    quaternions: Float32
    log_scales: Float32
    opacity_logits: Float32
    colours: Float32

    def __post_init__(self) -> None:
        n = len(self.positions)
        _check("positions", self.positions, np.float32, (n, 3))
        _check("quaternions", self.quaternions, np.float32, (n, 4))
        _check("log_scales", self.log_scales, np.float32, (n, 3))
        _check("opacity_logits", self.opacity_logits, np.float32, (n,))
        _check("colours", self.colours, np.float32, (n, 3))

    def __len__(self) -> int:
        return len(self.positions)


@dataclass(frozen=True)
class FitReport:
    """What a fit tells about itself besides its splats.

    Attributes:
        losses: (iterations,) float32, the training loss of each iteration.
        counts: (iterations,) int32, the number of splats after each iteration.
        notes: sentences for the reader, such as which scheduled events never fired.
    """

    losses: Float32
    counts: NDArray[np.int32]
    notes: tuple[str, ...] = ()
