"""How steady one camera's video is: indicators that need neither embeddings nor other cameras, so of anyone's clips.

Like all indicators they are measured on pictures of at most 64 pixels (``vid3d.indicators.reduction``).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vid3d.indicators.mass import mass_over_time
from vid3d.indicators.reduction import reduced, reduced_clip, silhouettes, smoothed
from vid3d.indicators.temporal import flicker
from vid3d.scene import Float32, Float64

ORDERS = 20  # random orders of the frames that a clip's flicker is compared with
SMALLEST = 16  # pixels: below it there is no optical flow


@dataclass(frozen=True)
class Steadiness:
    """One of ``STEADINESS``; of all of them less is steadier.

    Attributes:
        title: a few words over a plot.
        words: what it is, as a sentence for readers.
    """

    title: str
    words: str


STEADINESS = {
    "flicker": Steadiness("flicker", "How far calm pixels overshoot both neighbouring frames."),
    "flicker_share": Steadiness(
        "share of shuffled flicker", f"Flicker over its mean in {ORDERS} random orders of the same frames."
    ),
    "warped_error": Steadiness(
        "flow-warped error", "Mean difference of a frame and the next one, brought back along the optical flow."
    ),
    "centre_jitter": Steadiness(
        "jitter of the centre", "Mean second difference of the silhouette's centre along an axis, in image widths."
    ),
    "scale_jitter": Steadiness(
        "jitter of the scale", "Mean second difference of the logarithm of the root of the silhouette's area."
    ),
    "mass_over_time": Steadiness("mass over time", "Share of the object that appears or vanishes between frames."),
}
"""Every number that ``of_video`` gives, by name, in this order."""


def of_video(images: Float32, rng: np.random.Generator) -> dict[str, float]:
    """All of ``STEADINESS`` of the video of one camera: means over its frames.

    Args:
        images: (frames, s, s, 3) in [0, 1] on white, at least 3 frames of at least 16 pixels.
        rng: draws the orders of ``flicker_share``.

    Returns:
        NaN where there is no object in sight, or, for ``flicker_share``, nothing that could flicker.

    Raises:
        ValueError: other shapes.
    """
    small = reduced(images)[:, None]
    tables = {
        "flicker": flicker(small),
        "flicker_share": flicker_share(small, rng),
        "warped_error": warped_error(small),
        "centre_jitter": centre_jitter(small),
        "scale_jitter": scale_jitter(small),
        "mass_over_time": mass_over_time(small),
    }
    return {name: _mean(tables[name]) for name in STEADINESS}


def flicker_share(images: Float32, rng: np.random.Generator, orders: int = ORDERS) -> Float64:
    """Flicker as a share of what the same frames have in random order: 0 is still, 1 has no order in time.

    Source: ours.

    Args:
        images: (frames, cameras, s, s, 3) in [0, 1] on white, at least 3 frames.
        rng: draws the orders, which all cameras share.
        orders: over how many of them the denominator is a mean.

    Returns:
        (cameras,) float64 from 0; a clip that is worse than chance exceeds 1; NaN where no order flickers.

    Raises:
        ValueError: other shapes, or fewer than 3 frames.
    """
    pictures = reduced_clip(images, frames=3)
    drawn = [flicker(pictures[rng.permutation(len(pictures))]).mean(axis=0) for _ in range(orders)]
    chance = np.mean(drawn, axis=0)
    own = flicker(pictures).mean(axis=0)
    return np.asarray(np.divide(own, chance, out=np.full(len(own), np.nan), where=chance > 0))


def warped_error(images: Float32) -> Float64:
    """Mean absolute difference of each frame and the next one warped back to it, over the object's pixels.

    ``mean |I_{t+1}(x + f(x)) - I_t(x)|`` over channels and the pixels x that show the object in frame t, f the optical
    flow from frame t to t + 1 by dense inverse search (Kroeger et al. 2016, https://arxiv.org/abs/1603.03590; OpenCV's,
    preset medium) in grey.  What is hidden in the next frame counts, too.

    Source: the warping error of Lai et al. 2018 (https://arxiv.org/abs/1808.00449), without its occlusion mask.

    Args:
        images: (frames, cameras, s, s, 3) in [0, 1] on white, at least 2 frames of at least 16 pixels.

    Returns:
        (frames - 1, cameras) float64 in [0, 1], intensity; NaN where frame t shows no object.

    Raises:
        ValueError: other shapes, fewer than 2 frames or smaller ones.
    """
    pictures = reduced_clip(images, frames=2)
    size = pictures.shape[2]
    if size < SMALLEST:
        raise ValueError(f"images of {size} pixels are too small for optical flow, which wants {SMALLEST}")
    shown = silhouettes(smoothed(pictures))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    errors = np.full((len(pictures) - 1, pictures.shape[1]), np.nan)
    for frame, camera in np.ndindex(errors.shape):
        now, then = pictures[frame, camera], pictures[frame + 1, camera]
        flow = search.calc(_grey(now), _grey(then), None)  # type: ignore[call-overload]  # None: no first guess
        places = columns + flow[..., 0], rows + flow[..., 1]
        warped = cv2.remap(then, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        mask = shown[frame, camera]
        if mask.any():
            errors[frame, camera] = np.abs(warped - now).mean(axis=-1)[mask].mean(dtype=np.float64)
    return errors


def centre_jitter(images: Float32) -> Float64:
    """Second difference in time of the silhouette's centre: its absolute value, mean of the two axes.

    An object that stands still or moves evenly has none; one that is put elsewhere in each frame has much.

    Source: ours.

    Args:
        images: (frames, cameras, s, s, 3) in [0, 1] on white, at least 3 frames.

    Returns:
        (frames - 2, cameras) float64 from 0, image widths per squared frame; NaN where a frame shows no object.

    Raises:
        ValueError: other shapes, or fewer than 3 frames.
    """
    centres, _ = _places(images)
    return np.asarray(np.abs(np.diff(centres, 2, axis=0)).mean(axis=-1))


def scale_jitter(images: Float32) -> Float64:
    """Absolute second difference in time of the logarithm of the silhouette's size, the root of its area.

    An object of one size, or one that grows by an even factor, has none.  Source: ours.

    Args:
        images: (frames, cameras, s, s, 3) in [0, 1] on white, at least 3 frames.

    Returns:
        (frames - 2, cameras) float64 from 0, shares of the size per squared frame; NaN where a frame shows no object.

    Raises:
        ValueError: other shapes, or fewer than 3 frames.
    """
    _, sizes = _places(images)
    return np.asarray(np.abs(np.diff(np.log(sizes), 2, axis=0)))


def _places(images: Float32) -> tuple[Float64, Float64]:
    """Centres (frames, cameras, 2) and sizes (frames, cameras) of silhouettes in image widths; NaN for empty ones."""
    shown: NDArray[np.bool_] = silhouettes(smoothed(reduced_clip(images, frames=3)))
    width = shown.shape[-1]
    area = shown.sum(axis=(-2, -1), dtype=np.float64)
    area[area == 0] = np.nan
    along = (np.arange(width) + 0.5) / width
    centres = np.stack([(shown.sum(axis=axis) * along).sum(axis=-1) / area for axis in (-2, -1)], axis=-1)
    return centres, np.sqrt(area) / width


def _grey(picture: Float32) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(np.rint(picture * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY))


def _mean(values: Float64) -> float:
    """Mean of what is defined; NaN where nothing is."""
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else float("nan")
