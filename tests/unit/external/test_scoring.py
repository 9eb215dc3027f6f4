"""Renders of other methods: what counts, what is refused, and what Table 1 says of them."""

import hashlib
import json
import re
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd
import pytest
import synthetic_study as synthetic
from PIL import Image

from vid3d import cli, files, tables
from vid3d.commands import score, score_external
from vid3d.errors import InputError
from vid3d.external import methods, scoring, videos
from vid3d.measures import protocol_tables, protocols
from vid3d.scene import Reference
from vid3d.study import layout
from vid3d.study.benchmark import load_benchmark
from vid3d.tables.clip_i import table1
from vid3d.tables.scores import collect
from vid3d.tables.table import Measured

ROOT = Path(__file__).parents[3]
FOLDER = f"{methods.FOLDER}/mine"
MEAN_COLOUR = '{"backend":"clip","model":"tiny.json","weights":"tiny.safetensors"}'


def embed(images):
    """A stand-in for CLIP: the mean colour of an image."""
    return np.stack([image.reshape(-1, 3).mean(axis=0) + 1 for image in images]).astype(np.float32)


def colour(image, camera, frame):
    return (40 + 10 * len(image), 20 * camera, 50 * frame)


def write_frames(root, image, camera, frames=3, folder=FOLDER):
    for frame in range(frames):
        path = root / folder / image / f"camera-{camera:02d}" / f"frame-{frame:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), colour(image, camera, frame)).save(path)


def write_manifest(root, **entries):
    synthetic.write_yaml(root / methods.MANIFEST, entries)


