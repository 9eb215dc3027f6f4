#!/usr/bin/env bash
# Prints the folder of PyPI's CUDA toolkit, for CUDA_HOME, with the names in it that a linker asks for.
set -euo pipefail
toolkit=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/nvidia/cu13
test -x "$toolkit/bin/nvcc" || { echo "no nvcc in $toolkit: pip install 'cuda-toolkit[cccl,nvcc,profiler]'" >&2; exit 1; }
ln -sfn lib "$toolkit/lib64"
ln -sfn libcudart.so.13 "$toolkit/lib/libcudart.so"
echo "$toolkit"
