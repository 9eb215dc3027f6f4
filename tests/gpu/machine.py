"""Checks 1 and 11: the kernels are compiled, and a job has a GPU for itself."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.gpu.record import Check
from vid3d.machine import gpus
from vid3d.splatting import mark
from vid3d.splatting.torch.agreement import BOUNDS, RENDERED
from vid3d.study import layout

HOLDING = """
import os, sys, torch
from vid3d.machine import gpus
with gpus.held(sys.argv[1]):
    torch.ones(2**20, device="cuda").sum().item()
    print(os.environ["CUDA_VISIBLE_DEVICES"], torch.cuda.device_count())
"""


def compiled(check: Check) -> None:
    """1: by the command that the workflow calls, unless they are, and the comparison that it makes."""
    file = Path(layout.GSPLAT_EXTENSION)
    started = time.monotonic()
    if file.is_file():
        check.note("were compiled before")
    else:
        command = [sys.executable, "-m", "vid3d.cli", "gsplat-extension", "--output", str(file)]
        jobs = {"MAX_JOBS": os.environ.get("MAX_JOBS") or str(len(os.sched_getaffinity(0)))}
        done = subprocess.run(command, env=os.environ | jobs, capture_output=True, text=True, check=False)
        check.note(done.stderr[-2000:])
        check.tell("exit code", done.returncode, most=0)
    check.tell("seconds", time.monotonic() - started, aim="120 to 240 with 16 compilers")
    found = mark.read(file)
    check.note(f"for {' '.join(found.architectures)}, {found.versions}")
    if found.checked:
        check.bounded(found.checked, BOUNDS | RENDERED)
    else:
        check.note("compiled unchecked, as in a container; checks 2 and 3 compare")


def held(check: Check) -> None:
    """11: the device's identifier, what the job's record says, and what the doctor finds."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "gpu.json")
        done = subprocess.run([sys.executable, "-c", HOLDING, str(record)], capture_output=True, text=True, check=True)
        told = json.loads(record.read_text())
    device, count = done.stdout.split()
    check.note(f"{device}, {told}")
    check.tell("the device is one of this machine's", device in gpus.visible(), least=1)
    check.tell("devices that torch sees", int(count), most=1, least=1)
    check.tell("peak of the record, MiB", told["peak_memory_mib"], least=1)
    command = [sys.executable, "-m", "vid3d.cli", "doctor", "--run", "full-one"]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    for line in lines:
        check.note(line)
    for what in ("GPU: ", "torch: built for CUDA", "gsplat's CUDA kernels: compiled for"):
        found = sum(re.search(rf"\bok +{re.escape(what)}", line) is not None for line in lines)
        check.tell(f"lines of the doctor's with {what}", found, least=1)
