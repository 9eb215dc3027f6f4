"""CLIP-I equals that of the released script (``tests/data/clip_eval/ORIGIN.md``)."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from vid3d.backends.embed_clip import build
from vid3d.measures import metrics
from vid3d.study.specs.score import ClipEmbed

DATA = Path(__file__).parents[1] / "data" / "clip_eval"


def _open_clip_configuration(config: dict[str, Any]) -> dict[str, Any]:
    text, vision = config["text_config"], config["vision_config"]
    assert text["hidden_act"] == vision["hidden_act"] == "quick_gelu"
    return {
        "embed_dim": config["projection_dim"],
        "quick_gelu": True,
        "vision_cfg": {
            "image_size": vision["image_size"],
            "patch_size": vision["patch_size"],
            "layers": vision["num_hidden_layers"],
            "width": vision["hidden_size"],
            "head_width": vision["hidden_size"] // vision["num_attention_heads"],
            "mlp_ratio": vision["intermediate_size"] / vision["hidden_size"],
        },
        "text_cfg": {
            "context_length": text["max_position_embeddings"],
            "vocab_size": text["vocab_size"],
            "width": text["hidden_size"],
            "heads": text["num_attention_heads"],
            "layers": text["num_hidden_layers"],
            "mlp_ratio": text["intermediate_size"] / text["hidden_size"],
        },
    }


# transformers name -> open_clip name, by successive substitution
RENAMES = [
    (r"^vision_model\.embeddings\.class_embedding$", "visual.class_embedding"),
    (r"^vision_model\.embeddings\.patch_embedding\.", "visual.conv1."),
    (r"^vision_model\.embeddings\.position_embedding\.weight$", "visual.positional_embedding"),
    (r"^vision_model\.pre_layrnorm\.", "visual.ln_pre."),
    (r"^vision_model\.post_layernorm\.", "visual.ln_post."),
    (r"^vision_model\.encoder\.layers\.", "visual.transformer.resblocks."),
    (r"^text_model\.embeddings\.token_embedding\.", "token_embedding."),
    (r"^text_model\.embeddings\.position_embedding\.weight$", "positional_embedding"),
    (r"^text_model\.final_layer_norm\.", "ln_final."),
    (r"^text_model\.encoder\.layers\.", "transformer.resblocks."),
    (r"\.layer_norm(\d)\.", r".ln_\1."),
    (r"\.mlp\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.fc2\.", ".mlp.c_proj."),
    (r"\.self_attn\.out_proj\.", ".attn.out_proj."),
]


def _open_clip_weights(weights: dict[str, Any]) -> dict[str, Any]:
    mapped = {}
    for name, value in weights.items():
        if match := re.search(r"\.self_attn\.q_proj\.(weight|bias)$", name):
            kind = match[1]
            value = torch.cat([weights[name.replace("q_proj", f"{part}_proj")] for part in "qkv"])
            name = name.replace(f".self_attn.q_proj.{kind}", f".attn.in_proj_{kind}")
        elif re.search(r"\.self_attn\.[kv]_proj\.", name):
            continue
        elif name == "visual_projection.weight":
            name, value = "visual.proj", value.T.contiguous()
        elif name == "text_projection.weight":
            name, value = "text_projection", value.T.contiguous()
        for pattern, replacement in RENAMES:
            name = re.sub(pattern, replacement, name)
        mapped[name] = value
    return mapped


def _features(folder: Path, **changes: Any) -> np.ndarray:
    configuration = _open_clip_configuration(json.loads((DATA / "tiny_clip" / "config.json").read_text()))
    (folder / "config.json").write_text(json.dumps(configuration | changes))
    save_file(_open_clip_weights(load_file(DATA / "tiny_clip" / "model.safetensors")), folder / "model.safetensors")
    embed = build(
        ClipEmbed(backend="clip", model=str(folder / "config.json"), weights=str(folder / "model.safetensors"))
    )
    images = np.load(DATA / "renders_u8.npz")
    return embed([*images["renders"].reshape(-1, 32, 32, 3), images["source"]])


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """(251, 16): the renders frame by frame, then the source image."""
    return _features(tmp_path_factory.mktemp("tiny-clip"))


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    scores: dict[str, Any] = json.loads((DATA / "expected_scores.json").read_text())["hf_pil"]
    return scores


def test_features(features: np.ndarray) -> None:
    official = np.load(DATA / "expected_pil.npz")["features"]
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, official, atol=5e-6, rtol=1e-5)


def test_plain_gelu_would_be_noticed(tmp_path: Path) -> None:
    official = np.load(DATA / "expected_pil.npz")["features"]
    assert np.abs(_features(tmp_path, quick_gelu=False) - official).max() > 5e-3


def test_cosines(features: np.ndarray, bounds: Mapping[str, float]) -> None:
    official = np.load(DATA / "expected_pil.npz")
    renders, within = features[:250].reshape(25, 10, -1), bounds["cosines"]
    np.testing.assert_allclose(metrics.cosines(renders, features[0]), official["s_render_ref"], atol=within)
    np.testing.assert_allclose(metrics.cosines(renders, features[250]), official["s_source_ref"], atol=within)


def test_source_reference_protocol(features: np.ndarray, expected: dict[str, Any], bounds: Mapping[str, float]) -> None:
    similarity = metrics.cosines(features[:250].reshape(25, 10, -1), features[250])
    assert 100 * metrics.overall_mean(similarity) == pytest.approx(
        expected["paper_source_ref"], abs=100 * bounds["scores"]
    )


def test_self_reference_protocol(features: np.ndarray, expected: dict[str, Any], bounds: Mapping[str, float]) -> None:
    similarity = metrics.cosines(features[:250].reshape(25, 10, -1), features[0])
    per_camera = 100 * metrics.self_reference_per_camera(similarity)
    np.testing.assert_allclose(per_camera, expected["official_per_view"], atol=100 * bounds["scores"])
    assert 100 * metrics.self_reference(similarity) == pytest.approx(expected["official"], abs=100 * bounds["scores"])
    assert 100 * metrics.overall_mean(similarity) == pytest.approx(
        expected["self_excluded"], abs=100 * bounds["scores"]
    )
