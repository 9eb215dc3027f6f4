from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vid3d import cameras, files
from vid3d.measures import likeness
from vid3d.stages import build
from vid3d.study.specs.render import RenderSpec


def run(
    *,
    spec: RenderSpec,
    reference: tuple[Path, Path, Path],
    motion: int,
    views: int,
    splats: Sequence[Path],
    truth: Sequence[Path],
    output: Path,
) -> None:
    """How the splats differ from the ground truth at the held-out cameras: PSNR, SSIM, IoU, gradient energy, FLIP.

    Args:
        spec: the renderer and its settings.
        reference: the reference image's three files.
        motion: the motion score that the clip was asked for.
        views: how many were fitted.
        splats: a PLY for each frame.
        truth: a filmstrip for each frame.
        output: CSV to write, one row per frame and camera.
    """
    image = files.load_reference(reference)
    draw, angles = build(spec), cameras.held_out(16)[1]
    condition = {"image": image.name, "motion": motion, "views": views}
    rows: list[dict[str, Any]] = []
    for index, (source, path) in enumerate(zip(splats, truth, strict=True)):
        true = files.load_filmstrip(path, len(angles))
        unseen, _ = cameras.held_out(true.shape[1])
        # as in the renders' files: quantised to 8 bits before it is compared
        images = files.to_uint8(draw(files.load_splats(source), unseen, image)).astype(np.float32) / np.float32(255)
        rows += [condition | {"frame": index} | row for row in likeness.by_camera(images, true, angles)]
    files.save_rows(output, rows, files.Provenance("held-out", spec.argument(), condition))
