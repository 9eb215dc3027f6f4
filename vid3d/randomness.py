"""Random generators as arguments.

Every random number of the study comes from a generator that is derived from (Spec seed, stage, image, frame) and from
nothing else: not from the run, the motion score, the number of views or the order of jobs.  Hence the same result in
any order and on any number of cores, and ablations whose rows differ in one setting only (paired).
"""

import hashlib

import numpy as np


def derived_seed(seed: int, stage: str, image: str, frame: int = 0) -> int:
    """A 63-bit integer that depends on all four arguments and is stable across machines and Python versions."""
    text = f"{seed}/{stage}/{image}/{frame}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "little") >> 1


def generator(seed: int, stage: str, image: str, frame: int = 0) -> np.random.Generator:
    """A numpy generator (PCG64) for one item of one stage."""
    return np.random.Generator(np.random.PCG64(derived_seed(seed, stage, image, frame)))
