"""SPZ files: the public format to the bit, the axes, what is lost, and damaged files."""

import gzip
import math
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.browser.demo import waver
from tests.unit.report.spz_reader import decode
from vid3d.cameras import sphere
from vid3d.errors import InputError
from vid3d.report import spz
from vid3d.scene import Splats
from vid3d.splatting.rasteriser import render


def some(count=200, seed=0):
    rng = np.random.default_rng(seed)
    draw = lambda *shape: rng.standard_normal((count, *shape)).astype(np.float32)  # noqa: E731
    return Splats(draw(3), draw(4), draw(3) - 4.0, 2.0 * draw(), draw(3))


def one(**fields):
    plain = {
        "positions": np.zeros((1, 3), np.float32),
        "quaternions": np.array([[1, 0, 0, 0]], np.float32),
        "log_scales": np.full((1, 3), -4.0, np.float32),
        "opacity_logits": np.zeros(1, np.float32),
        "colours": np.zeros((1, 3), np.float32),
    }
    return Splats(**plain | {name: np.array([value], np.float32) for name, value in fields.items()})


def quaternion(packed: int) -> list[float]:
    """x, y, z, w of 32 bits, component by component as the format's text says."""
    fields = [(packed >> shift) & 1023 for shift in (20, 10, 0)]
    smaller = [(-1 if field & 512 else 1) * (field & 511) / 511 * math.sqrt(0.5) for field in fields]
    largest = packed >> 30
    return [*smaller[:largest], math.sqrt(1 - sum(v * v for v in smaller)), *smaller[largest:]]


def test_the_bytes_are_those_of_the_format():
    splats = one(
        positions=(0.5, -0.25, 2.0),  # in the file (-0.25, 2, 0.5)
        quaternions=(0.5, 0.5, 0.5, 0.5),  # x to y to z; the file's axes undo just this turn: no rotation
        log_scales=(-4.0, -5.0, -12.0),  # 96, 80, below 0
        opacity_logits=math.log(0.2 / 0.8),  # 0.2 of 255
        colours=(0.0, 1.0, -4.0),  # 127.5 rounds to even, 0.65 of 255, below 0
    )
    data = spz.encode(splats)
    assert data[:2] == b"\x1f\x8b"
    expected = struct.pack("<4sIIBBBB", b"NGSP", 3, 1, 0, 12, 0, 0)
    expected += b"".join(struct.pack("<i", round(value * 4096))[:3] for value in (-0.25, 2.0, 0.5))
    expected += bytes([51, 128, 166, 0, 96, 80, 0])
    expected += struct.pack("<I", 3 << 30)  # w is the largest, the others are 0
    assert gzip.decompress(data) == expected


def test_rotations_are_packed_as_the_format_says_and_turned_with_the_axes():
    splats = some(50)
    raw = gzip.decompress(spz.encode(splats))
    packed = struct.unpack(f"<{len(splats)}I", raw[-4 * len(splats) :])
    in_file = Rotation.from_quat([quaternion(value) for value in packed]).as_matrix()
    in_world = Rotation.from_quat(np.roll(splats.quaternions, -1, axis=1)).as_matrix()
    np.testing.assert_allclose(in_file, in_world[:, [1, 2, 0]], atol=4e-3)  # rows: y, z, x


def test_what_is_read_is_what_was_written_up_to_the_steps_of_the_format():
    splats = some()
    read = decode(spz.encode(splats))
    np.testing.assert_allclose(read.positions, splats.positions, atol=0.5 / 4096 + 1e-6)
    np.testing.assert_allclose(read.log_scales, np.maximum(splats.log_scales, -10.0), atol=1 / 32 + 1e-6)
    opacities = [1 / (1 + np.exp(-s.opacity_logits.astype(np.float64))) for s in (splats, read)]
    np.testing.assert_allclose(*opacities, atol=0.5 / 255 + 1e-6)
    inside = np.abs(splats.colours) < 3.3
    np.testing.assert_allclose(read.colours[inside], splats.colours[inside], atol=0.5 / 255 / 0.15 + 1e-5)
    turns = [Rotation.from_quat(np.roll(s.quaternions, -1, axis=1)) for s in (splats, read)]
    assert (turns[0] * turns[1].inv()).magnitude().max() < 5e-3  # radians


def test_reading_and_writing_again_changes_nothing():
    data = spz.encode(some())
    assert spz.encode(decode(data)) == data == spz.encode(some())


def test_pictures_keep_their_looks():
    splats, cameras = waver(0.2, 1.0, 1500), sphere([0.0, 110.0, 200.0], 20.0, 96)
    pictures = [np.clip(render(s, cameras), 0, 1) for s in (splats, decode(spz.encode(splats)))]
    assert -10 * np.log10(np.mean((pictures[0] - pictures[1]) ** 2)) > 45  # dB


@pytest.mark.parametrize("opacity_logit", [-80.0, 80.0])
def test_opacities_0_and_1_are_read_as_finite_splats(opacity_logit):
    read = decode(spz.encode(one(opacity_logits=opacity_logit)))
    assert np.isfinite(read.opacity_logits).all()
    assert np.sign(read.opacity_logits) == np.sign(opacity_logit)


def test_no_splats_at_all():
    assert len(decode(spz.encode(some(0)))) == 0


@pytest.mark.parametrize("position", [(0, 2048.0, 0), (-2049.0, 0, 0)])
def test_a_position_that_does_not_fit_is_refused(position):
    with pytest.raises(InputError, match="beyond 2048 scene units"):
        spz.encode(one(positions=position))


@pytest.mark.parametrize("field", ["positions", "quaternions", "log_scales", "opacity_logits", "colours"])
def test_what_is_not_finite_is_refused(field):
    splats = some(3)
    getattr(splats, field)[1] = np.nan
    with pytest.raises(InputError, match="NaN"):
        spz.encode(splats)


def header(magic=0x5053474E, version=3, count=1, bits=12):
    return struct.pack("<IIIBBBB", magic, version, count, 0, bits, 0, 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "damaged"),
        (b"ply\n", "damaged"),
        (gzip.compress(b"NGSP"), "damaged"),
        (gzip.compress(header(magic=1) + bytes(20)), "version 3"),
        (gzip.compress(header(version=2) + bytes(19)), "version 3"),
        (gzip.compress(header(count=2) + bytes(39)), "truncated"),
        (gzip.compress(header(bits=24) + bytes(20)), "truncated or damaged"),
        (gzip.compress(header(count=2**32 - 1) + bytes(20)), "10000000"),
        (spz.encode(some(20))[:100], "truncated"),
    ],
)
def test_damaged_files_are_refused_by_name(data, reason):
    with pytest.raises(InputError, match=rf"frame\.spz: .*{reason}"):
        decode(data, "frame.spz")


def test_no_more_is_unpacked_than_the_header_promises():
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    data = packer.compress(gzip.decompress(spz.encode(some(1)))) + packer.compress(bytes(2**23)) + packer.flush()
    tracemalloc.start()
    assert len(decode(data)) == 1
    assert tracemalloc.get_traced_memory()[1] < 2**20  # bytes at the most, of the 8 MB of zeros behind the splat
    tracemalloc.stop()
