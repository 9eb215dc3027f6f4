"""docs/deviations.md: the audit's 19 points, each with a switch (or a stated absence of one) that does what is said.

Where another test compares with the released code's numbers, this one only shows that the switch reaches them.
"""

import inspect
import re
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
import yaml

from vid3d import cameras, journal, randomness
from vid3d.claims.published import load_published
from vid3d.errors import InputError
from vid3d.images import preparation
from vid3d.measures import metrics
from vid3d.scene import Reference
from vid3d.splatting.recipe import preset, schedule
from vid3d.study import hypothesis, layout
from vid3d.study.benchmark import load_benchmark
from vid3d.study.parsing import parse_study
from vid3d.study.reading import merge, read_yaml
from vid3d.study.registry import STAGES
from vid3d.study.specs.fit import AutodiffFit, CpuFit
from vid3d.study.specs.render import CpuRender
from vid3d.study.specs.score import ClipEmbed
from vid3d.study.specs.views import V3dViews
from vid3d.tables.rows import obstacles
from vid3d.weights.manifest import load_manifest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/deviations.md").read_text()
ROW = re.compile(r"^\| (\d+)" + r" \| (.*?)" * 5 + r" \|$", re.M)
ROWS = {int(number): cells for number, *cells in ROW.findall(TEXT)}


@pytest.fixture(scope="module")
def study():
    return parse_study(read_yaml(ROOT / "config/study.yaml"), ROOT)


@pytest.fixture
def similarities():
    """Cosines of 25 frames and 10 cameras with some reference."""
    return np.random.default_rng(0).uniform(0.7, 0.95, (25, 10))


def test_every_point_of_the_audit_is_there_and_complete():
    assert list(ROWS) == list(range(1, 20))
    for number, cells in ROWS.items():
        assert all(cell.strip() for cell in cells), number


SETTING = re.compile(r"`([a-z_]+)\.([a-z_]+)`")


def test_every_setting_that_is_named_exists(study):
    """`stage.field` of the last column: a field of that stage's Spec in run full or in one of the CPU runs."""
    named = {pair for cells in ROWS.values() for pair in SETTING.findall(cells[-1]) if pair[0] in STAGES}
    assert len(named) > 12
    for stage, field in named:
        specs = [run.spec(stage) for run in study.runs.values()]
        assert any(field in type(spec).model_fields for spec in specs), f"{stage}.{field}"


def test_01_the_two_references_are_two_protocols(similarities):
    renders = np.random.default_rng(1).standard_normal((25, 10, 8)).astype(np.float32)
    source = np.random.default_rng(2).standard_normal(8).astype(np.float32)
    by_source = metrics.overall_mean(metrics.cosines(renders, source))
    by_render = metrics.self_reference(metrics.cosines(renders, renders[0, 0]))
    assert by_source != pytest.approx(by_render, abs=1e-3)


def test_02_the_self_reference_counts_itself(similarities):
    similarities[0, 0] = 1.0
    mean = similarities.mean()
    assert metrics.self_reference(similarities) == pytest.approx((1 + 25 * mean) / 26)
    assert metrics.overall_mean(similarities) == pytest.approx(mean)


def test_03_blank_scenes_score_100_by_self_reference_and_are_a_run(study):
    white = np.ones((25, 10, 8), np.float32)
    assert metrics.self_reference(metrics.cosines(white, white[0, 0])) == pytest.approx(1.0)
    assert study.runs["blank"].render.backend == "blank"
    assert study.runs["static"].render.backend == "static"


def test_04_one_source_for_all_rows(study):
    """The reference's files do not depend on motion score or view count."""
    assert "{motion}" not in layout.FOREGROUND
    assert "{views}" not in layout.FOREGROUND


def test_05_quoted_baselines_are_never_compared(study):
    published = load_published(ROOT)
    assert [row.method for row in published.tables[1].rows if row.quoted] == ["Animate124", "DreamGaussian4D"]
    assert obstacles(study.runs["quick"], published)
    assert not obstacles(study.runs["full"], published)


def test_06_views_are_generated_once_and_subsampled(study):
    assert study.runs["full"].views.count == 18
    assert cameras.view_indices(18, 3) == [0, 6, 12]
    assert cameras.view_indices(18, 9) == list(range(0, 18, 2))
    with pytest.raises(InputError, match="does not divide"):
        cameras.view_indices(18, 4)
    assert V3dViews(backend="v3d", count=9).count == 9  # generating fewer instead


def test_07_the_presets_differ_in_whether_the_count_is_kept(study):
    assert study.runs["full"].splat.preset == "as-released"
    assert study.runs["full"].splat.splats == 100_000
    assert preset("as-released").density is not None
    assert preset("as-written").density is None
    for spec in (CpuFit(backend="cpu", preset="as-written"), AutodiffFit(backend="autodiff", preset="as-written")):
        assert '"preset":"as-written"' in spec.argument()


