"""A family of moving, articulated 3D objects with exact ground truth: images from anywhere at any time, and flow."""

from vid3d.procedural.images import make_reference, render, truth
from vid3d.procedural.motion import SCORE_UNIT, flow, motion_score, solve_amplitude
from vid3d.procedural.objects import (
    ObjectSpec,
    captions,
    is_held_out,
    load_objects,
    sample_object,
    vocabulary,
)
from vid3d.procedural.rig import PERIOD

__all__ = [
    "PERIOD",
    "SCORE_UNIT",
    "ObjectSpec",
    "captions",
    "flow",
    "is_held_out",
    "load_objects",
    "make_reference",
    "motion_score",
    "render",
    "sample_object",
    "solve_amplitude",
    "truth",
    "vocabulary",
]
