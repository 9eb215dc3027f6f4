# How Snakemake itself runs: what it says, and how often it looks for jobs; no rules.

from snakemake.settings.enums import Quietness

# A dry run says its table of jobs; with `--quiet host`, which replaces the profile's, also every job and its reason.
shown = workflow.output_settings
if shown.dryrun and not shown.printshellcmds and shown.quiet and Quietness.REASON in shown.quiet:
    shown.quiet.add(Quietness.RULES)


# A limit on jobs per second, which Snakemake has by default, makes it look at all jobs again a second after each look;
# and as each job that ends is a look, too, there is one more of these rows with every job, for as long as any job waits.
# Here the cores are limit enough, and what can change is told by jobs that end.
onstart:
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
