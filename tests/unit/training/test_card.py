"""From trained parts to a judged model with its card, by the commands that the rules call."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from PIL import Image

from vid3d import cli
from vid3d.errors import InputError
from vid3d.study.specs.seed import SvdSeed
from vid3d.study.specs.views import V3dViews
from vid3d.training import card, judge, scenes, shards
from vid3d.training.aims import AIMS
from vid3d.training.schedule import Progress

OBJECTS = {"frog-green": {"kind": "frog", "colour": "green", "second": "purple", "pattern": "spots"}}


def vid3d(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr("sys.argv", ["vid3d", *map(str, arguments)])
    cli.main()


@pytest.fixture
def folder(mini: Path, shard: scenes.Scenes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two trained parts and a third with what training writes, put together; a shard of scenes; a list of objects."""
    parts = []
    for option, name in (("autoencoder", "a"), ("image-encoder", "e"), ("denoiser", "d")):
        part = shutil.copytree(mini / name, tmp_path / option)
        shards.save_losses(part / "training.csv", [Progress(500, 60.0, [float(k) for k in range(500, 0, -1)])])
        told = {"steps": [500], "minutes": [1.0], "parameters": 1_230_000, "budget_minutes": None}
        if option == "denoiser":
            told |= {"clips": 2, "frames": 3, "initialised_from": "denoiser-views"}
            told |= {"noise_levels_watched": [40.0, 0.7], "held_out": [{"250": [0.4, 0.2], "500": [0.3, 0.1]}]}
            told |= {"before": told | {"steps": [700], "minutes": [2.0], "initialised_from": None}}
        (part / "training.json").write_text(json.dumps(told))
        parts += [f"--{option}", part]
    (tmp_path / "objects.yaml").write_text(yaml.safe_dump(OBJECTS))
    here = tmp_path / "autoencoder"
    told_of = ("--output", here / "judged.json", "--sheet", here / "sheet.webp", "--objects", tmp_path / "objects.yaml")
    vid3d(monkeypatch, "train-judge", "autoencoder", "--autoencoder", here, *told_of)
    vid3d(monkeypatch, "train-pipeline", *parts, "--output", tmp_path / "model")
    shards.save_arrays(
        tmp_path / "00.npz", {"orbits": shard.orbits[:, :3], "videos": shard.videos, "scores": shard.scores}
    )
    return tmp_path


@pytest.mark.parametrize("kind", ["views", "seed"])
def test_a_model_is_judged_and_its_card_says_what_was_found(kind, folder, monkeypatch) -> None:
    monkeypatch.setattr(judge, "CALIBRATION_OBJECTS", 2)
    monkeypatch.setattr(judge, "SCORES", (40, 120))
    small = {"model": str(folder / "model"), "size": 64, "steps": 1, "processor": "cpu"}
    views = V3dViews(backend="v3d", count=3, guidance=1.0, cutout="none", group_norm_epsilon=None, **small)
    seed = SvdSeed(backend="svd", variant=None, frames=3, max_guidance=1.0, **small)
    spec = {"views": views, "seed": seed}[kind]
    files = {"scenes": "00.npz", "objects": "objects.yaml", "output": "model/judged.json", "sheet": "model/sheet.webp"}
    options = [part for option, name in files.items() for part in (f"--{option}", folder / name)]
    vid3d(monkeypatch, "train-judge", kind, "--spec", spec.argument(), *options)
    vid3d(monkeypatch, "train-card", kind, "--model", folder / "model")

    found = json.loads((folder / "model/judged.json").read_text())
    assert {row["object"] for row in found["rows"]} == set(OBJECTS)
    text = (folder / "model/README.md").read_text()
    numbers = found["means"] if kind == "views" else found["means"]["120"]
    assert f"{numbers['first_view' if kind == 'views' else 'first_frame']:.2f} dB" in text
    first, second = "| denoiser | 700 | 2 | 1.23 M | nothing |", "| denoiser | 500 | 1 | 1.23 M | denoiser-views |"
    assert f"{first}\n{second}" in text
    assert "by its budget" not in text
    with Image.open(folder / "model/sheet.webp") as sheet:
        assert sheet.size[0] == 3 * 64
    with Image.open(folder / "model/training.png") as figure:
        assert figure.size[0] > 500


def test_a_budget_is_told(folder) -> None:
    training = json.loads((folder / "model/training.json").read_text())
    found = judged(24.0)
    assert "by its budget" not in card.card("views", training, found, 1.0)
    training["denoiser"] |= {"budget_minutes": 10.0}
    assert "by its budget of time" in card.card("views", training, found, 1.0)


def judged(psnr: float) -> dict:
    """Views that keep all limits, but for their PSNR."""
    figures = {"": psnr, "_iou": 0.95, "_flip": 0.05, "_gradient": 0.9, "_gradient_inside": 0.8}
    figures |= {"_colour": 3.0, "_hue": 5.0, "_error_silhouette": 0.3, "_error_colour": 0.4, "_error_texture": 0.3}
    means = {f"generated{name}": value for name, value in figures.items()}
    means |= {"repeated": 14.0, "repeated_iou": 0.5, "nearest": 20.0, "first_view": 31.0, "milliseconds": 50.0}
    rows = [{"object": "a", "generated_colour": 9.0}, {"object": "a", "generated_colour": 10.5}]
    return {"rows": rows, "means": means, "turned_right": 1.0, "above_nearest": 1.0, "spec": "{}"}


@pytest.mark.parametrize(("psnr", "missed"), [(24.1, 0), (23.9, 1)])
def test_aims_that_were_missed_are_told(folder, psnr, missed) -> None:
    training = json.loads((folder / "model/training.json").read_text())
    training["autoencoder"]["judged"]["psnr"] = 34.0
    text = card.card("views", training, judged(psnr), 1.0)
    assert text.count("**not reached**") == missed
    assert "| colour (CIEDE2000), worst object | at most 10.0 | 9.8 | reached |" in text


def test_motion_is_aimed_at_in_both_directions() -> None:
    (motion,) = (aim for aim in AIMS["seed"] if "motion" in aim.text)
    for measured, met in ((90.0, True), (110.0, True), (80.0, False), (120.0, False)):
        assert motion.met({"means": {"100": {"measured": measured}}}) is met


def test_a_loss_curve_is_thinned_to_means(folder) -> None:
    lines = (folder / "model/training.csv").read_text().splitlines()
    assert lines[0] == "model,phase,step,loss"
    assert len(lines) == 1 + 3 * shards.POINTS
    first = [float(line.split(",")[3]) for line in lines[1:3]]
    assert first == [499.0, 496.0]  # of steps 1 to 3 and 4 to 6
    with pytest.raises(InputError, match=r"objects\.yaml: lacks the column phase"):
        shards.load_losses(folder / "objects.yaml")
