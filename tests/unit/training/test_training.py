"""Training of the mini diffusion models, on a few tiny steps: what must hold for any number of them."""

import copy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vid3d.errors import InputError
from vid3d.training import models, pipelines, scenes
from vid3d.training.autoencoder import Recipe, as_pixels, cut_out, normalise, train_autoencoder
from vid3d.training.denoiser import WATCHED, Latents, clean_error, train_denoiser, velocity_errors
from vid3d.training.encode import encode_orbits, encode_videos
from vid3d.training.faster import hasten
from vid3d.training.loop import optimise
from vid3d.training.schedule import Schedule
from vid3d.training.windows import Windows, counted_from, with_positions
from vid3d.weights.idle_blocks import skip_idle_blocks

CPU = torch.device("cpu")


@pytest.fixture
def latents() -> Latents:
    rng = np.random.default_rng(0)
    clips = rng.standard_normal((5, 3, models.LATENT_CHANNELS, 16, 16)).astype(np.float16)
    embeddings = rng.standard_normal((5, models.EMBEDDING)).astype(np.float16)
    told = np.tile(np.array([6.0, 120.0], np.float32), (5, 1))
    return Latents(clips, clips[:, 0], embeddings, told)


def test_a_scene_depends_on_its_number_only(shard: scenes.Scenes) -> None:
    alone = scenes.render_scenes(4, 1, seed=0)
    for name in ("orbits", "videos", "scores"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(shard, name)[scenes.COLOURINGS :])
    assert not np.array_equal(shard.orbits[0], shard.orbits[scenes.COLOURINGS])


def test_a_geometry_is_shown_in_other_colours(shard: scenes.Scenes) -> None:
    first, second = shard.orbits[:2].astype(int)
    np.testing.assert_array_equal(first.min(-1) == 255, second.min(-1) == 255)
    shown = first.min(-1) < 200
    assert np.abs(first - second).max(-1)[shown].mean() > 30
    assert shard.scores[0] == shard.scores[1]


def test_scenes_move_and_turn(shard: scenes.Scenes) -> None:
    assert (shard.scores > 10).all()
    assert np.abs(shard.videos[:, 3].astype(int) - shard.videos[:, 0]).mean(axis=(1, 2, 3)).min() > 0.5
    assert np.abs(shard.orbits[:, 9].astype(int) - shard.orbits[:, 0]).mean(axis=(1, 2, 3)).min() > 0.5


@pytest.mark.parametrize("kind", ["denoiser", "autoencoder"])
def test_hastened_layers_compute_the_same(kind: str, latents: Latents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vid3d.training.faster._bfloat16_on_cpu", lambda: False)
    torch.manual_seed(0)
    model = models.new_denoiser(3) if kind == "denoiser" else models.new_autoencoder()
    if kind == "denoiser":  # starts at 0
        torch.nn.init.normal_(model.conv_out.weight, std=0.1)
    faster = hasten(copy.deepcopy(model))
    assert {type(m) for m in faster.modules()} != {type(m) for m in model.modules()}
    gradients = []
    for one in (model, faster):
        if kind == "denoiser":
            sigmas, drawn = torch.tensor([0.1, 3.0]), torch.Generator().manual_seed(1)
            loss = velocity_errors(one, latents, np.arange(2), sigmas, drawn, CPU).sum()
        else:
            pixels = torch.randn((3, 3, 64, 64), generator=torch.Generator().manual_seed(1))
            loss = one.decode(one.encode(pixels).latent_dist.mean, num_frames=3).sample.pow(2).mean()
        loss.backward()
        # attention over one key has no gradient with respect to its queries, and idle blocks have none at all
        norms = [0.0 if p.grad is None else p.grad.norm().item() for p in one.parameters()]
        gradients.append([loss.item(), *norms])
    assert np.count_nonzero(np.array(gradients[1]) > 1e-6) > 80
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=2e-3, atol=1e-5)


def test_idle_blocks_are_skipped_without_a_trace() -> None:
    torch.manual_seed(0)
    model, latents = models.new_autoencoder().eval(), torch.randn((2, models.LATENT_CHANNELS, 4, 4))
    with torch.no_grad():
        whole = model.decode(latents, num_frames=2).sample
        skipped = skip_idle_blocks(copy.deepcopy(model))
        np.testing.assert_array_equal(skipped.decode(latents, num_frames=2).sample, whole)
        busy = copy.deepcopy(model)
        busy.decoder.mid_block.resnets[0].time_mixer.mix_factor.fill_(1.0)
        mixed = busy.decode(latents, num_frames=2).sample
        assert (mixed - whole).abs().max() > 1e-4
        np.testing.assert_array_equal(skip_idle_blocks(busy).decode(latents, num_frames=2).sample, mixed)


