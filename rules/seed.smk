# Reference -> seed video.
#
# in    the reference image's three files
# out   motion-{motion}/seed/frame-{frame}.png, all frames of the clip
# grain one job per clip; with a learned model on a CPU `clips_per_job.sampled` clips of an image, for its libraries take
#       longer to import than a clip to sample; results do not depend on it


# Rules in a loop: a rule's outputs cannot depend on a wildcard's value, and runs differ in their number of frames and in
# the motion scores that a job samples.  So a rule is written for each and constrained to the runs that have it
# (`snakemake -n` shows `seed_8_frames`, or `seed_14_frames_motion_120_160_200`).
for (_frames, _motions), _runs in layout.seed_blocks(study).items():

    rule:
        name:
            "_".join(map(str, ["seed", _frames, "frames", *(["motion", *_motions] if _motions else [])]))
        input:
            weights=checkpoints("seed"),
            reference=REFERENCE,
        output:
            expand(layout.SEED, motion=_motions or "{motion}", frame=layout.numbers(_frames), allow_missing=True),
        log:
            logs(job := layout.of_motions("seed/{run}/{image}", _motions)),
            gpu=gpu_records(job),
        benchmark:
            benchmarks(job)
        wildcard_constraints:
            run="|".join(_runs),
        conda:
            environment("seed")
        resources:
            gpu=gpus("seed"),
            mem_mb=growing(lambda wildcards: 24000 if study.runs[wildcards.run].seed.device == "gpu" else 3000),
            runtime=growing(60),
        params:
            spec=spec("seed"),
            # of a function of inputs, which is not compared: clips are, by their files
            motion=lambda wildcards, input, scores=" ".join(map(str, _motions)): scores or wildcards.motion,
        message:
            "Seed video of {wildcards.image} at motion {params.motion}"
        shell:
            "vid3d seed --spec {params.spec:q} --reference {input.reference:q} --motion {params.motion}"
            " --output {output:q} --gpu-record {log.gpu:q} 2> {log[0]:q}"
