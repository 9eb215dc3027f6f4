"""One GPU per job: real processes, a pretended nvidia-smi."""

import functools
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from vid3d import cli
from vid3d.commands import fit
from vid3d.errors import InputError
from vid3d.machine import gpus

TWO = """GPU 0: NVIDIA RTX A5000 (UUID: GPU-aaaa-0)
GPU 1: NVIDIA RTX A5000 (UUID: GPU-bbbb-1)
"""
SLICED = """GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa-0)
  MIG 3g.20gb     Device  0: (UUID: MIG-cccc-0)
  MIG 3g.20gb     Device  1: (UUID: MIG-dddd-1)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bbbb-1)
"""
JOB = """
import os, sys, time
from pathlib import Path
from vid3d.machine import gpus
with gpus.held():
    device = os.environ.get("CUDA_VISIBLE_DEVICES", "none")
    (Path(sys.argv[1]) / "taken" / f"{os.getpid()}").write_text(device)
    while not (Path(sys.argv[1]) / "go-on").exists():
        time.sleep(0.02)
    with open(Path(sys.argv[1]) / "log", "a") as log:
        log.write(f"begin {device}\\n")
        log.flush()
        time.sleep(0.1)
        log.write(f"end {device}\\n")
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine whose nvidia-smi lists what is asked for, with locks of its own."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # so that what a test's job sets is undone
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(gpus.tempfile, "tempdir", None)  # so that TMPDIR is read again
    programs = tmp_path / "bin"
    programs.mkdir()
    (tmp_path / "taken").mkdir()

    def lists(text, last="exit 0"):
        program = programs / "nvidia-smi"
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{text}END\n{last}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        return tmp_path

    return lists


@pytest.fixture
def jobs(tmp_path):
    """Starts jobs that hold a device until told to go on; all have ended after the test."""
    started = []

    def start(**environment):
        job = subprocess.Popen(
            [sys.executable, "-c", JOB, str(tmp_path)],
            env=os.environ | environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(job)
        return job

    yield start
    for job in started:
        job.kill()
        job.communicate()


def until(condition, what):
    """Wait for something that other processes do."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail(f"in vain: {what}")


def taken(folder):
    """Devices by the process that took one."""
    return {int(path.name): path.read_text() for path in (folder / "taken").iterdir() if path.read_text()}


def test_jobs_side_by_side_take_different_devices_and_the_others_wait(machine, jobs):
    folder = machine(TWO)
    started = [jobs(), jobs()]
    until(lambda: len(taken(folder)) == 2, "two jobs hold a device")
    assert sorted(taken(folder).values()) == ["GPU-aaaa-0", "GPU-bbbb-1"]
    started += [jobs(), jobs(), jobs()]
    for job in started[2:]:
        assert job.stderr.readline() == "vid3d: other jobs hold all 2 GPUs; waiting for one to end\n"
    (folder / "go-on").touch()
    assert [job.wait(timeout=120) for job in started] == [0] * 5
    held: dict[str, int] = {}
    events = [line.split() for line in (folder / "log").read_text().splitlines()]
    assert len(events) == 10
    for event, device in events:
        held[device] = held.get(device, 0) + (1 if event == "begin" else -1)
        assert held[device] in (0, 1), "two jobs on one device"


def test_the_device_of_a_killed_job_is_free_at_once(machine, jobs):
    folder = machine(TWO.splitlines(keepends=True)[0])
    first = jobs()
    until(lambda: len(taken(folder)) == 1, "the first job holds the device")
    second = jobs()
    assert second.stderr.readline() == "vid3d: other jobs hold the GPU; waiting for one to end\n"
    first.send_signal(signal.SIGKILL)
    until(lambda: second.pid in taken(folder), "the second job holds the device")
    assert taken(folder)[second.pid] == "GPU-aaaa-0"


def test_the_choice_is_made_among_the_visible_devices(machine, jobs):
    """As a scheduler names them, by index; 0 is the same device as its identifier."""
    folder = machine(TWO)
    first = jobs(CUDA_VISIBLE_DEVICES="1")
    until(lambda: first.pid in taken(folder), "the first job holds device 1")
    second = jobs(CUDA_VISIBLE_DEVICES="1,0")
    until(lambda: second.pid in taken(folder), "the second job holds the other device")
    assert taken(folder) == {first.pid: "1", second.pid: "0"}
    third = jobs()
    assert "waiting" in third.stderr.readline()


def test_gpus_cut_into_slices_are_taken_slice_by_slice(machine):
    machine(SLICED)
    assert gpus.installed() == ["MIG-cccc-0", "MIG-dddd-1", "GPU-bbbb-1"]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("0", {"0": "GPU-aaaa-0"}),
        ("GPU-bbbb-1", {"GPU-bbbb-1": "GPU-bbbb-1"}),
        (" 1 , 0", {"1": "GPU-bbbb-1", "0": "GPU-aaaa-0"}),
        ("7", {"7": "7"}),
        ("0,-1,1", {"0": "GPU-aaaa-0"}),
        ("", {}),
        ("-1", {}),
    ],
)
def test_visible_devices_are_read_as_cuda_reads_them(machine, monkeypatch, named, expected):
    machine(TWO)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert gpus.visible() == expected


@pytest.mark.parametrize("listed", [None, ("", "exit 9"), ("NVIDIA-SMI has failed\n", "exit 0")])
def test_without_a_device_a_job_runs_all_the_same_and_records_nothing(machine, monkeypatch, tmp_path, listed):
    if listed is None:
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        machine(*listed)
    record = tmp_path / "gpu.json"
    record.write_text("of an earlier job")
    with gpus.held(record):
        assert "CUDA_VISIBLE_DEVICES" not in os.environ
    assert not record.exists()  # absent, not zero


def test_a_driver_that_does_not_answer_is_said_in_one_line(machine, monkeypatch):
    machine("", "sleep 60")
    monkeypatch.setattr(gpus, "LISTING_TIMEOUT", 0.2)
    with pytest.raises(InputError, match="nvidia-smi -L: no answer"):
        gpus.installed()


def test_what_a_job_used_of_its_device_is_recorded(machine, monkeypatch, tmp_path):
    torch = pytest.importorskip("torch")
    machine(TWO)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA RTX A5000")
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda: 3 * 2**30)
    with gpus.held(tmp_path / "deep" / "gpu.json"):
        time.sleep(0.05)
    record = json.loads((tmp_path / "deep" / "gpu.json").read_text())
    assert record.pop("gpu_seconds") >= 0.05
    assert record == {"device": "NVIDIA RTX A5000", "peak_memory_mib": 3072}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ('{"backend":"autodiff"}', "GPU-aaaa-0"),
        ('{"backend":"autodiff","rasterizer":"cpp"}', None),
        ('{"backend":"cpu"}', None),
    ],
)
def test_a_command_takes_a_device_if_its_spec_runs_on_one(machine, monkeypatch, spec, expected):
    machine(TWO)
    seen = []

    @functools.wraps(fit.run)
    def run(**options):
        seen.append(os.environ.get("CUDA_VISIBLE_DEVICES"))

    monkeypatch.setattr(fit, "run", run)
    words = ["vid3d", "fit", "--spec", spec, "--image", "x", "--frames", "0", "--orbit", "a", "--output", "b"]
    monkeypatch.setattr(sys, "argv", words)
    cli.main()
    assert seen == [expected]
