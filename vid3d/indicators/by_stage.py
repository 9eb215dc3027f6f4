"""Where quality is lost: similarity by stage, and ground truth in place of a stage.

Similarities are cosines with the reference image's embedding, scores are CLIP-I or any other number of which more is
better.  All sources: ours; the substitution is the study's design (a run with ground truth in one stage differs from
the run without by that stage's error).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vid3d.measures.metrics import cosines
from vid3d.scene import Float32, Float64

# --- similarity by stage ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StageSimilarity:
    """One row of the table by stage.

    Attributes:
        stage: whose images.
        place: "front", at azimuth 0, where the reference was taken; "around", the mean over the evaluation azimuths.
        similarity: mean cosine with the reference, in [-1, 1]; higher is better.
        before: the row that the loss is counted from.
        loss: similarity of ``before`` minus similarity; positive is worse.
    """

    stage: Literal["seed", "views", "renders"]
    place: Literal["front", "around"]
    similarity: float
    before: str
    loss: float


def by_stage(reference: Float32, seed: Float32, views: Float32, renders: Float32) -> list[StageSimilarity]:
    """Similarity to the reference after each stage of one clip, and what each stage loses.

    At the front all stages show the same view, so losses there are the stages' own: reference (1), seed, view 0, render
    at camera 0.  Around, views are interpolated linearly in azimuth to the evaluation cameras, so that renders are
    compared with views of the same azimuths; the loss of the views around counts from the seed and so includes what an
    object rightly loses by being seen from elsewhere.

    Args:
        reference: (d,) embedding of the reference image.
        seed: (frames, d), of the seed frames.
        views: (frames, views, d), uniform azimuths from 0.
        renders: (frames, cameras, d), uniform azimuths from 0.

    Returns:
        Rows seed front, views front, renders front, views around, renders around.

    Raises:
        ValueError: shapes that do not fit, no frames, or an embedding that is zero or not finite.
    """
    if seed.ndim != 2 or views.ndim != 3 or renders.ndim != 3 or not len(seed) == len(views) == len(renders) > 0:
        raise ValueError(
            f"seed {seed.shape}, views {views.shape} and renders {renders.shape} must be (frames, d), (frames, views,"
            " d) and (frames, cameras, d) of the same frames"
        )
    of_seed, of_views, of_renders = (cosines(array, reference) for array in (seed, views, renders))
    around = around_orbit(of_views, of_renders.shape[1])
    first, second, third = float(of_seed.mean()), float(of_views[:, 0].mean()), float(of_renders[:, 0].mean())
    wide, last = float(around.mean()), float(of_renders.mean())
    return [
        StageSimilarity("seed", "front", first, "reference", 1.0 - first),
        StageSimilarity("views", "front", second, "seed front", first - second),
        StageSimilarity("renders", "front", third, "views front", second - third),
        StageSimilarity("views", "around", wide, "seed front", first - wide),
        StageSimilarity("renders", "around", last, "views around", wide - last),
    ]


def around_orbit(values: Float64, cameras: int) -> Float64:
    """Values (frames, n) at n uniform azimuths, interpolated linearly round the orbit to ``cameras`` uniform ones."""
    degrees = 360.0 * np.arange(cameras) / cameras
    known = 360.0 * np.arange(values.shape[1]) / values.shape[1]
    return np.stack([np.interp(degrees, known, row, period=360.0) for row in values])


# --- ground truth in place of a stage --------------------------------------------------------------------------------

LosingStage = Literal["seed", "views", "seed and views", "splats"]


@dataclass(frozen=True)
class StageLoss:
    """What one stage loses.

    Attributes:
        stage: whose error.
        losses: (images,) float64, paired by image; positive is worse.
        loss: their mean.
        share: of the mean loss of all stages; the shares sum to 1.  May be negative or above 1 where a stage gains.
            NaN where nothing is lost in all.
        alone: mean of what replacing this stage alone regains; NaN where that run is not given.
    """

    stage: LosingStage
    losses: Float64
    loss: float
    share: float
    alone: float


def by_substitution(
    generated: Float64,
    truth_seed: Float64 | None,
    truth_both: Float64,
    ceiling: Float64,
    truth_views: Float64 | None = None,
) -> list[StageLoss]:
    """The loss of each stage from runs in which ground truth replaces stages, in the pipeline's order.

    ``seed = truth_seed - generated``, ``views = truth_both - truth_seed``, ``splats = ceiling - truth_both``; they sum
    to ``ceiling - generated`` for each image.  The order matters where stages interact: ``alone`` says what the views
    regain without the seed (``truth_views - generated``).  True views of a procedural object hide its seed too, so
    there ``truth_views`` equals ``truth_both``, and without ``truth_seed`` the two stages cannot be told apart.

    Args:
        generated: (images,) scores of the run without ground truth; higher is better; all in one order of images.
        truth_seed: of the run with ground-truth seeds; None if there is none.
        truth_both: of the run with ground-truth seeds and views, or views that hide the seed.
        ceiling: scores of ground-truth images at the evaluation cameras.
        truth_views: of the run with ground-truth views and generated seeds.

    Returns:
        Seed, views, splats; without ``truth_seed``: seed and views, splats.

    Raises:
        ValueError: lengths differ, there are none, or a score is not finite.
    """
    given = [scores for scores in (generated, truth_seed, truth_both, ceiling, truth_views) if scores is not None]
    if any(scores.shape != (len(generated),) for scores in given) or not len(generated):
        raise ValueError(f"scores must be (images,) for the same images, not {[scores.shape for scores in given]}")
    if not all(np.isfinite(scores).all() for scores in given):
        raise ValueError("a score is not finite")
    stages: dict[LosingStage, Float64] = {"seed and views": truth_both - generated}
    if truth_seed is not None:
        stages = {"seed": truth_seed - generated, "views": truth_both - truth_seed}
    stages["splats"] = ceiling - truth_both
    # no run has true splats of generated views, and what the first stage loses it regains alone
    alone = {next(iter(stages)): float(next(iter(stages.values())).mean())}
    if truth_views is not None:
        alone["views"] = float((truth_views - generated).mean())
    total = float((ceiling - generated).mean())
    found = []
    for stage, losses in stages.items():
        loss = float(losses.mean())
        found.append(StageLoss(stage, losses, loss, loss / total if total else np.nan, alone.get(stage, np.nan)))
    return found
