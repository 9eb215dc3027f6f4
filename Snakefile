# The Vid3D reproducibility study: a table of contents.
# Each included file holds one stage and begins with its contract; the order is the data's way.

import shlex
import sys
from pathlib import Path

from snakemake.utils import min_version

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
