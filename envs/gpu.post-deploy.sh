#!/usr/bin/env bash
# Installs the study's own package, from the folder that Snakemake runs in, into the environment just created, and makes
# PyPI's CUDA toolkit one that torch compiles with.
set -euo pipefail
python -m pip install --no-deps --no-build-isolation .
toolkit=$(bash envs/cuda-toolkit.sh)
mkdir -p "$CONDA_PREFIX/etc/conda/activate.d"
echo "export CUDA_HOME='$toolkit'" > "$CONDA_PREFIX/etc/conda/activate.d/cuda-home.sh"