def write_reference(root, image):
    """The references of run truth: the source is red, its foreground green."""
    red, green = (np.full((16, 16, 3), rgb, np.float32) for rgb in ((1, 0, 0), (0, 1, 0)))
    paths = [root / p.format(run="truth", image=image) for p in (layout.REFERENCE, layout.FOREGROUND, layout.SUBJECT)]
    reference = Reference(image, "", red, green, np.ones((16, 16), np.float32))
    files.save_reference(paths, reference, files.Provenance("test", "{}"))


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A study of frog and mill, and method ``mine``: two cameras and three frames of both."""
    synthetic.build(tmp_path, pictures=False)
    write_manifest(tmp_path, mine={"title": "Mine & co", "benchmark": "procedural", "note": "Trained on frogs."})
    for image in ("frog", "mill"):
        write_reference(tmp_path, image)
        for camera in (0, 1):
            write_frames(tmp_path, image, camera)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scored(root, name="mine", references="results/truth"):
    method = methods.load(name, root)
    return scoring.score(name, method, root, references and root / references, embed)


# --- scoring ----------------------------------------------------------------------------------------------------------


def test_every_frame_and_camera_is_compared_with_every_reference(root):
    rows, covered = scored(root)
    assert {(row["image"], row["frame"], row["camera"]) for row in rows} == {
        (image, frame, camera) for image in ("frog", "mill") for frame in range(3) for camera in range(2)
    }
    assert (list(covered.images), covered.of, covered.left_out) == (["frog", "mill"], 2, ())
    row = next(row for row in rows if (row["image"], row["frame"], row["camera"]) == ("mill", 2, 1))
    shown = np.array(colour("mill", 1, 2)) + 1
    references = {
        "source_reference": (256, 1, 1),
        "foreground_reference": (1, 256, 1),
        "self_reference": np.array(colour("mill", 0, 0)) + 1,
    }
    for column, reference in references.items():
        cosine = shown @ reference / np.linalg.norm(shown) / np.linalg.norm(reference)
        assert row[column] == pytest.approx(cosine, abs=1e-6), column


def test_without_source_images_only_the_self_references_are_there(root):
    rows, _ = scored(root, references=None)
    means = protocol_tables.per_image(pd.DataFrame(rows), ["image"]).set_index("image")
    for name in protocols.NAMES:
        assert means[name].isna().all() == (not name.startswith("self")), name


def test_without_camera_0_only_the_source_references_are_there(root):
    write_manifest(root, mine={"benchmark": "procedural", "clips": [
        {"image": "frog", "camera": 1, "path": f"{FOLDER}/frog/camera-01"}]})  # fmt: skip
    rows, _ = scored(root)
    assert np.isfinite([row["source_reference"] for row in rows]).all()
    assert np.isnan([row["self_reference"] for row in rows]).all()
    with pytest.raises(InputError, match="neither source images nor camera 0"):
        scored(root, references=None)


@pytest.mark.parametrize(
    ("lose", "lacks"),
    [
        ("frog/camera-01", "camera 1 is missing"),
        ("frog/camera-01/frame-01.png", "camera-01 lacks frame 1"),
        ("frog/camera-00/frame-02.png", "camera 0 lacks frame 2"),
    ],
)
def test_an_image_that_is_not_complete_is_not_counted_and_named(root, lose, lacks):
    path = root / FOLDER / lose
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        file.unlink()
    if path.is_dir():
        path.rmdir()
    rows, covered = scored(root)
    assert {row["image"] for row in rows} == {"mill"}
    (left,) = covered.left_out
    assert left.image == "frog"
    assert lacks in left.lacks
    assert any(f"not counted: frog ({left.lacks})" in line for line in scoring.summary(rows, covered))


def test_declared_cameras_and_frames_must_be_there(root):
    write_manifest(root, mine={"benchmark": "procedural", "cameras": [0, 1, 2]})
    write_frames(root, "mill", 2)
    assert [left.lacks for left in scored(root)[1].left_out] == ["camera 2 is missing"]
    write_manifest(root, mine={"benchmark": "procedural", "cameras": [0], "frames": 4})
    with pytest.raises(InputError, match=r"no image is complete; frog: .*lacks frame 3"):
        scored(root)


def test_videos_and_pictures_are_the_same_to_the_scores(root):
    by_pictures, _ = scored(root)
    folder = root / FOLDER / "frog/camera-01"
    pictures = videos.load_clip(folder)
    folder.rename(root / "pictures")
    video = folder.with_suffix(".mp4")
    files.save_video(video, np.stack(pictures))
    loaded = videos.load_clip(video)
    assert len(loaded) == len(pictures)
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(loaded, pictures, strict=True)) <= 6  # yuv420p
    by_video, _ = scored(root)
    cosines = ([row["self_reference"] for row in rows] for rows in (by_video, by_pictures))
    assert next(cosines) == pytest.approx(next(cosines), abs=6e-3)  # six of 255 levels


def test_transparent_frames_stand_on_white(root):
    path = root / FOLDER / "frog/camera-00/frame-00.png"
    Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(path)
    assert videos.load_clip(path.parent)[0].min() == 255


def test_frames_that_are_not_square_are_noted(root):
    Image.new("RGB", (24, 16)).save(root / FOLDER / "frog/camera-00/frame-00.png")
    assert scored(root)[1].notes == ("Frames of 24 x 16 pixels: CLIP sees the middle square.",)


# --- the border -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("frog/cam0.mp4", b"", r"cam0\.mp4: is neither camera-00\.mp4 nor a folder"),
        ("frog/camera-00.mp4", b"", r"camera-00\.mp4: this camera is there as a video and as a folder"),
        ("frog/camera-02.mp4", b"no video", r"camera-02\.mp4: not readable as a video"),
        ("frog/camera-00/frame-00.png", b"no png", r"frame-00\.png: corrupt image"),
        ("frog/camera-00/0001.jpg", b"", r"0001\.jpg: is no frame"),
        ("unicorn/camera-00.mp4", b"", "benchmark procedural has no image 'unicorn'"),
        ("My Frog/camera-00.mp4", b"", "My Frog: a folder of clips is named after its image"),
    ],
)
def test_what_is_not_as_laid_out_is_named_in_one_line(root, name, content, message):
    path = root / FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        scored(root)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"titel": "Mine"}, "mine: titel: unknown key"),
        ({"clips": [{"image": "frog", "camera": 0}]}, "give either a url or a path"),
        ({"clips": [{"image": "frog", "camera": 0, "path": "a"}] * 2}, "stands there twice"),
        ({"clips": [{"image": "frog", "camera": 0, "url": "https://x/y/../z"}]}, "url"),
        ({"clips": [{"image": "frog", "camera": 0, "url": "https://x/a.mp4", "sha256": "abc"}]}, "sha256"),
    ],
)
def test_a_manifest_that_is_not_understood_is_refused_in_one_line(root, entry, message):
    write_manifest(root, mine=entry)
    with pytest.raises(InputError, match=message) as caught:
        methods.load("mine", root)
    assert "\n" not in str(caught.value)


def test_a_folder_needs_no_entry_and_an_unknown_name_says_what_to_do(root):
    write_manifest(root)
    assert methods.names(root) == ["mine"]
    assert methods.load("mine", root).title == "mine"
    with pytest.raises(
        InputError, match=r"no method 'yours'; add it, or put its renders into benchmark/external/yours/"
    ):
        methods.load("yours", root)
    (root / FOLDER).rename(root / "elsewhere")
    (root / FOLDER).mkdir()
    with pytest.raises(InputError, match=r"no clips; put them there as IMAGE/camera-00\.mp4"):
        scored(root)


def test_the_authors_videos_are_eight_of_four_images_each_with_a_checksum():
    method = methods.load("vid3d-authors", ROOT)
    found = methods.clips("vid3d-authors", method, ROOT)
    assert len(method.clips) == 8
    assert {image: len(cameras) for image, cameras in found.items()} == {
        "cat-wave": 2,
        "fox-game": 2,
        "squirrel-nut": 2,
        "squirrel-saxophone": 2,
    }
    assert found.keys() <= load_benchmark("animate124", None, ROOT).keys()
    for clip in method.clips:
        assert re.search(r"/rishab-partha/Vid3D/[0-9a-f]{40}/(assets|static/videos)/", clip.url)
        assert clip.sha256 is not None
        assert clip.file.startswith(clip.image)
        assert clip.camera in (0, 1) or clip.file == f"{clip.image}{clip.camera}.mp4"
    assert all(0 in cameras for cameras in found.values())  # else no self-reference


# --- the commands -----------------------------------------------------------------------------------------------------


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["vid3d", *map(str, arguments)])
    for command in (score, score_external):
        monkeypatch.setattr(command, "build", lambda spec: embed)
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0), capsys.readouterr()
    return 0, capsys.readouterr()


def score_by_command(root, monkeypatch, capsys, name="mine", run_name="truth"):
    output = root / layout.EXTERNAL_SCORES.format(method=name, run=run_name)
    arguments = ["score-external", "--spec", MEAN_COLOUR, "--method", name, "--references", "results/truth"]
    code, said = run(monkeypatch, capsys, *arguments, "--output", output)
    assert code == 0, said.err
    return output, said.out


def test_the_command_writes_rows_and_says_what_they_come_to(root, monkeypatch, capsys):
    output, said = score_by_command(root, monkeypatch, capsys)
    table = pd.read_csv(output)
    assert list(table.columns) == ["image", "frame", "camera", *protocols.COSINES]
    assert len(table) == 2 * 3 * 2
    mean = table.groupby("image")["source_reference"].mean().mean()
    assert "mine: 2 of 2 images" in said
    assert f"source image: {mean:.4f}" in said
    assert json.loads(output.with_suffix(".json").read_text())["item"]["method"] == "mine"


def test_the_command_refuses_before_a_model_is_loaded(root, monkeypatch, capsys):
    (root / FOLDER / "frog/notes.txt").write_text("")
    monkeypatch.setattr(scoring, "score", None)
    arguments = ["--spec", MEAN_COLOUR, "--method", "mine", "--output", root / "out.csv"]
    code, said = run(monkeypatch, capsys, "score-external", *arguments)
    assert code == 2
    assert "notes.txt" in said.err
    assert not (root / "out.csv").exists()


def test_runs_and_methods_are_scored_alike(root, monkeypatch, capsys):
    """The same renders as filmstrips of a run and as another method's clips give the same cosines."""
    rng = np.random.default_rng(0)
    renders = rng.integers(0, 256, (2, 10, 16, 16, 3), dtype=np.uint8)
    for frame, cameras in enumerate(renders):
        files.save_filmstrip(root / f"strip-{frame}.png", cameras / np.float32(255), files.Provenance("test", "{}"))
        for camera, image in enumerate(cameras):
            path = root / methods.FOLDER / f"same/frog/camera-{camera:02d}/frame-{frame:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    write_manifest(root, same={"benchmark": "procedural"})
    reference = [
        root / f"results/truth/frog/{name}" for name in ("reference.png", "reference-foreground.png", "subject.json")
    ]
    arguments = ["score", "--spec", MEAN_COLOUR, "--reference", *reference, "--motion", 120, "--views", 18]
    arguments += ["--renders", "strip-0.png", "strip-1.png", "--embeddings", "e.npz", "--scores", root / "scores.csv"]
    assert run(monkeypatch, capsys, *arguments)[0] == 0
    ours = pd.read_csv(root / "scores.csv")
    theirs = pd.read_csv(score_by_command(root, monkeypatch, capsys, "same")[0])
    for column in ("frame", "camera", *protocols.COSINES):
        assert list(ours[column]) == list(theirs[column]), column
    assert set(np.load(root / "e.npz")) == {"renders", "reference", "foreground", "provenance"}


