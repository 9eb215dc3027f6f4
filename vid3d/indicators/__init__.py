"""Indicators beside CLIP-I: temporal flicker, the Janus fault, hallucinated mass, and where quality is lost.

Pure functions of images and embeddings.  What each means, where it comes from, how it was validated and where it fails:
docs/indicators.md.
"""

from vid3d.indicators.by_stage import by_stage, by_substitution
from vid3d.indicators.clip import INDICATORS, of_clip
from vid3d.indicators.reduction import reduced

__all__ = ["INDICATORS", "by_stage", "by_substitution", "of_clip", "reduced"]
