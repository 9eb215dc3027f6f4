"""The seed stage on a tiny random checkpoint in the true on-disk format."""

import http.server
import os
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from vid3d.errors import InputError
from vid3d.files import Provenance, save_reference, to_uint8
from vid3d.scene import Reference
from vid3d.study.specs.seed import SvdSeed

pytest.importorskip("diffusers")
import torch
from diffusers import StableVideoDiffusionPipeline, UNetSpatioTemporalConditionModel

from vid3d.backends import seed_svd
from vid3d.weights import pipelines


def spec(model, **settings):
    defaults = {"size": 64, "frames": 3, "steps": 2, "variant": None, "decode_chunk": 2, "processor": "cpu"}
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


def test_motion_score_frame_rate_and_noise_reach_the_unet(seed, monkeypatch):
    seen = []
    forward = UNetSpatioTemporalConditionModel.forward

    def record(self, *arguments, added_time_ids, **settings):
        seen.append(added_time_ids)
        return forward(self, *arguments, added_time_ids=added_time_ids, **settings)

    monkeypatch.setattr(UNetSpatioTemporalConditionModel, "forward", record)
    changed = clip(seed, motion=200)
    assert len(seen) == 2  # steps
    for ids in seen:  # both branches of the guidance see the same conditioning
        torch.testing.assert_close(ids, torch.tensor([[6.0, 200.0, 0.02]] * 2))
    assert np.abs(clip(seed, motion=120) - changed).max() > 1e-4


def by_hand(folder, frames=3, **settings):
    """The stock pipeline called as the released code does, its images as PIL makes them: (3, 64, 64, 3) uint8."""
    pipeline = StableVideoDiffusionPipeline.from_pretrained(folder)
    source = Image.fromarray(np.rint(reference().image * 255).astype(np.uint8)).resize((64, 64))
    number = int(np.random.default_rng(7).integers(2**63))
    images = pipeline(
        source, height=64, width=64, num_frames=frames, num_inference_steps=2, decode_chunk_size=2,
        motion_bucket_id=120, generator=torch.manual_seed(number), **settings,
    ).frames[0]  # fmt: skip
    return np.stack([np.asarray(image) for image in images])


def test_equals_the_stock_pipeline_called_as_the_released_code_does(seed, tiny_svd):
    np.testing.assert_array_equal(clip(seed), by_hand(tiny_svd, output_type="np"))


def test_files_hold_the_values_of_the_images_that_the_released_code_saves(seed, tiny_svd):
    np.testing.assert_array_equal(to_uint8(clip(seed)), by_hand(tiny_svd, output_type="pil"))


def test_a_checkpoint_saved_again_makes_the_same_pixels(seed, tiny_svd, tmp_path):
    StableVideoDiffusionPipeline.from_pretrained(tiny_svd).save_pretrained(tmp_path / "again", variant="fp16")
    np.testing.assert_array_equal(clip(seed_svd.build(spec(tmp_path / "again", variant="fp16"))), clip(seed))


@pytest.mark.parametrize("offload", ["model", "sequential"])
def test_offloading_changes_no_pixel(seed, tiny_svd, offload):
    np.testing.assert_array_equal(clip(seed_svd.build(spec(tiny_svd, offload=offload))), clip(seed))


@pytest.mark.parametrize(
    ("offload", "call"),
    [
        ("none", ("to", ("cuda",), {})),
        ("model", ("enable_model_cpu_offload", (), {"device": "cuda"})),
        ("sequential", ("enable_sequential_cpu_offload", (), {"device": "cuda"})),
    ],
)
def test_where_the_weights_are_on_a_gpu(offload, call):
    calls = []

    class Pipeline:
        def __getattr__(self, name):
            return lambda *arguments, **settings: calls.append((name, arguments, settings))

    pipelines.place(Pipeline(), offload, "cuda")
    assert calls == [call]


def test_precision(seed, tiny_svd):
    halved = seed_svd.build(spec(tiny_svd, precision="bf16"))
    assert 0 < np.abs(clip(halved) - clip(seed)).mean() < 0.02  # a clip of another noise: 0.1
    np.testing.assert_array_equal(clip(seed_svd.build(spec(tiny_svd, precision="fp32"))), clip(seed))


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
    assert "nowhere: no such folder; fetch it" in one_line(spec(tmp_path / "nowhere"))


def test_a_hub_id_without_a_revision_is_refused():
    assert "set seed.model_revision" in one_line(spec("someone/svd"))


def test_a_missing_variant_is_refused(tiny_svd):
    assert "seed.model" in one_line(spec(tiny_svd, variant="bf16"))


def test_a_truncated_checkpoint_is_refused(tiny_svd, tmp_path):
    broken = shutil.copytree(tiny_svd, tmp_path / "broken")
    weights = broken / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    assert "broken" in one_line(spec(broken))


@pytest.mark.parametrize(("setting", "names"), [({"size": 100}, "100"), ({"frames": 1}, "at least 2")])
def test_settings_that_do_not_fit_the_model_are_refused(tiny_svd, setting, names):
    assert names in one_line(spec(tiny_svd, **setting))


def test_half_precision_without_a_gpu_is_refused(tiny_svd):
    assert "seed.precision" in one_line(spec(tiny_svd, precision="fp16"))


def test_a_gpu_that_is_not_there_is_missed_and_only_auto_takes_the_cpu(tiny_svd, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "seed.processor: gpu, and torch finds no GPU" in one_line(spec(tiny_svd, processor="gpu"))
    with pytest.raises(InputError, match=r"views\.processor: gpu, and torch finds no GPU"):
        pipelines.device_for("views", "gpu")
    assert pipelines.device_for("seed", "auto") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [pipelines.device_for("seed", wanted) for wanted in ("cpu", "gpu", "auto")] == ["cpu", "cuda", "cuda"]


def out_of_memory(*_, **__):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nSee the documentation")


@pytest.mark.parametrize("method", ["to", "__call__"], ids=["loading", "sampling"])
def test_out_of_memory_names_the_settings_to_lower(tiny_svd, monkeypatch, method):
    monkeypatch.setattr(StableVideoDiffusionPipeline, method, out_of_memory)
    with pytest.raises(InputError, match=r"seed\.offload .*seed\.decode_chunk") as error:
        clip(seed_svd.build(spec(tiny_svd)))
    assert "\n" not in str(error.value)


class Hub(http.server.BaseHTTPRequestHandler):
    """A model hub that knows the repository but not the revision."""

    def answer(self):
        self.send_response(404)
        self.send_header("X-Error-Code", "RevisionNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = answer  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def hub():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_an_unknown_revision_is_refused_in_one_line(hub, tmp_path):
    paths = [tmp_path / name for name in ("reference.png", "reference-foreground.png", "subject.json")]
    save_reference(paths, reference(), Provenance("reference", "{}"))
    asked = spec("someone/svd", model_revision="0123456789abcdef0123456789abcdef01234567").argument()
    frames = [str(tmp_path / f"frame-{frame:02d}.png") for frame in range(3)]
    words = ["seed", "--spec", asked, "--reference", *map(str, paths), "--motion", "120", "--output", *frames]
    done = subprocess.run(
        [sys.executable, "-m", "vid3d.cli", *words],
        env=os.environ | {"HF_ENDPOINT": hub, "HF_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("vid3d: ")]
    assert "revision 0123456789abcdef" in line
    assert "Revision Not Found" in line
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("frame-*"))