@pytest.mark.parametrize(("name", "updates"), [("as-released", 3965), ("as-written", 4000)])
def test_08_effective_updates(name, updates):
    events = schedule(preset(name)).events.values()
    assert 4000 - sum(event.densify or event.skip_update for event in events) == updates
    rates = preset(name).position_rates()
    assert rates[-1] / rates[0] == pytest.approx(0.01 ** (3999 / 30_000), rel=1e-4)


def test_09_guidance_is_a_setting_and_lpips_is_not():
    assert V3dViews(backend="v3d").guidance == 3.5
    assert '"guidance":4.5' in V3dViews(backend="v3d", guidance=4.5).argument()
    assert not any("lpips" in field for field in inspect.signature(preset("as-released").__class__).parameters)
    assert "not implemented" in ROWS[9][-1]


def test_10_loss_and_background():
    recipe = preset("as-released")
    assert (recipe.ssim_weight, recipe.l1_weight, recipe.opacity_weight) == (1.0, 0.0, 0.1)
    assert recipe.rasterisation.background == (1.0, 1.0, 1.0)
    assert preset("as-released", opacity_weight=0.0).opacity_weight == 0.0
    assert CpuFit(backend="cpu", opacity_weight=0.5).opacity_weight == 0.5


def test_11_recentring_and_soft_edges():
    frames = {}
    for index, (left, width) in enumerate(((10, 20), (16, 34))):
        frame = np.full((80, 80, 3), 255, np.uint8)
        frame[30:50, left : left + width] = 90
        frames[Path(f"frame-{index}.png")] = frame

    def soft(image):
        return np.where(image.min(axis=2) < 200, 128, 0).astype(np.uint8)

    def shown(**settings):
        spec = V3dViews(backend="v3d", size=64, **settings)
        return preparation.prepare(frames, spec, soft, frames if spec.whole_clip else {})

    def widths(images):
        return [np.ptp(np.nonzero(image.min(axis=2) < 0.97)[1]) for image in images]

    assert abs(np.subtract(*widths(shown()))) <= 2  # each as large as the other, though one is 1.7 times as wide
    assert abs(np.subtract(*widths(shown(recentre="clip")))) > 10
    assert shown()[0].min() < shown(soft_edges="once")[0].min() - 0.05  # alpha twice: darker
    assert widths(shown(border=0.5))[0] < widths(shown())[0] - 5


def test_12_seed_settings_in_effect_reach_the_pipeline(study, tmp_path, monkeypatch):
    """What run full tells diffusers: a square picture and the numbers of the released code."""
    pytest.importorskip("diffusers")
    import torch

    from vid3d.backends import seed_svd

    told = {}

    class Part(torch.nn.Module):
        config: ClassVar = {}

    class Pipeline:
        """In the place of diffusers' pipeline: notes what it is told."""

        unet = vae = Part()

        @classmethod
        def from_pretrained(cls, folder, **_):
            return cls()

        def __getattr__(self, name):
            return lambda *_, **__: None

        def __call__(self, image, num_frames, **settings):
            told.update(settings, picture=image.size, num_frames=num_frames)
            return SimpleNamespace(frames=[np.zeros((num_frames, 8, 8, 3))])

    monkeypatch.setattr(seed_svd, "StableVideoDiffusionPipeline", Pipeline)
    picture = np.ones((48, 80, 3), np.float32)
    reference = Reference("wide", "a wide picture", picture, picture, picture[..., 0])
    spec = study.runs["full"].seed.model_copy(update={"model": str(tmp_path), "processor": "cpu"})
    clip = seed_svd.build(spec)(reference, 160, np.random.default_rng(0))
    assert len(clip.images) == 25
    expected = {"picture": (512, 512), "height": 512, "width": 512, "num_frames": 25, "num_inference_steps": 25}
    expected |= {"fps": 7, "min_guidance_scale": 1.0, "max_guidance_scale": 3.0, "motion_bucket_id": 160}
    assert {name: told[name] for name in expected} == expected
    assert (spec.seed, study.runs["full"].views.seed) == (42, 23)


def test_13_noise_depends_on_the_item_only():
    def draw(*item):
        return randomness.generator(*item).random()

    assert draw(23, "views", "frog", 3) == draw(23, "views", "frog", 3)
    assert len({draw(23, "views", "frog", 3), draw(24, "views", "frog", 3), draw(23, "views", "frog", 4)}) == 3
    assert "motion" not in inspect.signature(randomness.generator).parameters


