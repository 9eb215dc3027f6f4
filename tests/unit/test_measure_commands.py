"""The commands that measure a clip beside its scores: what they are shown, and what they write."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vid3d import cli, files
from vid3d.cameras import EVALUATION_CAMERAS, orbit
from vid3d.commands import embed_stages, indicators
from vid3d.indicators import INDICATORS
from vid3d.procedural import ObjectSpec, make_reference, render
from vid3d.study.benchmark import load_benchmark

ROOT = Path(__file__).parents[2]
SIZE, FRAMES = 32, 3
NOTHING = files.Provenance("test", "{}")
SPEC = '{"backend":"clip","model":"tiny.json","revision":2,"weights":"tiny.safetensors"}'


def objects():
    """One object of the benchmark, by name."""
    return "frog-green", load_benchmark("procedural", None, ROOT)["frog-green"].object


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A procedural object's reference and three true frames: seed, filmstrips of 18 views and of the cameras."""
    folder = tmp_path_factory.mktemp("clip")
    name, entry = objects()
    reference = make_reference(name, entry, SIZE)
    paths = [folder / file for file in ("reference.png", "foreground.png", "subject.json")]
    files.save_reference(paths, reference, NOTHING)
    described = ObjectSpec.from_dict(reference.procedural)
    made = {"reference": paths, "seed": [], "orbit": [], "renders": []}
    for frame in range(FRAMES):
        for kind, count in (("seed", 1), ("orbit", 18), ("renders", EVALUATION_CAMERAS)):
            images, _ = render(described, frame, 120, orbit(count, SIZE))
            path = folder / f"{kind}-{frame:02d}.png"
            files.save_filmstrip(path, images, NOTHING)
            made[kind].append(path)
    embeddings = folder / "embeddings.npz"
    rng = np.random.default_rng(0)
    files.save_embeddings(embeddings, NOTHING, renders=rng.random((FRAMES, EVALUATION_CAMERAS, 4), np.float32))
    return made | {"embeddings": [embeddings]}


def run(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["vid3d", *map(str, arguments)])
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def options(clip, *names):
    return [word for name in names for word in (f"--{name}", *clip[name])]


@pytest.mark.parametrize("control", [False, True])
def test_indicators_are_written_for_the_clip_and_for_each_camera(clip, tmp_path, monkeypatch, control):
    output = tmp_path / "indicators.csv"
    given = options(clip, "reference", "renders", "embeddings") + ([] if control else options(clip, "orbit"))
    extra = [] if control else ["--truth"]
    assert run(monkeypatch, "indicators", *given, "--motion", 120, "--views", 18, *extra, "--output", output) == 0
    rows = pd.read_csv(output)
    of_clip = rows[rows["camera"].isna()].set_index("indicator")
    whole, true = of_clip["value"], of_clip["truth"]
    lacking = {"static_change", "mass_between_views", "janus"} if control else set()
    assert list(whole.index) == [name for name in INDICATORS if name not in lacking]
    flicker = rows[(rows["indicator"] == "flicker") & rows["camera"].notna()]
    assert list(flicker["camera"]) == list(range(EVALUATION_CAMERAS))
    assert flicker["value"].mean() == pytest.approx(whole["flicker"])
    assert whole["flicker"] == pytest.approx(true["flicker"], abs=1 / 255)  # the renders are the truth, in 8 bits
    if not control:
        assert whole["static_change"] == pytest.approx(0, abs=2 / 255)
        assert whole["mass_between_views"] == true["mass_between_views"] == 0
        assert whole["janus"] == pytest.approx(true["janus"], abs=0.05)
    assert np.isnan(true["frame_consistency"])  # nothing is embedded here
    assert json.loads(output.with_suffix(".json").read_text())["item"]["views"] == 18


