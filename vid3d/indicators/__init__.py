"""Indicators beside CLIP-I: temporal flicker, the Janus fault, hallucinated mass, and where quality is lost.

Pure functions of images and embeddings.  What each means, where it comes from, how it was validated and where it fails:
docs/indicators.md.
"""

from vid3d.indicators.by_stage import by_stage, by_substitution
from vid3d.indicators.clip import INDICATORS, Indicators, of_clip
from vid3d.indicators.reduction import reduced
from vid3d.indicators.steadiness import STEADINESS, of_video

__all__ = ["INDICATORS", "STEADINESS", "Indicators", "by_stage", "by_substitution", "of_clip", "of_video", "reduced"]
