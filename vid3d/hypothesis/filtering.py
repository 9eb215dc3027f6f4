"""Time modelled in two dimensions: renders of independent fits, filtered along time."""

import numpy as np

from vid3d.scene import Float32


def median_over_time(images: Float32, reach: int) -> Float32:
    """The median of each pixel and channel over the frames up to ``reach`` away; the ends are repeated.

    Args:
        images: (frames, cameras, h, w, 3).
        reach: at least 0, which changes nothing.
    """
    if reach == 0:
        return images
    padded = np.pad(images, ((reach, reach), *((0, 0),) * (images.ndim - 1)), mode="edge")
    windows = np.stack([padded[start : start + len(images)] for start in range(2 * reach + 1)])
    return np.asarray(np.median(windows, axis=0), np.float32)
