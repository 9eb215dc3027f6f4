# Reference -> seed video.
#
# in    the reference image's three files
# out   motion-{motion}/seed/frame-{frame}.png, all frames of the clip
# grain one job per clip


# Rules in a loop: a rule's outputs cannot depend on a wildcard's value, and runs differ in their number of frames.  So
# a rule is written for each number and constrained to the runs that have it (`snakemake -n` shows `seed_8_frames`).
for _frames in sorted({run.seed.frames for run in study.runs.values()}):

    rule:
        name:
            f"seed_{_frames}_frames"
        input:
            weights=checkpoints("seed"),
            reference=REFERENCE,
        output:
            expand(layout.SEED, frame=layout.numbers(_frames), allow_missing=True),
        log:
            logs(job := "seed/{run}/{image}/motion-{motion}"),
            gpu=gpu_records(job),
        benchmark:
            benchmarks(job)
        wildcard_constraints:
            run=runs_where(lambda run: run.seed.frames == _frames),
        conda:
            environment("seed")
        resources:
            gpu=gpus("seed"),
            mem_mb=growing(lambda wildcards: 24000 if study.runs[wildcards.run].seed.device == "gpu" else 3000),
            runtime=growing(60),
        params:
            spec=spec("seed"),
        message:
            "Seed video of {wildcards.image} at motion {wildcards.motion}"
        shell:
            "vid3d seed --spec {params.spec:q} --reference {input.reference:q} --motion {wildcards.motion}"
            " --output {output:q} --gpu-record {log.gpu:q} 2> {log[0]:q}"
