"""Orbits, and the one statement of axes, handedness, units and pixel centres.

World: right-handed, z up, in scene units; the object sits at the origin.  Camera: OpenCV axes (x right, y down, z
forward).  Azimuth is counter-clockwise seen from +z and 0 at +x; elevation is positive above the ground plane.  The
centre of pixel (column c, row r) is at (c + 0.5, r + 0.5) pixels from the image's upper left corner; the principal
point is the image centre.  Radius 2 scene units and a field of view of 60 degrees on both axes are those of the
released code (V3D's orbit); its training cameras are ``orbit(18, size)``, its evaluation cameras ``orbit(10, size)``.
"""

import math
from collections.abc import Sequence

import numpy as np

from vid3d.errors import InputError
from vid3d.scene import Cameras

ORBIT_RADIUS = 2.0  # scene units
FIELD_OF_VIEW = 60.0  # degrees, both axes
EVALUATION_CAMERAS = 10  # azimuths 36 k degrees
GENERATED_VIEWS = 18  # azimuths 20 k degrees


def look_at_origin(azimuth: float, elevation: float, radius: float = ORBIT_RADIUS) -> np.ndarray:
    """Camera-to-world matrix (4, 4) float64 of a camera on the sphere that looks at the origin with z up.

    Args:
        azimuth: degrees, counter-clockwise from +x.
        elevation: degrees above the ground plane, strictly between -90 and 90.
        radius: distance to the origin in scene units, positive.
    """
    if not -90.0 < elevation < 90.0 or radius <= 0.0:
        raise ValueError(f"elevation {elevation} must lie within (-90, 90) degrees and radius {radius} be positive")
    a, e = math.radians(azimuth), math.radians(elevation)
    right = (-math.sin(a), math.cos(a), 0.0)
    forward = (-math.cos(e) * math.cos(a), -math.cos(e) * math.sin(a), -math.sin(e))
    down = np.cross(forward, right)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = right, down, forward
    matrix[:3, 3] = -radius * np.asarray(forward)
    return matrix


def sphere(azimuths: Sequence[float], elevation: float, size: int) -> Cameras:
    """Cameras at the given azimuths (degrees) and one elevation (degrees), images of ``size`` x ``size`` pixels."""
    matrices = np.stack([look_at_origin(azimuth, elevation) for azimuth in azimuths])
    return Cameras(matrices, FIELD_OF_VIEW, size, size)


def orbit(count: int, size: int) -> Cameras:
    """``count`` cameras at azimuths 360 k / count degrees and elevation 0."""
    return sphere([360.0 * k / count for k in range(count)], 0.0, size)


def view_indices(generated: int, used: int) -> list[int]:
    """Which of ``generated`` uniform views stand for an orbit of ``used`` uniform views: every (generated/used)-th.

    The released code always generates 18 views and sub-samples them (images[::6] for 3); a count that does not divide
    would silently pair images with wrong poses there, so it is refused here.
    """
    if used < 1 or generated % used:
        divisors = [n for n in range(1, generated + 1) if generated % n == 0]
        raise InputError(f"view count {used} does not divide the {generated} generated views: choose one of {divisors}")
    return list(range(0, generated, generated // used))


HELD_OUT_AZIMUTHS = tuple(10.0 + 20.0 * k for k in range(18))  # degrees: halfway between the training views
HELD_OUT_RAISED_AZIMUTHS = tuple(10.0 + 60.0 * k for k in range(6))  # degrees, used at the elevations below
HELD_OUT_ELEVATIONS = (20.0, -20.0)  # degrees


def held_out(size: int) -> tuple[Cameras, list[tuple[float, float]]]:
    """Cameras that no view count trains on, and their (azimuth, elevation) in degrees.

    18 at elevation 0 halfway between the training views, then 6 each at elevations +20 and -20 degrees.
    """
    angles = [(a, 0.0) for a in HELD_OUT_AZIMUTHS]
    angles += [(a, e) for e in HELD_OUT_ELEVATIONS for a in HELD_OUT_RAISED_AZIMUTHS]
    matrices = np.stack([look_at_origin(a, e) for a, e in angles])
    return Cameras(matrices, FIELD_OF_VIEW, size, size), angles
