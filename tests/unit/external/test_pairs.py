"""Front camera against side camera: pairs from clips of another method, and the page that shows them."""

import csv
import math

import numpy as np
import pytest
import synthetic_study as synthetic

from vid3d import cli, files
from vid3d.errors import InputError
from vid3d.external import methods, pairs
from vid3d.measures import protocols
from vid3d.study import layout

FOLDER = f"{methods.FOLDER}/mine"
STEADINESS = layout.EXTERNAL_STEADINESS.format(method="mine")
SCORES = layout.EXTERNAL_SCORES.format(method="mine", run="truth")
PAGE = layout.AUTHORS_PAGE
FRAMES = 4


def write_clip(root, image, camera, shake):
    """A square that moves evenly, and to and fro by ``shake`` pixels."""
    for frame in range(FRAMES):
        picture = np.ones((32, 32, 3), np.float32)
        left = 8 + frame + shake * (frame % 2)
        picture[10:20, left : left + 10] = (0.7, 0.2, 0.1)
        path = root / FOLDER / image / f"camera-{camera:02d}" / f"frame-{frame:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        files.save_image(path, picture, files.Provenance("test", "{}"))


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Two images, steady at camera 0 and shaken at another one; and one that lacks a frame."""
    synthetic.build(tmp_path, pictures=False)
    monkeypatch.chdir(tmp_path)
    clips = [
        {"image": image, "camera": camera, "path": f"{FOLDER}/{image}/camera-{camera:02d}"}
        for image, camera in (("frog", 0), ("frog", 3), ("mill", 0), ("mill", 7), ("cat", 0), ("cat", 1))
    ]
    entry = {"title": "Mine & co", "benchmark": None, "note": "Filmed through fog.", "clips": clips}
    synthetic.write_yaml(tmp_path / methods.MANIFEST, {"mine": entry})
    for clip in clips:
        write_clip(tmp_path, clip["image"], clip["camera"], 3 if clip["camera"] else 0)
    (tmp_path / FOLDER / "cat/camera-01/frame-02.png").unlink()
    return tmp_path


def vid3d(monkeypatch, capsys, *words):
    """The command's exit code, and what it says."""
    monkeypatch.setattr("sys.argv", ["vid3d", *map(str, words)])
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0), capsys.readouterr()
    return 0, capsys.readouterr()


def write_scores(path):
    """Cosines of 0.9 at camera 0 and 0.7 at camera 3 with the source, and of 1 and 0.5 with the first render."""
    values = {0: (0.9, 0.9, 1.0), 3: (0.7, 0.7, 0.5)}
    rows = [
        {"image": "frog", "frame": frame, "camera": camera} | dict(zip(protocols.COSINES, cosines, strict=True))
        for frame in range(FRAMES)
        for camera, cosines in values.items()
    ]
    item = {"method": "mine", "images": {"frog": {"frames": FRAMES, "cameras": [0, 3]}}, "of": 1}
    files.save_rows(path, rows, files.Provenance("external", '{"backend": "clip"}', item))


def test_the_commands_set_the_front_against_the_side(root, monkeypatch, capsys):
    code, said = vid3d(monkeypatch, capsys, "steadiness", "--method", "mine", "--output", STEADINESS)
    assert code == 0, said.err
    assert "mine: not counted: cat (" in said.out
    code, said = vid3d(
        monkeypatch, capsys, "camera-pairs", "--method", "mine", "--steadiness", STEADINESS, "--output", PAGE
    )
    assert code == 0, said.err
    with (root / layout.AUTHORS_PAIRS).open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["indicator"] == "centre_jitter"]
    assert [(row["image"], row["camera"]) for row in rows] == [("frog", "3"), ("mill", "7")]
    for row in rows:
        assert float(row["front"]) < 0.005
        assert float(row["side"]) == pytest.approx(6 / 32 / 2, rel=0.05)  # to and fro by 3 pixels along one axis
    page = " ".join((root / PAGE).read_text().split())
    for words in (
        "Mine &amp; co",
        "Filmed through fog.",
        "higher away from the front in 2 of 2",
        "p = 0.5",
        "Not scored",
    ):
        assert words in page
    for suffix in layout.FIGURE_FORMATS:
        assert (root / layout.AUTHORS_FIGURE.format(suffix=suffix)).stat().st_size > 1000
    assert f"{rows[0]['image']}, {rows[0]['camera']}" in said.out


def test_clip_i_by_both_definitions_is_shown_where_it_was_scored(root, monkeypatch, capsys):
    write_scores(root / SCORES)
    vid3d(monkeypatch, capsys, "steadiness", "--method", "mine", "--output", STEADINESS)
    arguments = ["--method", "mine", "--steadiness", STEADINESS, "--scores", SCORES, "--output", PAGE]
    code, said = vid3d(monkeypatch, capsys, "camera-pairs", *arguments)
    assert code == 0, said.err
    source, released = pairs.contrasts(pairs.clip_i(root / SCORES)[0])
    assert [(p.front, p.side) for p in source.pairs] == [(pytest.approx(0.9), pytest.approx(0.7))]
    assert [(p.front, p.side) for p in released.pairs] == [(1.0, pytest.approx((1 + FRAMES * 0.5) / (FRAMES + 1)))]
    page = (root / PAGE).read_text()
    assert "By ViT-B-32/openai." in page
    assert "CLIP-I, source reference 0.8000" in page
    assert "CLIP-I, self reference 0.8000" in page


def test_ratios_are_of_the_side_over_the_front():
    values = {("a", 0): 0.1, ("a", 2): 0.2, ("b", 0): 0.1, ("b", 5): 0.8, ("c", 1): 9.0}
    rows = [
        {"image": image, "camera": camera, "indicator": "flicker", "value": v} for (image, camera), v in values.items()
    ]
    (contrast,) = pairs.contrasts(rows)
    assert [(p.image, p.camera, p.ratio) for p in contrast.pairs] == [("a", 2, 2.0), ("b", 5, 8.0)]
    assert contrast.ratio == pytest.approx(4)
    still = [row | {"value": 0.0} if row["camera"] == 0 else row for row in rows]
    assert math.isnan(pairs.contrasts(still)[0].ratio)
    with pytest.raises(InputError, match="no image has camera 0 and another camera"):
        pairs.contrasts([row for row in rows if row["camera"]])


def test_clips_that_cannot_be_measured_are_named(root, monkeypatch, capsys):
    for camera in ("camera-00", "camera-03"):
        for frame in (2, 3):
            (root / FOLDER / f"frog/{camera}/frame-0{frame}.png").unlink()
    code, said = vid3d(monkeypatch, capsys, "steadiness", "--method", "mine", "--output", STEADINESS)
    assert code == 2
    assert "mine: frog, camera 0: images must be" in said.err
    assert said.err.count("\n") == 1
    assert not (root / STEADINESS).exists()
