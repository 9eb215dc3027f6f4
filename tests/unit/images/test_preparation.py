"""What a multi-view model is shown: centred, on white, whatever the frame's shape; and one place for a whole clip."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vid3d.errors import InputError
from vid3d.images import preparation
from vid3d.images.preparation import Box
from vid3d.study.specs.views import V3dViews

COLOUR = (230, 77, 26)


def disc(height=80, width=80, radius=20.0, centre=(30, 44)):
    """(h, w, 4) uint8: a disc with a soft outline, white where transparent."""
    rows, columns = np.mgrid[:height, :width] + 0.5
    alpha = np.clip(radius - np.hypot(rows - centre[0], columns - centre[1]) + 0.5, 0, 1)
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[alpha > 0, :3] = COLOUR
    rgba[..., 3] = np.rint(alpha * 255)
    return rgba


def on_white(rgba):
    picture = Image.fromarray(rgba)
    return np.asarray(Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB"))


def spec(**settings):
    return V3dViews(backend="v3d", **({"size": 64, "cutout": "alpha"} | settings))


def prepared(*frames, clip=(), cut_out=preparation.without_model, **settings):
    named = [{Path(f"frame-{i:02d}.png"): frame for i, frame in enumerate(some)} for some in (frames, clip)]
    return preparation.prepare(named[0], spec(**settings), cut_out, named[1])


def extent(image):
    """(rows, columns) that the object covers, and its centre (row, column), in pixels."""
    rows, columns = np.nonzero(image.min(axis=2) < 0.5)
    middle = (rows.min() + rows.max() + 1) / 2, (columns.min() + columns.max() + 1) / 2
    return (np.ptp(rows) + 1, np.ptp(columns) + 1), middle


# --- as it is ---------------------------------------------------------------------------------------------------------


def test_without_cutout_a_frame_goes_in_as_it_is_on_white():
    rgba = disc()

    def never(image):
        raise AssertionError("nothing is to be cut out")

    plain, transparent = prepared(on_white(rgba), rgba, size=80, cutout="none", recentre="clip", cut_out=never)
    np.testing.assert_array_equal(np.rint(plain * 255), on_white(rgba))
    np.testing.assert_array_equal(plain, transparent)
    (smaller,) = prepared(rgba, size=40, cutout="none", cut_out=never)
    assert smaller.shape == (40, 40, 3)
    assert extent(smaller)[1] == pytest.approx((15, 22), abs=0.5)


# --- one frame --------------------------------------------------------------------------------------------------------


def test_the_object_is_centred_and_the_border_white():
    (image,) = prepared(disc())
    assert image.shape == (64, 64, 3)
    assert image.dtype == np.float32
    size, centre = extent(image)
    np.testing.assert_allclose(size, 0.7 * 64, atol=2)
    np.testing.assert_allclose(centre, 32, atol=1)
    for edge in (image[0], image[-1], image[:, 0], image[:, -1]):
        assert (edge == 1.0).all()
    np.testing.assert_allclose(image[32, 32] * 255, COLOUR, atol=1)
    np.testing.assert_allclose(image * 255, np.rint(image * 255), atol=1e-4)


def test_where_the_object_was_does_not_matter():
    np.testing.assert_allclose(*(prepared(disc(centre=c))[0] for c in ((30, 44), (50, 25))), atol=2 / 255)


@pytest.mark.parametrize("border", [0.0, 0.1, 0.5])
def test_the_border_is_a_setting(border):
    np.testing.assert_allclose(extent(prepared(disc(), border=border)[0])[0], (1 - border) * 64, atol=2)


@pytest.mark.parametrize("shape", [(60, 90), (90, 60)])
def test_a_frame_that_is_not_square_is_not_squashed(shape):
    """Its longer side counts: the disc is as large as in a square frame."""
    (image,) = prepared(disc(*shape, centre=(30, 30)))
    size, centre = extent(image)
    np.testing.assert_allclose(size, 0.7 * 64, atol=2)
    np.testing.assert_allclose(centre, 32, atol=1)


def test_a_thin_object_fits():
    rgba = np.zeros((60, 90, 4), np.uint8)
    rgba[5:55, 40:44, 3] = 255
    size, _ = extent(prepared(rgba)[0])
    assert size[0] == pytest.approx(0.7 * 64, abs=2)
    assert size[1] < 8


def test_an_object_that_touches_the_border_is_centred_as_it_is_cut():
    """Of the disc on the frame's edge, half is there; that half is centred."""
    size, centre = extent(prepared(disc(centre=(0, 40)))[0])
    assert size[0] == pytest.approx(0.35 * 64, abs=2)
    assert size[1] == pytest.approx(0.7 * 64, abs=2)
    np.testing.assert_allclose(centre, 32, atol=1)


