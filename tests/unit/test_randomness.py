"""Generators depend on their four arguments and on nothing else."""

import itertools
import subprocess
import sys

from vid3d.randomness import derived_seed, generator

SEED = 712347937027352227
DRAWS = [904, 229, 159, 758]


def test_each_argument_matters():
    items = list(itertools.product((0, 42), ("seed", "views"), ("cat", "dog"), (0, 7)))
    seeds = {derived_seed(*item) for item in items}
    assert len(seeds) == len(items)


def test_neighbouring_fields_do_not_run_together():
    assert derived_seed(1, "seed", "cat", 11) != derived_seed(1, "seed", "cat1", 1)
    assert derived_seed(11, "seed", "cat") != derived_seed(1, "1seed", "cat")


def test_is_63_bit():
    seeds = [derived_seed(0, "seed", "cat", frame) for frame in range(200)]
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert max(seeds) > 2**62


def test_same_in_another_process():
    code = "from vid3d.randomness import derived_seed; print(derived_seed(42, 'seed', 'panda-dance', 3))"
    printed = [
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": salt}, capture_output=True, check=True)
        for salt in ("0", "1")
    ]
    expected = derived_seed(42, "seed", "panda-dance", 3)
    assert [int(process.stdout) for process in printed] == [expected, expected]


def test_stream_is_that_of_pcg64():
    """The first numbers, so that a change of the derivation (which would change every result) cannot slip in."""
    assert derived_seed(42, "seed", "panda-dance") == SEED
    assert generator(42, "seed", "panda-dance").integers(1000, size=4).tolist() == DRAWS


def test_fresh_generators_start_alike():
    first, second = generator(1, "splat", "cat", 2), generator(1, "splat", "cat", 2)
    assert first is not second
    assert first.standard_normal(5).tolist() == second.standard_normal(5).tolist()
