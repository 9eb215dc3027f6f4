from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vid3d import files
from vid3d.cameras import EVALUATION_CAMERAS, sphere
from vid3d.splatting import rasteriser

CAMERA = 3  # of the evaluation cameras: 108 degrees, which no seed shows
SIZE = 192  # pixels of each picture, three times those of the views
TURNS = 2  # how often the clip is shown, so that it is not over at once where nothing loops


def run(*, truth: Path, splats: Sequence[Path], output: Path) -> None:
    """The same moments seen by the same camera, side by side: the truth, then each arm.

    Args:
        truth: of the object, as ``hypothesis-truth`` makes it.
        splats: of each arm all frames, arm by arm.
        output: MP4 to write.
    """
    true = files.load_arrays(truth, "evaluation", what="truth")["evaluation"][:, CAMERA]
    arms = files.by_clip(splats, len(splats) // len(true), "--splats")
    camera = sphere([CAMERA * 360.0 / EVALUATION_CAMERAS], 0.0, SIZE)
    shown = [np.repeat(np.repeat(true, SIZE // true.shape[1], axis=1), SIZE // true.shape[1], axis=2)]
    for clip in arms:
        drawn = [rasteriser.render(files.load_splats(path), camera)[0] for path in clip]
        shown.append(files.to_uint8(np.clip(np.stack(drawn), 0.0, 1.0)))
    files.save_video(output, np.concatenate([np.concatenate(shown, axis=2)] * TURNS))
