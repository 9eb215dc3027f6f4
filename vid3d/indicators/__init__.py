"""Indicators beside CLIP-I: temporal flicker, the Janus fault, hallucinated mass, and where quality is lost.

Pure functions of images and embeddings.  What each means, where it comes from, how it was validated and where it fails:
docs/indicators.md.
"""

from vid3d.indicators.by_stage import (
    StageLoss,
    StageSimilarity,
    around_orbit,
    by_stage,
    by_substitution,
)
from vid3d.indicators.clip import INDICATORS, Indicator, Indicators, of_clip
from vid3d.indicators.mass import mass_between_views, mass_over_time
from vid3d.indicators.opposites import cosines_with_front, janus, likeness_to_front
from vid3d.indicators.reduction import reduced
from vid3d.indicators.temporal import flicker, static_change, successive_cosines

__all__ = [
    "INDICATORS",
    "Indicator",
    "Indicators",
    "StageLoss",
    "StageSimilarity",
    "around_orbit",
    "by_stage",
    "by_substitution",
    "cosines_with_front",
    "flicker",
    "janus",
    "likeness_to_front",
    "mass_between_views",
    "mass_over_time",
    "of_clip",
    "reduced",
    "static_change",
    "successive_cosines",
]
