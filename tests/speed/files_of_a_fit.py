"""Which files of the package one `vid3d fit` job enters before the C++ core: what to read to follow a frame.

    python -m tests.speed.files_of_a_fit

A file counts when it is imported, in a process of its own.  `tests/unit/test_cli.py` holds their number to MOST.  At
commit 6c199c6, with one module for all subcommands and the training and its scenes imported by each of them, it was 38;
before every stage's Specs had a file of their own, 17.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import vid3d
from vid3d import files

MOST = 25
PACKAGE = Path(vid3d.__file__).parent
SPEC = '{"backend":"cpu","iterations":1,"splats":20}'
# The finder is asked for the core's modules before they are loaded.
JOB = """
import sys
class Core:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("vid3d.splatting._"):
            ours = [module.__spec__ for name, module in sys.modules.items() if name.split(".")[0] == "vid3d"]
            print(*[spec.origin for spec in ours if spec.has_location], sep="\\n")
            sys.exit()
sys.meta_path.insert(0, Core())
from vid3d.cli import main
main()
"""


def entered() -> list[Path]:
    """Paths below the package, what others import before them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nothing = np.ones((2, 16, 16, 3), np.float32)
        files.save_filmstrip(folder / "orbit.png", nothing, files.Provenance("test", "{}"))
        words = ["fit", "--spec", SPEC, "--image", "frog", "--frames", "0", "--generated", "2", "--views", "2"]
        words += ["--orbit", str(folder / "orbit.png"), "--output", str(folder / "frame-00.ply")]
        done = subprocess.run([sys.executable, "-c", JOB, *words], capture_output=True, text=True, check=True)
    return [Path(line).relative_to(PACKAGE) for line in done.stdout.split()]


if __name__ == "__main__":
    found = entered()
    print("\n".join([*map(str, found), f"{len(found)} files, at most {MOST}"]))
