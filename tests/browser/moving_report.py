"""Reports of synthetic studies whose splats and videos move, for browser tests."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import demo
import numpy as np
import pytest

from vid3d import report
from vid3d.files import Provenance, save_splats, save_video
from vid3d.report import viewer
from vid3d.study import layout

sys.path.append(str(demo.ROOT / "tests" / "unit"))

import synthetic_report
import synthetic_study as synthetic

TRUE_IMAGES = synthetic.STATIC | {"title": "The true images", "render": {"backend": "truth", "size": 16}}


def write_report(folder: Path, runs: dict[str, Any], objects: Sequence[str]) -> Path:
    """The page of a report of these runs, in a folder that was moved away from its results.

    Args:
        folder: an empty one.
        runs: raw settings, as of ``synthetic_study.build``; those without ``extends`` own what is drawn.
        objects: names of the procedural objects.
    """
    root = folder / "study"
    study = synthetic_report.build(root, runs, objects=objects)
    for name, run in study.runs.items():
        if run.render.control:
            continue
        for clip in layout.conditions(study, name):
            for frame in layout.frames(run):
                splats = demo.waver(int(frame) / 3, clip.motion / 100, 20 * clip.views)
                save_splats(root / clip.path(layout.SPLATS, study, frame=frame), splats, Provenance("test", "{}"))
            for camera in layout.cameras():
                film = np.full((3, 16, 16, 3), 200, np.uint8)
                save_video(root / clip.path(layout.VIDEO, study, camera=camera), film)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(viewer, "TURNTABLE", 32)
        patch.setattr(viewer, "TURNTABLE_IMAGES", 4)
        report.write(study, "small", root)
    shutil.copytree(root / layout.REPORT.format(report="small"), folder / "moved")
    return folder / "moved" / "index.html"
