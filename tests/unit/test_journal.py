"""What a job read and wrote, by checksum: recorded when it ends well, compared when a file is read."""

import json
from pathlib import Path

import numpy as np
import pytest

from vid3d import files, journal
from vid3d.errors import InputError

IMAGE = np.full((8, 8, 3), 0.5, np.float32)
MADE_BY = files.Provenance("seed", '{"backend":"procedural"}', {"frame": 0})
FIRST, SECOND = "results/quick/frog/seed/frame-00.png", "results/quick/frog/seed/frame-01.png"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder that jobs run in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def job(command, *paths, reads=(), options=None):
    """A job that reads images and writes others."""
    with journal.kept(command, options or {}, Path()):
        for path in reads:
            files.load_image(path)
        for path in paths:
            files.save_image(path, IMAGE, MADE_BY)


def recorded(root=Path()):
    return [made for _, made in journal.records(root)]


def flip(path, place=-20):
    content = bytearray(Path(path).read_bytes())
    content[place] ^= 1
    Path(path).write_bytes(content)


def test_a_job_is_recorded_with_what_it_read_and_wrote(folder):
    job("seed", FIRST, SECOND, options={"motion": 120})
    job("render", "results/quick/frog/render.png", reads=[FIRST, folder / SECOND])
    render, seed = recorded()
    sums = {path: journal.sha256(Path(path)) for path in (FIRST, SECOND)}
    assert (seed.command, seed.options, seed.reads, seed.writes) == ("seed", {"motion": 120}, {}, sums)
    assert render.reads == sums  # by one name, however it was given
    assert render.writes == {"results/quick/frog/render.png": journal.sha256(Path("results/quick/frog/render.png"))}
    assert seed.commit is None or len(seed.commit.removesuffix("-dirty")) == 40
    assert seed.machine
    assert 0 <= seed.seconds < 60


def test_records_change_no_artefact(folder):
    job("seed", FIRST)
    files.save_image("other.png", IMAGE, MADE_BY)
    assert Path(FIRST).read_bytes() == Path("other.png").read_bytes()


def test_a_job_that_writes_into_several_folders_leaves_a_record_in_each(folder):
    job("seed", FIRST, "results/quick/mill/seed/frame-00.png")
    assert len(recorded()) == 2
    (made,) = (made for _, made in journal.records(Path(), "results/quick/mill/seed"))
    assert list(made.writes) == ["results/quick/mill/seed/frame-00.png"]


def test_clips_of_a_job_are_recorded_with_what_each_was_made_of(folder):
    job("reference", "results/quick/frog/reference.png")
    job("seed", FIRST, SECOND)
    outputs = [Path(f"results/quick/frog/views-{views}/render.png") for views in (3, 9)]
    with journal.kept("render", {"views": [3, 9]}, Path()):
        files.load_image("results/quick/frog/reference.png")
        for source, output in zip((FIRST, SECOND), outputs, strict=True):
            with journal.part():
                files.load_image(source)
                files.save_image(output, IMAGE, MADE_BY)
    for source, output in zip((FIRST, SECOND), outputs, strict=True):
        ((_, made),) = journal.records(Path(), str(output.parent))
        assert set(made.reads) == {"results/quick/frog/reference.png", source}
        assert set(made.writes) == {output.as_posix()}
        assert made.options == {"views": [3, 9]}


def test_a_job_that_fails_leaves_no_record(folder):
    with pytest.raises(RuntimeError), journal.kept("seed", {}, Path()):
        files.save_image(FIRST, IMAGE, MADE_BY)
        raise RuntimeError
    assert recorded() == []


def test_files_beside_results_are_not_recorded(folder):
    job("seed", "elsewhere/frame-00.png")
    assert not (folder / "results").exists()


@pytest.mark.parametrize("size", [None, 10])
def test_a_file_that_changed_since_is_refused_with_the_command_that_makes_it(folder, size):
    job("seed", FIRST, SECOND)
    flip(SECOND) if size is None else Path(SECOND).write_bytes(Path(SECOND).read_bytes()[:size])
    job("render", "results/quick/frog/render.png", reads=[FIRST])
    with pytest.raises(InputError) as refused:
        job("render", "results/quick/frog/other.png", reads=[SECOND])
    assert str(refused.value) == (
        f"{SECOND}: is not as vid3d seed wrote it (another checksum than its record's);"
        f" make it anew: snakemake --cores all --force {SECOND}"
    )
    assert not Path("results/quick/frog/other.png").exists()


def test_a_file_from_before_there_were_records_is_read(folder):
    files.save_image(FIRST, IMAGE, MADE_BY)
    job("render", SECOND, reads=[FIRST])
    assert recorded()[0].reads == {FIRST: journal.sha256(Path(FIRST))}


def test_a_file_made_anew_in_another_block_of_frames_is_the_one_that_counts(folder):
    """A record is named after the first file of its job: that of the larger block stays."""
    job("seed", FIRST, SECOND)
    with journal.kept("seed", {}, Path()):
        files.save_image(SECOND, 1 - IMAGE / 2, MADE_BY)
    assert len(recorded()) == 2
    job("render", "results/quick/frog/render.png", reads=[FIRST, SECOND])


def test_what_a_killed_job_leaves_is_no_record_and_a_damaged_one_is_named(folder):
    job("seed", FIRST)
    (place, _), *_ = journal.records(Path())
    place.with_name(".123-frame-01.png.json").write_text('{"half')
    assert len(recorded()) == 1
    place.write_text(place.read_text()[:-9])
    with pytest.raises(InputError, match=r"records/quick/frog/seed/frame-00\.png\.json: is not a record"):
        job("render", "results/quick/frog/render.png", reads=[FIRST])
    place.write_text(json.dumps({"writes": {}}))
    with pytest.raises(InputError, match="is not a record of a job"):
        recorded()