def test_a_perfect_denoiser_has_no_loss(latents: Latents) -> None:
    """Against the preconditioning's own definition: from the wanted velocity the clean latents come back."""
    sigmas, clean = torch.tensor([0.5, 20.0]), torch.from_numpy(latents.clips[:2]).float()

    class Oracle:
        def __call__(self, entered, noise_level, embedding, added_time_ids):  # type: ignore[no-untyped-def]
            sigma = (4 * noise_level).exp().view(-1, 1, 1, 1, 1)
            noisy = entered[:, :, : models.LATENT_CHANNELS] * (sigma**2 + 1).sqrt()
            # Euler's scheduler: denoised = velocity * (-sigma / sqrt(sigma^2 + 1)) + noisy / (sigma^2 + 1)
            velocity = (clean - noisy / (sigma**2 + 1)) / (-sigma / (sigma**2 + 1).sqrt())
            return type("Output", (), {"sample": velocity})

    errors = velocity_errors(Oracle(), latents, np.arange(2), sigmas, torch.Generator().manual_seed(0), CPU)
    assert errors.shape == (2, 3)
    assert errors.max().item() < 1e-6


def test_what_is_watched_is_the_error_of_the_clean_latents(latents: Latents) -> None:
    """A model that says 0 takes x / (sigma^2 + 1) for the clean latents: with Gaussian ones, 1 / (1 + 1 / sigma^2)."""

    def silent(entered, *_, **__):  # type: ignore[no-untyped-def]
        return type("Output", (), {"sample": torch.zeros_like(entered[:, :, : models.LATENT_CHANNELS])})

    for sigma in (0.7, 3.0):
        assert clean_error(silent, latents, sigma, CPU) == pytest.approx(1 / (1 + sigma**-2), rel=0.05)


def test_rates_fall_over_the_last_part() -> None:
    schedule = Schedule(100, 1e-3, warmup=10, decay=0.4)
    factors = [schedule.factor(step, step / 100) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9:60] == [1.0] * 51
    assert factors[80] == pytest.approx(0.5)
    assert factors[99] < 0.01


@pytest.mark.parametrize("size", [32, 40])
def test_a_crop_shows_some_of_the_object(size: int, shard: scenes.Scenes) -> None:
    rng = np.random.default_rng(0)
    image = shard.orbits[0, 0]
    crops = [cut_out(image, size, rng) for _ in range(40)]
    assert {crop.shape for crop in crops} == {(size, size, 3)}
    assert min(np.count_nonzero(crop.min(-1) < 230) for crop in crops) > 20
    assert len({crop.tobytes() for crop in crops}) > 20
    assert cut_out(np.full((64, 64, 3), 255, np.uint8), size, rng).min() == 255


def _line(folder: Path, steps: int, stop: int | None = None) -> list[float]:
    """Losses of a small regression; ``stop`` interrupts it after so many steps."""
    torch.manual_seed(0)
    model, done = torch.nn.Linear(3, 1), [0]

    def loss(_share: float, randomness: torch.Generator) -> torch.Tensor:
        done[0] += 1
        if stop is not None and done[0] > stop:
            raise KeyboardInterrupt
        x = torch.randn((8, 3), generator=randomness)
        return (model(x) - x.sum(dim=1, keepdim=True)).pow(2).mean()

    schedule = Schedule(steps=steps, rate=0.05, warmup=3)
    progress = optimise(model, loss, schedule, folder / "line.pt", 1, None, "line", lambda average: [done[0]])[1]
    assert sorted(progress.watched) == [10, 20, 30]
    return progress.losses


def test_an_interrupted_training_continues_the_same_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vid3d.training.loop.CHECKPOINT_EVERY", 0.0)
    monkeypatch.setattr("vid3d.training.loop.WATCH_EVERY", 10)
    undisturbed = _line(tmp_path / "a", 30)
    with pytest.raises(KeyboardInterrupt):
        _line(tmp_path / "b", 30, stop=11)
    assert torch.load(tmp_path / "b/line.pt", weights_only=True)["steps"] == 11
    assert _line(tmp_path / "b", 30) == undisturbed
    assert undisturbed[-1] < 0.5 * undisturbed[0]


