"""A report from an archive: without models, with the same tables, and of files that are as they were made."""

import os
import shutil
import zipfile
from datetime import UTC, datetime

import pytest

from vid3d import journal
from vid3d.checking import archive, verdict
from vid3d.errors import InputError

REPORT = "results/reports/tiny"
PLY = "results/tiny/frog-green/motion-120/views-3/splats/frame-01.ply"


def test_a_report_is_made_of_an_archive_without_running_models(packed, study, fresh):
    """In a clone, whose files are all younger than those of the archive."""
    for path in fresh.folder.rglob("*"):
        os.utime(path)
    assert fresh.planned("--config", f"from={packed}").keys() == {"tables", "figures_of_tiny", "page", "all"}
    assert not (fresh.folder / REPORT).exists()
    done = fresh.run("--config", f"from={packed}", "--", f"{REPORT}/tables/table1.csv")
    assert done.returncode == 0, done.stdout
    tables = sorted(path for path in (study / REPORT / "tables").glob("*.*") if path.suffix != ".html")  # of the page
    assert [path.read_bytes() for path in tables] == [
        (fresh.folder / REPORT / "tables" / path.name).read_bytes() for path in tables
    ]
    found = verdict.verify("tiny", fresh.folder, None, 0.0).files
    assert not [path for path in [*found.unrecorded, *found.findings] if not path.startswith(f"{REPORT}/")]


def test_what_an_archive_lacks_is_made(packed, fresh):
    """As of one that was written before the study had another image, or of a part of it."""
    archive.unpack(packed, fresh.folder)
    shutil.rmtree(fresh.folder / "results/tiny/frog-green/motion-120/views-3")
    stages = {rule.partition("_")[0] for rule in fresh.planned()}
    assert {"splat", "render", "score"} <= stages
    assert not stages & {"reference", "seed", "views"}


@pytest.mark.parametrize(
    ("told", "said"), [("nothing.zip", "nothing.zip: cannot be read as an archive"), ("", "from=: names no file")]
)
def test_a_setting_that_names_no_archive_is_refused_in_a_line(fresh, told, said):
    done = fresh.run("--dry-run", "--config", f"from={told}")
    assert done.returncode == 2, done.stdout
    assert f"vid3d: {said}" in done.stdout
    assert "Traceback" not in done.stdout


def test_what_is_there_is_kept_and_another_file_is_not_overwritten(packed, tmp_path):
    written, _ = archive.unpack(packed, tmp_path)
    (tmp_path / PLY).unlink()
    assert archive.unpack(packed, tmp_path) == (1, written - 1)
    (tmp_path / PLY).write_bytes(b"mine")
    with pytest.raises(InputError, match=r"frame-01\.ply: is there, and is another file than the archive's"):
        archive.unpack(packed, tmp_path)
    assert (tmp_path / PLY).read_bytes() == b"mine"


def test_a_damaged_study_is_not_packed(finished, tmp_path):
    path = finished.folder / PLY
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"frame-01\.ply: is not as vid3d fit wrote it"):
        archive.pack("tiny", finished.folder, tmp_path / "tiny.zip")
    assert not (tmp_path / "tiny.zip").exists()


def changed(packed, folder, content):
    """The archive with another content of the splats, which is as a ZIP wants it."""
    with zipfile.ZipFile(packed) as stream, zipfile.ZipFile(folder / "bad.zip", "w") as other:
        for member in stream.infolist():
            other.writestr(member, content if member.filename == PLY else stream.read(member))


def flipped(packed, folder, content):
    """The archive with a bit of the splats flipped."""
    whole = bytearray(packed.read_bytes())
    with zipfile.ZipFile(packed) as stream:
        member = stream.getinfo(PLY)
    whole[member.header_offset + len(PLY) + 1000] ^= 1
    (folder / "bad.zip").write_bytes(whole)


@pytest.mark.parametrize(
    ("damaged", "said"),
    [(changed, f"{PLY} is not as its record says; get the archive again"), (flipped, f"{PLY} is damaged")],
)
def test_a_damaged_file_of_an_archive_is_not_restored(packed, tmp_path, damaged, said):
    damaged(packed, tmp_path, b"ply")
    with pytest.raises(InputError, match=said):
        archive.unpack(tmp_path / "bad.zip", tmp_path / "there")
    assert not (tmp_path / "there" / PLY).exists()


def test_dates_are_kept_in_their_order(packed, study, tmp_path):
    """By which Snakemake knows what is done; a ZIP has even seconds."""
    archive.unpack(packed, tmp_path)
    restored = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert restored
    for path in restored:
        assert 0 <= (study / path.relative_to(tmp_path)).stat().st_mtime - path.stat().st_mtime < 2


@pytest.mark.parametrize("year", [1970, 2200])
def test_a_date_that_a_zip_cannot_have_is_the_nearest_one(tmp_path, year):
    date = archive.date(datetime(year, 5, 4, tzinfo=UTC).timestamp())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as stream:
        stream.writestr(zipfile.ZipInfo("a", date), "")
    with zipfile.ZipFile(tmp_path / "a.zip") as stream:
        assert stream.getinfo("a").date_time == date
    assert date[0] == min(max(year, 1980), 2107)


@pytest.mark.parametrize("name", ["/etc/passwd", "results/../../out", "results//a", "results/tiny/link"])
def test_what_is_no_file_of_results_is_not_written(packed, tmp_path, name):
    """An entry that is a link elsewhere would be written as a file, and has no record."""
    shutil.copy(packed, tmp_path / "odd.zip")
    with zipfile.ZipFile(tmp_path / "odd.zip", "a") as stream:
        stream.writestr(name, "/etc/passwd")
    with pytest.raises(InputError, match=r"is no path of an archive|link is not as its record says"):
        archive.unpack(tmp_path / "odd.zip", tmp_path / "there")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "there/results/tiny/link").exists()


def test_an_archive_without_results_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as stream:
        stream.writestr("Snakefile", "text")
    with pytest.raises(InputError, match=r"odd\.zip: holds no results; give a file of vid3d archive"):
        archive.unpack(tmp_path / "odd.zip", tmp_path)


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_what_is_no_archive_is_refused(packed, tmp_path, content):
    whole = packed.read_bytes()
    (tmp_path / "bad.zip").write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(InputError, match=r"bad\.zip: .*get it again"):
        archive.unpack(tmp_path / "bad.zip", tmp_path / "there")


def test_records_are_those_of_the_jobs_and_not_of_the_restoring(packed, tmp_path, monkeypatch, capsys):
    from vid3d import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["vid3d", "restore", str(packed)])
    cli.main()
    assert "files restored" in capsys.readouterr().out
    assert {made.command for _, made in journal.records(tmp_path)} >= {"reference", "seed", "views", "fit", "score"}
    assert "restore" not in {made.command for _, made in journal.records(tmp_path)}
    shutil.rmtree(tmp_path / "results")
