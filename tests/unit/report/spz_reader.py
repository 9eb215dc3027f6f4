"""Reading SPZ, as the report's viewer does in JavaScript: to say what ``vid3d.report.spz`` writes."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from vid3d.errors import InputError
from vid3d.report.spz import AXES_TO_FILE, COLOUR_SCALE, HEADER, MAGIC, QUATERNION_STEPS, VERSION
from vid3d.scene import Float64, Splats

BYTES_PER_SPLAT = 9 + 1 + 3 + 3 + 4
MAXIMUM_SPLATS = 10_000_000  # read at most: a damaged header must not fill the memory


def decode(data: bytes, name: str = "SPZ data") -> Splats:
    """Splats in the study's world from an SPZ file of version 3 (higher spherical harmonics are not read).

    Args:
        data: the file.
        name: what errors call it.

    Returns:
        Finite splats: opacities 0 and 1 are read as a quarter of a step inside.

    Raises:
        InputError: not gzip, another version, truncated, or more than 10 million splats.
    """
    try:
        stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # gzip
        head = stream.decompress(data, HEADER.size)
        magic, version, count, _, bits, _, _ = HEADER.unpack(head)
        if (magic, version) != (MAGIC, VERSION):
            raise InputError(f"{name}: is no SPZ of version {VERSION}; export it again from the splats")
        if count > MAXIMUM_SPLATS:
            raise InputError(f"{name}: {count} splats are more than the {MAXIMUM_SPLATS} that are read; is it damaged?")
        body = stream.decompress(stream.unconsumed_tail, count * BYTES_PER_SPLAT) if count else b""
    except (zlib.error, struct.error) as error:
        raise InputError(f"{name}: damaged or no SPZ ({error}); export it again from the splats") from None
    if len(body) != count * BYTES_PER_SPLAT or bits > 23:
        raise InputError(f"{name}: truncated or damaged ({len(body)} bytes for {count} splats); export it again")
    values = np.frombuffer(body, np.uint8)
    ends = np.cumsum([9, 1, 3, 3]) * count
    positions, opacity, colours, scales, rotations = np.split(values, ends)
    alpha = np.clip(opacity / 255.0, 0.25 / 255.0, 1.0 - 0.25 / 255.0)
    return Splats(
        positions=_float32(_from_int24(positions) * 2.0**-bits)[:, [2, 0, 1]],
        quaternions=_float32(_unpack_quaternions(rotations) @ AXES_TO_FILE),
        log_scales=_float32(scales.reshape(count, 3) / 16.0 - 10.0),
        opacity_logits=_float32(np.log(alpha) - np.log1p(-alpha)),
        colours=_float32((colours.reshape(count, 3) / 255.0 - 0.5) / COLOUR_SCALE),
    )


def _float32(values: Float64) -> NDArray[np.float32]:
    return values.astype(np.float32)


def _from_int24(data: NDArray[np.uint8]) -> Float64:
    """(n, 3) float64; the bytes become the upper three of an int32, whose shift back extends the sign."""
    padded = np.zeros((len(data) // 3, 4), np.uint8)
    padded[:, 1:] = data.reshape(-1, 3)
    return (padded.view("<i4")[:, 0] >> 8).astype(np.float64).reshape(-1, 3)


def _unpack_quaternions(data: NDArray[np.uint8]) -> Float64:
    """(n, 4) float64 wxyz of length 1."""
    packed = np.frombuffer(data.tobytes(), "<u4")
    largest = packed >> 30
    q = np.zeros((len(packed), 4))
    for k in (3, 2, 1, 0):
        value = (packed & 511) * np.where(packed & 512, -1.0, 1.0) / QUATERNION_STEPS
        q[:, k] = np.where(largest == k, 0.0, value)
        packed = np.where(largest == k, packed, packed >> 10)
    rest = np.sqrt(np.maximum(1.0 - (q**2).sum(axis=1), 0.0))
    np.put_along_axis(q, largest[:, None].astype(np.intp), rest[:, None], axis=1)
    return np.roll(q, 1, axis=1)
