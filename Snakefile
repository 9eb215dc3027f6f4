# The Vid3D reproducibility study: a table of contents.
# Each included file holds one stage and begins with its contract; the order is the data's way.

import os
import shlex
import sys
from pathlib import Path

from snakemake.logging import logger
from snakemake.utils import min_version

from vid3d.machine import expected
from vid3d.machine.progress import End, Plan, Targets

min_version("9.20")


if Path.cwd().resolve() != Path(workflow.basedir).resolve():
    print(f"vid3d: run Snakemake in the folder of its Snakefile: cd {shlex.quote(workflow.basedir)}", file=sys.stderr)
    sys.exit(2)


configfile: "config/study.yaml"


# of `snakemake --report`
report: "reports/introduction.rst"


include: "rules/snakemake.smk"
include: "rules/common.smk"
include: "rules/benchmark.smk"
include: "rules/weights.smk"
include: "rules/tiny.smk"
include: "rules/train_diffusion.smk"
include: "rules/train.smk"
include: "rules/seed.smk"
include: "rules/views.smk"
include: "rules/splat.smk"
include: "rules/render.smk"
include: "rules/score.smk"
include: "rules/indicators.smk"
include: "rules/external.smk"
include: "rules/hypothesis.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/report.smk"
include: "rules/sources.smk"


rule all:
    default_target: True
    input:
        layout.PAGE.format(report=study.report),


# what profiles/default's logger tells (vid3d/machine/progress.py)
onstart:
    needed = list(workflow.dag.needrun_jobs())
    kinds = expected.kinds({job.jobid: job.benchmark for job in needed})
    pages = [page for job in needed for page in job.output if job.rule.name == "page"]
    times = expected.seconds(study, MANIFEST, ROOT, kinds.values())
    logger.info("", extra={"vid3d": Plan(kinds, times, pages, *map(os.path.relpath, log[:1]))})


onsuccess:
    logger.info("", extra={"vid3d": End(True)})


onerror:
    logger.info("", extra={"vid3d": End(False)})
