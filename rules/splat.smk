# Orbit views of one moment -> Gaussians, independently of all other moments: the paper's claim.
#
# in    motion-{motion}/orbit/frame-{frame}.png
# out   views-{views}/splats/frame-{frame}.ply and frame-{frame}-fit.json (loss curve, counts, notes)
# grain one job per frame on a CPU (a fit starts in well under half a second); blocks of frames on a GPU, and on a CPU
#       where jobs are dear (a cluster's): `execution.frames_per_job`; results do not depend on it

# The first job on a GPU compiles gsplat's CUDA kernels for all that follow, which load the built file (build/gsplat) and
# never compile: jobs that did so side by side would delete each other's files.  They are compiled for the GPUs that the
# job sees; where jobs meet different GPUs, TORCH_CUDA_ARCH_LIST must name the architectures of all.


rule gsplat_extension:
    output:
        layout.GSPLAT_EXTENSION,
    log:
        logs(job := "gsplat-extension"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/gpu.yaml"
    threads: 4
    resources:
        gpu=1,
        mem_mb=growing(16000),
        runtime=growing(60),
    message:
        "Compile gsplat's CUDA kernels"
    shell:
        "MAX_JOBS={threads} vid3d gsplat-extension --output {output:q} 2> {log:q}"


FIT = "vid3d fit --spec {params.spec:q} --image {wildcards.image} --generated {params.generated} --views {wildcards.views}"
SPLAT_BLOCKS = {"gpu": study.execution.frames_per_job.splat("gpu")}  # device: frames per job
if study.execution.frames_per_job.splat("cpu") > 1:
    SPLAT_BLOCKS["cpu"] = study.execution.frames_per_job.splat("cpu")


rule splat:
    input:
        orbit=owned(layout.ORBIT),
    output:
        ply=layout.SPLATS,
        fit=layout.FIT_REPORT,
    log:
        logs(job := "splat/{run}/{image}/motion-{motion}/views-{views}/frame-{frame}"),
    benchmark:
        benchmarks(job)
    wildcard_constraints:
        run=runs_where(lambda run: run.splat.device not in SPLAT_BLOCKS),
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(1500),
        runtime=growing(60),
    params:
        spec=spec("splat"),
        generated=lambda wildcards: study.runs[wildcards.run].views.count,
        frame=lambda wildcards: int(wildcards.frame),
    message:
        "Fit {wildcards.image}, motion {wildcards.motion}, {wildcards.views} views, frame {wildcards.frame}"
    shell:
        FIT
        + " --frames {params.frame} --orbit {input.orbit:q} --output {output.ply:q} --report {output.fit:q} 2> {log:q}"


# rules in a loop: one for each block of frames, as in seed.smk
for _device, _size in SPLAT_BLOCKS.items():
    for _block, _runs in layout.frame_blocks(study, lambda run: run.splat.device == _device, _size).items():

        rule:
            name:
                f"splat_{_device}_{_block[0]}_{_block[-1]}"
            input:
                extension=gsplat_extension("splat"),
                orbit=owned_frames(layout.ORBIT, _block),
            output:
                ply=expand(layout.SPLATS, frame=_block, allow_missing=True),
                fit=expand(layout.FIT_REPORT, frame=_block, allow_missing=True),
            log:
                logs(job := layout.of_block("splat/{run}/{image}/motion-{motion}/views-{views}", _block)),
                gpu=gpu_records(job),
            benchmark:
                benchmarks(job)
            wildcard_constraints:
                run="|".join(_runs),
            conda:
                f"../envs/{_device}.yaml"
            resources:
                gpu=gpus("splat"),
                mem_mb=growing({"cpu": 2000, "gpu": 16000}[_device]),
                runtime=growing(20 + {"cpu": 20, "gpu": 10}[_device] * len(_block)),
            params:
                spec=spec("splat"),
                generated=lambda wildcards: study.runs[wildcards.run].views.count,
                frames=" ".join(str(int(frame)) for frame in _block),
                # of a function of inputs, which is not compared: it changes no splat
                batch=lambda wildcards, input, size=study.execution.frames_per_batch if _device == "gpu" else 1: size,
            message:
                "Fit {wildcards.image}, motion {wildcards.motion}, {wildcards.views} views, frames {params.frames}"
            shell:
                FIT
                + " --frames {params.frames} --orbit {input.orbit:q} --output {output.ply:q} --report {output.fit:q}"
                + " --batch {params.batch} --gpu-record {log.gpu:q} 2> {log[0]:q}"
