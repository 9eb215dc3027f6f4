# Reference -> seed video.
#
# in    the reference image's three files
# out   motion-{motion}/seed/frame-{frame}.png, all frames of the clip
# grain one job per clip


for _frames in sorted({run.seed.frames for run in study.runs.values()}):

    rule:
        name:
            f"seed_{_frames}_frames"
        input:
            weights=checkpoints("seed"),
            reference=REFERENCE,
        output:
            expand(
                layout.SEED,
                frame=[layout.two(f) for f in range(_frames)],
                allow_missing=True,
            ),
        log:
            "logs/seed/{run}/{image}/motion-{motion}.log",
        benchmark:
            "benchmarks/seed/{run}/{image}/motion-{motion}.tsv"
        wildcard_constraints:
            run=runs_where(lambda run: run.seed.frames == _frames),
        conda:
            environment("seed")
        threads: 1
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
            " --output {output:q} --gpu-record"
            " benchmarks/seed/{wildcards.run}/{wildcards.image}/motion-{wildcards.motion}-gpu.json 2> {log:q}"
