#!/usr/bin/env bash
# Installs the study's own package, from the folder that Snakemake runs in, into the environment just created.
set -euo pipefail
python -m pip install --no-deps --no-build-isolation .
