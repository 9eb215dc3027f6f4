# Seed frames -> orbit views; and, for procedural objects, the truth at cameras that are not trained on.
#
# in    the reference image's three files, seed frames
# out   motion-{motion}/orbit/frame-{frame}.png: filmstrip of all generated views;  motion-{motion}/held-out/...
# grain `frames_per_job` frames of a clip in one process (one model load); results do not depend on it


def whole_clip(wildcards):
    """All seed frames of the clip, also those that the run does not carry on, where a frame's views depend on them."""
    run = study.runs[wildcards.run]
    every = layout.numbers(run.seed.frames) if run.views.whole_clip else []
    return owned_frames(layout.SEED, every)(wildcards)


# rules in a loop: one for each block of frames, as in seed.smk
for _block, _runs in layout.frame_blocks(study, lambda run: True, study.execution.frames_per_job.views).items():

    rule:
        name:
            f"views_{_block[0]}_{_block[-1]}"
        input:
            weights=checkpoints("views"),
            reference=REFERENCE,
            seed=owned_frames(layout.SEED, _block),
            clip=whole_clip,
        output:
            expand(layout.ORBIT, frame=_block, allow_missing=True),
        log:
            logs(job := layout.of_block("views/{run}/{image}/motion-{motion}", _block)),
            gpu=gpu_records(job),
        benchmark:
            benchmarks(job)
        wildcard_constraints:
            run="|".join(_runs),
        conda:
            environment("views")
        resources:
            gpu=gpus("views"),
            mem_mb=growing(lambda wildcards: 32000 if study.runs[wildcards.run].views.device == "gpu" else 3000),
            runtime=growing(240),
        params:
            spec=spec("views"),
            frames=" ".join(str(int(frame)) for frame in _block),
        message:
            "Views of {wildcards.image} at motion {wildcards.motion}, frames {params.frames}"
        shell:
            "vid3d views --spec {params.spec:q} --reference {input.reference:q} --motion {wildcards.motion}"
            " --frames {params.frames} --seed {input.seed:q} --clip {input.clip:q} --output {output:q}"
            " --gpu-record {log.gpu:q} 2> {log[0]:q}"


# rules in a loop: one for each number of frames, as in seed.smk
for _block, _runs in layout.frame_blocks(study, lambda run: run.ground_truth, 100).items():

    rule:
        name:
            f"held_out_truth_{_block[-1]}"
        input:
            reference=REFERENCE,
        output:
            expand(layout.HELD_OUT_TRUTH, frame=_block, allow_missing=True),
        log:
            logs(job := "held-out-truth/{run}/{image}/motion-{motion}"),
        benchmark:
            benchmarks(job)
        wildcard_constraints:
            run="|".join(_runs),
        conda:
            "../envs/cpu.yaml"
        resources:
            mem_mb=growing(2000),
            runtime=growing(60),
        params:
            size=lambda wildcards: study.runs[wildcards.run].views.size,
            frames=" ".join(str(int(frame)) for frame in _block),
        message:
            "Held-out truth of {wildcards.image} at motion {wildcards.motion}"
        shell:
            "vid3d held-out-truth --size {params.size} --reference {input.reference:q} --motion {wildcards.motion}"
            " --frames {params.frames} --output {output:q} 2> {log:q}"
