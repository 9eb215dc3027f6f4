"""The C++ core on arrays of odd numbers: draws, gradients, hulls, fits with densification, and fits of clips.

    python -m tests.fuzz.core --inputs 100 [--modules FOLDER]

With FOLDER, modules that were compiled there (under AddressSanitizer and UBSan, by `make fuzz`) take the place of the
installed ones; a report of either ends the process.  Prints a line of JSON, as ``tests.fuzz.reading``.
"""

import argparse
import importlib.util
import json
import resource
import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.scene import Splats, Views
from vid3d.splatting import clip, native
from vid3d.splatting.fit import fit
from vid3d.splatting.rasteriser import Drawn, render
from vid3d.splatting.recipe import DensityControl, Recipe, preset

NAMES = ("_portable", "_avx2")
WILD = (0.0, -0.0, 1e-45, 1e-38, 1e-20, 1e-6, 0.1, 0.2, 1.0, 2.0, 50.0, 88.0, 89.0, 1e4, 1e10, 1e19, 1e38, 3.4e38)


@dataclass(frozen=True)
class Case:
    """What the core is given.

    Attributes:
        what: draw, fit, hull or clip.
        splats: as many as there are, of any finite numbers.
        images: (k, size, size, 3) float32 in [0, 1].
        size: pixels, from 1.
        iterations: of a fit.
        instruction_set: of the build that runs.
    """

    what: str
    splats: Splats
    images: np.ndarray
    size: int
    iterations: int
    instruction_set: native.InstructionSet


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Mostly usual numbers with wild ones among them."""
    count = draw(st.sampled_from((0, 1, 2, 3, 4, 7, 8, 9, 31, 33, 200)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = (rng.normal(size=(count, 14)) * draw(st.sampled_from((0.01, 1.0, 30.0)))).astype(np.float32)
    for _ in range(draw(st.integers(0, 6))):
        if count:
            wild = np.float32(draw(st.sampled_from(WILD)) * draw(st.sampled_from((-1.0, 1.0))))
            row = draw(st.integers(0, count - 1))
            column = draw(st.integers(0, 13))
            values[row if draw(st.booleans()) else slice(None), column] = wild
    size, views = draw(st.sampled_from((1, 2, 3, 7, 8, 9, 16, 17, 33))), draw(st.integers(1, 4))
    images = rng.uniform(size=(views, size, size, 3)).astype(np.float32)
    if draw(st.booleans()):
        images[:] = draw(st.sampled_from((0.0, 0.5, 1.0)))
    return Case(
        what=draw(st.sampled_from(("draw", "fit", "hull", "clip"))),
        splats=Splats(values[:, :3], values[:, 3:7], values[:, 7:10], values[:, 10], values[:, 11:14]),
        images=images,
        size=size,
        iterations=draw(st.sampled_from((1, 2, 15, 60))),
        instruction_set=draw(st.sampled_from(("portable", "auto"))),
    )


def recipe(case: Case, name: str) -> Recipe:
    """A short one, with all that happens in a long one."""
    short = replace(preset(name), iterations=case.iterations, splats=max(1, len(case.splats)))
    if short.density is None:
        return short
    return replace(short, density=DensityControl(first=2, last=50, every=5, maximum_scale_after=20, resets=(7,)))


def check(case: Case) -> str:
    """``read``, or ``refused`` where the core's face says that it cannot be done."""
    cameras = orbit(len(case.images), case.size)
    views, rng = Views(case.images, cameras), np.random.default_rng(0)
    try:
        match case.what:
            case "draw":
                drawn = render(case.splats, cameras, instruction_set=case.instruction_set)
                assert drawn.shape == (len(cameras), case.size, case.size, 3)
                one = Drawn(case.splats, cameras.select([0]), instruction_set=case.instruction_set)
                one.backward(case.images[0])
            case "fit":
                fit(views, recipe(case, "as-released"), rng, None, case.instruction_set, case.splats or None)
            case "hull":
                fit(views, recipe(case, "fast"), rng, None, case.instruction_set)
            case "clip":
                planes = native.from_splats(case.splats)
                weights = clip.waves(2, 1)
                model = clip.Model(np.stack([planes, 0 * planes]), weights, (5, 2), smoothness=0.1)
                clip.refine([views, views], recipe(case, "fast"), model, rng, case.iterations, case.instruction_set)
    except InputError:
        return "refused"
    except ValueError:  # what the module's own checks say of arrays that no caller in vid3d makes
        if case.what not in ("clip", "fit") or len(case.splats):
            raise
        return "refused"
    return "read"


def put_in_place(folder: Path) -> None:
    """Let modules compiled in ``folder`` be those of ``vid3d.splatting``."""
    for name in NAMES:
        found = sorted(folder.glob(f"{name}.*.so")) + sorted(folder.glob(f"{name}.so"))
        if not found:
            raise FileNotFoundError(f"{folder} has no {name}; run make fuzz, which compiles it")
        full = f"vid3d.splatting.{name}"
        described = importlib.util.spec_from_file_location(full, found[0])
        assert described is not None
        assert described.loader is not None
        sys.modules[full] = importlib.util.module_from_spec(described)
        described.loader.exec_module(sys.modules[full])


def run(count: int, start: int) -> Counter[str]:
    """How many of ``count`` cases were ``read`` and ``refused``."""
    outcomes = Counter[str]()

    @seed(start)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(cases())
    def each(case: Case) -> None:
        outcomes[check(case)] += 1

    with np.errstate(all="ignore"):
        each()
    return outcomes


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--modules", type=Path)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.modules is not None:
        put_in_place(asked.modules)
    started = time.monotonic()
    outcomes = run(asked.inputs, asked.seed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(dict(outcomes) | {"peak": peak, "seconds": round(time.monotonic() - started, 1)}))


if __name__ == "__main__":
    main()
