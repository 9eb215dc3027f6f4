"""CLIP models read by open_clip, and its own transform of their images (PIL, bicubic, shortest side).

OpenAI's weights were trained with QuickGELU, which open_clip's architecture ``ViT-B-32`` does not use by default: the
flag is taken from the pretrained tag's own configuration.  For a file the Spec or the model's configuration decides;
where neither says anything and the architecture is in use with either activation, the file is refused, since both would
load and one of them gives wrong embeddings without a word.

The paper's embedder is read from a pinned file, not downloaded by open_clip.  OpenAI itself publishes a TorchScript
archive, which holds code; the same weights without code are on the hub (``config/weights.yaml``).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import open_clip
import torch
from open_clip.pretrained import get_pretrained_cfg, list_pretrained_tags_by_model
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from vid3d.errors import InputError, first_line
from vid3d.scene import UInt8
from vid3d.study.specs.score import ClipEmbed, is_path


def preprocessing(model: Any) -> Callable[[UInt8], torch.Tensor]:
    """What makes of an image (h, w, 3) uint8 what a model's image tower takes, (3, s, s) float32."""
    transform = image_transform_v2(PreprocessCfg(**model.visual.preprocess_cfg), is_train=False)
    return lambda image: transform(Image.fromarray(image))


def load_model(spec: ClipEmbed) -> Any:
    """An open_clip model (its class is not typed) in evaluation mode, float32, on the CPU; pickles only as weights."""
    if spec.model.endswith(".json"):
        return _from_configuration(Path(spec.model), spec.weights).eval()
    return _from_name(spec).eval()


def _from_configuration(path: Path, weights: str) -> Any:
    try:
        network = open_clip.CLIP(**json.loads(path.read_text()))
    except FileNotFoundError:
        raise InputError(f"score.model: {path} does not exist; give the path of an open_clip configuration") from None
    except (TypeError, ValueError) as error:
        raise InputError(f"score.model: {path} is no open_clip configuration ({first_line(error)})") from None
    open_clip.model.set_model_preprocess_cfg(network, vars(PreprocessCfg(size=network.visual.image_size)))
    checkpoint = _checkpoint(weights)
    with _reading(checkpoint):
        open_clip.load_checkpoint(network, str(checkpoint), strict=True, weights_only=True)
    return network


def _from_name(spec: ClipEmbed) -> Any:
    if spec.model not in open_clip.list_models():
        raise InputError(f"score.model: open_clip knows no architecture {spec.model!r}; see open_clip.list_models()")
    tag = get_pretrained_cfg(spec.model, spec.weights)
    if not tag or spec.published:
        path = _checkpoint(
            spec.checkpoints[0] if spec.published else spec.weights, list_pretrained_tags_by_model(spec.model)
        )
        # open_clip's preprocessing of an architecture is that of OpenAI's tag
        quick_gelu = bool(tag.get("quick_gelu")) if tag else _activation(spec)
        with _reading(path):
            return open_clip.create_model(spec.model, str(path), force_quick_gelu=quick_gelu, weights_only=True)
    try:
        return open_clip.create_model(
            spec.model, spec.weights, force_quick_gelu=bool(tag.get("quick_gelu")), weights_only=True
        )
    except (RuntimeError, OSError) as error:
        raise InputError(
            f"score.weights: {spec.model}/{spec.weights} could not be downloaded or read ({first_line(error)}); go"
            " online once, or give the path of a checkpoint, or another embedder"
        ) from None


def _activation(spec: ClipEmbed) -> bool:
    """Whether weights from a file are to be used with QuickGELU."""
    if spec.quick_gelu is None and f"{spec.model}-quickgelu" in open_clip.list_models():
        raise InputError(
            f"score.quick_gelu: {spec.weights} does not say which activation its weights were trained with; set true"
            f" (OpenAI's, MetaCLIP's; as embedder {spec.model}-quickgelu/FILE) or false (LAION-2B's, DataComp's)"
        )
    return bool(spec.quick_gelu)


def _checkpoint(weights: str, tags: Sequence[str] = ()) -> Path:
    path = Path(weights)
    if not is_path(weights) or not path.is_file():
        known = f" or one of the tags {', '.join(tags)}" if tags else ""
        raise InputError(f"score.weights: {weights} does not exist; give the path of a checkpoint{known}")
    return path


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Errors of loading the weights at ``path`` as one line."""
    try:
        yield
    except Exception as error:  # safetensors and torch raise many classes for unreadable files
        if "TorchScript" in str(error):
            raise InputError(
                f"score.weights: {path} is a TorchScript archive, which holds code and is not opened; fetch OpenAI's"
                " weights without code with `snakemake weights` (config/weights.yaml names the file)"
            ) from None
        raise InputError(
            f"score.weights: {path} cannot be read as weights of this model ({first_line(error)});"
            " check that model and weights belong together and that the file is whole"
        ) from None
