"""The seed stage on a tiny random checkpoint in the true on-disk format."""

import numpy as np
import pytest
from PIL import Image

from vid3d.errors import InputError
from vid3d.scene import Reference
from vid3d.specs import SvdSeed

pytest.importorskip("diffusers")
from vid3d.backends import seed_svd


def spec(model, **settings):
    defaults = {"size": 64, "frames": 3, "steps": 2, "variant": None, "decode_chunk": 2}
    return SvdSeed(backend="svd", model=str(model), **(defaults | settings))


def reference():
    rows, columns = np.mgrid[:48, :80].astype(np.float32)
    image = np.stack([rows / 47, columns / 79, np.full_like(rows, 0.5)], axis=-1)
    return Reference("ramp", "a ramp", image, np.ones((8, 8, 3), np.float32), np.ones((8, 8), np.float32))


def clip(seed, motion=120, number=7):
    return seed(reference(), motion, np.random.default_rng(number)).images


@pytest.fixture(scope="module")
def seed(tiny_svd):
    return seed_svd.build(spec(tiny_svd))


def test_a_clip_of_the_asked_shape_that_is_no_constant(seed):
    images = clip(seed)
    assert images.shape == (3, 64, 64, 3)
    assert images.dtype == np.float32
    assert images.min() >= 0.0
    assert images.max() <= 1.0
    assert images.std() > 0.01


def test_the_generator_decides(seed):
    np.testing.assert_array_equal(clip(seed), clip(seed))
    assert np.abs(clip(seed) - clip(seed, number=8)).max() > 0.01


def test_the_motion_score_reaches_the_model(seed):
    assert np.abs(clip(seed, motion=120) - clip(seed, motion=200)).max() > 1e-4


def test_equals_the_stock_pipeline_called_as_the_released_code_does(seed, tiny_svd):
    import torch
    from diffusers import StableVideoDiffusionPipeline

    pipeline = StableVideoDiffusionPipeline.from_pretrained(tiny_svd)
    source = Image.fromarray(np.rint(reference().image * 255).astype(np.uint8)).resize((64, 64))
    number = int(np.random.default_rng(7).integers(2**63))
    official = pipeline(
        source, height=64, width=64, num_frames=3, num_inference_steps=2, decode_chunk_size=2, motion_bucket_id=120,
        generator=torch.manual_seed(number), output_type="np",
    ).frames[0]  # fmt: skip
    np.testing.assert_array_equal(clip(seed), official)


@pytest.mark.parametrize(
    "setting",
    [
        {"steps": 3},
        {"fps": 12},
        {"noise_aug_strength": 0.5},
        {"min_guidance": 2.0},
        {"max_guidance": 9.0},
        {"decode_chunk": 3},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_every_setting_reaches_the_model(seed, tiny_svd, setting):
    changed = seed_svd.build(spec(tiny_svd, **setting))
    assert np.abs(clip(changed) - clip(seed)).max() > 1e-5


def test_the_number_of_frames_is_the_specs(tiny_svd):
    assert clip(seed_svd.build(spec(tiny_svd, frames=5))).shape == (5, 64, 64, 3)


def one_line(settings):
    with pytest.raises(InputError) as error:
        seed_svd.build(settings)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_missing_folder_is_refused(tmp_path):
    assert "nowhere" in one_line(spec(tmp_path / "nowhere"))


def test_a_missing_variant_is_refused(tiny_svd):
    assert "seed.model" in one_line(spec(tiny_svd, variant="bf16"))


def test_a_truncated_checkpoint_is_refused(tiny_svd, tmp_path):
    import shutil

    broken = shutil.copytree(tiny_svd, tmp_path / "broken")
    weights = broken / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    assert "broken" in one_line(spec(broken))


@pytest.mark.parametrize(("setting", "names"), [({"size": 100}, "100"), ({"frames": 1}, "at least 2")])
def test_settings_that_do_not_fit_the_model_are_refused(tiny_svd, setting, names):
    assert names in one_line(spec(tiny_svd, **setting))
