"""The C++ core by itself on several processors, those that this machine is not by emulation: is a fit the same?

    make arm          or          python -m tests.processors.core

compiles ``fixed_scene.cpp`` for AVX2, for plain x86-64 and for 64-bit Arm, runs each, the last under ``qemu-aarch64``,
compares all numbers that they print, and writes the outcome into docs/processors.md.
"""

import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.processors import page

SOURCE = Path(__file__).with_name("fixed_scene.cpp")
CORE = Path(__file__).parents[2] / "vid3d/splatting/core"
# as in CMakeLists.txt, which a test compares
FLAGS = ("-std=c++20", "-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-Wall", "-Wextra")


@dataclass(frozen=True)
class Processor:
    """How the core is compiled for a processor, and run here.

    Attributes:
        name: in the page.
        compiler, options: beside ``FLAGS``.
        emulator: the command that runs what is compiled; none where it runs by itself.
    """

    name: str
    compiler: str
    options: tuple[str, ...] = ()
    emulator: tuple[str, ...] = ()

    def missing(self) -> str:
        """What this machine lacks for it, in a few words with the cure; nothing if nothing."""
        if self.name.startswith("x86-64") and platform.machine() != "x86_64":
            return f"this machine is {platform.machine()}"
        lacking = [tool for tool in (self.compiler, *self.emulator[:1]) if shutil.which(tool) is None]
        return f"there is no {' and no '.join(lacking)}; apt-get install {PACKAGES}" if lacking else ""


PACKAGES = "g++-aarch64-linux-gnu qemu-user"
ARM = Processor("64-bit Arm (NEON), emulated", "aarch64-linux-gnu-g++", ("-static",), ("qemu-aarch64",))
PROCESSORS = (Processor("x86-64 with AVX2", "c++", ("-mavx2",)), Processor("x86-64 (SSE2)", "c++"), ARM)


def numbers(processor: Processor) -> dict[str, float]:
    """What the fit prints: {what it is: number}.

    Raises:
        subprocess.CalledProcessError: it does not compile, or does not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/fixed_scene"
        words = [processor.compiler, *FLAGS, *processor.options, f"-I{CORE}", str(SOURCE), "-o", program]
        subprocess.run(words, check=True)
        told = subprocess.run([*processor.emulator, program], check=True, capture_output=True, text=True).stdout
    parsed = {}
    for line in told.splitlines():
        name, _, value = line.rpartition(" ")
        parsed[name] = float.fromhex(value)
    return parsed


def difference(one: dict[str, float], other: dict[str, float]) -> tuple[int, float]:
    """How many numbers differ, and by how much at most; infinity where one has numbers that the other has not."""
    if one.keys() != other.keys():
        return len(one.keys() ^ other.keys()), float("inf")
    apart = [abs(one[name] - other[name]) for name in one if one[name] != other[name]]
    return len(apart), max(apart, default=0.0)


def main() -> None:
    """Compare with the first processor that is here, and write the page."""
    here = [processor for processor in PROCESSORS if not processor.missing()]
    for processor in set(PROCESSORS) - set(here):
        print(f"{processor.name}: left out, {processor.missing()}")
    if ARM not in here:
        sys.exit("make arm: nothing was written, since 64-bit Arm is what it is for")
    given = {processor: numbers(processor) for processor in here}
    first = given[here[0]]
    lines = [
        f"{len(first):,} numbers: the losses of a fit with a densification in its middle, all parameters of its",
        "splats, and a picture of them.",
        "",
        "| processor | numbers that differ from the first row's | by at most |",
        "|---|---:|---:|",
    ]
    for processor in here:
        count, most = difference(first, given[processor])
        lines.append(f"| {processor.name} | {count} | {most:.2g} |")
    print("\n".join(lines))
    page.write("core", lines)


if __name__ == "__main__":
    main()
