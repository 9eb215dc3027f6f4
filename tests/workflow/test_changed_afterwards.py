"""A finished report whose study, weights, images or files change afterwards: made anew, or refused by name.

What enters from outside counts by its content, so that files here get the date of those that they replace, or an older
one.  What stages made counts by its record, which tables, figures and page compare with the study.
"""

import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.workflow.test_reruns import kinds
from vid3d import recorded
from vid3d.errors import InputError
from vid3d.study.parsing import load_study
from vid3d.weights.contents import Record, identified
from vid3d.weights.manifest import load_manifest

CLIP = "results/tiny/frog-green/motion-120"
SCORE = {"weights": "weights/mini-clip/model.safetensors"}


def replace(path, content):
    """Write bytes that come with an older date than what was there."""
    old = path.stat().st_mtime if path.exists() else 1e9
    path.write_bytes(content)
    os.utime(path, (old - 1000, old - 1000))


def other_weights(workflow):
    path = workflow.folder / "weights/mini-clip/model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    replace(path, bytes(content))


def other_fit(workflow):
    path = workflow.folder / "tiny.yaml"
    replace(path, path.read_bytes().replace(b"iterations: 60", b"iterations: 61"))


def other_object(workflow):
    path = workflow.folder / "benchmark/procedural/objects.yaml"
    entry = next(line for line in path.read_text().splitlines() if line.startswith("frog-green:"))
    replace(path, path.read_bytes().replace(entry.encode(), entry.replace("girth: 0.", "girth: 0.1").encode()))


def other_published_numbers(workflow):
    path = workflow.folder / "benchmark/published/tables.yaml"
    replace(path, path.read_bytes() + b"# a note\n")


def deleted_table(workflow):
    (workflow.folder / "results/reports/tiny/tables/table2.csv").unlink()
    (workflow.folder / "results/reports/tiny/index.html").unlink()


ANEW = {
    other_weights: ({"score", "tables", "page"}, {"splat", "render"}),
    other_fit: ({"splat", "render", "score", "page"}, {"seed", "views"}),
    other_object: ({"reference", "seed", "views", "splat", "score", "page"}, set()),
    other_published_numbers: ({"tables", "page"}, {"score", "render"}),
    deleted_table: ({"tables", "page"}, {"score", "render"}),
}


@pytest.mark.parametrize("change", ANEW, ids=lambda change: change.__name__)
def test_what_follows_from_a_change_is_made_anew(finished, change):
    change(finished)
    anew, kept = ANEW[change]
    planned = {rule.split("_of_")[0].rstrip("_").removesuffix("_cpu") for rule in kinds(finished.planned())}
    assert anew <= planned
    assert not kept & planned


ODD = '-photo #1: it\'s "50 % & so".png'  # means something to YAML, argparse, a shell, HTML and Snakemake's quoting


def test_another_photograph_under_the_same_name_is_prepared_anew(fresh):
    photograph = fresh.folder / ODD
    picture = np.full((64, 64, 4), 255, np.uint8)
    picture[:8], picture[16:48, 16:48, :3] = 0, (200, 30, 30)
    Image.fromarray(picture).save(photograph)
    asked = ("--config", f"image={ODD}", "--", "results/own/photo-1-it-s-50-so/reference.png")
    done = fresh.run(*asked)
    assert done.returncode == 0, done.stdout
    assert fresh.planned(*asked) == {}
    picture[20:40, 20:40, :3] = (30, 200, 30)
    Image.fromarray(picture).save(fresh.folder / "other.png")
    replace(photograph, (fresh.folder / "other.png").read_bytes())
    assert fresh.planned(*asked) == {"reference": 1}
    photograph.unlink()
    gone = fresh.run(*asked)
    assert gone.returncode != 0
    assert f"vid3d: {ODD}: No such file or directory; check the path" in gone.stdout


def test_weights_that_are_gone_are_refused_by_name(finished):
    finished.edit("tiny.yaml", "weights: weights/mini-clip/model", "weights: weights/mini-clap/model")
    done = finished.run()
    assert done.returncode != 0
    assert "runs.tiny.score: weights/mini-clap/model.safetensors is not there, and no rule makes it" in done.stdout


def splats_of_another_frame(folder):
    shutil.copy2(folder / "views-18/splats/frame-00.ply", folder / "views-18/splats/frame-01.ply")


def splats_of_another_tool(folder):
    path = folder / "views-18/splats/frame-01.ply"
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(line for line in lines if not line.startswith(b"comment vid3d")))


def renders_saved_by_another_tool(folder):
    path = folder / "views-3/renders/frame-00.png"
    with Image.open(path) as image:
        Image.fromarray(np.asarray(image)).save(path)


def seed_of_another_size(folder):
    path = folder / "seed/frame-00.png"
    path.write_bytes(path.read_bytes())  # the same picture
    with Image.open(path) as image:
        record = json.loads(image.info["vid3d"])
    record["spec"]["size"] = 64
    from PIL import PngImagePlugin

    text = PngImagePlugin.PngInfo()
    text.add_text("vid3d", json.dumps(record))
    with Image.open(path) as image:
        pixels = np.asarray(image)
    Image.fromarray(pixels).save(path, pnginfo=text)


def scores_of_another_view_count(folder):
    for name in ("scores.csv", "scores.json"):
        shutil.copy2(folder / "views-3" / name, folder / "views-18" / name)


def scores_edited_by_hand(folder):
    path = folder / "views-18/scores.csv"
    table = pd.read_csv(path)
    table.loc[0, "source_reference"] = 0.99
    table.to_csv(path, index=False)


def embeddings_that_are_none(folder):
    (folder / "views-18/embeddings.npz").write_bytes(b"nothing")


REFUSED = {
    splats_of_another_frame: "views-18/splats/frame-01.ply: is of frame 0 by its record, and not of 1",
    splats_of_another_tool: "views-18/splats/frame-01.ply: carries no record of what made it",
    renders_saved_by_another_tool: "views-3/renders/frame-00.png: carries no record of what made it",
    seed_of_another_size: "seed/frame-00.png: was made with size 64, where the study has 32",
    scores_of_another_view_count: "views-18/scores.csv: is of views 3 by its record, and not of 18",
    scores_edited_by_hand: "views-18/scores.csv: is not as it was written",
    embeddings_that_are_none: "views-18/embeddings.npz: carries no record of what made it",
}


@pytest.fixture(scope="module")
def study(_finished):
    root = _finished.folder
    read = load_study([root / "config/study.yaml", root / "tiny.yaml"], {}, root)
    return identified(read, load_manifest(root / "config/weights.yaml"), Record(root / "contents.json"), root)


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: change.__name__)
def test_a_file_that_is_not_what_the_study_says_is_refused_by_name(finished, study, change):
    recorded.confirm(study.only("tiny"), "tiny", finished.folder)
    change(finished.folder / CLIP)
    with pytest.raises(InputError) as refused:
        recorded.confirm(study.only("tiny"), "tiny", finished.folder)
    assert f"{CLIP}/{REFUSED[change]}" in str(refused.value)
    assert str(refused.value).endswith("; delete it and run again")


def test_tables_figures_and_page_refuse_what_they_would_show_falsely(finished):
    splats_of_another_frame(finished.folder / CLIP)
    for rule in ("tables", "figures_of_tiny", "page"):
        done = finished.run("--touch", "--rerun-triggers", "mtime")
        assert done.returncode == 0, done.stdout
        done = finished.run("--rerun-triggers", "mtime", "--forcerun", rule)
        assert done.returncode != 0
        assert "splats/frame-01.ply: is of frame 0 by its record, and not of 1; delete it and run again" in done.stdout
