"""Objects as data: their description, captions, the benchmark's list and the sampler for training."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np

from vid3d.errors import InputError
from vid3d.procedural.events import EVENTS, with_event
from vid3d.procedural.kinds import KINDS
from vid3d.procedural.look import Look
from vid3d.procedural.rig import Rig, Sculptor, fit
from vid3d.procedural.surface import PALETTE, PATTERNS, Paint

LARGEST_YAW = 20.0  # degrees to either side of the class's characteristic view
MAIN_COLOURS = tuple(colour for colour in PALETTE if colour != "white")  # white would vanish against the background
_HELD_OUT_EVERY = 8


@dataclass(frozen=True)
class ObjectSpec:
    """One object of the family.

    Attributes:
        name: lower case letters, digits and dashes.
        kind: class, a key of ``KINDS``.
        colour: main colour, in ``MAIN_COLOURS``.
        second: second colour, a key of ``PALETTE`` other than ``colour``.
        pattern: one of ``PATTERNS``.
        girth: thickness of the body, in [0, 1].
        head: size of the head (cap, cabin, blossom's eye ...), in [0, 1].
        limbs: length of the limbs (sails, petals, wheels, mast ...), in [0, 1].
        yaw: degrees counter-clockwise from the class's characteristic view, in [-20, 20].
        shift: of the pattern, in wavelengths, in [0, 1].
        event: what happens half-way through a clip, one of ``EVENTS``; "" for nothing.
    """

    name: str
    kind: str
    colour: str
    second: str
    pattern: str = "plain"
    girth: float = 0.5
    head: float = 0.5
    limbs: float = 0.5
    yaw: float = 0.0
    shift: float = 0.0
    event: str = ""

    def __post_init__(self) -> None:
        if not self.name or set(self.name) - set("abcdefghijklmnopqrstuvwxyz0123456789-"):
            raise InputError(f"object name {self.name!r} may contain only a-z, 0-9 and dashes: rename it")
        choices = {"kind": tuple(KINDS), "colour": MAIN_COLOURS, "second": tuple(PALETTE), "pattern": PATTERNS}
        choices["event"] = EVENTS
        for field, allowed in choices.items():
            if getattr(self, field) not in allowed:
                raise InputError(
                    f"object {self.name}: {field} is {getattr(self, field)!r}, choose one of {', '.join(allowed)}"
                )
        if self.second == self.colour:
            raise InputError(f"object {self.name}: second is {self.second!r} like colour, choose another")
        limits = {"girth": (0, 1), "head": (0, 1), "limbs": (0, 1), "shift": (0, 1), "yaw": (-LARGEST_YAW, LARGEST_YAW)}
        for field, (low, high) in limits.items():
            value = getattr(self, field)
            if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
                raise InputError(f"object {self.name}: {field} is {value!r}, give a number from {low:g} to {high:g}")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ObjectSpec":
        """The object that ``data`` describes by the names of the attributes; raises InputError on anything else."""
        if not isinstance(data, Mapping):
            raise InputError(f"a procedural object is {data!r}: give its attributes as a mapping")
        name = data.get("name", "?")
        known = [field.name for field in fields(cls)]
        for key in data:
            if key not in known:
                raise InputError(f"object {name}: unknown attribute {key!r}, choose from {', '.join(known)}")
        for key in ("name", "kind", "colour", "second"):
            if not isinstance(data.get(key), str):
                raise InputError(f"object {name}: {key} is {data.get(key)!r}, give a word")
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        """All attributes but an event that there is not, such that ``from_dict`` gives the same object back."""
        return {key: value for key, value in asdict(self).items() if key != "event" or value}

    @property
    def caption(self) -> str:
        """Such as "a red frog with yellow spots hopping" or, plain, "a red and yellow frog hopping"."""
        motion = KINDS[self.kind].motion
        article = "an" if self.colour[0] in "aeiou" else "a"
        if self.pattern == "plain":
            return f"{article} {self.colour} and {self.second} {self.kind} {motion}"
        return f"{article} {self.colour} {self.kind} with {self.second} {self.pattern} {motion}"


@lru_cache(maxsize=64)
def sculpt(obj: ObjectSpec) -> Rig:
    """The object as parts on joints, at its place in the world."""
    main, second = PALETTE[obj.colour], PALETTE[obj.second]
    coat = Paint(main, second, obj.pattern, shift=obj.shift)
    kind = KINDS[obj.kind]
    sculptor = Sculptor()
    kind.sculpt(sculptor, Look(Paint(main), Paint(second), coat, obj.girth, obj.head, obj.limbs))
    yaw = np.radians(kind.yaw + obj.yaw)
    rig = fit(sculptor.parts, sculptor.joints, yaw, kind.largest_amplitude, kind.size)
    return with_event(rig, obj.event) if obj.event else rig


def is_held_out(kind: str, colour: str, second: str) -> bool:
    """Whether training must never see this combination; one in eight is kept for the benchmark, spread over classes."""
    colours = list(PALETTE)
    total = list(KINDS).index(kind) + 3 * colours.index(colour) + colours.index(second)
    return total % _HELD_OUT_EVERY == 0


def sample_object(rng: np.random.Generator, held_out: bool = False) -> ObjectSpec:
    """A random object whose combination of class and colours ``is_held_out``, or (for training) is not."""
    while True:
        kind = str(rng.choice(list(KINDS)))
        colour = str(rng.choice(MAIN_COLOURS))
        second = str(rng.choice([name for name in PALETTE if name != colour]))
        if is_held_out(kind, colour, second) == held_out:
            break
    pattern = str(rng.choice(PATTERNS))
    girth, head, limbs, shift = (round(float(value), 3) for value in rng.random(4))
    yaw = round(float(rng.uniform(-LARGEST_YAW, LARGEST_YAW)), 1)
    name = f"{kind}-{colour}-{second}-{pattern}"
    return ObjectSpec(name, kind, colour, second, pattern, girth, head, limbs, yaw, shift)


def recoloured(obj: ObjectSpec, rng: np.random.Generator, held_out: bool = False) -> ObjectSpec:
    """The same geometry in colours and with a pattern as ``sample_object`` draws them, by the same rule."""
    while True:
        other = sample_object(rng)
        if is_held_out(obj.kind, other.colour, other.second) == held_out:
            break
    name = f"{obj.kind}-{other.colour}-{other.second}-{other.pattern}"
    colours = {"colour": other.colour, "second": other.second, "pattern": other.pattern, "shift": other.shift}
    return replace(obj, name=name, **colours)  # type: ignore[arg-type]  # of values of two types


def load_objects(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, ObjectSpec]:
    """Named objects from a parsed list: a mapping from names to attributes; raises InputError on nonsense."""
    if not isinstance(entries, Mapping) or not entries:
        raise InputError("the list of procedural objects is empty or no mapping: give names with attributes")
    objects = {}
    for name, entry in entries.items():
        if not isinstance(entry, Mapping):
            raise InputError(f"object {name}: give its attributes as a mapping, not {entry!r}")
        objects[str(name)] = ObjectSpec.from_dict({"name": str(name), **entry})
    return objects


def captions() -> Iterator[str]:
    """Every caption of the family once."""
    for kind in KINDS:
        for colour in MAIN_COLOURS:
            for second in PALETTE:
                for pattern in PATTERNS:
                    if second != colour:
                        yield ObjectSpec("any", kind, colour, second, pattern).caption


def vocabulary() -> list[str]:
    """All words of all captions, sorted."""
    return sorted({word for caption in captions() for word in caption.split()})
