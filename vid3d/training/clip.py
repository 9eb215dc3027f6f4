"""The mini CLIP: open_clip's model class and loss, trained on pairs of the procedural family.

Each object of the training set is seen at random moments from random cameras of the orbit and somewhat above and below
it; its caption is the same for all of them, which is what makes the embedding one of the object and not of the view.
A share of the images is slightly damaged: a model that never saw any takes a noise that no eye sees for another world.

What overlooks all damage would be no ruler, though, so that a second loss says what damage is to cost: the cosine of a
damaged image with the undamaged one is to fall with its PSNR.  It is shown strong damage, and splats whose views
disagree (``vid3d.training.disagreeing``).
"""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from safetensors.torch import save
from tqdm import tqdm

from vid3d.cameras import FIELD_OF_VIEW, look_at_origin
from vid3d.measures.metrics import psnr
from vid3d.procedural import ObjectSpec, sample_object
from vid3d.procedural.damage import damage
from vid3d.procedural.images import render_at_amplitude
from vid3d.procedural.kinds import KINDS
from vid3d.procedural.objects import vocabulary
from vid3d.procedural.rig import PERIOD
from vid3d.procedural.tokens import Tokenizer
from vid3d.scene import Cameras, Float32, UInt8
from vid3d.training.disagreeing import beside_truth

CONFIGURATION: dict[str, Any] = {
    "embed_dim": 64,
    "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 16, "head_width": 32},
    "text_cfg": {"context_length": 10, "width": 96, "heads": 4, "layers": 2},
}
THREADS = 1  # training is deterministic for a given seed, machine and number of threads
SLIGHT = {"blur": 1.0, "noise": 0.05, "compression": 50.0, "floaters": 4.0}  # what captions are still learnt from
STRONG = {"blur": 6.0, "noise": 0.5, "compression": 95.0, "missing": 0.9}  # what is to cost, by the second loss
RANGE = (10.0, 32.0)  # dB: PSNR at which a cosine is to be 0, and from which on 1
HIGHEST_LOGIT_SCALE = math.log(100)  # Radford et al. 2021, section 2.5


@dataclass(frozen=True)
class Recipe:
    """How the mini CLIP is trained.

    Attributes:
        objects: sampled objects; none has a combination of class and colours that is held out.
        views: images of each object.
        elevation: degrees; cameras lie within this much above or below the orbit.
        reach: each object moves with an amplitude from 0 to this share of its class's largest; 0.75 of it is a motion
            score of about 240 to 360, depending on the class.
        damaged: share of the images that are damaged slightly: each by every kind of ``SLIGHT`` with a chance of a
            half, in that order, by a strength of up to the largest.
        splatted: further objects, of each of which splats are fitted to disagreeing views, at three view counts.
        batch: pairs per step, all of different objects.
        compared: damaged images per step that are compared with the undamaged ones, half of them of splats.
        weight: of the second loss, the mean squared error of their cosines.
        steps: optimiser steps.  warmup: steps of linear warm-up, before cosine decay to 0.
        rate: highest learning rate.  weight_decay: of matrices; not of biases, gains and the temperature.
    """

    objects: int = 2000
    views: int = 12
    elevation: float = 25.0
    reach: float = 0.75
    damaged: float = 0.5
    splatted: int = 400
    batch: int = 96
    compared: int = 48
    weight: float = 8.0
    steps: int = 2800
    warmup: int = 100
    rate: float = 1e-3
    weight_decay: float = 0.1


