"""From trained parts to a judged model with its card, by the commands that the rules call."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from PIL import Image

from vid3d import cli
from vid3d.errors import InputError
from vid3d.study.specs import SvdSeed, V3dViews
from vid3d.training import card, judge, scenes, shards
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
        told |= {"clips": 2, "frames": 3, "initialised_from": "results/denoiser-views"} if option == "denoiser" else {}
        (part / "training.json").write_text(json.dumps(told))
        parts += [f"--{option}", part]
    vid3d(monkeypatch, "train-pipeline", *parts, "--output", tmp_path / "model")
    shards.save_arrays(
        tmp_path / "00.npz", {"orbits": shard.orbits[:, :3], "videos": shard.videos, "scores": shard.scores}
    )
    (tmp_path / "objects.yaml").write_text(yaml.safe_dump(OBJECTS))
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
    assert "| denoiser | 500 | 1 | 1.23 M | denoiser-views |" in text
    assert "by its budget" not in text
    with Image.open(folder / "model/sheet.webp") as sheet:
        assert sheet.size[0] == 3 * 64
    with Image.open(folder / "model/training.png") as figure:
        assert figure.size[0] > 500


def judged(generated: float, iou: float) -> dict:
    """Views of which only the sampled ones are better than 20 dB and 0.8."""
    others = {"repeated": 20.0, "repeated_iou": 0.8, "nearest": 20.0, "nearest_iou": 0.8}
    means = {"generated": generated, "generated_iou": iou, "first_view": 25.0} | others
    return {"rows": [{"object": "a"}], "means": means, "turned_right": 1.0, "spec": "{}"}


def test_a_budget_and_what_was_done_by_hand_are_told(folder) -> None:
    training = json.loads((folder / "model/training.json").read_text())
    assert "- denoiser:" not in card.card("views", training, judged(23.5, 0.87), 1.0)
    training["denoiser"] |= {"budget_minutes": 10.0, "notes": "begun twice"}
    text = card.card("views", training, judged(23.5, 0.87), 1.0)
    assert "by its budget of time" in text
    assert "|\n\n- denoiser: begun twice.\n\nMinutes" in text


@pytest.mark.parametrize(("generated", "iou", "missed"), [(23.5, 0.87, 0), (22.5, 0.87, 1), (23.5, 0.85, 1)])
def test_aims_that_were_missed_are_told(folder, generated, iou, missed) -> None:
    training = json.loads((folder / "model/training.json").read_text())
    assert card.card("views", training, judged(generated, iou), 1.0).count("**not reached**") == missed


def test_a_loss_curve_is_thinned_to_means(folder) -> None:
    lines = (folder / "model/training.csv").read_text().splitlines()
    assert lines[0] == "model,phase,step,loss"
    assert len(lines) == 1 + 3 * shards.POINTS
    first = [float(line.split(",")[3]) for line in lines[1:3]]
    assert first == [499.0, 496.0]  # of steps 1 to 3 and 4 to 6
    with pytest.raises(InputError, match=r"objects\.yaml: lacks the column phase"):
        shards.load_losses(folder / "objects.yaml")
