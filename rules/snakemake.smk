# How Snakemake itself runs: what it says, and what it does before the first job and at the end; no rules.
#
# note  of hooks of one kind Snakemake keeps the last alone, so that all stand here

import os
import sys

from snakemake.logging import logger
from snakemake.settings.enums import Quietness

from vid3d.errors import unwritable
from vid3d.machine import expected
from vid3d.machine.progress import End, Plan, Targets

# A dry run says its table of jobs; with `--quiet host`, which replaces the profile's, also every job and its reason.
shown = workflow.output_settings
if shown.dryrun and not shown.printshellcmds and shown.quiet and Quietness.REASON in shown.quiet:
    shown.quiet.add(Quietness.RULES)


onstart:
    # results are read all the same; Snakemake would stop with a traceback at the first folder that it makes
    if told := unwritable(Path("results")):
        print(f"vid3d: {told}", file=sys.stderr)
        sys.exit(2)
    # A limit on jobs per second, which Snakemake has by default, makes it look at all jobs again a second after each
    # look; and as each job that ends is a look, too, there is one more of these rows with every job, for as long as any
    # job waits.  Here the cores are limit enough, and what can change is told by jobs that end.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
    # what profiles/default's logger tells (vid3d/machine/progress.py)
    needed = list(workflow.dag.needrun_jobs())
    kinds = expected.kinds({job.jobid: job.benchmark for job in needed})
    pages = [job.output.page for job in needed if job.rule.name == "page"]
    times = expected.seconds(study, MANIFEST, ROOT, kinds.values())
    logger.info("", extra={"vid3d": Plan(kinds, times, pages, *map(os.path.relpath, log[:1]))})


onsuccess:
    logger.info("", extra={"vid3d": End(True)})


onerror:
    logger.info("", extra={"vid3d": End(False)})
