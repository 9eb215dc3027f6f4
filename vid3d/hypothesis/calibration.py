"""How large the faults of generated views are, and which part of them is drawn anew for each frame.

Of a quantity q_f of frame f, half the mean squared difference of successive frames is the part that is drawn anew
(von Neumann, *Ann. Math. Statist.* 12, 1941, 367-395): what persists, or drifts slowly, drops out of it.  The rest of
its mean square persists.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vid3d.cameras import orbit
from vid3d.hypothesis.outcomes import BACKGROUND
from vid3d.indicators.steadiness import centre_jitter, scale_jitter
from vid3d.procedural import ObjectSpec, follow
from vid3d.scene import Cameras, Float32, Float64

Sums = dict[str, float]
SMALLEST = 1e-12  # variance below which there is nothing to correlate


@dataclass(frozen=True)
class Clip:
    """Generated views of a clip beside the true ones.

    Attributes:
        views, truth: (frames, n, s, s, 3) float32 in [0, 1]; at least 3 frames; evenly spaced on the orbit.
    """

    obj: ObjectSpec
    motion: int
    views: Float32
    truth: Float32


def of_clip(clip: Clip) -> Sums:
    """Mean squares of a clip's faults: of each quantity ``NAME_frame``, drawn anew, and ``NAME_all``.

    - ``colour``: factor on each channel's distance from white, minus 1, by least squares over a frame's views.
    - ``shift``: of the silhouettes' centres, up and along camera 0's horizontal axis, image widths.
    - ``scale``: of the logarithm of the root of the silhouettes' area.
    - ``texture``: what is left of the difference in colour of points that both show, followed through time; and
      ``texture_shared``, the part of what is drawn anew on which neighbouring views agree.
    - ``lag``: its product with its own neighbour one pixel aside.
    - ``centre_jitter``, ``scale_jitter``: the indicators of these names at camera 0, less those of the truth, for
      comparison with videos of which there is no truth.
    """
    both = np.asarray((clip.views < BACKGROUND).any(axis=-1) & (clip.truth < BACKGROUND).any(axis=-1))
    gains = _gains(clip.views, clip.truth, both)
    sums = _split("colour", gains - 1.0)
    sums |= _split("shift", _shifts(clip.views, clip.truth)) | _split("scale", _scales(clip.views, clip.truth))
    corrected = 1.0 - (1.0 - clip.views) / np.maximum(gains, 0.1)[:, None, None, None]
    sums |= _texture(clip, (corrected - clip.truth).astype(np.float32), both)
    for name, measure in {"centre_jitter": centre_jitter, "scale_jitter": scale_jitter}.items():
        ours, own = (float(np.nanmean(measure(images[:, :1]))) for images in (clip.views, clip.truth))
        sums[name] = ours - own
    return sums


def levels(clips: list[Sums]) -> dict[str, float]:
    """Standard deviations over clips, by the names that ``JitteredViews`` has, and what persists beside them.

    Args:
        clips: of each clip what ``of_clip`` gives.

    Returns:
        ``colour``, ``texture`` (of the shared part), ``grain`` (image widths), ``shift``, ``scale``: of what is drawn
        anew; NAME_persistent of each; ``texture_of_a_view`` of what is drawn anew whether views agree or not;
        ``centre_jitter`` and ``scale_jitter``.
    """
    mean = {name: float(np.mean([clip[name] for clip in clips])) for name in clips[0]}

    def root(value: float) -> float:
        return float(np.sqrt(max(value, 0.0)))

    found = {}
    for name in ("colour", "shift", "scale", "texture"):
        found[name] = root(mean[f"{name}_frame"])
        found[f"{name}_persistent"] = root(mean[f"{name}_all"] - mean[f"{name}_frame"])
    found["texture_of_a_view"], found["texture"] = found["texture"], root(mean["texture_shared"])
    likeness = mean["lag"] / max(mean["texture_frame"], SMALLEST)
    # a Gaussian correlation exp(-d^2 / 2 l^2) of that value at a distance of one pixel
    pixels = 1.0 / np.sqrt(-2.0 * np.log(np.clip(likeness, 0.01, 0.99)))
    return found | {
        "grain": float(pixels * mean["pixel"]),
        "centre_jitter": mean["centre_jitter"],
        "scale_jitter": mean["scale_jitter"],
    }


def _split(name: str, values: Float64) -> Sums:
    """``NAME_frame`` and ``NAME_all`` of values (frames, ...)."""
    return {
        f"{name}_frame": float(np.square(np.diff(values, axis=0)).mean() / 2.0),
        f"{name}_all": float(np.square(values).mean()),
    }


def _gains(views: Float32, truth: Float32, both: NDArray[np.bool_]) -> Float64:
    """(frames, 3): by how much the views' distance from white is the truth's."""
    ours, own = ((1.0 - images) * both[..., None] for images in (views, truth))
    return np.asarray((ours * own).sum(axis=(1, 2, 3)) / np.square(own).sum(axis=(1, 2, 3)), np.float64)


def _silhouettes(images: Float32) -> tuple[Float64, Float64]:
    """Centres (frames, n, 2), x right and y down, and areas (frames, n), both in image widths."""
    shown = (images < BACKGROUND).any(axis=-1)
    size = images.shape[2]
    area = np.maximum(shown.sum(axis=(2, 3)), 1)
    places = (np.arange(size) + 0.5) / size
    x, y = (shown.sum(axis=axis) @ places / area for axis in (2, 3))
    return np.stack([x, y], axis=-1), area / size**2


def _shifts(views: Float32, truth: Float32) -> Float64:
    """(frames, 2): along camera 0's horizontal axis, which the others see foreshortened, and down."""
    moved = _silhouettes(views)[0] - _silhouettes(truth)[0]
    turned = np.cos(2.0 * np.pi * np.arange(views.shape[1]) / views.shape[1])
    return np.stack([moved[..., 0] @ turned / np.square(turned).sum(), moved[..., 1].mean(axis=1)], axis=-1)


