"""Ground-truth images of an object at any time from any cameras."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from vid3d.cameras import EVALUATION_CAMERAS, orbit
from vid3d.errors import InputError
from vid3d.procedural.motion import solve_amplitude
from vid3d.procedural.objects import ObjectSpec, sculpt
from vid3d.procedural.raycast import Hits, cast
from vid3d.procedural.rig import Rig
from vid3d.procedural.surface import shade
from vid3d.scene import Cameras, Float32, Float64, Reference

Stain = Callable[[Float64], Float64]


def render(
    obj: ObjectSpec, frame: float, motion: float, cameras: Cameras, supersampling: int = 3
) -> tuple[Float32, Float32]:
    """What n cameras see at one moment, on white, antialiased by supersampling^2 rays per pixel.

    Args:
        frame: time in frames from 0, the rest pose.
        motion: score asked for (``vid3d.procedural.motion``), at least 0.
        cameras: n cameras outside the object.

    Returns:
        Images (n, h, w, 3) float32 in [0, 1] and coverage (n, h, w) float32 in [0, 1].

    Raises:
        InputError: the class cannot move that much.
    """
    return render_at_amplitude(obj, frame, solve_amplitude(obj, motion), cameras, supersampling)


def render_at_amplitude(
    obj: ObjectSpec, frame: float, amplitude: float, cameras: Cameras, supersampling: int = 3
) -> tuple[Float32, Float32]:
    """The same for a motion given by its amplitude (``solve_amplitude``), which spares solving for a score."""
    images, alpha = render_looks([obj], frame, amplitude, cameras, supersampling)
    return images[0], alpha


def render_looks(
    looks: Sequence[ObjectSpec],
    frame: float,
    amplitude: float,
    cameras: Cameras,
    supersampling: int,
    stain: Stain | None = None,
) -> tuple[Float32, Float32]:
    """The same of k objects that differ in their colours only: rays are cast once, which is most of the work.

    Args:
        stain: added to the shaded colours (n, 3) of points (n, 3) of the object at rest.

    Returns:
        Images (k, n, h, w, 3) float32 in [0, 1] and coverage (n, h, w) float32 in [0, 1].
    """
    rigs = [sculpt(look).present(frame) for look in looks]
    maps = rigs[0].pose(frame, amplitude)
    height, width = cameras.height, cameras.width
    images = np.empty((len(looks), len(cameras), height, width, 3), np.float32)
    alpha = np.empty((len(cameras), height, width), np.float32)
    for index in range(len(cameras)):
        hits = cast(rigs[0], maps, cameras, index, supersampling)
        for look, rig in enumerate(rigs):
            colours = _paint(rig, hits, height * width * supersampling**2, stain)
            pixels = _mean(colours.reshape(height * supersampling, width * supersampling, 4), supersampling)
            alpha[index] = pixels[..., 3]
            images[look, index] = pixels[..., :3] + (1.0 - pixels[..., 3:])
    return images, alpha


def shown(reference: Reference, backend: str) -> ObjectSpec:
    """The object that a reference image shows.

    Raises:
        InputError: a photograph, which the named stage and backend cannot do with.
    """
    if reference.procedural is None:
        raise InputError(f"{reference.name}: {backend} needs a procedural object, not a photograph: use another")
    return ObjectSpec.from_dict(reference.procedural)


def truth(described: Mapping[str, Any], frames: int, motion: float, size: int) -> Iterator[Float32]:
    """What the evaluation cameras see of a clip's object, moment by moment.

    Args:
        described: the object (``Reference.procedural``).
        frames: how many, from 0.
        motion: score asked for.
        size: side of the images in pixels.

    Yields:
        (cameras, size, size, 3) float32 in [0, 1], on white.
    """
    obj, cameras = ObjectSpec.from_dict(described), orbit(EVALUATION_CAMERAS, size)
    for frame in range(frames):
        yield render(obj, frame, motion, cameras)[0]


def _paint(rig: Rig, hits: Hits, rays: int, stain: Stain | None) -> Float32:
    """RGB and coverage (rays, 4) of what was hit, black where nothing was."""
    colours = np.zeros((rays, 4), np.float32)
    brightness = shade(hits.normal)[:, None]
    for k, part in enumerate(rig.parts):
        these = slice(*np.searchsorted(hits.part, (k, k + 1)))
        colours[hits.rays[these], :3] = np.minimum(part.paint(hits.rest[these]) * brightness[these], 1.0)
    if stain is not None:
        colours[hits.rays, :3] = np.clip(colours[hits.rays, :3] + stain(hits.rest), 0.0, 1.0)
    colours[hits.rays, 3] = 1.0
    return colours


def make_reference(name: str, entry: Mapping[str, Any], size: int) -> Reference:
    """The reference image of an object of the benchmark's list: camera 0 at frame 0, size x size pixels.

    It needs no cutting out and keeps its place in the frame, so source and foreground are the same image.

    Args:
        name: the object's name.
        entry: its attributes except the name.

    Raises:
        InputError: ``entry`` describes no object.
    """
    obj = ObjectSpec.from_dict({"name": name, **entry})
    images, alpha = render(obj, 0.0, 0.0, orbit(1, size))
    return Reference(obj.name, obj.caption, images[0], images[0], alpha[0], obj.to_dict())


def _mean(rays: Float32, supersampling: int) -> Float32:
    """Per pixel, the mean of its rays; summing strided images is several times faster than reducing short axes."""
    s = supersampling
    total = sum(rays[row::s, column::s] for row in range(s) for column in range(s))
    return np.asarray(total / np.float32(s * s))
