"""The classes of the procedural family."""

from collections.abc import Callable
from dataclasses import dataclass

from vid3d.procedural import animals, things
from vid3d.procedural.look import Look
from vid3d.procedural.rig import Sculptor


@dataclass(frozen=True)
class Kind:
    """One class.

    Attributes:
        motion: how it moves, a word for captions ("hopping").
        yaw: degrees counter-clockwise from above by which it is turned to show its characteristic view to camera 0.
        sculpt: builds it, facing +x.
        largest_amplitude: beyond which its motion stops looking natural, in the units of its joints' gains; it gives a
            score above 255, the largest there is, whatever the proportions.
        size: of the frame's width or height, what the object at rest spans at most as a camera of the orbit sees it.
    """

    motion: str
    yaw: float
    sculpt: Callable[[Sculptor, Look], None]
    largest_amplitude: float
    size: float = 0.76


KINDS: dict[str, Kind] = {
    "figure": Kind("waving", 25.0, animals.figure, 2.0),
    "frog": Kind("hopping", 40.0, animals.frog, 1.0),
    "windmill": Kind("turning", 18.0, things.windmill, 3.0, 0.66),
    "fish": Kind("swimming", 58.0, animals.fish, 1.6),
    "dog": Kind("walking", 50.0, animals.dog, 1.5),
    "bird": Kind("flapping", 40.0, animals.bird, 1.7),
    "flower": Kind("nodding", 25.0, things.flower, 2.4),
    "truck": Kind("rolling", 55.0, things.truck, 1.1),
    "helicopter": Kind("hovering", 50.0, things.helicopter, 2.1),
    "sailboat": Kind("rocking", 50.0, things.sailboat, 2.8, 0.70),
    "caterpillar": Kind("crawling", 55.0, animals.caterpillar, 2.1),
    "robot": Kind("dancing", 25.0, things.robot, 2.1),
}
