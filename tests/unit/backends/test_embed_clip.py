import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from vid3d.backends import embed_clip
from vid3d.errors import InputError
from vid3d.study.specs.score import ClipEmbed
from vid3d.weights import clip_tower, open_clip_models

CONFIGURATION = {
    "embed_dim": 8,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "patch_size": 8, "layers": 2, "width": 16, "head_width": 8},
    "text_cfg": {"context_length": 6, "vocab_size": 10, "width": 16, "heads": 2, "layers": 1},
}


RESIDUAL = {
    "embed_dim": 12,
    "vision_cfg": {"image_size": 64, "layers": [1, 2, 1, 1], "width": 8, "head_width": 16},
    "text_cfg": CONFIGURATION["text_cfg"],
}


@pytest.fixture
def checkpoint(tmp_path: Path) -> tuple[Path, Path]:
    """A tiny model of random weights: configuration and state dict."""
    torch.manual_seed(0)
    model, weights = tmp_path / "config.json", tmp_path / "model.pt"
    model.write_text(json.dumps(CONFIGURATION))
    torch.save(open_clip.CLIP(**CONFIGURATION).state_dict(), weights)
    return model, weights


def _images(*sizes: tuple[int, int]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*size, 3), np.uint8) for size in sizes]


def _spec(model: Path | str, weights: Path | str) -> ClipEmbed:
    return ClipEmbed(backend="clip", model=str(model), weights=str(weights))


def test_equals_open_clip_used_by_hand(checkpoint: tuple[Path, Path]) -> None:
    model, weights = checkpoint
    images = _images((32, 32), (50, 40), (31, 97))
    embeddings = embed_clip.build(_spec(model, weights))(images)

    network = open_clip.CLIP(**CONFIGURATION)
    network.load_state_dict(torch.load(weights, weights_only=True))
    transform = open_clip.image_transform(32, is_train=False)
    with torch.no_grad():
        pixels = torch.stack([transform(Image.fromarray(image)) for image in images])
        by_hand = network.eval().encode_image(pixels).numpy()
    assert embeddings.dtype == np.float32
    assert embeddings.shape == (3, 8)
    np.testing.assert_allclose(embeddings, by_hand, atol=1e-6)


def test_the_tower_of_torch_alone_is_open_clips_to_the_last_bit(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = open_clip.CLIP(**RESIDUAL).eval()
    for name, value in network.state_dict().items():
        if "bn" in name and value.is_floating_point():  # as drawn, they are ones and zeros
            value.copy_(torch.rand(value.shape) + 0.5)
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(RESIDUAL))
    images = _images((64, 64), (128, 128), (50, 40), (31, 97), (97, 31))
    assert clip_tower.read_vision(RESIDUAL) is not None
    embeddings = embed_clip.build(_spec(tmp_path / "config.json", tmp_path / "model.safetensors"))(images)
    transform = open_clip.image_transform(64, is_train=False)
    with torch.inference_mode():
        by_hand = network.encode_image(torch.stack([transform(Image.fromarray(image)) for image in images])).numpy()
    assert embeddings.tobytes() == by_hand.tobytes()


@pytest.mark.parametrize(
    "vision", [{"width": 16}, {"layers": [1, 1, 1, 1]}, {"layers": [1, 3, 1, 1]}, {"image_size": 96}]
)
def test_a_tower_of_torch_alone_with_weights_of_another_is_refused(tmp_path: Path, vision: dict) -> None:
    save_file(open_clip.CLIP(**RESIDUAL).state_dict(), tmp_path / "model.safetensors")
    other = RESIDUAL | {"vision_cfg": RESIDUAL["vision_cfg"] | vision}
    (tmp_path / "config.json").write_text(json.dumps(other))
    with pytest.raises(InputError, match="belong together"):
        embed_clip.build(_spec(tmp_path / "config.json", tmp_path / "model.safetensors"))


