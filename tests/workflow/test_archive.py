"""A report from an archive: without models, with the same tables, and of files that are as they were made."""

import io
import shutil
import tarfile

import pytest

from vid3d import journal
from vid3d.checking import archive, verdict
from vid3d.errors import InputError

REPORT = "results/reports/tiny"
PLY = "results/tiny/frog-green/motion-120/views-3/splats/frame-01.ply"


@pytest.fixture(scope="module")
def study(_finished):
    return _finished.folder


@pytest.fixture(scope="module")
def packed(study, tmp_path_factory):
    """The finished study's archive."""
    file = tmp_path_factory.mktemp("archive") / "tiny.tar"
    assert archive.pack("tiny", study, file) > 100
    return file


def test_a_report_is_made_of_an_archive_without_running_models(packed, study, fresh):
    assert fresh.planned("--config", f"from={packed}").keys() == {"tables", "figures_of_tiny", "page", "all"}
    assert not (fresh.folder / REPORT).exists()
    done = fresh.run("--config", f"from={packed}", "--", f"{REPORT}/tables/table1.csv")
    assert done.returncode == 0, done.stdout
    tables = sorted((study / REPORT / "tables").glob("*.*"))
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
    ("told", "said"), [("nothing.tar", "nothing.tar: cannot be read as an archive"), ("", "from=: names no file")]
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
        archive.pack("tiny", finished.folder, tmp_path / "tiny.tar")
    assert not (tmp_path / "tiny.tar").exists()


def test_a_damaged_file_of_an_archive_is_not_restored(packed, tmp_path):
    content = bytearray(packed.read_bytes())
    with tarfile.open(packed) as stream:
        place = stream.getmember(PLY).offset_data + 1000
    content[place] ^= 1
    (tmp_path / "bad.tar").write_bytes(content)
    with pytest.raises(InputError, match=f"{PLY} is not as its record says; get the archive again"):
        archive.unpack(tmp_path / "bad.tar", tmp_path / "there")
    assert not (tmp_path / "there" / PLY).exists()


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "results/../../out", "config/study.yaml", "results/link", "results//a"]
)
def test_what_is_no_file_of_results_is_refused(tmp_path, name):
    with tarfile.open(tmp_path / "odd.tar", "w") as stream:
        member = tarfile.TarInfo(name)
        member.size = 4
        if name == "results/link":
            member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0
        stream.addfile(member, io.BytesIO(b"text"[: member.size]))
    with pytest.raises(InputError, match="is no file of results/"):
        archive.unpack(tmp_path / "odd.tar", tmp_path / "there")
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_what_is_no_archive_is_refused(packed, tmp_path, content):
    whole = packed.read_bytes()
    (tmp_path / "bad.tar").write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(InputError, match=r"bad\.tar: .*get it again"):
        archive.unpack(tmp_path / "bad.tar", tmp_path / "there")


def test_records_are_those_of_the_jobs_and_not_of_the_restoring(packed, tmp_path, monkeypatch, capsys):
    from vid3d import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["vid3d", "restore", str(packed)])
    cli.main()
    assert "files restored" in capsys.readouterr().out
    assert {made.command for _, made in journal.records(tmp_path)} >= {"reference", "seed", "views", "fit", "score"}
    assert "restore" not in {made.command for _, made in journal.records(tmp_path)}
    shutil.rmtree(tmp_path / "results")
