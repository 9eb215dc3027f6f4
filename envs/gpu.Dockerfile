# The paper's run in a container, gsplat's kernels compiled while it is built:
#     docker build -f envs/gpu.Dockerfile -t vid3d-gpu .
#     docker run --rm --gpus all -v "$PWD/results:/study/results" -v "$PWD/downloads:/study/weights/downloads" \
#         vid3d-gpu full-one --config licences=stabilityai-community,v3d-none-stated
# Never built so far: no container engine was at hand where this was written, and no GPU.  The machine needs NVIDIA's
# driver (branch 580 or later) and container toolkit; CUDA itself comes from PyPI, as torch's does.
FROM python:3.11-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ git \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /study
COPY requirements.lock ./
RUN pip install --no-cache-dir -r requirements.lock "cuda-toolkit[cccl,nvcc,profiler]==13.0.3.0"

COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation .

# no GPU is at hand now: which kinds to compile for is said here, and each job compares what the kernels draw
ARG ARCHITECTURES="7.5;8.0;8.6;8.9;9.0;10.0;12.0"
RUN CUDA_HOME=$(bash envs/cuda-toolkit.sh) TORCH_CUDA_ARCH_LIST="$ARCHITECTURES" MAX_JOBS=$(nproc) \
    vid3d gsplat-extension --unchecked --output build/gsplat-extension.json

# with "=", so that --resources takes no word that follows
ENTRYPOINT ["snakemake", "--cores", "all", "--resources=gpu=1"]
