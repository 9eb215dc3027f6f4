"""All indicators of one clip."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from vid3d.indicators.mass import mass_between_views
from vid3d.indicators.opposites import janus, likeness_to_front
from vid3d.indicators.reduction import reduced
from vid3d.indicators.temporal import flicker, static_change, successive_cosines
from vid3d.scene import Float32, Float64


@dataclass(frozen=True)
class Worst:
    """How the clip in which an indicator is highest is shown as a failure case.

    Attributes:
        words: what the failure is called.
        over: what its pictures run over: time at one camera, or the views of one moment.
    """

    words: str
    over: Literal["time", "views"]


@dataclass(frozen=True)
class Indicator:
    """One indicator; what it measures and where it fails: docs/indicators.md.

    Attributes:
        worse: which values are.
        limits: the least and the largest value.
        words: what it says, as a sentence for readers of a table.
        worst: for those that choose failure cases, all of them worse the higher they are.
    """

    name: str
    worse: Literal["higher", "lower"]
    limits: tuple[float, float]
    words: str
    worst: Worst | None = None


INDICATORS = {
    indicator.name: indicator
    for indicator in (
        Indicator(
            "static_change",
            "higher",
            (0.0, 1.0),
            "Change from frame to frame where the truth stands still.",
            Worst("most change of what stands still", "time"),
        ),
        Indicator(
            "flicker",
            "higher",
            (0.0, 1.0),
            "Flicker: how far calm pixels overshoot both neighbouring frames.",
            Worst("most flicker", "time"),
        ),
        Indicator(
            "frame_consistency",
            "lower",
            (-1.0, 1.0),
            "Cosine of the embeddings of successive frames at one camera.",
        ),
        Indicator(
            "mass_between_views",
            "higher",
            (0.0, math.inf),
            "Share of a generated view's silhouette that the other views rule out.",
            Worst("most mass between views", "views"),
        ),
        Indicator(
            "janus",
            "higher",
            (0.0, 1.0),
            "Janus: how much more the generated back resembles the front than the sides do.",
            Worst("strongest Janus", "views"),
        ),
    )
}
"""Every indicator that ``of_clip`` may give, by name, in this order."""


@dataclass(frozen=True)
class Indicators:
    """The indicators of one clip, by the names of ``INDICATORS``.

    Attributes:
        clip: one number each; NaN where it is undefined (too few frames or cameras, no object in sight).
        cameras: (cameras,) float64 each, means over the frames: evaluation cameras, or those of the generated views;
            without those that compare cameras.
    """

    clip: dict[str, float]
    cameras: dict[str, Float64]

    def rows(self, truth: Mapping[str, float]) -> Iterator[dict[str, Any]]:
        """Rows of indicator, camera (empty for the clip's number), value and the truth's own value: the clip's first.

        Args:
            truth: of the same indicators, for the clip's rows.
        """
        for name, value in self.clip.items():
            yield {"indicator": name, "camera": "", "value": value, "truth": truth.get(name, "")}
        for name, values in self.cameras.items():
            for camera, value in enumerate(values):
                yield {"indicator": name, "camera": camera, "value": value, "truth": ""}


def of_clip(
    renders: Float32,
    views: Float32 | None = None,
    embeddings: Float32 | None = None,
    truth: Float32 | None = None,
) -> Indicators:
    """All indicators that can be told from what is given.

    A clip's number is the mean over frames and cameras.  All images are reduced to 64 pixels first.  A caller who does
    that frame by frame (``vid3d.indicators.reduced``) need not hold large renders in memory and gets the same.

    Args:
        renders: (frames, cameras, s, s, 3) in [0, 1] on white, cameras of ``vid3d.cameras.orbit``.
        views: (moments, views, t, t, 3), generated views of an orbit, at any moments; without them no
            ``mass_between_views`` and ``janus``, in which renders of one scene agree by construction.
        embeddings: (frames, cameras, d) of the renders; without them no ``frame_consistency``.
        truth: shape of the renders, ground truth of the same moments and cameras; without it no ``static_change``.

    Raises:
        ValueError: shapes that do not fit, or values that are not finite.
    """
    if renders.ndim != 5:
        raise ValueError(f"renders must be (frames, cameras, s, s, 3), not {renders.shape}")
    frames, cameras = renders.shape[:2]
    if views is not None and views.ndim != 5:
        raise ValueError(f"views must be (moments, views, t, t, 3), not {views.shape}")
    if embeddings is not None and embeddings.shape[:2] != (frames, cameras):
        raise ValueError(f"embeddings must be ({frames}, {cameras}, d), not {embeddings.shape}")
    if truth is not None and truth.shape != renders.shape:
        raise ValueError(f"truth must be {renders.shape} like the renders, not {truth.shape}")
    small = reduced(renders)
    tables: dict[str, Float64] = {}
    tables["flicker"] = flicker(small) if frames >= 3 else _undefined(cameras)
    if truth is not None:
        tables["static_change"] = static_change(small, reduced(truth)) if frames >= 2 else _undefined(cameras)
    if embeddings is not None:
        tables["frame_consistency"] = successive_cosines(embeddings) if frames >= 2 else _undefined(cameras)
    if views is not None:
        count = views.shape[1]
        tables["mass_between_views"] = mass_between_views(reduced(views)) if count >= 3 else _undefined(count)
    per_camera = {name: _mean(table) for name, table in tables.items()}
    clip = {name: float(_mean(values)) for name, values in per_camera.items()}
    if views is not None:
        opposite = views.shape[1] >= 4 and views.shape[1] % 2 == 0
        clip["janus"] = float(_mean(janus(likeness_to_front(reduced(views))))) if opposite else np.nan
    return Indicators({name: clip[name] for name in INDICATORS if name in clip}, per_camera)


def _undefined(cameras: int) -> Float64:
    return np.full((1, cameras), np.nan)


def _mean(values: Float64) -> Float64:
    """Mean over the first axis of what is defined; NaN where nothing is."""
    defined = np.isfinite(values)
    count = defined.sum(axis=0)
    total = np.where(defined, values, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(np.shape(count), np.nan), where=count > 0))
