"""rembg's cut-out on a tiny ONNX model of ours (``tests/data/rembg/ORIGIN.md``)."""

from pathlib import Path

import numpy as np
import pytest

from vid3d.errors import InputError
from vid3d.study.specs.views import V3dViews

pytest.importorskip("onnxruntime")
from vid3d.backends import cutout_u2net

MODEL = Path(__file__).parents[2] / "data/rembg/tiny_u2net.onnx"


def build(model):
    return cutout_u2net.build(V3dViews(backend="v3d", cutout_model=str(model)))


@pytest.fixture(scope="module")
def cut_out():
    return build(MODEL)


def square(height, width):
    """A dark square on white, (h, w, 3) uint8, and where it is."""
    inside = np.zeros((height, width), bool)
    inside[height // 4 : height // 2, width // 4 : width // 2] = True
    return np.where(inside[..., None], np.uint8([30, 60, 90]), np.uint8(255)), inside


@pytest.mark.parametrize("shape", [(64, 64), (100, 60), (48, 400)])
def test_the_alpha_has_the_images_size_and_is_where_the_object_is(cut_out, shape):
    image, inside = square(*shape)
    alpha = cut_out(image)
    assert alpha.shape == shape
    assert alpha.dtype == np.uint8
    assert ((alpha > 127) == inside).mean() > 0.97
    assert alpha[inside].mean() > 200
    assert alpha[~inside].mean() < 20


def test_the_brightest_value_counts_as_white(cut_out):
    """rembg scales by it: a dim picture has the same alpha as a bright one."""
    image, _ = square(64, 64)
    bright, dim = (cut_out(picture).astype(int) for picture in (image, image // 3))
    assert np.abs(bright - dim).mean() < 1
    assert ((bright > 127) == (dim > 127)).all()


@pytest.mark.parametrize("level", [0, 255])
def test_where_nothing_stands_out_the_alpha_is_empty(cut_out, level):
    assert not cut_out(np.full((40, 50, 3), level, np.uint8)).any()


def test_a_missing_model_is_refused_with_the_cure(tmp_path):
    with pytest.raises(InputError, match=r"cutout_model: .*absent\.onnx: no such file; `snakemake") as error:
        build(tmp_path / "absent.onnx")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("keep", [0, 300])
def test_a_broken_model_is_refused(tmp_path, keep):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(MODEL.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"broken\.onnx is no ONNX model") as error:
        build(broken)
    assert "\n" not in str(error.value)


def test_a_model_of_another_size_is_refused(tmp_path):
    """The sizes stand in the file as two bytes each."""
    other = tmp_path / "other.onnx"
    other.write_bytes(MODEL.read_bytes().replace(b"\xc0\x02", b"\x80\x02"))
    with pytest.raises(InputError, match=r"\[1, 3, 256, 256\], not of 320 x 320"):
        build(other)
