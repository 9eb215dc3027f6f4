"""The foreground as rembg finds it: its model u2net (Qin et al. 2020) in ONNX format, run by onnxruntime.

rembg itself would bring numba and scikit-image along for what is not used here; the model is run with rembg's scaling
before and after, and ``tests/conformance/test_official_preparation.py`` compares with rembg 2.0.86.
"""

from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from vid3d.errors import InputError, first_line
from vid3d.scene import UInt8
from vid3d.stages import CutOut
from vid3d.study.specs.views import V3dViews

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's colours
SIDE = 320  # of the model's input and output, in pixels


def build(spec: V3dViews) -> CutOut:
    """The model ``spec.cutout_model`` on the CPU: images (h, w, 3) uint8 to alpha (h, w) uint8.

    Raises:
        InputError: the file is missing, is no ONNX model, or one of another size than u2net.
    """
    path = Path(spec.cutout_model)
    if not path.is_file():
        raise InputError(
            f"views.cutout_model: {path}: no such file; `snakemake --cores 1 {path}` fetches it,"
            " and views.cutout: alpha does without it"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # as many as the job asks for; and the result does not depend on the machine's
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions have no common base of their own
        raise InputError(
            f"views.cutout_model: {path} is no ONNX model ({first_line(error)}); delete and fetch it"
        ) from None
    picture = session.get_inputs()[0]
    if any(isinstance(side, int) and side != SIDE for side in picture.shape[2:]):  # a side may also be left open
        raise InputError(f"views.cutout_model: {path} takes images of {picture.shape}, not of {SIDE} x {SIDE} as u2net")

    def cut_out(image: UInt8) -> UInt8:
        height, width = image.shape[:2]
        small = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        colours = np.asarray(small) / max(np.max(np.asarray(small)), 1e-6)
        normalised = ((colours - MEAN) / DEVIATION).astype(np.float32)
        saliency = session.run(None, {picture.name: normalised.transpose(2, 0, 1)[None]})[0][0, 0]
        low, high = saliency.min(), saliency.max()
        if not high > low:
            return np.zeros((height, width), np.uint8)
        mask = ((saliency - low) / (high - low) * 255).astype(np.uint8)
        return np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.LANCZOS))

    return cut_out