def test_a_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    torch.save({"model": {}}, tmp_path / "line.pt")
    with pytest.raises(InputError, match=r"line\.pt: no checkpoint of this training"):
        _line(tmp_path, 3)


def test_a_budget_ends_a_training_with_its_rate_decayed(tmp_path: Path) -> None:
    model = torch.nn.Linear(1, 1)
    rates: list[float] = []

    def loss(share: float, randomness: torch.Generator) -> torch.Tensor:
        rates.append(share)
        return model(torch.randn((4, 1), generator=randomness)).pow(2).mean()

    _, progress = optimise(model, loss, Schedule(10**9, 1e-3), tmp_path / "c.pt", seed=0, budget=0.02, title="budget")
    assert 0 < progress.steps < 10**9
    assert rates[-1] > 0.5


def test_normalising_changes_latents_but_not_what_the_decoder_makes_of_them(shard: scenes.Scenes) -> None:
    torch.manual_seed(0)
    model, images = models.new_autoencoder().eval(), shard.orbits.reshape(-1, 64, 64, 3)
    with torch.no_grad():
        before = model.decoder.conv_in(model.encode(as_pixels(images)).latent_dist.mean)
        normalise(model, images, 0)
        latents = model.encode(as_pixels(images)).latent_dist.mean
        after = model.decoder.conv_in(latents)
    np.testing.assert_allclose(latents.mean((0, 2, 3)), 0, atol=1e-2)
    np.testing.assert_allclose(latents.std((0, 2, 3)), 1, atol=1e-2)
    # a shift does not commute with the zero padding at the border
    np.testing.assert_allclose(after[:, :, 1:-1, 1:-1], before[:, :, 1:-1, 1:-1], atol=1e-4)


def _sampled(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """A clip and views by the study's backends."""
    from vid3d.backends import seed_svd, views_v3d
    from vid3d.scene import Reference, SeedFrame
    from vid3d.study.specs.seed import SvdSeed
    from vid3d.study.specs.views import V3dViews

    small = {"model": str(folder), "size": 64, "steps": 2, "processor": "cpu"}
    seed = SvdSeed(backend="svd", variant=None, frames=3, max_guidance=1.0, **small)
    views = V3dViews(backend="v3d", count=3, guidance=1.0, cutout="none", group_norm_epsilon=None, **small)
    image = np.ones((64, 64, 3), np.float32)
    image[20:40, 25:40] = (0.2, 0.4, 0.8)
    reference = Reference("box", "a box", image, image, np.zeros((64, 64), np.float32))
    frame = SeedFrame(image, None, 0, 120, reference)
    clip = seed_svd.build(seed)(reference, 120, np.random.default_rng(0)).images
    return clip, views_v3d.build(views)(frame, np.random.default_rng(0)).images


def test_a_pipeline_does_not_tell_where_its_parts_lay(mini: Path) -> None:
    configs = [path.read_text() for path in mini.rglob("*.json")]
    assert configs
    assert not [text for text in configs if str(mini.parent) in text]


def test_the_studys_backends_give_the_same_pixels_in_a_new_process(mini: Path, tmp_path: Path) -> None:
    """From the saved folder alone: whatever a configuration cannot hold is restored."""
    made = _sampled(mini / "mini")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import numpy as np, torch; torch.set_num_threads(1);"
        "from tests.unit.training.test_training import _sampled; from pathlib import Path;"
        "clip, views = _sampled(Path(sys.argv[2])); np.savez(sys.argv[3], clip=clip, views=views)"
    )
    root = Path(__file__).parents[3]
    target = tmp_path / "again.npz"
    subprocess.run([sys.executable, "-c", script, str(root), str(mini / "mini"), str(target)], check=True, cwd=root)
    with np.load(target) as again:
        for name, images in zip(("clip", "views"), made, strict=True):
            assert images.std() > 0.01
            # another number of threads may sum in another order
            np.testing.assert_allclose(again[name], images, atol=1.01 / 255)
            assert (again[name] != images).mean() < 1e-3


