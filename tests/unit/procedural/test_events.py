from dataclasses import replace

import numpy as np
import pytest

from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.procedural import ObjectSpec, follow, render
from vid3d.procedural.events import LAST_BEFORE
from vid3d.procedural.motion import solve_amplitude


@pytest.fixture(scope="module")
def dog(benchmark):
    return benchmark["dog-orange"]


def area(obj, frame):
    return render(obj, frame, 120, orbit(3, 48), 1)[1].sum()


def test_a_part_appears_and_then_is_what_it_always_was(dog):
    appearing = replace(dog, event="appears")
    assert area(appearing, LAST_BEFORE) < 0.9 * area(dog, LAST_BEFORE)
    for frame in (LAST_BEFORE + 1, LAST_BEFORE + 3):
        images = [render(obj, float(frame), 120, orbit(3, 48), 1)[0] for obj in (dog, appearing)]
        np.testing.assert_array_equal(*images)


def test_a_part_comes_off_and_flies_on(dog):
    leaving = replace(dog, event="detaches")
    images = [[render(obj, float(f), 120, orbit(3, 48), 1)[0] for f in (LAST_BEFORE, 7, 9)] for obj in (dog, leaving)]
    np.testing.assert_array_equal(images[0][0], images[1][0])
    apart = [np.abs(one - other).mean() for one, other in zip(*images, strict=True)]
    assert apart[1] < apart[2]


@pytest.mark.parametrize("event", ["appears", "detaches"])
def test_every_benchmark_object_has_the_event_and_its_motion(benchmark, event):
    for obj in list(benchmark.values())[::4]:
        changed = replace(obj, event=event)
        assert solve_amplitude(changed, 120) == solve_amplitude(obj, 120)
        frame = 3.0 if event == "appears" else 8.0
        assert not np.array_equal(*(render(shown, frame, 120, orbit(1, 32), 1)[0] for shown in (obj, changed)))


def test_descriptions_without_events_are_as_they_were(dog):
    assert "event" not in dog.to_dict()
    assert ObjectSpec.from_dict(replace(dog, event="appears").to_dict()).event == "appears"
    with pytest.raises(InputError, match="event is 'explodes', choose one of , appears, detaches"):
        replace(dog, event="explodes")


def test_what_is_hidden_elsewhere_is_not_followed(dog):
    """A point on the near side is not seen by the camera on the far side, and by its neighbour mostly."""
    cameras = orbit(18, 48)
    shown = [follow(dog, 120, cameras, (0.0, 0), (0.0, other))[1].sum() for other in (0, 1, 9)]
    assert shown[0] > shown[1] > 0.5 * shown[0]
    assert shown[2] < 0.05 * shown[0]
