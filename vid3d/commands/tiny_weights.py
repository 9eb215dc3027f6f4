from pathlib import Path

from vid3d import files
from vid3d.weights import tiny


def run(*, seed: int = 0, output: Path) -> None:
    """Random weights in the formats of the published ones, small enough for a CPU.

    Args:
        seed: the weights derive from it.
        output: the folder.
    """
    with files.atomic_folder(output) as folder:
        tiny.make(folder, seed)
