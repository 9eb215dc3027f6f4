"""Scenes with an event: a part that appears, or that comes off, half-way through a clip."""

from dataclasses import dataclass, replace

import numpy as np

from vid3d.procedural.rig import Rig, rotation
from vid3d.scene import Float64

EVENTS = ("", "appears", "detaches")  # what may happen; nothing happens in all objects of the benchmark
LAST_BEFORE = 4  # the last frame before the event, of ten
SPEED = 0.06  # scene units per frame at which a part flies off (the orbit's radius is 2)
LARGEST_SHARE = 0.5  # of the object's volume


@dataclass(frozen=True)
class EventRig(Rig):
    """A rig to some joints of which something happens, with all that hangs on them.

    Attributes:
        event: of ``EVENTS``.
        affected: indices of the joints.
        velocity: (3,) in the world, of what comes off.
    """

    event: str = ""
    affected: tuple[int, ...] = ()
    velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def present(self, frame: float) -> Rig:
        """The rig with the parts that are there at ``frame``."""
        if self.event != "appears" or frame > LAST_BEFORE:
            return self
        return replace(self, parts=tuple(part for part in self.parts if part.joint not in self.affected))

    def pose(self, frame: float, amplitude: float) -> Float64:
        """As of the rig; what has come off flies on, moving as before."""
        maps = super().pose(frame, amplitude)
        if self.event == "detaches":
            maps[list(self.affected), :3, 3] += max(frame - LAST_BEFORE, 0.0) * np.asarray(self.velocity)
        return maps


def with_event(rig: Rig, event: str) -> Rig:
    """The rig with ``event`` happening to its largest limb: of all joints but the root, with what hangs on them, that
    with the largest volume up to half of the whole.

    What comes off flies away from the object's axis and upwards.
    """
    volumes = np.zeros(len(rig.joints))
    for part in rig.parts:
        volumes[part.joint] += abs(np.linalg.det(part.axes))
    limbs = [_hanging_on(rig, joint) for joint in range(len(rig.joints))]
    sizes = [float(volumes[limb].sum()) for limb in limbs]
    fitting = [k for k, size in enumerate(sizes) if 0 < size <= LARGEST_SHARE * volumes.sum()]
    limb = limbs[max(fitting, key=lambda k: (sizes[k], -k))]
    centre = np.mean([part.centre for part in rig.parts if part.joint in limb], axis=0) * (1, 1, 0)
    away = rotation((0, 0, 1), rig.yaw) @ centre / max(float(np.linalg.norm(centre)), 1e-9)
    away[2] += 0.5
    x, y, z = (float(value) for value in SPEED * away / np.linalg.norm(away))
    return EventRig(rig.parts, rig.joints, rig.yaw, rig.largest_amplitude, event, tuple(limb), (x, y, z))


def _hanging_on(rig: Rig, root: int) -> list[int]:
    """A joint and all below it; parents come first in a rig."""
    found = [root]
    for k, joint in enumerate(rig.joints):
        if joint.parent in found and k != root:
            found.append(k)
    return found
