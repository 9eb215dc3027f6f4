"""The plan of scoring other methods' renders."""

import re

from PIL import Image

from vid3d.external.methods import FOLDER
from vid3d.study.registry import parse_spec


def drop(workflow, image: str, camera: int = 0) -> None:
    """A clip of two frames of a method `mine`."""
    for frame in range(2):
        path = workflow.folder / FOLDER / f"mine/{image}/camera-{camera:02d}/frame-{frame:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), "white").save(path)


def test_the_authors_videos_are_scored_by_one_command_without_a_run(fresh):
    assert fresh.planned("external") == {
        "external_video": 8,
        "fetch": 4,  # photographs
        "weights_file": 1,  # ViT-B/32
        "reference": 4,
        "external_scores": 1,
        "external": 1,
    }
    commands = fresh.run("-n", "-p", "external").stdout
    scored = re.search(r"vid3d score-external --spec (\S+) --method vid3d-authors .* --references (\S+) ", commands)
    assert scored is not None
    assert parse_spec("score", scored[1].strip("'")).published
    assert scored[2] == "results/full"


def test_the_authors_videos_say_something_without_an_embedder_from_a_folder_too(fresh):
    jobs = {"external_video": 8, "steadiness": 1, "authors": 1}
    assert fresh.planned("authors") == jobs
    done = fresh.run("-n", "-p", "authors", "--config", "authors_dir=my videos # 1")
    assert done.stdout.count("vid3d fetch-external --url ") == 8
    assert done.stdout.count(" --folder='my videos # 1' ") == 8
    assert "--scores" not in done.stdout


def test_the_authors_page_has_scores_if_they_are_there(fresh):
    scores = fresh.folder / "results/external/vid3d-authors/full/scores.csv"
    scores.parent.mkdir(parents=True)
    for path in (scores, scores.with_suffix(".json")):
        path.write_text("")
    commands = fresh.run("-n", "-p", "results/reports/authors/index.html").stdout
    assert " --scores=results/external/vid3d-authors/full/scores.csv " in commands


def test_a_dropped_folder_is_a_method_and_its_clips_are_inputs(fresh):
    manifest = fresh.folder / FOLDER / "manifest.yaml"
    manifest.write_text(manifest.read_text() + "\nmine: {benchmark: procedural}\n")
    drop(fresh, "frog-green")
    target = "results/external/mine/tiny/scores.csv"
    assert fresh.planned(target) == {"reference": 1, "external_scores": 1}


def test_a_dropped_image_of_no_benchmark_is_refused_in_one_line(fresh):
    drop(fresh, "unicorn")
    done = fresh.run("-n", "results/external/mine/full/scores.csv")
    assert done.returncode == 1
    assert "mine: benchmark animate124 has no image 'unicorn'; correct the name" in done.stdout