def test_the_stock_pipeline_gives_the_same_pixels_once_its_norms_are_restored(shard: scenes.Scenes, mini: Path) -> None:
    """Two loads agree bit for bit, and a load that forgets the norms does not."""
    from diffusers import AutoencoderKLTemporalDecoder, StableVideoDiffusionPipeline
    from PIL import Image

    from vid3d.weights.group_norms import restore_norms

    def sample(restored: bool) -> np.ndarray:
        pipeline = StableVideoDiffusionPipeline.from_pretrained(mini / "mini", dtype=torch.float32)
        pipeline.set_progress_bar_config(disable=True)
        if restored:
            restore_norms(pipeline.unet), restore_norms(pipeline.vae)
        picture = Image.fromarray(shard.orbits[0, 0])
        drawn = torch.Generator().manual_seed(0)
        settings = {"height": 64, "width": 64, "num_frames": 3, "num_inference_steps": 2}
        return pipeline(picture, **settings, generator=drawn, output_type="np").frames[0]

    np.testing.assert_array_equal(sample(True), sample(True))
    assert np.abs(sample(False) - sample(True)).max() > 1e-3
    reloaded = pipelines.load_part("autoencoder", mini / "a")
    assert {m.num_channels // m.num_groups for m in reloaded.modules() if isinstance(m, torch.nn.GroupNorm)} == {8}
    published = AutoencoderKLTemporalDecoder(block_out_channels=(32,))
    restore_norms(published)
    assert {m.num_groups for m in published.modules() if isinstance(m, torch.nn.GroupNorm)} == {32}


def _brief(*steps: int) -> Recipe:
    phases = zip(Recipe().phases, steps, strict=True)
    return Recipe(tuple(replace(phase, images=2, schedule=replace(phase.schedule, steps=k)) for phase, k in phases))


def test_the_chain_from_scenes_to_latents(shard: scenes.Scenes, tmp_path: Path) -> None:
    model, phases = train_autoencoder(shard, tmp_path, seed=0, recipe=_brief(2, 1, 3))
    assert [phase.steps for phase in phases] == [2, 1, 3]
    pipelines.save_part(model, tmp_path / "a")
    model = pipelines.load_part("autoencoder", tmp_path / "a")
    torch.manual_seed(0)
    encoder = models.new_image_encoder().eval()
    orbits, videos = encode_orbits(shard, model, encoder), encode_videos(shard, model, encoder)
    assert orbits.clips.shape == (8, 18, 4, 16, 16)
    assert videos.clips.shape == (8, scenes.FRAMES, 4, 16, 16)
    np.testing.assert_array_equal(orbits.conditions, orbits.clips[:, 0])
    np.testing.assert_allclose(videos.identifiers[:, 1], shard.scores)
    assert np.abs(orbits.clips.astype(np.float32).std((0, 1, 3, 4)) - 1).max() < 0.1

    # single images give weights on neighbouring frames no gradient: whatever was drawn would stay and spoil clips
    pixels = as_pixels(shard.orbits[0, :3])
    with torch.no_grad():
        latents = model.encode(pixels).latent_dist.mean
        together, alone = (model.decode(latents, num_frames=count).sample for count in (3, 1))
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_denoiser_learns_and_is_watched(latents: Latents, tmp_path: Path) -> None:
    schedule = Schedule(4, 1e-3, muon=1e-3, warmup=1)
    windows = Windows(frames=1, until=0.5)
    model, progress = train_denoiser(latents, latents, None, tmp_path, schedule, seed=0, windows=windows)
    assert progress.steps == 4
    assert len(progress.watched[4]) == len(WATCHED)
    assert model.config.num_frames == 3
    assert model.conv_out.weight.abs().max() > 0


def test_frames_of_a_window_keep_their_numbers(latents: Latents) -> None:
    torch.manual_seed(0)
    model = models.new_denoiser(3)
    names = set(model.state_dict())
    plain = model.down_blocks[1].attentions[0].time_proj
    positions = with_positions(model)
    assert set(model.state_dict()) == names
    blocks = [*model.down_blocks, model.mid_block, *model.up_blocks]
    attending = [attention for block in blocks for attention in getattr(block, "attentions", [])]
    assert {id(attention.time_proj) for attention in attending} == {id(one) for one in positions}
    numbers = torch.arange(3).repeat(2)
    np.testing.assert_array_equal(positions[0](numbers), plain(numbers))
    with counted_from(positions, torch.tensor([0, 5])):
        np.testing.assert_array_equal(positions[0](numbers), plain(torch.tensor([0, 1, 2, 5, 6, 7])))
    np.testing.assert_array_equal(positions[0](numbers), plain(numbers))
    part = latents.windows([4, 1], [0, 1], 2)
    np.testing.assert_array_equal(part.clips[1], latents.clips[1, 1:3])
    np.testing.assert_array_equal(part.conditions[1], latents.conditions[1])