# --- downloads --------------------------------------------------------------------------------------------------------


@pytest.fixture
def address(tmp_path):
    """A server on this machine with one file."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web/clip.mp4").write_bytes(b"a video")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "web")
    handler.log_message = lambda *_: None
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/clip.mp4"
    server.shutdown()
    server.server_close()


def test_an_unpinned_download_is_said_to_be_unverified_and_is_recorded(tmp_path, address, monkeypatch, capsys):
    output, digest = tmp_path / "source/clip.mp4", hashlib.sha256(b"a video").hexdigest()
    code, said = run(monkeypatch, capsys, "fetch-external", "--url", address, "--output", output)
    assert code == 0
    assert "UNVERIFIED" in said.out
    assert digest in said.out
    assert (tmp_path / "source/clip.mp4.sha256").read_text() == f"{digest}  clip.mp4\n"
    output.unlink()
    (tmp_path / "web/clip.mp4").write_bytes(b"another video")
    code, said = run(monkeypatch, capsys, "fetch-external", "--url", address, "--output", output)
    assert code == 2
    assert "it has changed" in said.err
    assert not output.exists()


@pytest.mark.parametrize("pinned", [b"a video", b"another"])
def test_a_pinned_download_is_verified(tmp_path, address, monkeypatch, capsys, pinned):
    output, digest = tmp_path / "clip.mp4", hashlib.sha256(pinned).hexdigest()
    arguments = ["fetch-external", "--url", address, "--sha256", digest, "--output", output]
    code, said = run(monkeypatch, capsys, *arguments)
    assert (code, output.exists()) == ((0, True) if pinned == b"a video" else (2, False))
    assert "UNVERIFIED" not in said.out
    assert ("wrong checksum" in said.err) == (code == 2)


@pytest.mark.parametrize("lies_there", [b"a video", b"another", None])
def test_a_video_from_a_folder_is_verified_and_nothing_is_downloaded(tmp_path, monkeypatch, capsys, lies_there):
    (tmp_path / "mine").mkdir()
    if lies_there:
        (tmp_path / "mine/clip.mp4").write_bytes(lies_there)
    url, output = "http://127.0.0.1:9/clip.mp4", tmp_path / "clip.mp4"
    arguments = ["--url", url, "--sha256", hashlib.sha256(b"a video").hexdigest(), "--folder", tmp_path / "mine"]
    code, said = run(monkeypatch, capsys, "fetch-external", *arguments, "--output", output)
    assert (code, output.exists()) == ((0, True) if lies_there == b"a video" else (2, False))
    assert [("no such file; check authors_dir" in said.err), ("wrong checksum" in said.err)] == [
        lies_there is None,
        lies_there == b"another",
    ]
    assert (tmp_path / "mine/clip.mp4").exists() == (lies_there is not None)  # what is wrong is left to its owner


def test_an_address_that_does_not_answer_names_the_cure(tmp_path, monkeypatch, capsys):
    url = "http://127.0.0.1:9/clip.mp4"
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)  # between its attempts
    code, said = run(monkeypatch, capsys, "fetch-external", "--url", url, "--output", tmp_path / "clip.mp4")
    assert code == 2
    assert said.err.count("\n") == 1
    assert "cannot be downloaded" in said.err
    assert f"put the file there: {tmp_path / 'clip.mp4'}" in said.err


# --- Table 1 ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def study():
    return synthetic.parse_study(
        {"runs": {"truth": synthetic.RUN}, "reports": {"small": {"title": "", "runs": ["truth"]}}, "report": "small"},
        Path(),
    )


def first_table(study, root, output):
    scores, _ = collect(study, "small", root)
    others = scoring.collect(study, [output], root)
    return table1(Measured(study, "small", root, scores, others=others)).set_index("run", drop=False)


def test_table_1_and_the_protocols_have_the_other_method(root, study, monkeypatch, capsys):
    output, _ = score_by_command(root, monkeypatch, capsys)
    row = first_table(study, root, output).loc["mine"]
    cosines = pd.read_csv(output)
    assert row["method"] == "Mine & co"
    assert (row["kind"], row["images"], row["frames"]) == ("external", "2 procedural objects", "3 frames")
    assert row["source_reference"] == pytest.approx(cosines["source_reference"].mean(), abs=1e-9)
    assert np.isnan(row["published"])
    assert row["note"] == (
        "Renders made elsewhere, scored here by tiny. Cameras per image: 2, not 10. Trained on frogs."
    )
    paths = tables.write(study, "small", root, [output])
    by_protocol = pd.read_csv(root / layout.TABLE.format(report="small", name="protocols"))
    mine = by_protocol[by_protocol["run"] == "mine"]
    assert set(mine["protocol"]) == set(protocols.NAMES)
    assert mine["rank"].isna().all()  # two cameras are not ranked against ten
    assert set(by_protocol[by_protocol["run"] == "truth"]["of"]) == {4}
    assert "Mine & co" not in paths[0].with_suffix(".tex").read_text()
    assert r"Mine \& co" in paths[0].with_suffix(".tex").read_text()


def test_a_partial_method_says_how_many_images_and_which_not(root, study, monkeypatch, capsys):
    (root / FOLDER / "mill/camera-00/frame-00.png").unlink()
    output, _ = score_by_command(root, monkeypatch, capsys)
    row = first_table(study, root, output).loc["mine"]
    assert row["images"] == "1 of the 2 procedural objects"
    assert "Not counted: mill (" in row["note"]
    assert "lacks frame 0" in row["note"]


def test_a_restricted_study_shows_the_same_images_of_the_method_or_not_the_method(root, study, monkeypatch, capsys):
    output, _ = score_by_command(root, monkeypatch, capsys)

    def restricted(*images):
        runs = {name: run.model_copy(update={"images": images}) for name, run in study.runs.items()}
        return scoring.collect(study.model_copy(update={"runs": runs}), [output], root)

    assert [other.images for other in restricted("mill")] == [("mill",)]
    assert restricted("another") == []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t[(t["image"] != "mill") | (t["frame"] != 2) | (t["camera"] != 1)], "image mill, frame 2, camera 1"),
        (lambda t: t[(t["image"] != "mill") | (t["camera"] != 1)], "image mill, frame 0, camera 1"),
        (lambda t: t[t["image"] != "frog"], "image frog, frame 0, camera 0"),
        (lambda t: t.drop(columns="foreground_reference"), "lacks the column foreground_reference"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "twice"),
        (lambda t: t.assign(self_reference=2.0), "self_reference 2.0 at image frog, frame 0, camera 0 is out of range"),
    ],
)
def test_scores_that_lost_something_are_refused_by_name(root, study, monkeypatch, capsys, spoil, message):
    output, _ = score_by_command(root, monkeypatch, capsys)
    spoil(pd.read_csv(output)).to_csv(output, index=False)
    with pytest.raises(InputError, match=message) as caught:
        scoring.collect(study, [output], root)
    assert str(output) in str(caught.value)


def test_a_method_may_not_have_the_name_of_a_run(root, study, monkeypatch, capsys):
    write_manifest(root, truth={"benchmark": "procedural"})
    (root / FOLDER).rename(root / methods.FOLDER / "truth")
    output, _ = score_by_command(root, monkeypatch, capsys, "truth")
    with pytest.raises(InputError, match="has the name of a run"):
        scoring.collect(study, [output], root)