def _scales(views: Float32, truth: Float32) -> Float64:
    """(frames,): the logarithm of the root of the silhouettes' areas, over the truth's."""
    return np.asarray(np.log(_silhouettes(views)[1] / _silhouettes(truth)[1]).mean(axis=1) / 2.0)


def _texture(clip: Clip, error: Float32, both: NDArray[np.bool_]) -> Sums:
    frames, count, size = error.shape[:3]
    cameras = orbit(count, size)
    total: dict[str, list[float]] = {"texture_all": [], "texture_frame": [], "texture_shared": [], "lag": []}
    for frame in range(frames - 1):
        changes = [_change(clip, cameras, error, both, frame, camera) for camera in range(count)]
        for camera in range(count):
            change, known = changes[camera]
            neighbour = (camera + 1) % count
            there, seen = follow(clip.obj, clip.motion, cameras, (float(frame), camera), (float(frame), neighbour))
            column, row = _pixels(there, size)
            seen &= known & changes[neighbour][1][row, column]
            aside = known[:, 1:] & known[:, :-1]
            values = {
                "texture_all": np.square(error[frame, camera])[known],
                "texture_frame": np.square(change)[known] / 2.0,
                "texture_shared": (change * changes[neighbour][0][row, column])[seen] / 2.0,
                "lag": (change[:, 1:] * change[:, :-1])[aside] / 2.0,
            }
            for name, found in values.items():
                total[name] += [float(found.mean())] if found.size else []
    means = {name: float(np.mean(values)) if values else 0.0 for name, values in total.items()}
    return means | {"pixel": 1.0 / size}


def _change(
    clip: Clip, cameras: Cameras, error: Float32, both: NDArray[np.bool_], frame: int, camera: int
) -> tuple[Float32, NDArray[np.bool_]]:
    """(s, s, 3): how the error at each point of the object changes to the next frame; (s, s): where that is known."""
    there, seen = follow(clip.obj, clip.motion, cameras, (float(frame), camera), (frame + 1.0, camera))
    column, row = _pixels(there, len(seen))
    known = seen & both[frame, camera] & both[frame + 1, camera][row, column]
    return error[frame + 1, camera][row, column] - error[frame, camera], known


def _pixels(positions: Float32, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and rows of the pixels that hold the positions (..., 2), moved into the image."""
    whole = np.clip(np.floor(positions).astype(np.int64), 0, size - 1)
    return whole[..., 0], whole[..., 1]
