"""Checks 8, 9, 10 and 12: seeds and views on a place beside the CPU's, and models of the published size."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLTemporalDecoder, UNetSpatioTemporalConditionModel
from PIL import Image

from tests.gpu.places import Place
from tests.gpu.record import Check
from vid3d import files
from vid3d.backends import seed_svd, views_v3d
from vid3d.images.preparation import bounds, recentre
from vid3d.scene import Float32, Reference
from vid3d.study.specs.seed import SvdSeed
from vid3d.study.specs.views import V3dViews
from vid3d.weights import convert_v3d, tiny

ROOT = Path(__file__).parents[2]
MULTIVIEW = ROOT / "tests/data/multiview"
# docs/paper-scale.md, weights and tensors together: GiB
EXPECTED = {"seed UNet": 7.8, "seed decoder": 4.2, "views UNet": 11.1, "views decoder": 18.4}
OUT_OF_MEMORY = """
import sys
import torch
from vid3d import cli
left = int(float(sys.argv.pop(1)) * 2**30)
taken = torch.empty(torch.cuda.mem_get_info()[0] - left, dtype=torch.uint8, device="cuda")
cli.main()
"""


@contextmanager
def single_precision() -> Iterator[None]:
    """Without TF32, which torch allows in convolutions by itself."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def seed(place: Place, folder: Path, check: Check) -> None:
    """8: a tiny SVD of random weights, in both precisions, with its weights on the device or waiting."""
    torch.manual_seed(0)
    tiny.video_model(frames=3).save_pretrained(folder)
    here, half = ("gpu", "fp16") if place.cuda else ("cpu", "bf16")

    def clip(processor: str, precision: str, offload: str = "none") -> Float32:
        settings = {"processor": processor, "precision": precision, "offload": offload, "variant": None}
        sizes = {"size": 64, "frames": 3, "steps": 2, "decode_chunk": 2}
        spec = SvdSeed(backend="svd", model=str(folder), **settings, **sizes)
        return seed_svd.build(spec)(_ramp(), 120, np.random.default_rng(7)).images

    exact = clip("cpu", "fp32")
    with single_precision():
        check.tell("single precision, largest difference", np.abs(clip(here, "fp32") - exact).max(), most=2 / 255)
    reduced = clip(here, half)
    check.tell(f"{half}, mean difference", np.abs(reduced - exact).mean(), most=0.02)
    for offload in ("model", "sequential"):
        off = np.abs(clip(here, half, offload) - reduced).max()
        check.tell(f"offload {offload}, largest difference from none", off, most=0)


def views(place: Place, folder: Path, check: Check) -> None:
    """9: a tiny V3D of random weights beside the released code's numbers, without and with autocast."""
    configuration = json.loads((MULTIVIEW / "diffusers_tiny_config.json").read_text())
    checkpoint, svd = MULTIVIEW / "V3D_tiny.safetensors", MULTIVIEW / "svd_xt_tiny_clip.safetensors"
    convert_v3d.convert(checkpoint, svd, folder, configuration)
    expected = dict(np.load(MULTIVIEW / "expected_frame_10.npz"))
    noise = views_v3d.Noise(*(torch.from_numpy(expected[f"noise_{name}"]) for name in ("posterior", "cond_aug")),
                            torch.from_numpy(expected["noise_latent"])[None])  # fmt: skip
    rgba = np.asarray(Image.open(MULTIVIEW / "input_frame_10.png"))
    image = recentre(rgba, bounds(rgba, "input_frame_10.png"), 64, 0.3)
    spec = V3dViews(backend="v3d", model=str(folder), size=64, processor="gpu" if place.cuda else "cpu")
    pipeline = views_v3d.load(spec)
    vars(pipeline.unet).pop("forward", None)  # autocast, which `load` puts around it on a GPU
    with single_precision():
        latents = views_v3d.denoise(pipeline, spec, image, noise)[0].cpu().numpy()
    check.tell("latents, largest difference", np.abs(latents - expected["samples_z"]).max(), most=1e-3)
    if place.cuda:  # a CPU's autocast takes minutes for the same
        views_v3d.half_precision(pipeline.unet, "cuda")
        halved = views_v3d.denoise(pipeline, spec, image, noise)
        off = np.linalg.norm(halved[0].cpu().numpy() - expected["samples_z"]) / np.linalg.norm(expected["samples_z"])
        check.tell("latents under autocast, relative", off, most=2e-2)
        latents = halved[0].cpu().numpy()
    drawn = views_v3d.quantised(views_v3d.decode(pipeline, spec, torch.from_numpy(latents)[None].to(place.device)))
    levels = np.abs(np.rint(drawn * 255).astype(int) - expected["views_u8"])
    check.tell("views, levels of 255", levels.max(), most=8)


