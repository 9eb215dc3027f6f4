"""SPZ, version 3: splats in 16 bytes each before compression, as browsers and other viewers read them.

The format is public (https://github.com/nianticlabs/spz); numbers are little-endian and the whole is one gzip stream:

    uint32 magic 0x5053474e ("NGSP"), uint32 version 3, uint32 n,
    uint8 degree of the spherical harmonics (0 here), uint8 fractional bits b, uint8 flags, uint8 reserved;
    n x 3 int24   position, fixed point: value / 2^b
    n     uint8   opacity: value / 255
    n x 3 uint8   colour: SH degree 0 = (value / 255 - 0.5) / 0.15
    n x 3 uint8   logarithm of the scale: value / 16 - 10
    n     uint32  rotation: bits 30-31 name the largest component of the unit quaternion x, y, z, w, which is positive
                  and left out; the others follow in that order from the highest bits to the lowest, 10 bits each: a
                  sign bit, then the magnitude times 511 sqrt(2)

Axes: files are right-handed with y up and z towards the viewer, as the format wants them (its "RUB"); the study's world
has z up and its view 0 at +x (``vid3d.cameras``).  So the file's (x, y, z) are the world's (y, z, x), and a viewer that
knows nothing of the study shows view 0, upright.

What is lost: positions to half a 2^-b, scales to 3 %, opacities and colours to 8 bits (a colour's step is 1.9 of 255
grey levels).  Logarithms of scales below -10 become -10; higher spherical harmonics do not occur here.
"""

import gzip
import struct

import numpy as np
from numpy.typing import NDArray

from vid3d.errors import InputError
from vid3d.scene import Float64, Splats

MAGIC, VERSION = 0x5053474E, 3
HEADER = struct.Struct("<IIIBBBB")
FRACTIONAL_BITS = 12  # 1/4096 scene unit, 1/30 of a pixel at 256 pixels; reaches 2048 scene units
COLOUR_SCALE = 0.15
QUATERNION_STEPS = 511.0 * np.sqrt(2.0)  # no component but the largest exceeds sqrt(1/2)

# (x, y, z) -> (y, z, x) is a turn by -120 degrees about (1, 1, 1): what it does to a quaternion wxyz
AXES_TO_FILE = 0.5 * np.array([[1, 1, 1, 1], [-1, 1, 1, -1], [-1, -1, 1, 1], [-1, 1, -1, 1]])


def encode(splats: Splats) -> bytes:
    """Splats of the study's world, any number, as an SPZ file; the same splats make the same bytes.

    Raises:
        InputError: NaN or infinity, or a position beyond what the fixed point holds.
    """
    arrays = (splats.positions, splats.quaternions, splats.log_scales, splats.opacity_logits, splats.colours)
    if not all(np.isfinite(array).all() for array in arrays):
        raise InputError("splats hold NaN or infinity, which SPZ cannot: fit again")
    fixed = np.rint(splats.positions[:, [1, 2, 0]].astype(np.float64) * 2.0**FRACTIONAL_BITS)
    if np.abs(fixed).max(initial=0.0) >= 2**23:
        raise InputError(
            f"a splat lies beyond {2 ** (23 - FRACTIONAL_BITS)} scene units, which SPZ cannot hold: fit again"
        )
    opacity = 1.0 / (1.0 + np.exp(-splats.opacity_logits.astype(np.float64)))
    parts = (
        HEADER.pack(MAGIC, VERSION, len(splats), 0, FRACTIONAL_BITS, 0, 0),
        _to_int24(fixed),
        _to_uint8(opacity * 255.0),
        _to_uint8((splats.colours * COLOUR_SCALE + 0.5) * 255.0),
        _to_uint8((splats.log_scales + 10.0) * 16.0),
        _pack_quaternions(splats.quaternions.astype(np.float64) @ AXES_TO_FILE.T),
    )
    return gzip.compress(b"".join(parts), compresslevel=9, mtime=0)


def _to_uint8(values: NDArray[np.floating]) -> bytes:
    data: bytes = np.clip(np.rint(values), 0, 255).astype(np.uint8).tobytes()
    return data


def _to_int24(values: Float64) -> bytes:
    """Whole numbers within +-2^23, each as the lower three bytes of its int32."""
    return np.ascontiguousarray(values.astype("<i4")).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def _pack_quaternions(wxyz: Float64) -> bytes:
    q = np.roll(wxyz, -1, axis=1)  # x, y, z, w
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    largest = np.abs(q).argmax(axis=1)
    q *= np.where(np.take_along_axis(q, largest[:, None], axis=1) < 0, -1.0, 1.0)  # q and -q are one rotation
    packed = largest.astype(np.uint32)
    for k in range(4):
        magnitude = np.rint(np.abs(q[:, k]) * QUATERNION_STEPS).astype(np.uint32)
        appended = (packed << 10) | ((q[:, k] < 0).astype(np.uint32) << 9) | magnitude
        packed = np.where(largest == k, packed, appended)
    data: bytes = packed.astype("<u4").tobytes()
    return data
