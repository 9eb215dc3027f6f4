"""The image tower of a CLIP with a residual network, from its weights by torch's functions alone: our mini CLIP.

It computes what open_clip does, bit for bit (tests), but starts in a third of the processor time: open_clip imports
timm, transformers and, through torchvision, torch's compiler, whatever model is asked for.

What it reads is what open_clip writes: a configuration in JSON and a checkpoint in safetensors.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch.nn import functional

from vid3d.scene import UInt8

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # of the pixels OpenAI trained on
STEM = ((1, 2), (2, 1), (3, 1))  # (number, stride) of the convolutions before the first layer
SHRINKS = 32  # pixels of a side that become one
EPSILON = 1e-5  # of the batch norms
Weights = Mapping[str, torch.Tensor]


class Vision(NamedTuple):
    """The image tower's part of a configuration.

    Attributes:
        image_size: side of the square that the tower sees, in pixels.
        layers: how many blocks each of the four layers has.
        width: channels behind the stem.
        head_width: channels of a head of the pooling attention.
    """

    image_size: int
    layers: list[int]
    width: int
    head_width: int


def configuration(path: Path) -> Any:
    """What a configuration file holds; None if it cannot be read, which open_clip's reader then says."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def read_vision(configuration: Any) -> Vision | None:
    """The image tower of a parsed configuration; None if it is not of the kind that is computed here."""
    tower = configuration.get("vision_cfg") if isinstance(configuration, dict) else None
    if not isinstance(tower, dict) or tower.keys() != set(Vision._fields):
        return None
    return Vision(**tower) if isinstance(tower["layers"], list) and len(tower["layers"]) == 4 else None


def load(vision: Vision, embedding: int, checkpoint: Path) -> Callable[[torch.Tensor], torch.Tensor]:
    """Pixels (n, 3, s, s) float32 as ``pixels`` gives them to embeddings (n, ``embedding``) float32.

    Raises:
        ValueError: the weights are those of another configuration.
    """
    weights = {
        name.removeprefix("visual."): value.float()
        for name, value in load_file(checkpoint).items()
        if name.startswith("visual.")
    }
    channels = vision.width * SHRINKS
    expected = {
        "conv3.weight": (vision.width, vision.width // 2, 3, 3),
        "attnpool.positional_embedding": ((vision.image_size // SHRINKS) ** 2 + 1, channels),
        "attnpool.c_proj.weight": (embedding, channels),
    }
    for name, shape in expected.items():
        if name not in weights or weights[name].shape != shape:
            raise ValueError(f"visual.{name} is not there in the shape {shape}")
    blocks = {tuple(name.split(".")[:2]) for name in weights if name.startswith("layer")}
    if blocks != {(f"layer{i + 1}", str(block)) for i, count in enumerate(vision.layers) for block in range(count)}:
        raise ValueError(f"the layers are not of {vision.layers} blocks")
    return lambda images: _tower(images, weights, vision)


def pixels(image: UInt8, size: int) -> torch.Tensor:
    """(3, size, size) float32: the shorter side resized to ``size`` (PIL, bicubic), its middle cut out, normalised."""
    picture = Image.fromarray(image)
    short, long = sorted(picture.size)
    scaled = int(size * long / short)
    width, height = (size, scaled) if picture.width == short else (scaled, size)
    left, top = round((width - size) / 2), round((height - size) / 2)
    middle = picture.resize((width, height), Image.Resampling.BICUBIC).crop((left, top, left + size, top + size))
    shown = torch.from_numpy(np.array(middle)).permute(2, 0, 1).contiguous().float().div(255)
    return shown.sub_(torch.tensor(MEAN)[:, None, None]).div_(torch.tensor(STD)[:, None, None])


def _tower(x: torch.Tensor, weights: Weights, vision: Vision) -> torch.Tensor:
    for number, stride in STEM:
        x = functional.conv2d(x, weights[f"conv{number}.weight"], stride=stride, padding=1)
        x = functional.relu(_norm(x, weights, f"bn{number}"))
    x = functional.avg_pool2d(x, 2)
    for index, blocks in enumerate(vision.layers):
        for block in range(blocks):
            x = _block(x, weights, f"layer{index + 1}.{block}", 2 if index and not block else 1)
    return _pool(x, weights, vision.width * SHRINKS // vision.head_width)


def _block(x: torch.Tensor, weights: Weights, name: str, shrink: int) -> torch.Tensor:
    """A bottleneck of three convolutions beside a short cut; both are averaged down where the layer is smaller."""
    inner = functional.relu(_norm(functional.conv2d(x, weights[f"{name}.conv1.weight"]), weights, f"{name}.bn1"))
    inner = functional.conv2d(inner, weights[f"{name}.conv2.weight"], padding=1)
    inner = functional.relu(_norm(inner, weights, f"{name}.bn2"))
    if shrink > 1:
        inner = functional.avg_pool2d(inner, shrink)
    inner = _norm(functional.conv2d(inner, weights[f"{name}.conv3.weight"]), weights, f"{name}.bn3")
    if f"{name}.downsample.0.weight" in weights:
        x = functional.avg_pool2d(x, shrink) if shrink > 1 else x
        x = _norm(functional.conv2d(x, weights[f"{name}.downsample.0.weight"]), weights, f"{name}.downsample.1")
    return functional.relu(inner + x)


def _norm(x: torch.Tensor, weights: Weights, name: str) -> torch.Tensor:
    mean, variance, weight, bias = (weights[f"{name}.{w}"] for w in ("running_mean", "running_var", "weight", "bias"))
    return functional.batch_norm(x, mean, variance, weight, bias, eps=EPSILON)


def _pool(x: torch.Tensor, weights: Weights, heads: int) -> torch.Tensor:
    """What the mean of all places, as one more place before them, attends to."""
    places = x.flatten(2).permute(2, 0, 1)
    places = torch.cat([places.mean(dim=0, keepdim=True), places])
    places = places + weights["attnpool.positional_embedding"][:, None]
    projections = {part: weights[f"attnpool.{part}_proj.weight"] for part in "qkvc"}
    attended, _ = functional.multi_head_attention_forward(
        places,
        places,
        places,
        embed_dim_to_check=places.shape[-1],
        num_heads=heads,
        in_proj_weight=None,
        in_proj_bias=torch.cat([weights[f"attnpool.{part}_proj.bias"] for part in "qkv"]),
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=projections["c"],
        out_proj_bias=weights["attnpool.c_proj.bias"],
        training=False,
        need_weights=False,
        use_separate_proj_weight=True,
        q_proj_weight=projections["q"],
        k_proj_weight=projections["k"],
        v_proj_weight=projections["v"],
    )
    return attended[0]