def of_full_size(place: Place, check: Check) -> None:
    """10: one step of the UNets and one chunk of the decoders, random weights: seconds and peak memory."""
    for name, precision, frames in (("seed", torch.float16, 25), ("views", torch.float32, 18)):
        kind = precision if place.cuda else torch.float32
        _timed(place, check, f"{name} UNet", lambda k=kind, n=frames: _step(place, k, n), "seconds a step")
    for name, precision, frames in (("seed", torch.float16, 8), ("views", torch.float32, 18)):
        kind = precision if place.cuda else torch.float32
        _timed(place, check, f"{name} decoder", lambda k=kind, n=frames: _chunk(place, k, n), "seconds a chunk")


def _timed(place: Place, check: Check, name: str, build: Any, what: str) -> None:
    """The second of two calls, when kernels have been chosen; random weights may leave half precision's range."""
    with torch.no_grad():
        call = build()
        place.start_memory()  # the model was drawn in single precision
        call()
        made, seconds = place.seconds(call)
    check.tell(f"{name}, {what}", seconds)
    check.tell(f"{name}, share that is finite", torch.isfinite(made).float().mean().item(), aim="1")
    peak = place.peak_gib()
    if peak is not None:
        check.tell(f"{name}, GiB", peak, aim=f"about {EXPECTED[name]} by shapes, and some for kernels")


def _model(place: Place, part: str, kind: Any, precision: torch.dtype) -> Any:
    """Of the published size on a GPU, tiny elsewhere."""
    published = {"unet": {}, "vae": {**tiny.VIDEO["vae"], "block_out_channels": [128, 256, 512, 512]}}
    settings = (published[part] | {"layers_per_block": 2}) if place.whole else tiny.VIDEO[part]
    with place.device:
        return kind(**settings).to(place.device, precision).eval()


def _step(place: Place, precision: torch.dtype, frames: int) -> Any:
    unet = _model(place, "unet", UNetSpatioTemporalConditionModel, precision)
    side, width = (64, 1024) if place.whole else (8, tiny.VIDEO["unet"]["cross_attention_dim"])
    like = {"device": place.device, "dtype": precision}
    latents, image = torch.randn(2, frames, 8, side, side, **like), torch.randn(2, 1, width, **like)
    mixed = place.cuda and precision == torch.float32

    def step() -> Any:
        with torch.autocast("cuda", torch.float16) if mixed else nullcontext():
            return unet(latents, torch.tensor(1.0), image, torch.ones(2, 3, **like), return_dict=False)[0]

    return step


def _chunk(place: Place, precision: torch.dtype, frames: int) -> Any:
    vae = _model(place, "vae", AutoencoderKLTemporalDecoder, precision)
    side = 64 if place.whole else 8
    latents = torch.randn(frames, 4, side, side, device=place.device, dtype=precision)
    return lambda: vae.decode(latents, num_frames=frames).sample


def out_of_memory(folder: Path, check: Check) -> None:
    """12: views of 512 pixels on a GPU with half a GiB left, as a job makes them; one tensor takes 0.6."""
    words = _views_command(folder, 512)
    done = subprocess.run(
        [sys.executable, "-c", OUT_OF_MEMORY, "0.5", *words], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("vid3d: ")]
    check.note(done.stderr[-500:])
    check.tell("exit code", done.returncode, most=2, least=2)
    check.tell("lines that name views.offload", sum("views.offload" in line for line in said), most=1, least=1)
    check.tell("half-written outputs", (folder / "orbit.png").exists(), most=0)


def _views_command(folder: Path, size: int) -> list[str]:
    """The words of a job that makes one frame's views by a tiny model, all of whose files are in the folder."""
    torch.manual_seed(0)
    tiny.video_model(frames=18).save_pretrained(folder / "model")
    provenance = files.Provenance("test", "{}", {})
    reference = [folder / name for name in ("source.png", "foreground.png", "subject.json")]
    files.save_reference(reference, _ramp(), provenance)
    half = size // 2
    grey = np.full((size, size, 3), 0.5, np.float32)
    disc = (np.hypot(*np.mgrid[-half:half, -half:half]) < 0.8 * half).astype(np.float32)
    files.save_image(folder / "frame.png", grey, provenance, disc)
    settings = {"backend": "v3d", "model": str(folder / "model"), "size": size, "steps": 1, "cutout": "alpha"}
    words = ["views", "--spec", json.dumps(settings), "--reference", *map(str, reference), "--motion", "120"]
    return [*words, "--frames", "0", "--seed", str(folder / "frame.png"), "--output", str(folder / "orbit.png")]


def _ramp() -> Reference:
    rows, columns = np.mgrid[:48, :80].astype(np.float32)
    image = np.stack([rows / 47, columns / 79, np.full_like(rows, 0.5)], axis=-1)
    return Reference("ramp", "a ramp", image, np.ones((8, 8, 3), np.float32), np.ones((8, 8), np.float32))
