"""Opposite views, and the Janus indicator: does the back look like the front?"""

import numpy as np
from numpy.typing import NDArray

from vid3d.indicators.correspondence import unmatched
from vid3d.indicators.reduction import reduced_clip, silhouettes, smoothed
from vid3d.scene import Float32, Float64

DISPLACEMENT = 0.032  # of the image width: how far a colour may lie from where the front has it
COLOUR = 0.15  # on the 0-1 scale, in every channel
EXPOSURE = 0.5  # mean brightness of the object to which all pictures are brought
DARKEST = 0.05  # mean brightness of an object below which it is brightened no more
ROOM = 0.1  # least distance between the sides' likeness and 1 that a back can rise by


def janus(similarity: Float64) -> Float64:
    """How much more the back resembles the front than the sides do, of what it could.

    ``J = clip((s_back - s_sides) / max(1 - s_sides, 0.1), 0, 1)`` with s_back the similarity of camera n / 2 with the
    front, camera 0, and s_sides the mean similarity of the cameras within 30 degrees of a right angle to it.  Where the
    sides look like the front as well (a vase), the back says nothing and J is near 0.

    Source: ours; the fault is described by Hong et al. 2023 (https://arxiv.org/abs/2303.15413) and usually counted by
    eye (Fei et al. 2024, https://arxiv.org/abs/2402.18780).

    Args:
        similarity: (frames, n) of each camera's image with camera 0's, at most 1; n even, at least 4, uniform azimuths.

    Returns:
        (frames,) float64 in [0, 1]; higher is worse; NaN where a similarity is NaN.

    Raises:
        ValueError: other shapes.
    """
    if similarity.ndim != 2 or similarity.shape[1] < 4 or similarity.shape[1] % 2:
        raise ValueError(f"similarities must be (frames, cameras) of 4, 6, 8 ... cameras, not {similarity.shape}")
    cameras = similarity.shape[1]
    azimuths = 2.0 * np.pi * np.arange(cameras) / cameras
    sides = similarity[:, np.abs(np.cos(azimuths)) <= 0.5 + 1e-9].mean(axis=1)
    excess = (similarity[:, cameras // 2] - sides) / np.maximum(1.0 - sides, ROOM)
    return np.asarray(np.clip(excess, 0.0, 1.0))


def likeness_to_front(images: Float32) -> Float64:
    """Similarity of each camera's image, or of its mirror image, with the front: the share of matched pixels.

    Of the front's pixels of the object, the share whose colour (to 0.15 in every channel) the other image has within
    3.2 % of the image width, averaged with the same share of the other image's pixels in the front; the larger of the
    values for the image and for its mirror image.  Before that the object of each image is brought to one mean
    brightness, so that a back in the shade may still look like the front.

    Source: ours, from the bidirectional similarity of Simakov et al. 2008 (``vid3d.indicators.correspondence``).

    Args:
        images: (frames, cameras, s, s, 3) in [0, 1] on white, camera 0 the front.

    Returns:
        (frames, cameras) float64 in [0, 1], 1 for the front itself; NaN where one of the two shows no object.

    Raises:
        ValueError: other shapes.
    """
    pictures = smoothed(reduced_clip(images))
    shown = silhouettes(pictures)
    pictures = _exposed(pictures, shown)
    cameras = pictures.shape[1]
    front, front_shown = np.repeat(pictures[:, 0], cameras, axis=0), np.repeat(shown[:, 0], cameras, axis=0)
    others, others_shown = pictures.reshape(front.shape), shown.reshape(front_shown.shape)
    as_it_is = _likeness(front, others, front_shown, others_shown)
    mirrored = _likeness(front, others[:, :, ::-1], front_shown, others_shown[:, :, ::-1])
    return np.asarray(np.maximum(as_it_is, mirrored).reshape(pictures.shape[:2]))


def _exposed(pictures: Float32, shown: NDArray[np.bool_]) -> Float32:
    """Pictures whose object has the mean brightness ``EXPOSURE``; the background stays white."""
    mask = shown[..., None]
    total = np.where(mask, pictures, 0).sum(axis=(-3, -2, -1), keepdims=True)
    mean = total / np.maximum(pictures.shape[-1] * mask.sum(axis=(-3, -2, -1), keepdims=True), 1)
    brought = np.minimum(pictures * (EXPOSURE / np.maximum(mean, DARKEST)), 1.0)
    return np.where(mask, brought, pictures).astype(np.float32)


def _likeness(a: Float32, b: Float32, a_shown: NDArray[np.bool_], b_shown: NDArray[np.bool_]) -> Float64:
    """(n,): the mean of the shares of either picture's object that the other has."""
    return np.asarray((_matched_share(a, b, a_shown) + _matched_share(b, a, b_shown)) / 2.0)


def _matched_share(pictures: Float32, others: Float32, shown: NDArray[np.bool_]) -> Float64:
    """(n,): of the pixels ``shown`` of each picture, the share that the other one has; NaN where there are none."""
    area = shown.sum(axis=(1, 2))
    lost = unmatched(pictures, others, shown, DISPLACEMENT * shown.shape[2], COLOUR).sum(axis=(1, 2))
    return np.asarray(1.0 - np.divide(lost, area, out=np.full(len(area), np.nan), where=area > 0))