def test_is_deterministic_and_independent_of_the_batch(checkpoint: tuple[Path, Path]) -> None:
    images = _images(*[(32, 32)] * (embed_clip.BATCH + 3))
    first, second = (embed_clip.build(_spec(*checkpoint))(images) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    alone = embed_clip.build(_spec(*checkpoint))(images[-1:])
    np.testing.assert_allclose(first[-1:], alone, atol=1e-5)


def test_quick_gelu_of_a_configuration_is_respected(checkpoint: tuple[Path, Path], tmp_path: Path) -> None:
    model, weights = checkpoint
    plain = tmp_path / "plain.json"
    plain.write_text(json.dumps({**CONFIGURATION, "quick_gelu": False}))
    images = _images((32, 32))
    difference = embed_clip.build(_spec(model, weights))(images) - embed_clip.build(_spec(plain, weights))(images)
    assert np.abs(difference).max() > 1e-4


def test_openais_tags_force_quick_gelu(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def create_model(name: str, tag: str, **settings: object) -> torch.nn.Module:
        calls.append((name, tag, settings))
        return torch.nn.Identity()

    monkeypatch.setattr(open_clip, "create_model", create_model)
    open_clip_models.load_model(_spec("ViT-B-16", "openai"))
    open_clip_models.load_model(_spec("ViT-B-32", "laion2b_s34b_b79k"))
    assert [settings["force_quick_gelu"] for _, _, settings in calls] == [True, False]


def test_the_papers_embedder_is_read_from_its_pinned_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ClipEmbed(backend="clip")
    assert spec.published
    (name,) = spec.checkpoints
    monkeypatch.chdir(tmp_path)
    Path(name).parent.mkdir(parents=True)
    torch.manual_seed(0)
    by_hand, _, transform = open_clip.create_model_and_transforms("ViT-B-32-quickgelu")
    save_file({key: value.contiguous() for key, value in by_hand.state_dict().items()}, name)

    network = open_clip_models.load_model(spec)
    (image,) = _images((300, 260))
    with torch.no_grad():
        pixels = transform(Image.fromarray(image))[None]
        assert torch.equal(network.encode_image(pixels), by_hand.eval().encode_image(pixels))
    published = {
        "size": (224, 224),
        "interpolation": "bicubic",
        "resize_mode": "shortest",
        "mean": (0.48145466, 0.4578275, 0.40821073),
        "std": (0.26862954, 0.26130258, 0.27577711),
    }
    assert published.items() <= network.visual.preprocess_cfg.items()


@pytest.fixture
def architecture(monkeypatch: pytest.MonkeyPatch) -> str:
    """A tiny architecture that open_clip knows with either activation, as it does ViT-B-32."""
    for name, quick_gelu in (("tiny", False), ("tiny-quickgelu", True)):
        monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, name, {**CONFIGURATION, "quick_gelu": quick_gelu})
    return "tiny"


def test_a_file_without_a_tag_says_which_activation_it_needs(
    checkpoint: tuple[Path, Path], architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, weights = checkpoint
    with pytest.raises(InputError, match=r"score\.quick_gelu: .*model\.pt does not say .* tiny-quickgelu/FILE"):
        embed_clip.build(_spec(architecture, weights))
    images = _images((32, 32))
    quick = embed_clip.build(_spec(f"{architecture}-quickgelu", weights))(images)
    by_setting, plain = (
        embed_clip.build(ClipEmbed(backend="clip", model=architecture, weights=str(weights), quick_gelu=value))(images)
        for value in (True, False)
    )
    np.testing.assert_array_equal(quick, by_setting)
    np.testing.assert_array_equal(quick, embed_clip.build(_spec(*checkpoint))(images))  # its configuration says so
    assert np.abs(quick - plain).max() > 1e-4
    monkeypatch.delitem(open_clip.factory._MODEL_CONFIGS, "tiny-quickgelu")
    np.testing.assert_array_equal(plain, embed_clip.build(_spec(architecture, weights))(images))  # no doubt, then


def test_nothing_is_said_to_be_random_that_is_not(
    checkpoint: tuple[Path, Path], architecture: str, caplog: pytest.LogCaptureFixture
) -> None:
    embed_clip.build(_spec(f"{architecture}-quickgelu", checkpoint[1]))
    assert not [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.filterwarnings("ignore:.*TorchScript|.*torch.jit")
def test_an_archive_of_code_is_refused(checkpoint: tuple[Path, Path], tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "ViT-B-32.pt")
    with pytest.raises(InputError, match="TorchScript archive, which holds code and is not opened") as error:
        embed_clip.build(_spec(checkpoint[0], tmp_path / "ViT-B-32.pt"))
    assert "\n" not in str(error.value)


def test_missing_configuration_and_weights_name_the_setting_and_the_cure(
    checkpoint: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model, weights = checkpoint
    with pytest.raises(InputError, match=r"score\.model: .*absent\.json does not exist; give the path"):
        embed_clip.build(_spec(model.with_name("absent.json"), weights))
    with pytest.raises(InputError, match=r"score\.weights: .*absent\.pt does not exist; give the path"):
        embed_clip.build(_spec(model, weights.with_name("absent.pt")))
    with pytest.raises(InputError, match="knows no architecture 'ViT-Q-1'"):
        embed_clip.build(_spec("ViT-Q-1", "openai"))
    with pytest.raises(InputError, match=r"open_clip_model\.safetensors does not exist"):
        embed_clip.build(ClipEmbed(backend="clip"))
    with pytest.raises(InputError, match=r"or one of the tags openai, laion"):
        embed_clip.build(_spec("ViT-B-32", "opnai"))


def test_weights_of_another_model_or_a_broken_file_are_refused(checkpoint: tuple[Path, Path], tmp_path: Path) -> None:
    model, weights = checkpoint
    other = tmp_path / "other.json"
    other.write_text(json.dumps({**CONFIGURATION, "embed_dim": 12}))
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(weights.read_bytes()[:100])
    for spec in (_spec(other, weights), _spec(model, broken)):
        with pytest.raises(InputError, match="belong together") as error:
            embed_clip.build(spec)
        assert "\n" not in str(error.value)


def test_a_pickle_that_runs_code_is_not_executed(checkpoint: tuple[Path, Path], tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "executed",)

    torch.save({"state_dict": Payload()}, tmp_path / "evil.pt")
    with pytest.raises(InputError):
        embed_clip.build(_spec(checkpoint[0], tmp_path / "evil.pt"))
    assert not (tmp_path / "executed").exists()
