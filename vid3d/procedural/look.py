"""What a sculptor needs to know of an object besides its class: paints and proportions."""

from dataclasses import dataclass, replace

from vid3d.procedural.rig import Vector
from vid3d.procedural.surface import PALETTE, Paint


def plain(colour: str) -> Paint:
    """One colour of the palette."""
    return Paint(PALETTE[colour])


DARK = plain("black")
PALE = plain("white")
WOOD = plain("brown")
LEAF = Paint((0.20, 0.52, 0.20))
SKIN = Paint((0.93, 0.70, 0.54))
METAL = Paint((0.42, 0.44, 0.48))
GLASS = Paint((0.62, 0.82, 0.94))


def between(low: float, high: float, share: float) -> float:
    """``low`` at share 0, ``high`` at share 1."""
    return low + (high - low) * share


@dataclass(frozen=True)
class Look:
    """Two colours, a pattern and three proportions in [0, 1] (what they mean is up to the class).

    Attributes:
        main: the main colour, plain.
        second: the second colour, plain.
        coat: the main colour patterned with the second.
        girth: thickness of the body.
        head: size of the head, or of what the class has instead.
        limbs: length of the limbs, or of what the class has instead.
    """

    main: Paint
    second: Paint
    coat: Paint
    girth: float
    head: float
    limbs: float

    def striped_across(self, axis: Vector) -> Paint:
        """The coat, with its stripes (if it has any) across ``axis``."""
        return replace(self.coat, axis=axis)
