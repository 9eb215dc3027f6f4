from pathlib import Path

from vid3d.training import shards
from vid3d.training.scenes import render_scenes


def run(*, first: int, count: int, held_out: bool = False, seed: int = 0, output: Path) -> None:
    """Render a shard of training scenes.

    Args:
        first: number of its first object.
        count: how many objects.
        held_out: objects that training never sees.
        seed: of the randomness.
        output: NPZ.
    """
    made = render_scenes(first, count, seed, held_out)
    shards.save_arrays(output, {"orbits": made.orbits, "videos": made.videos, "scores": made.scores})