def test_14_motion_scores_are_a_setting(study):
    assert study.runs["full"].motion_scores == (120, 160, 200)
    raw = merge(read_yaml(ROOT / "config/study.yaml"), {"runs": {"full": {"motion_scores": [90]}}})
    assert parse_study(raw, ROOT).runs["full"].motion_scores == (90,)


def test_15_the_multi_view_model_is_a_setting(study):
    """It decides what jobs wait for, and what is fetched and converted for them."""
    manifest = load_manifest(ROOT / "config/weights.yaml")
    as_published = study.runs["full"].views
    assert as_published.backend == "v3d"
    assert "weights/v3d-diffusers/model_index.json" in manifest.inputs(as_published)
    assert "v3d" in manifest.needed(as_published)
    raw = merge(read_yaml(ROOT / "config/study.yaml"), {"runs": {"full": {"views": {"model": "elsewhere"}}}})
    other = parse_study(raw, ROOT).runs["full"].views
    assert "elsewhere/model_index.json" in manifest.inputs(other)
    assert "v3d" not in manifest.needed(other)


def test_16_no_frame_and_no_image_is_dropped(study):
    """Whatever the number of frames that a job takes; by the released code's 8 the 25th would be lost."""
    full = study.runs["full"]
    assert len(load_benchmark("animate124", None, ROOT)) == len(full.images) == 24
    frames = layout.frames(full)
    assert len(frames) == 25
    for size in (1, 4, 8, 25, 40):
        assert [frame for block in layout.blocks(frames, size) for frame in block] == frames, size


def test_17_every_job_is_timed():
    for path in sorted((ROOT / "rules").glob("*.smk")):
        rules = re.split(r"^ *rule(?: \w+)?:$", path.read_text(), flags=re.M)[1:]
        for rule in rules:
            assert "shell:" not in rule or "benchmark:" in rule, path.name


def test_18_one_layout():
    """No rule writes down a run's path, and those that people are told of are the layout's."""
    sources = [path.read_text() for path in (ROOT / "rules").glob("*.smk")]
    assert not any('"results/{run}' in text for text in sources)
    texts = [path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))]
    told = {path for text in texts for path in re.findall(r"(?<![\w/])results/[\w{}./-]*[\w}]", text)}
    told = {path for path in told if not (ROOT / "docs" / path).exists()}  # else a link to collected results
    assert len(told) > 5
    patterns = [value for value in vars(layout).values() if isinstance(value, str) and value.startswith("results/")]
    patterns += [*layout.tables("{report}"), *layout.exports("{report}"), f"{hypothesis.FOLDER}/{{name}}.json"]
    patterns += [f"{pattern.removesuffix('.csv')}.json" for pattern in patterns if pattern.endswith(".csv")]  # sidecars
    patterns += [f"{pattern.replace('results', journal.RECORDS, 1)}.json" for pattern in patterns]  # of each file
    folders = {pattern.split("/")[1] for pattern in patterns}  # {run}, reports, ...

    def named(part, in_pattern):
        """Whether a path's part is the pattern's, or an example of it: names stand for the words in braces."""
        if in_pattern in ("{run}", "{report}", "{method}") and part in folders:
            return part == in_pattern
        return re.fullmatch(re.sub(r"\\{\w+\\}", r"[\\w{}-]+", re.escape(in_pattern)), part) is not None

    def beginning(path, pattern):
        parts, in_pattern = path.split("/"), pattern.split("/")
        return len(parts) <= len(in_pattern) and all(map(named, parts, in_pattern))

    strangers = [path for path in told if not any(beginning(path, pattern) for pattern in patterns)]
    assert not strangers, strangers


def test_19_everything_is_pinned():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith((" ", "#", "-"))]
    assert len(pins) > 50
    assert all("==" in line for line in pins)


@pytest.mark.parametrize(("views", "shared"), [(18, [0, 180]), (9, [0]), (3, [0])])
def test_evaluation_cameras_that_were_trained_on(views, shared):
    trained = cameras.orbit(18, 8).select(cameras.view_indices(18, views)).camera_to_world
    evaluation = cameras.orbit(cameras.EVALUATION_CAMERAS, 8).camera_to_world
    same = [36 * k for k, pose in enumerate(evaluation) if any(np.allclose(pose, other) for other in trained)]
    assert same == shared
    held_out = cameras.held_out(8)[0].camera_to_world
    assert not any(np.allclose(pose, other) for pose in held_out for other in trained)


def test_the_published_embedder_and_the_alpha_cap(study):
    assert study.runs["full"].score.published
    assert not ClipEmbed(backend="clip", model="ViT-B-16").published
    assert CpuRender(backend="cpu").alpha_cap == 0.99
    assert yaml.safe_load((ROOT / "config/study.yaml").read_text())["runs"]["full"]["render"] == {"backend": "autodiff"}
