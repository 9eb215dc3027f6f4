"""Run `tiny-full`: every backend of the paper, from files in the published formats, to a page without scores."""

import csv
import json
import re
import zipfile

from PIL import Image

from vid3d.study import table_list

CLIP = "results/tiny-full/frog-green/motion-120"


def backend_of(text):
    return json.loads(text)["spec"]["backend"]


def test_random_weights_pass_through_every_backend_and_into_no_table(fresh):
    done = fresh.run("--", "tiny-full")
    assert done.returncode == 0, done.stdout
    assert not fresh.heard.exists(), fresh.heard.read_text()  # no backend asks a hub for what lies here
    folder = fresh.folder

    made = {"seed/frame-02.png": "svd", "orbit/frame-01.png": "v3d", "views-18/renders/frame-01.png": "autodiff"}
    for name, backend in made.items():
        with Image.open(folder / CLIP / name) as image:
            assert backend_of(image.text["vid3d"]) == backend
            assert image.size[1] == 64
    header = (folder / CLIP / "views-18/splats/frame-01.ply").read_bytes().split(b"end_header")[0].decode()
    assert '"rasterizer": "cpp"' in re.search("^comment vid3d (.*)$", header, re.MULTILINE)[1]
    assert backend_of((folder / CLIP / "views-18/scores.json").read_text()) == "clip"
    account = json.loads((folder / "weights/tiny-v3d-diffusers/conversion.json").read_text())
    assert all(source["used"] + sum(source["left"].values()) == source["weights"] for source in account["sources"])

    report = folder / "results/reports/tiny-full"
    tables = sorted(report.glob("tables/*.csv"))
    assert {table.stem for table in tables} == set(table_list.NAMES)
    for table in tables:
        assert "tiny-full" not in table.read_text()
    with (folder / CLIP / "views-18/scores.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2 * 10
    page = (report / "index.html").read_text()
    assert "random weights, plumbing only" in page
    assert "Scores of random weights say nothing" in page
    score = sum(float(row["source_reference"]) for row in rows) / len(rows)
    assert f"{score:.4f}" not in page
    assert "random weights, plumbing only" in (report / "figures/figure2.svg").read_text()
    assert len(list(report.glob("media/*.mp4"))) == 2

    assert fresh.planned("tiny-full") == {}


def test_a_photograph_passes_through_every_backend_to_a_page_that_plays(fresh):
    """`own=RUN`: report `own` by another run's backends; with scores that count, or the page would offer no splats."""
    run = "  tiny-own: {title: Tiny weights on a photograph, extends: tiny-full, plumbing: false}\n"
    fresh.edit("tiny.yaml", "runs:\n", f"runs:\n{run}")
    photo = Image.new("RGB", (80, 64), "white")
    photo.paste((200, 60, 40), (22, 14, 58, 50))
    photo.save(fresh.folder / "My Photo.jpg", quality=95)
    asked = ("--config", "image=My Photo.jpg", "own=tiny-own", "--", "own")
    done = fresh.run(*asked)
    assert done.returncode == 0, done.stdout
    folder, clip = fresh.folder, fresh.folder / "results/own-tiny-own/my-photo/motion-120"
    for name, backend in {"seed/frame-02.png": "svd", "orbit/frame-01.png": "v3d"}.items():
        with Image.open(clip / name) as image:
            assert backend_of(image.text["vid3d"]) == backend
    assert '"rasterizer": "cpp"' in (clip / "views-18/splats/frame-01.ply").read_bytes()[:2000].decode(errors="replace")

    report = folder / "results/reports/own"
    page = (report / "index.html").read_text()
    assert "Your image in 3D" in page
    assert "own=tiny-own" in page  # the command that makes it
    (viewer,) = report.glob("viewer/own-tiny-own-*/")
    assert (report / "viewer/reference-own-my-photo/sheet.webp").is_file()  # to see beside it
    assert sorted(path.name for path in viewer.glob("frame-*.js")) == ["frame-00.js", "frame-01.js"]
    (archive,) = report.glob("splats/*.zip")
    with zipfile.ZipFile(archive) as stored:
        assert len(stored.namelist()) == 2
    assert len(list(report.glob("media/*.mp4"))) == 5
    assert all(path.stat().st_size > 500 for path in report.rglob("*.mp4"))
    assert fresh.planned(*asked) == {}