def test_an_object_that_fills_the_frame_shrinks():
    filled = np.dstack([np.full((40, 40, 3), 90, np.uint8), np.full((40, 40), 255, np.uint8)])
    np.testing.assert_allclose(extent(prepared(filled)[0])[0], 0.7 * 64, atol=2)


def test_soft_edges_blend_with_white():
    (image,) = prepared(disc(radius=10), size=80)
    distance = np.hypot(*(np.mgrid[:80, :80] - 39.5))
    edge = image[(distance > 27) & (distance < 30)]
    between = np.asarray(COLOUR) / 255
    assert (edge >= between - 0.02).all()
    assert ((edge[:, 2] > 0.2) & (edge[:, 2] < 0.9)).sum() > 50


# --- the alpha --------------------------------------------------------------------------------------------------------


def test_a_frame_without_alpha_is_cut_out_without_a_model():
    rgba = disc()
    known, found = (prepared(frame)[0] for frame in (rgba, on_white(rgba)))
    np.testing.assert_allclose(extent(found), extent(known), atol=2)
    assert np.abs(found - known).mean() < 0.03


def test_the_frames_own_alpha_comes_first():
    def never(image):
        raise AssertionError("called")

    for cutout in ("rembg", "alpha"):
        prepared(disc(), cut_out=never, cutout=cutout)


def test_the_found_alpha_darkens_soft_edges_as_released_or_not():
    rgba = disc()

    def found(image):
        return rgba[..., 3]

    twice, once = (
        prepared(on_white(rgba), cut_out=found, cutout="rembg", soft_edges=edges)[0]
        for edges in ("as-released", "once")
    )
    assert (twice - once).max() < 5 / 255
    assert (twice - once).min() < -0.1
    inside = np.hypot(*(np.mgrid[:64, :64] - 31.5)) < 18
    np.testing.assert_allclose(twice[inside], once[inside], atol=1.5 / 255)


def test_only_rembgs_alpha_is_applied_twice():
    rgba = disc()
    images = [
        prepared(on_white(rgba), cut_out=lambda _: rgba[..., 3], soft_edges=edges)[0]
        for edges in ("as-released", "once")
    ]
    np.testing.assert_array_equal(*images)


# --- the clip ---------------------------------------------------------------------------------------------------------

MOVING = [disc(centre=(30, 30), radius=12), disc(centre=(40, 50), radius=16), disc(centre=(50, 40), radius=12)]


def test_frame_by_frame_the_object_is_always_as_large_and_in_the_middle():
    sizes, centres = zip(*map(extent, prepared(*MOVING)), strict=True)
    np.testing.assert_allclose(sizes, 0.7 * 64, atol=2)
    np.testing.assert_allclose(centres, 32, atol=1)


def test_one_box_for_the_clip_keeps_sizes_and_movements():
    sizes, centres = zip(*map(extent, prepared(*MOVING, clip=MOVING, recentre="clip")), strict=True)
    boxes = [preparation.bounds(frame, "") for frame in MOVING]
    box = preparation.union(boxes)
    scale = 0.7 * 64 / max(box.bottom - box.top, box.right - box.left)
    np.testing.assert_allclose(sizes, [[scale * 2 * r] * 2 for r in (12, 16, 12)], atol=2)
    movements = np.diff([(30, 30), (40, 50), (50, 40)], axis=0) * scale
    np.testing.assert_allclose(np.diff(centres, axis=0), movements, atol=1.5)


def test_a_frames_place_in_the_clip_does_not_depend_on_the_frames_beside_it():
    """So that blocks of frames may be prepared in different jobs."""
    together = prepared(*MOVING, clip=MOVING, recentre="clip")
    np.testing.assert_array_equal(prepared(MOVING[0], clip=MOVING, recentre="clip")[0], together[0])
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(prepared(MOVING[0])[0], together[0])


def test_the_clip_is_not_looked_at_frame_by_frame():
    blank = np.zeros((80, 80, 4), np.uint8)
    np.testing.assert_array_equal(prepared(MOVING[0], clip=[MOVING[0], blank])[0], prepared(MOVING[0])[0])


def test_union():
    assert preparation.union([Box(1, 5, 2, 9), Box(3, 7, 0, 4)]) == Box(1, 7, 0, 9)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("covered", [0, 1, 40])
@pytest.mark.parametrize("recentre", ["frame", "clip"])
def test_a_frame_without_an_object_is_named(covered, recentre):
    empty = np.zeros((40, 40, 4), np.uint8)
    empty.reshape(-1, 4)[:covered, 3] = 255  # nothing, a pixel, a row
    frames = [disc(40, 40, 10, (20, 20)), empty]
    with pytest.raises(InputError, match=r"frame-01\.png: no object"):
        prepared(*frames, clip=frames, recentre=recentre)


def test_one_box_for_the_clip_needs_the_clip():
    with pytest.raises(InputError, match="--clip"):
        prepared(disc(), recentre="clip")
