"""CLIP image embeddings: of published models by open_clip, of our mini CLIP by torch alone (``weights.clip_tower``).

Both are the same to the last bit where both can be had; what our own reader does not know, open_clip reads, or says
what is wrong with it.  Its imports cost more than the embeddings of a clip of ours, so they wait until it is needed.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError

from vid3d.errors import InputError
from vid3d.procedural.tokens import Tokenizer
from vid3d.scene import Float32, UInt8
from vid3d.stages import Embed
from vid3d.study.specs.score import ClipEmbed
from vid3d.weights import clip_tower

BATCH = 50  # images per forward pass; fixed, as the last bits of a matrix product may depend on it
THREADS = 1  # likewise
Tensors = Callable[[torch.Tensor], torch.Tensor]
Pixels = Callable[[UInt8], torch.Tensor]


def build(spec: ClipEmbed) -> Embed:
    """The embedder of a Spec; its weights are read now, or downloaded if they are a pretrained tag.

    Raises:
        InputError: the architecture, configuration or weights are unknown, missing, or do not fit each other.
    """
    torch.set_num_threads(THREADS)
    encode, pixels = _of_torch_alone(spec) or _of_open_clip(spec)

    def embed(images: Sequence[UInt8]) -> Float32:
        batches = []
        with torch.inference_mode():
            for start in range(0, len(images), BATCH):
                batch = torch.stack([pixels(image) for image in images[start : start + BATCH]])
                batches.append(encode(batch).float().numpy())
        if not batches:
            raise ValueError("there are no images to embed")
        return np.concatenate(batches).astype(np.float32)

    return embed


def build_captions(spec: ClipEmbed, vocabulary: Path) -> Callable[[Sequence[str]], Float32]:
    """Captions to embeddings (n, d) float32, not normalised, by the text tower of a model trained on our vocabulary.

    Args:
        vocabulary: text file, one word a line in the order of their numbers.
    """
    from vid3d.weights import open_clip_models

    torch.set_num_threads(THREADS)
    model = open_clip_models.load_model(spec)
    if not vocabulary.is_file():
        raise InputError(f"{vocabulary} does not exist; it stands beside the weights of a model trained here")
    tokenizer = Tokenizer(vocabulary.read_text().split(), model.context_length)

    def embed(captions: Sequence[str]) -> Float32:
        with torch.inference_mode():
            embeddings = model.encode_text(torch.from_numpy(tokenizer(captions))).float().numpy()
        return np.asarray(embeddings, np.float32)

    return embed


def _of_torch_alone(spec: ClipEmbed) -> tuple[Tensors, Pixels] | None:
    """Image tower and preprocessing of a model that ``clip_tower`` reads; None if it does not."""
    if not (spec.model.endswith(".json") and spec.weights.endswith(".safetensors")):
        return None
    configuration = clip_tower.configuration(Path(spec.model))
    vision = clip_tower.read_vision(configuration)
    if vision is None:
        return None
    try:
        tower = clip_tower.load(vision, configuration["embed_dim"], Path(spec.weights))
    except (KeyError, OSError, ValueError, SafetensorError):
        return None
    return tower, lambda image: clip_tower.pixels(image, vision.image_size)


def _of_open_clip(spec: ClipEmbed) -> tuple[Tensors, Pixels]:
    """Image tower and preprocessing of any model that open_clip reads."""
    from vid3d.weights import open_clip_models

    model = open_clip_models.load_model(spec)
    return model.encode_image, open_clip_models.preprocessing(model)