def train(output: Path, seed: int = 0, budget: float | None = None, recipe: Recipe | None = None) -> None:
    """Train the mini CLIP and write it to a folder.

    Writes ``config.json`` (open_clip's), ``model.safetensors`` (float16), ``vocabulary.txt`` (one word a line, in the
    order of their numbers), ``training.csv`` (loss and share of right captions, per step) and ``training.json`` (what
    was done, and how long it took).

    Args:
        output: folder, made if missing.
        seed: of objects, cameras, weights and batches.
        budget: minutes after which the training proper ends, its learning rate having decayed; None runs all steps,
            and only then does the result not depend on the machine's speed.
        recipe: None takes the recipe that the committed weights were made with.
    """
    recipe = recipe or Recipe()
    torch.set_num_threads(THREADS)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    start = time.perf_counter()
    images, captions = pairs(recipe, rng)
    splats = splat_pairs(recipe, rng)
    generated = time.perf_counter() - start

    words = vocabulary()
    tokenizer = Tokenizer(words, CONFIGURATION["text_cfg"]["context_length"])
    configuration = {**CONFIGURATION, "text_cfg": {**CONFIGURATION["text_cfg"], "vocab_size": tokenizer.size}}
    model = open_clip.CLIP(**configuration)
    log = _optimise(model, images, splats, torch.from_numpy(tokenizer(captions)), recipe, rng, budget)

    output.mkdir(parents=True, exist_ok=True)
    (output / "config.json").write_text(json.dumps(configuration, indent=2) + "\n")
    (output / "vocabulary.txt").write_text("\n".join(words) + "\n")
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    weights = save({name: value.half() if value.is_floating_point() else value for name, value in state.items()})
    (output / "model.safetensors").write_bytes(weights)
    rows = [f"{step},{loss:.4f},{right:.4f},{falls:.4f}\n" for step, (loss, right, falls) in enumerate(log, start=1)]
    (output / "training.csv").write_text("step,loss,right_caption_in_batch,error_of_damage\n" + "".join(rows))
    facts = {
        "recipe": asdict(recipe) | {"slight": SLIGHT, "strong": STRONG, "range": RANGE},
        "seed": seed,
        "steps_done": len(log),
        "pairs": images.shape[0] * images.shape[1],
        "different_captions": len(set(captions)),
        "vocabulary": len(words),
        "image_tower_parameters": sum(value.numel() for value in model.visual.parameters()),
        "parameters": sum(value.numel() for value in model.parameters()),
        "threads": THREADS,
        "seconds_rendering": round(generated),
        "seconds_training": round(time.perf_counter() - start - generated),
    }
    (output / "training.json").write_text(json.dumps(facts, indent=2) + "\n")


def pairs(recipe: Recipe, rng: np.random.Generator) -> tuple[UInt8, list[str]]:
    """The training set: images (objects, views, size, size, 3) uint8 and one caption for each object."""
    size = CONFIGURATION["vision_cfg"]["image_size"]
    images = np.empty((recipe.objects, recipe.views, size, size, 3), np.uint8)
    captions = []
    for index in tqdm(range(recipe.objects), desc="objects", mininterval=5):
        obj = sample_object(rng)
        images[index] = _views(obj, recipe, rng, size)
        captions.append(obj.caption)
    return images, captions


def splat_pairs(recipe: Recipe, rng: np.random.Generator) -> tuple[UInt8, UInt8]:
    """Renders of splats whose views disagree, and the truth: (n, size, size, 3) uint8 each."""
    size = CONFIGURATION["vision_cfg"]["image_size"]
    found = [
        beside_truth(sample_object(rng), recipe.reach, size, rng)
        for _ in tqdm(range(recipe.splatted), desc="splats", mininterval=5)
    ]
    shape = (-1, size, size, 3)
    renders = np.stack([renders for renders, _ in found])
    truth = np.broadcast_to(np.stack([true for _, true in found])[:, None], renders.shape)
    return renders.reshape(shape), truth.reshape(shape)


def wanted_cosines(images: Float32, undamaged: Float32) -> Float32:
    """What the cosine of each damaged image (n, h, w, 3) with the undamaged one is to be, by its PSNR: (n,)."""
    low, high = RANGE
    return np.clip((psnr(images, undamaged) - low) / (high - low), 0, 1).astype(np.float32)


def _views(obj: ObjectSpec, recipe: Recipe, rng: np.random.Generator, size: int) -> UInt8:
    amplitude = rng.uniform(0, recipe.reach) * KINDS[obj.kind].largest_amplitude
    views = []
    for _ in range(recipe.views):
        matrix = look_at_origin(rng.uniform(0, 360), rng.uniform(-recipe.elevation, recipe.elevation))
        camera = Cameras(matrix[None], FIELD_OF_VIEW, size, size)
        image, _ = render_at_amplitude(obj, rng.uniform(0, PERIOD), amplitude, camera)
        views.append(np.round(image[0] * 255).astype(np.uint8))
    return np.stack(views)


