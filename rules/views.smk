# Seed frames -> orbit views; and, for procedural objects, the truth at cameras that are not trained on.
#
# in    the reference image's three files, seed frames
# out   motion-{motion}/orbit/frame-{frame}.png: filmstrip of all generated views;  motion-{motion}/held-out/...
# grain `frames_per_job` frames of a clip in one process (one model load); with a learned model on a CPU those of
#       `clips_per_job.sampled` clips of an image; results do not depend on it


def whole_clips(clips):
    """Input function: all seed frames, also those that the run does not carry on, where a frame's views depend on them."""

    def resolve(wildcards):
        run = study.runs[wildcards.run]
        every = layout.numbers(run.seed.frames) if run.views.whole_clip else []
        return owned_frames(layout.SEED, every, clips)(wildcards)

    return resolve


# rules in a loop: one for each block of frames and of motion scores, as in seed.smk
for (_block, _motions), _runs in layout.views_blocks(study).items():
    _clips = [{"motion": motion} for motion in _motions] or [{}]

    rule:
        name:
            "_".join(map(str, ["views", _block[0], _block[-1], *(["motion", *_motions] if _motions else [])]))
        input:
            weights=checkpoints("views"),
            reference=REFERENCE,
            seed=owned_frames(layout.SEED, _block, _clips),
            clip=whole_clips(_clips),
        output:
            expand(layout.ORBIT, motion=_motions or "{motion}", frame=_block, allow_missing=True),
        log:
            logs(job := layout.of_block(layout.of_motions("views/{run}/{image}", _motions), _block)),
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
            # not compared, as in seed.smk
            motion=lambda wildcards, input, scores=" ".join(map(str, _motions)): scores or wildcards.motion,
        message:
            "Views of {wildcards.image} at motion {params.motion}, frames {params.frames}"
        shell:
            "vid3d views --spec {params.spec:q} --reference {input.reference:q} --motion {params.motion}"
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
