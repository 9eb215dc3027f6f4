from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vid3d import cameras, files
from vid3d.errors import InputError
from vid3d.randomness import generator
from vid3d.scene import Cameras, Float32, Moment, Reference
from vid3d.stages import Render, build
from vid3d.study.specs.render import RenderSpec, ShuffledRender


def run(
    *,
    spec: RenderSpec,
    reference: tuple[Path, Path, Path],
    motion: int,
    views: int,
    splats: Sequence[Path] = (),
    output: Sequence[Path],
    videos: Sequence[Path],
) -> None:
    """Splats (or, for a control, the reference) to filmstrips of the evaluation cameras and one video per camera.

    Args:
        spec: the backend and its settings.
        reference: the reference image's three files.
        motion: the motion score that the clip was asked for.
        views: how many were fitted.
        splats: a PLY for each frame; none for a control that draws none.
        output: a filmstrip for each frame.
        videos: an MP4 for each camera.
    """
    image = files.load_reference(reference)
    draw, evaluation = build(spec), cameras.orbit(cameras.EVALUATION_CAMERAS, spec.size)
    sources: Sequence[Path | None] = splats or [None] * len(output)
    if len(sources) != len(output):
        raise InputError(f"{len(sources)} files of splats for {len(output)} frames; name one for each")
    orders = _orders(spec, len(output), image.name)
    frames = []
    for index, path in enumerate(output):
        images = _drawn(draw, [sources[frame] for frame in orders[index]], evaluation, image, Moment(index, motion))
        item = {"image": image.name, "motion": motion, "views": views, "frame": index}
        files.save_filmstrip(path, images, files.Provenance("render", spec.argument(), item))
        frames.append(files.to_uint8(images))
    for camera, path in enumerate(videos):
        files.save_video(path, np.stack([frame[camera] for frame in frames]))


def _orders(spec: RenderSpec, frames: int, image: str) -> NDArray[np.int64]:
    """(frames, cameras): which frame each camera shows at each time.

    A control shows those of camera 0 in random order after frame 0, and of each other camera in an order of its own.
    """
    orders = np.tile(np.arange(frames)[:, None], cameras.EVALUATION_CAMERAS)
    if isinstance(spec, ShuffledRender):
        rng = generator(spec.seed, "shuffled", image)
        for camera in range(cameras.EVALUATION_CAMERAS):
            orders[int(camera == 0) :, camera] = rng.permutation(orders[int(camera == 0) :, camera])
    return orders


def _drawn(
    draw: Render, sources: Sequence[Path | None], evaluation: Cameras, image: Reference, moment: Moment
) -> Float32:
    """What each camera sees of its source; cameras that share one are drawn together."""
    shown: dict[Path | None, list[int]] = {}
    for camera, source in enumerate(sources):
        shown.setdefault(source, []).append(camera)
    images: Float32 | None = None
    for source, chosen in shown.items():
        seen = replace(evaluation, camera_to_world=evaluation.camera_to_world[chosen])
        drawn = draw(None if source is None else files.load_splats(source), seen, image, moment)
        images = np.empty((len(sources), *drawn.shape[1:]), np.float32) if images is None else images
        images[chosen] = drawn
    assert images is not None  # there is a camera
    return images
