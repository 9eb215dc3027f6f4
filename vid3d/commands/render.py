from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vid3d import cameras, files
from vid3d.stages import build
from vid3d.study.specs import RenderSpec


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
        splats: a PLY for each frame; none for a control.
        output: a filmstrip for each frame.
        videos: an MP4 for each camera.
    """
    image = files.load_reference(reference)
    draw, evaluation = build(spec), cameras.orbit(cameras.EVALUATION_CAMERAS, spec.size)
    sources: Sequence[Path | None] = splats or [None] * len(output)
    frames = []
    for index, (source, path) in enumerate(zip(sources, output, strict=True)):
        images = draw(None if source is None else files.load_splats(source), evaluation, image)
        item = {"image": image.name, "motion": motion, "views": views, "frame": index}
        files.save_filmstrip(path, images, files.Provenance("render", spec.argument(), item))
        frames.append(files.to_uint8(images))
    for camera, path in enumerate(videos):
        files.save_video(path, np.stack([frame[camera] for frame in frames]))
