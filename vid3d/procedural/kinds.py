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
        largest_amplitude: beyond which its motion stops looking natural, in the units of its joints' gains.
        size: of the frame's width or height, what the object at rest spans at most as a camera of the orbit sees it.
    """

    motion: str
    yaw: float
    sculpt: Callable[[Sculptor, Look], None]
    largest_amplitude: float = 2.5
    size: float = 0.76


KINDS: dict[str, Kind] = {
    "figure": Kind("waving", 25.0, animals.figure),
    "frog": Kind("hopping", 40.0, animals.frog),
    "windmill": Kind("turning", 30.0, things.windmill, size=0.66),
    "fish": Kind("swimming", 58.0, animals.fish),
    "dog": Kind("walking", 50.0, animals.dog),
    "bird": Kind("flapping", 40.0, animals.bird),
    "flower": Kind("nodding", 25.0, things.flower),
    "truck": Kind("rolling", 55.0, things.truck),
    "helicopter": Kind("hovering", 50.0, things.helicopter),
    "sailboat": Kind("rocking", 50.0, things.sailboat, size=0.70),
    "caterpillar": Kind("crawling", 55.0, animals.caterpillar),
    "robot": Kind("dancing", 25.0, things.robot),
}
