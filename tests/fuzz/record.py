"""`make fuzz`: gives generated input of every kind to what reads it, and writes the counts into docs/reliability.md.

    python -m tests.fuzz.record [--inputs 10000] [--seed 0] [--only KIND ...] [--folder build/fuzz]

``--inputs`` is shared out evenly among the kinds.  The C++ core is compiled anew under AddressSanitizer and UBSan.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.faults.page import FUZZ, ROOT, load, rewrite, store
from tests.fuzz.targets import MIB, TARGETS

CORE = "C++ core, under AddressSanitizer and UBSan"
KINDS = (*TARGETS, CORE)
PATIENCE = 3600  # seconds for a kind; one that takes longer hangs
SANITISED = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1"


def compiled(folder: Path) -> Path:
    """The core's modules in ``folder``, made by CMake from the package's own recipe."""
    if not any(folder.glob("_portable*.so")):
        cmake_dir = subprocess.run(
            [sys.executable, "-m", "nanobind", "--cmake_dir"], check=True, capture_output=True, text=True
        )
        subprocess.run(
            [
                *("cmake", "-S", str(ROOT), "-B", str(folder), "-G", "Ninja", f"-DPython_EXECUTABLE={sys.executable}"),
                *(f"-Dnanobind_DIR={cmake_dir.stdout.strip()}", "-DCMAKE_BUILD_TYPE=None"),
                f"-DCMAKE_CXX_FLAGS={SANITISED}",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        subprocess.run(["cmake", "--build", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


def sanitised() -> dict[str, str]:
    """The environment of a Python that loads modules under AddressSanitizer; Python's own leaks are not looked for."""
    found = [
        subprocess.run(["g++", f"-print-file-name={name}"], check=True, capture_output=True, text=True).stdout.strip()
        for name in ("libasan.so", "libstdc++.so.6")  # the latter since it must know how to throw before it watches
    ]
    return {
        "LD_PRELOAD": " ".join(found),
        "ASAN_OPTIONS": "detect_leaks=0:hard_rss_limit_mb=2048:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    }


def of_kind(kind: str, count: int, start: int, folder: Path) -> dict[str, Any]:
    """Its line of the table."""
    words, environment = ["tests.fuzz.reading", kind, "--keep", str(folder)], {}
    if kind == CORE:
        words, environment = ["tests.fuzz.core", "--modules", str(compiled(folder / "core"))], sanitised()
    done = subprocess.run(
        [sys.executable, "-m", *words, "--inputs", str(count), "--seed", str(start)],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode != 0:
        print(f"{kind}: exit code {done.returncode}; the input is in {folder}", flush=True)
        return {"inputs": 1, "read": 0, "refused": 0, "failed": 1, "memory": ""}
    told = json.loads(done.stdout.splitlines()[-1])
    read, refused = told.get("read", 0), told.get("refused", 0)
    bound = "2048 MiB in all" if kind == CORE else f"{TARGETS[kind].memory} MiB more than before"
    memory = f"{told['peak'] / MIB:.0f} MiB (bound: {bound})"
    return {"inputs": read + refused, "read": read, "refused": refused, "failed": 0, "memory": memory}


def main() -> int:
    """Give input to the asked kinds; 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=10_000, help="of all kinds together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"), help="where inputs and the core are")
    asked = parser.parse_args()
    folder, failed = asked.folder.resolve(), 0
    for kind in asked.only:
        line = of_kind(kind, -(-asked.inputs // len(KINDS)), asked.seed, folder)
        told = load(FUZZ)
        kinds = told.get("kinds", {}) | {kind: line}
        store(FUZZ, {"seed": asked.seed, "kinds": {name: kinds[name] for name in KINDS if name in kinds}})
        rewrite()
        print(f"{kind}: {line['inputs']} inputs, {line['failed']} failed; {line['memory']}", flush=True)
        failed += line["failed"]
    shutil.rmtree(folder / "core", ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
