"""Make this folder's files: see ORIGIN.md."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import rembg
from kiui.op import recenter
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from rembg.sessions.u2net import U2netSession

HERE = Path(__file__).parent
SIDE = 320


def saliency_model() -> onnx.ModelProto:
    """In rembg's u2net format: how far each place (5 x 5) is from white, 0 to 1; the second output is its opposite."""
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    kernel = np.broadcast_to((-deviation / 25)[:, None, None, None], (3, 1, 5, 5)).astype(np.float32)
    constants = {"kernel": kernel, "bias": (1 - mean).astype(np.float32)}
    constants |= {"slope": np.float32([24.0]), "threshold": np.float32([0.4]), "axis": np.int64([1])}
    constants |= {"pads": np.int64([0, 0, 2, 2, 0, 0, 2, 2])}
    nodes = [
        helper.make_node("Pad", ["input.1", "pads"], ["padded"], mode="edge"),
        helper.make_node("Conv", ["padded", "kernel", "bias"], ["darkness"], group=3),
        helper.make_node("ReduceMax", ["darkness", "axis"], ["most"], keepdims=1),
        helper.make_node("Sub", ["most", "threshold"], ["above"]),
        helper.make_node("Mul", ["above", "slope"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["1959"]),
        helper.make_node("Neg", ["1959"], ["1960"]),
    ]
    picture = helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    masks = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, SIDE, SIDE]) for name in ("1959", "1960")]
    initial = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "saliency", [picture], masks, initial)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def video_frame() -> np.ndarray:
    """(96, 72, 3) uint8: a striped ellipse, off the middle, with a blurred outline, on almost white."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:96, :72] + 0.5
    coverage = np.clip((1 - np.hypot((y - 40) / 26, (x - 42) / 15)) * 4 + 0.5, 0, 1)[..., None]
    stripes = np.where((x + y)[..., None] % 16 < 8, [0.85, 0.3, 0.1], [0.1, 0.45, 0.6])
    image = coverage * stripes + (1 - coverage) * 0.98 + rng.normal(0, 0.006, (96, 72, 3))
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


class LocalSession(U2netSession):
    """rembg's u2net with our model in the place of its own."""

    @classmethod
    def download_models(cls, *args: object, **kwargs: object) -> str:
        return str(HERE / "tiny_u2net.onnx")


def main() -> None:
    model = saliency_model()
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, HERE / "tiny_u2net.onnx")
    frame = video_frame()
    Image.fromarray(frame).save(HERE / "frame.png")
    cutout = rembg.remove(frame, session=LocalSession("u2net", onnxruntime.SessionOptions()))
    Image.fromarray(cutout).save(HERE / "cutout.png")
    centred = recenter(cutout, cutout[..., 3] > 0, border_ratio=0.3).astype(np.float32) / 255
    on_white = centred[..., :3] * centred[..., 3:] + (1 - centred[..., 3:])
    Image.fromarray((on_white * 255).astype(np.uint8)).resize((64, 64)).save(HERE / "prepared.png")


if __name__ == "__main__":
    main()
