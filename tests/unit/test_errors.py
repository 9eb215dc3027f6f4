"""What the system refuses, and what messages quote, ends in one line."""

import errno
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from contextlib import contextmanager, suppress

import numpy as np
import pytest

from vid3d import files, journal
from vid3d.errors import LONGEST, InputError, refusal, unwritable
from vid3d.scene import Splats

PROVENANCE = files.Provenance("test", "{}", {})
NOISE = np.random.default_rng(0).random((64, 64, 3), np.float32)
PIXELS = (NOISE[None].repeat(4, 0) * 255).astype(np.uint8)
SAVED = {
    "text.txt": lambda path: files.save_text(path, "x" * 50_000),
    "image.png": lambda path: files.save_image(path, NOISE, PROVENANCE),
    "rows.csv": lambda path: files.save_rows(path, [{"a": number} for number in range(20_000)], PROVENANCE),
    "video.mp4": lambda path: files.save_video(path, PIXELS),
    "splats.ply": lambda path: files.save_splats(path, some_splats(2000), PROVENANCE),
    "arrays.npz": lambda path: files.save_embeddings(path, PROVENANCE, a=NOISE),
}


def some_splats(count):
    values = np.ones((count, 14), np.float32)
    return Splats(values[:, :3], values[:, 3:7], values[:, 7:10], values[:, 10], values[:, 11:14])


@contextmanager
def files_of(most):
    """No file may be longer than so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 64 KiB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a small disk is mounted by root alone")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("name", SAVED)
def test_a_file_that_cannot_be_written_whole_is_not_there(tmp_path, name):
    with files_of(4000), pytest.raises(InputError, match=rf"^{tmp_path}/{name}: file too large; raise the limit"):
        SAVED[name](tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_nothing_half_written(small_disk):
    """By each of the writers, by torch, whose error does not say why, and by the records of jobs."""
    torch = pytest.importorskip("torch")

    def checkpoint(path):
        with files.atomic(path) as temporary:
            torch.save({"a": torch.zeros(100_000)}, temporary)

    (small_disk / "filled").write_bytes(b"x" * 60_000)
    for name, save in (SAVED | {"model.pt": checkpoint}).items():
        with pytest.raises(InputError, match=rf"^{small_disk}/{name}: no space left on device; free some space"):
            save(small_disk / name)
        assert [path.name for path in small_disk.iterdir()] == ["filled"]
    with pytest.raises(InputError, match=r"no space left on device"), journal.kept("seed", {}, small_disk):
        files.save_text(small_disk / "results/a.txt", "x")
        with suppress(OSError):
            (small_disk / "more").write_bytes(b"x" * 100_000)
    assert not list(small_disk.rglob(".*"))


def test_the_command_line_says_it_in_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(f"results/{'x' * 300}", "")
    command = [sys.executable, "-m", "vid3d.cli", "restore", "a.zip"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(": file name too long; give it a shorter name\n")
    assert done.stderr.count("\n") == 1


def test_what_is_not_the_systems_is_nobodys_to_cure():
    assert refusal(FileNotFoundError(errno.ENOENT, "no such file", "a")) is None
    assert refusal(ValueError()) is None
    assert refusal(PermissionError(errno.EACCES, "Permission denied", "a")).startswith("a: permission denied; ")
    assert "not enough memory" in refusal(MemoryError(), "a")


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    assert unwritable(tmp_path) is None
    assert unwritable(tmp_path / "absent") is None
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everywhere
    assert unwritable(tmp_path) == f"{tmp_path}: permission denied; change its permissions, or work in another folder"


@pytest.mark.parametrize(
    ("quoted", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\u202egnp", r"\u202egnp"),
        ("\ud800", r"\ud800"),
        ("é 'x'", "é 'x'"),
    ],
)
def test_what_a_message_quotes_does_not_break_its_line(quoted, shown):
    assert str(InputError(f"{quoted}: is wrong")) == f"{shown}: is wrong"


def test_the_middle_of_a_long_message_is_left_out():
    text = str(InputError(f"a.yaml: {'9' * 10_000}; correct it"))
    assert len(text) < LONGEST + 10
    assert text.startswith("a.yaml: 999")
    assert text.endswith("999; correct it")