def _optimise(
    model: Any,
    images: UInt8,
    splats: tuple[UInt8, UInt8],
    tokens: torch.Tensor,
    recipe: Recipe,
    rng: np.random.Generator,
    budget: float | None,
) -> list[tuple[float, float, float]]:
    """Both losses and the share of right captions of each step."""
    loss_function = open_clip.loss.ClipLoss()
    optimiser = torch.optim.AdamW(_groups(model, recipe.weight_decay), lr=recipe.rate, betas=(0.9, 0.98), eps=1e-6)
    log: list[tuple[float, float, float]] = []
    model.train().to(memory_format=torch.channels_last)  # a third faster on CPUs
    for share in tqdm(_progress(recipe.steps, budget), total=recipe.steps, desc="steps", mininterval=5):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * min(1.0, (len(log) + 1) / recipe.warmup) * 0.5 * (1 + math.cos(math.pi * share))
        chosen = rng.choice(len(images), recipe.batch, replace=False)
        batch = images[chosen, rng.integers(0, recipe.views, recipe.batch)]
        broken, whole = _compared(images, splats, recipe, rng)
        shown = np.concatenate([slightly_damaged(batch, recipe.damaged, rng), broken, whole])
        seen = model.encode_image(_pixels(shown), normalize=True)
        of_batch, of_broken, of_whole = seen.split([recipe.batch, len(broken), len(whole)])
        said = model.encode_text(tokens[chosen], normalize=True)
        loss = loss_function(of_batch, said, model.logit_scale.exp())
        # whole images stay where captions put them
        cosines = (of_broken * of_whole.detach()).sum(1)
        falls = (cosines - torch.from_numpy(wanted_cosines(broken, whole))).square().mean()
        optimiser.zero_grad()
        (loss + recipe.weight * falls).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, HIGHEST_LOGIT_SCALE)
            right = ((of_batch @ said.T).argmax(1) == torch.arange(recipe.batch)).float().mean()
        log.append((loss.item(), right.item(), falls.item()))
    return log


def _pixels(images: Float32) -> torch.Tensor:
    """Images (n, h, w, 3) in [0, 1] as the model takes them."""
    mean = torch.tensor(open_clip.OPENAI_DATASET_MEAN)[:, None, None]
    deviation = torch.tensor(open_clip.OPENAI_DATASET_STD)[:, None, None]
    return (torch.from_numpy(images).permute(0, 3, 1, 2) - mean) / deviation


def _compared(
    images: UInt8, splats: tuple[UInt8, UInt8], recipe: Recipe, rng: np.random.Generator
) -> tuple[Float32, Float32]:
    """Damaged images beside the undamaged ones: renders of splats, then images of the training set; float32."""
    half = recipe.compared // 2
    of_splats = rng.integers(0, len(splats[0]), half)
    whole = images[rng.integers(0, len(images), half), rng.integers(0, recipe.views, half)].astype(np.float32) / 255
    kinds, strengths = rng.choice(list(STRONG), half), rng.random(half) ** 2  # more slight damage than strong
    pairs = zip(whole, kinds, strengths, strict=True)
    broken = np.stack([damage(image, kind, STRONG[kind] * strength, rng) for image, kind, strength in pairs])
    renders, truth = (of[of_splats].astype(np.float32) / 255 for of in splats)
    return np.concatenate([renders, broken]), np.concatenate([truth, whole])


def slightly_damaged(images: UInt8, share: float, rng: np.random.Generator) -> Float32:
    """Images (n, h, w, 3) to float32 in [0, 1], a share of them slightly damaged."""
    shown = images.astype(np.float32) / np.float32(255)
    for index in np.flatnonzero(rng.random(len(shown)) < share):
        for kind, most in SLIGHT.items():
            if rng.random() < 0.5:
                shown[index] = damage(shown[index], kind, most * rng.random(), rng)
    return shown


def _progress(steps: int, budget: float | None) -> Iterator[float]:
    """The share of the training that is done, before each step: of the steps, or of the time if that is further on."""
    start = time.perf_counter()
    for step in range(steps):
        spent = (time.perf_counter() - start) / (60 * budget) if budget is not None else 0.0
        if spent >= 1:
            return
        yield max(step / steps, spent)


def _groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Parameters with and without weight decay, as in open_clip's own training."""
    matrices = [value for value in model.parameters() if value.ndim >= 2]
    others = [value for value in model.parameters() if value.ndim < 2]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
