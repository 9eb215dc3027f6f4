"""Colours, patterns and shading.

Patterns are functions of the point at rest, so they move with the part that carries them.  Their edges are about
0.02 scene units wide, which is less than a pixel of a 64-pixel view and keeps them free of aliasing at larger sizes.
"""

from dataclasses import dataclass

import numpy as np

from vid3d.scene import Float64

Colour = tuple[float, float, float]

PALETTE: dict[str, Colour] = {
    "red": (0.86, 0.12, 0.14),
    "orange": (0.98, 0.52, 0.08),
    "yellow": (0.99, 0.84, 0.13),
    "green": (0.16, 0.62, 0.22),
    "teal": (0.08, 0.66, 0.66),
    "blue": (0.13, 0.33, 0.85),
    "purple": (0.51, 0.21, 0.70),
    "pink": (0.98, 0.50, 0.70),
    "brown": (0.48, 0.28, 0.14),
    "grey": (0.55, 0.57, 0.60),
    "black": (0.14, 0.14, 0.16),
    "white": (0.88, 0.88, 0.88),
}
"""RGB in [0, 1] by colour name; white is light grey in truth, since in
full light it must stay apart from the white background, and serves as a second colour only."""

PATTERNS = ("plain", "stripes", "spots", "checks", "patches")

_WAVELENGTH = {"stripes": 0.30, "spots": 0.27, "checks": 0.40, "patches": 0.75}  # scene units
_EDGE = 0.02  # scene units over which one colour turns into the other

_C, _S = np.cos(np.radians(35.0)), np.sin(np.radians(35.0))
# a fixed rotation, 35 degrees about z and then about x
_TURNED = np.array([[1, 0, 0], [0, _C, -_S], [0, _S, _C]]) @ np.array([[_C, -_S, 0], [_S, _C, 0], [0, 0, 1]])

# The light hangs in the world and nothing depends on the viewing direction, so one colour per point explains all views.
_LIGHT = np.array([0.62, -0.38, 0.68]) / np.linalg.norm([0.62, -0.38, 0.68])
_AMBIENT, _SKY, _DIRECT = 0.56, 0.18, 0.38


@dataclass(frozen=True)
class Paint:
    """What covers a part: one colour, or two in a pattern.

    Attributes:
        colour: RGB in [0, 1].
        second: RGB in [0, 1] of the pattern.
        pattern: one of ``PATTERNS``.
        axis: unit vector across which stripes run, in the object's own frame.
        shift: moves the pattern, in wavelengths.
    """

    colour: Colour
    second: Colour = (0.0, 0.0, 0.0)
    pattern: str = "plain"
    axis: tuple[float, float, float] = (1.0, 0.0, 0.0)
    shift: float = 0.0

    def __call__(self, points: Float64) -> Float64:
        """RGB (n, 3) at points (n, 3) of the object at rest, in scene units."""
        base = np.broadcast_to(np.asarray(self.colour), points.shape)
        if self.pattern == "plain":
            return base
        share = self._share(points)[:, None]
        mixed: Float64 = base + share * (np.asarray(self.second) - base)
        return mixed

    def _share(self, points: Float64) -> Float64:
        """How much of the second colour shows, (n,) in [0, 1]."""
        wave = 2.0 * np.pi / _WAVELENGTH[self.pattern]
        angle = wave * points + 2.0 * np.pi * self.shift
        if self.pattern == "stripes":
            level = np.sin(wave * (points @ np.asarray(self.axis)) + 2.0 * np.pi * self.shift) - 0.3
        elif self.pattern == "spots":
            # A lattice of balls, turned against the axes so that rows of spots do not line up with the parts.
            level = np.cos(wave * (points @ _TURNED.T) + 2.0 * np.pi * self.shift).sum(1) - 1.0
        elif self.pattern == "checks":
            level = np.sin(angle + 0.6).prod(1) * 1.5
        else:
            x, y, z = angle.T
            level = np.sin(x + 0.7 * z) + np.sin(1.3 * y - 0.8 * x + 1.0) + np.sin(1.2 * z + 0.6 * y + 2.0) - 0.35
        share: Float64 = np.clip(0.5 + level / (wave * _EDGE), 0.0, 1.0)
        return share


def shade(normals: Float64) -> Float64:
    """Brightness (n,) of surfaces with unit world normals (n, 3): Lambert's law plus light from all around."""
    light = _AMBIENT + _SKY * (1.0 + normals[:, 2]) / 2.0 + _DIRECT * np.maximum(normals @ _LIGHT, 0.0)
    return np.asarray(light)