def test_clips_of_one_motion_score_share_what_the_truth_shows(clip, tmp_path, monkeypatch):
    """In whichever order they are named; each is as it would be alone."""
    counted, own = [], indicators._own
    monkeypatch.setattr(indicators, "_own", lambda *given: counted.append(given[2]) or own(*given))
    outputs = [tmp_path / f"{number}.csv" for number in range(3)]
    given = [*options(clip, "reference"), *("--renders", *3 * clip["renders"]), *("--orbit", *3 * clip["orbit"])]
    given += ["--embeddings", *3 * clip["embeddings"], "--motion", 120, 80, 120, "--views", 18, 18, 9]
    assert run(monkeypatch, "indicators", *given, "--output", *outputs) == 0
    assert sorted(counted) == [80, 120]
    first, other, last = (pd.read_csv(output) for output in outputs)
    assert list(last["truth"].dropna()) == list(first["truth"].dropna()) != list(other["truth"].dropna())
    alone = [*options(clip, "reference", "renders", "orbit", "embeddings"), "--motion", 120, "--views", 9]
    assert run(monkeypatch, "indicators", *alone, "--output", tmp_path / "alone.csv") == 0
    assert (tmp_path / "alone.csv").read_bytes() == outputs[2].read_bytes()


def test_embeddings_that_do_not_fit_the_renders_are_refused(clip, tmp_path, monkeypatch, capsys):
    given = options(clip | {"renders": clip["renders"][:2]}, "reference", "renders", "embeddings")
    output = tmp_path / "indicators.csv"
    assert run(monkeypatch, "indicators", *given, "--motion", 120, "--views", 18, "--output", output) == 2
    assert "embeddings must be (2, 10, d)" in capsys.readouterr().err
    assert not output.exists()


def test_seed_views_and_truth_are_embedded_moment_by_moment(clip, tmp_path, monkeypatch):
    calls = []

    def embed(images):
        calls.append(len(images))
        return np.stack([image.mean(axis=(0, 1), dtype=np.float64) for image in images]).astype(np.float32)

    monkeypatch.setattr(embed_stages, "build", lambda spec: embed)
    output = tmp_path / "stages.npz"
    given = ["--spec", SPEC, *options(clip, "reference", "seed", "orbit"), "--motion", 120, "--size", SIZE]
    assert run(monkeypatch, "embed-stages", *given, "--output", output) == 0
    found = files.load_embeddings(output, "seed", "views", "truth")
    assert [found[name].shape for name in found] == [(FRAMES, 3), (FRAMES, 18, 3), (FRAMES, EVALUATION_CAMERAS, 3)]
    assert calls == [1] * FRAMES + [18] * FRAMES + [EVALUATION_CAMERAS] * FRAMES
    np.testing.assert_allclose(found["views"][:, 0], found["seed"], atol=1.0)  # one view, saved twice
    strips = np.stack([files.load_filmstrip(path, EVALUATION_CAMERAS) for path in clip["renders"]])
    np.testing.assert_allclose(found["truth"], 255 * strips.mean(axis=(2, 3)), atol=1.0)


def test_a_photograph_has_no_truth(clip, tmp_path, monkeypatch, capsys):
    subject = tmp_path / "subject.json"
    described = json.loads(clip["reference"][2].read_text()) | {"procedural": None}
    subject.write_text(json.dumps(described))
    photograph = clip | {"reference": [*clip["reference"][:2], subject]}
    monkeypatch.setattr(embed_stages, "build", lambda spec: lambda images: np.ones((len(images), 2), np.float32))
    output = tmp_path / "stages.npz"
    given = ["--spec", SPEC, *options(photograph, "reference", "seed", "orbit"), "--motion", 120, "--size", SIZE]
    assert run(monkeypatch, "embed-stages", *given, "--output", output) == 0
    with np.load(output) as stored:
        assert set(stored) == {"seed", "views", "provenance"}
    given = options(photograph, "reference", "renders", "embeddings")
    refused = ["indicators", *given, "--motion", 120, "--views", 18, "--truth", "--output", tmp_path / "i.csv"]
    assert run(monkeypatch, *refused) == 2
    assert "not a procedural object" in capsys.readouterr().err
