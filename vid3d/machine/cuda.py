"""What CUDA needs to fit together: driver, torch, the GPUs' kinds and the compiler, without loading torch here."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from vid3d.splatting import mark

PROBE = """
import json, torch
cuda = torch.cuda
there = range(cuda.device_count()) if cuda.is_available() else ()
kinds = sorted({cuda.get_device_capability(index) for index in there})
print(json.dumps({"cuda": torch.version.cuda, "capabilities": kinds, "architectures": torch._C._cuda_getArchFlags()
                  if torch.version.cuda else ""}))
"""
DEFAULT_HOME = "/usr/local/cuda"  # where torch looks last
# The oldest driver branch for which each CUDA was made, by NVIDIA's CUDA release notes ("minor version compatibility").
DRIVERS = {11: 450, 12: 525, 13: 580}


@dataclass(frozen=True)
class TorchCuda:
    """What torch was built for and what it finds.

    Attributes:
        built: CUDA's version, None for none.
        capabilities: (major, minor) compute capabilities of the GPUs that it finds, each once.
        architectures: those that it has kernels for, such as ``sm_86``.
    """

    built: str | None
    capabilities: Sequence[tuple[int, int]] = ()
    architectures: Sequence[str] = ()

    def runs_on(self, capability: tuple[int, int]) -> bool:
        """Whether there are kernels for GPUs of this compute capability."""
        return mark.runs_on(self.architectures, capability)

    @property
    def lowest(self) -> str:
        """The lowest compute capability that it has kernels for, such as 7.5."""
        made_for = [capability for _, capability in mark.kernels(self.architectures)]
        return "{}.{}".format(*min(made_for, default=(0, 0)))


@dataclass(frozen=True)
class Compiler:
    """nvcc, and its version such as 13.0, None where it does not say."""

    path: str
    version: str | None


def torch_cuda() -> TorchCuda:
    """Torch, asked in a process of its own; built for no CUDA also where it cannot be imported."""
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=False)
    if done.returncode:
        return TorchCuda(None)
    said = json.loads(done.stdout)
    return TorchCuda(said["cuda"], [(a, b) for a, b in said["capabilities"]], said["architectures"].split())


def compiler() -> Compiler | None:
    """The nvcc that torch, and so gsplat, would compile with: of CUDA_HOME, CUDA_PATH, PATH, or /usr/local/cuda."""
    home = os.environ.get("CUDA_HOME") or os.environ.get("CUDA_PATH")
    if home:  # torch looks nowhere else then
        path = shutil.which("nvcc", path=f"{home}/bin")
    else:
        path = shutil.which("nvcc") or shutil.which("nvcc", path=f"{DEFAULT_HOME}/bin")
    if path is None:
        return None
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"release (\d+\.\d+)", said)
    return Compiler(path, found[1] if found else None)


def oldest_driver(cuda: str) -> int | None:
    """The oldest driver branch that a CUDA version such as 13.0 runs on; None if it is not known here."""
    return DRIVERS.get(int(cuda.split(".")[0]))
