"""A family of moving, articulated 3D objects with exact ground truth: images from anywhere at any time, and flow."""

from vid3d.procedural.images import make_reference, render, truth
from vid3d.procedural.motion import SCORE_UNIT
from vid3d.procedural.objects import ObjectSpec, load_objects, sample_object
from vid3d.procedural.rig import PERIOD
from vid3d.procedural.tracks import follow

__all__ = [
    "PERIOD",
    "SCORE_UNIT",
    "ObjectSpec",
    "follow",
    "load_objects",
    "make_reference",
    "render",
    "sample_object",
    "truth",
]
