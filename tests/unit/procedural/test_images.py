import numpy as np
import pytest

from vid3d.cameras import held_out, orbit, sphere
from vid3d.procedural import ObjectSpec, make_reference, render
from vid3d.procedural.kinds import KINDS
from vid3d.procedural.motion import solve_amplitude
from vid3d.procedural.objects import sculpt
from vid3d.scene import Cameras

FROG = ObjectSpec("frog", "frog", "green", "yellow", "spots")


def project(points: np.ndarray, cameras: Cameras, index: int) -> np.ndarray:
    seen = np.concatenate([points, np.ones((len(points), 1))], 1) @ cameras.world_to_camera[index].T
    pixels = seen[:, :3] @ cameras.intrinsics.T
    return pixels[:, :2] / pixels[:, 2:]


@pytest.mark.parametrize("kind", ["frog", "truck", "figure"])
@pytest.mark.parametrize("frame", [0.0, 4.5])
def test_parts_project_into_the_silhouette_of_every_camera_and_bound_it(kind, frame):
    obj = ObjectSpec("x", kind, "red", "blue")
    rig = sculpt(obj)
    cameras = sphere([10.0, 130.0, 250.0], -20.0, 96)
    _, alpha = render(obj, frame, 150, cameras)
    maps = rig.pose(frame, solve_amplitude(obj, 150))
    place = [(maps[part.joint], part) for part in rig.parts]
    centres = np.stack([m[:3, :3] @ part.centre + m[:3, 3] for m, part in place])
    outline = np.concatenate(
        [(part.shape.outline() @ part.axes.T + part.centre) @ m[:3, :3].T + m[:3, 3] for m, part in place]
    )
    for index in range(len(cameras)):
        columns, rows = np.floor(project(centres, cameras, index)).astype(int).T
        assert np.all(alpha[index, rows, columns] > 0)  # a part's centre is inside the object, so it is covered
        extremes = project(outline, cameras, index)
        drawn = np.argwhere(alpha[index] > 0)[:, ::-1]
        np.testing.assert_allclose(drawn.min(0), np.floor(extremes.min(0)), atol=1.01)
        np.testing.assert_allclose(drawn.max(0), np.floor(extremes.max(0)), atol=1.01)


def test_supersampling_converges_and_shades_the_edges():
    camera = orbit(1, 48)
    fine, fine_alpha = render(FROG, 0, 0, camera, supersampling=12)
    errors = [np.abs(render(FROG, 0, 0, camera, supersampling=s)[1] - fine_alpha).mean() for s in (1, 2, 3, 6)]
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < 0.3 * errors[0]
    _, alpha = render(FROG, 0, 0, camera)
    assert set(np.unique(np.round(alpha * 9))) == set(range(10))  # 3 x 3 rays: every multiple of a ninth
    assert np.abs(render(FROG, 0, 0, camera)[0] - fine).mean() < 0.005


def test_images_lie_on_white_under_their_alpha():
    images, alpha = render(FROG, 3, 120, orbit(3, 64))
    assert images.dtype == alpha.dtype == np.float32
    assert images.shape == (3, 64, 64, 3)
    assert alpha.shape == (3, 64, 64)
    assert np.all(images[alpha == 0] == 1.0)
    assert alpha.max() == 1.0
    assert images.min() >= 0.0
    assert images.max() <= 1.0
    # What shows through is white: removing it leaves colours that no object exceeds.
    edge = (alpha > 0) & (alpha < 1)
    premultiplied = images[edge] - (1 - alpha[edge])[:, None]
    assert np.all(premultiplied >= -1e-6)
    assert np.all(premultiplied <= alpha[edge][:, None] + 1e-6)


def test_white_parts_part_from_the_background():
    images, alpha = render(ObjectSpec("fish", "fish", "purple", "white", "stripes"), 0, 0, orbit(18, 64))
    assert images[alpha == 1].min(1).max() < 0.985


def test_the_same_description_gives_the_same_pixels(benchmark):
    for obj in list(benchmark.values())[::7]:
        first = render(obj, 5, 160, orbit(2, 40))
        sculpt.cache_clear()
        again = render(ObjectSpec.from_dict(obj.to_dict()), 5, 160, orbit(2, 40))
        assert np.array_equal(first[0], again[0])
        assert np.array_equal(first[1], again[1])


def test_frame_0_is_the_rest_pose_for_every_motion_score_and_swings_come_back_to_it(benchmark):
    camera = orbit(1, 48)
    for obj in benchmark.values():
        rest = render(obj, 0, 0, camera)[0]
        assert np.array_equal(render(obj, 0, 200, camera)[0], rest)
        assert np.abs(render(obj, 3, 200, camera)[0] - rest).mean() > 0.005
        if obj.kind not in ("windmill", "helicopter"):  # these turn on
            assert np.abs(render(obj, 12, 200, camera)[0] - rest).max() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_back_and_mirror_image_differ_from_the_front(kind):
    images, _ = render(ObjectSpec("x", kind, "red", "yellow", "stripes"), 0, 0, orbit(2, 64))
    front, back = images
    for other in (front[:, ::-1], back, back[:, ::-1]):
        assert np.abs(front - other).mean() > 0.01


def test_every_benchmark_object_fills_the_frame_and_stays_inside_it(benchmark):
    for obj in benchmark.values():
        _, rest = render(obj, 0, 0, orbit(6, 64), supersampling=1)
        rows, columns = np.nonzero(rest[0])
        assert 0.53 <= max(np.ptp(rows) + 1, np.ptp(columns) + 1) / 64 <= 0.78
        for frame in (3, 5, 8, 10):
            for cameras in (orbit(6, 48), held_out(48)[0].select([18, 21, 24, 27])):
                _, alpha = render(obj, frame, 200, cameras, supersampling=1)
                border = [alpha[:, 0], alpha[:, -1], alpha[:, :, 0], alpha[:, :, -1]]
                assert max(side.max() for side in border) == 0, (obj.name, frame)


def test_classes_are_told_apart_by_their_silhouettes():
    silhouettes = [render(ObjectSpec("x", kind, "red", "blue"), 0, 0, orbit(1, 48))[1][0] > 0.5 for kind in KINDS]
    for i, one in enumerate(silhouettes):
        for other in silhouettes[:i]:
            assert (one & other).sum() / (one | other).sum() < 0.8


def test_the_reference_is_frame_0_of_camera_0():
    entry = {"kind": "frog", "colour": "green", "second": "purple", "yaw": 5}
    reference = make_reference("frog-green", entry, 64)
    obj = ObjectSpec.from_dict({"name": "frog-green", **entry})
    images, alpha = render(obj, 0, 160, orbit(1, 64))
    assert np.array_equal(reference.image, images[0])
    assert np.array_equal(reference.foreground, images[0])
    assert np.array_equal(reference.alpha, alpha[0])
    assert reference.caption == "a green and purple frog hopping"
    assert ObjectSpec.from_dict(reference.procedural) == obj
