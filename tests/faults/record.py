"""`make faults`: disturbs small studies in every way there is, and writes what came of it into docs/reliability.md.

    python -m tests.faults.record [--times 20] [--seed 0] [--only NAME ...] [--folder FOLDER]

Rows are written to docs/results/reliability/faults.json as they are made, so that a run may be made in parts; the page
is made of that file and of fuzz.json, which `make fuzz` writes.  Root is needed for small disks and SLURM.
"""

import argparse
import os
import random
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.faults import clusters, disturbances
from tests.faults.disturbances import Disturbance, Situation
from tests.faults.page import FAULTS, load, rewrite, store
from tests.faults.studies import Study, made
from vid3d.journal import processor

TESTS = Path(__file__).parents[1]
DISTURBANCES: Mapping[str, Disturbance] = {
    "disk-full": disturbances.disk_full,
    "read-only": disturbances.read_only,
    "snakemake-killed": disturbances.snakemake_killed,
    "job-killed": disturbances.job_killed,
    "snakemake-terminated": disturbances.snakemake_terminated,
    "job-terminated": disturbances.job_terminated,
    "two-at-once": disturbances.two_at_once,
    "clock-back": disturbances.clock_back,
    "past-its-time": clusters.past_its_time,
    "orphaned": clusters.orphaned,
    "bits-flipped": disturbances.bits_flipped,
    "files-cut": disturbances.files_cut,
    "downloads-cut": disturbances.downloads_cut,
}


def main() -> int:
    """Run the asked disturbances; 1 if one was not survived."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=20, help="how often each of what happens at random moments")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--only", nargs="+", choices=DISTURBANCES, default=list(DISTURBANCES))
    parser.add_argument("--folder", type=Path, default=Path("build/faults"), help="where the studies are")
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    sys.path.insert(0, str(TESTS / "unit"))  # the server of the tests of downloads
    folder = asked.folder.resolve()

    def make(name: str) -> Study:
        return made(folder, name)

    whole, started = make("undisturbed"), time.monotonic()
    if whole.run() != 0:
        print(whole.said())
        return 1
    undisturbed, seconds = whole.artefacts(), time.monotonic() - started
    whole.close()
    survived = True
    for name in asked.only:
        chance = random.Random(f"{asked.seed} {name}")
        rows = DISTURBANCES[name](Situation(make, undisturbed, seconds, chance, asked.times))
        told = load(FAULTS)
        told["rows"] = told.get("rows", {}) | {name: [row.as_dict() for row in rows]}
        told["rows"] = {key: told["rows"][key] for key in DISTURBANCES if key in told["rows"]}
        told["open"] = {key: why for key, why in told.get("open", {}).items() if key not in told["rows"]}
        told |= {"seed": asked.seed, "processor": processor(), "files": len(undisturbed)}
        store(FAULTS, told)
        rewrite()
        for row in rows:
            print(f"{row.fault}: {row.survived} of {row.tried} survived, {row.lost} bytes lost; {row.says}", flush=True)
            survived &= row.survived == row.tried and row.lost == 0
    shutil.rmtree(folder, ignore_errors=True)
    return 0 if survived else 1


if __name__ == "__main__":
    sys.exit(main())
