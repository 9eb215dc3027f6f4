import numpy as np
import pytest

from vid3d.backends import seed_procedural, views_procedural
from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.procedural import ObjectSpec, make_reference, render
from vid3d.scene import Reference, SeedFrame
from vid3d.study.specs.seed import ProceduralSeed
from vid3d.study.specs.views import ProceduralViews

ENTRY = {"kind": "dog", "colour": "purple", "second": "yellow", "pattern": "spots"}


@pytest.fixture(scope="module")
def reference() -> Reference:
    return make_reference("dog", ENTRY, 64)


def test_the_seed_starts_at_the_reference_and_shows_camera_0(reference):
    clip = seed_procedural.build(ProceduralSeed(backend="procedural", size=64, frames=5))(
        reference, 120, np.random.default_rng(0)
    )
    assert clip.images.shape == (5, 64, 64, 3)
    assert clip.alpha.shape == (5, 64, 64)
    assert np.array_equal(clip.images[0], reference.image)
    truth, alpha = render(ObjectSpec.from_dict({"name": "dog", **ENTRY}), 4, 120, orbit(1, 64))
    assert np.array_equal(clip.images[4], truth[0])
    assert np.array_equal(clip.alpha[4], alpha[0])
    assert np.abs(clip.images[3] - clip.images[0]).mean() > 0.005


def test_views_continue_the_seed_frame_around_the_object(reference):
    clip = seed_procedural.build(ProceduralSeed(backend="procedural", size=48, frames=4))(
        reference, 200, np.random.default_rng(0)
    )
    frame = clip.frame(3, 200, reference)
    views = views_procedural.build(ProceduralViews(backend="procedural", size=48, count=6))(
        frame, np.random.default_rng(0)
    )
    assert views.images.shape == (6, 48, 48, 3)
    assert np.array_equal(views.images[0], clip.images[3])
    np.testing.assert_array_equal(views.cameras.camera_to_world, orbit(6, 48).camera_to_world)


def test_photographs_are_refused(reference):
    photograph = Reference("cat", "a cat", reference.image, reference.foreground, reference.alpha)
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="cat: seed backend procedural needs a procedural object"):
        seed_procedural.build(ProceduralSeed(backend="procedural"))(photograph, 120, rng)
    frame = SeedFrame(reference.image, None, 0, 120, photograph)
    with pytest.raises(InputError, match="cat: views backend procedural needs a procedural object"):
        views_procedural.build(ProceduralViews(backend="procedural"))(frame, rng)
