# Seed frames -> orbit views; and, for procedural objects, the truth at cameras that are not trained on.
#
# in    the reference image's three files, seed frames
# out   motion-{motion}/orbit/frame-{frame}.png: filmstrip of all generated views;  motion-{motion}/held-out/...
# grain `frames_per_job` frames of a clip in one process (one model load); results do not depend on it


for _block, _runs in frame_blocks(lambda run: True, study.execution.frames_per_job.views).items():

    rule:
        name:
            f"views_{_block[0]}_{_block[-1]}"
        input:
            weights=checkpoints("views"),
            reference=REFERENCE,
            seed=owned_frames("seed", layout.SEED, _block),
            clip=whole_clip,
        output:
            expand(layout.ORBIT, frame=_block, allow_missing=True),
        log:
            f"logs/views/{{run}}/{{image}}/motion-{{motion}}/frames-{_block[0]}-{_block[-1]}.log",
        benchmark:
            f"benchmarks/views/{{run}}/{{image}}/motion-{{motion}}/frames-{_block[0]}-{_block[-1]}.tsv"
        wildcard_constraints:
            run="|".join(_runs),
        conda:
            environment("views")
        threads: 1
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
            " --gpu-record benchmarks/views/{wildcards.run}/{wildcards.image}/motion-{wildcards.motion}/"
            f"frames-{_block[0]}-{_block[-1]}-gpu.json 2> {{log:q}}"


for _block, _runs in frame_blocks(lambda run: run.ground_truth, 100).items():

    rule:
        name:
            f"held_out_truth_{_block[-1]}"
        input:
            reference=REFERENCE,
        output:
            expand(layout.HELD_OUT_TRUTH, frame=_block, allow_missing=True),
        log:
            "logs/held-out-truth/{run}/{image}/motion-{motion}.log",
        benchmark:
            "benchmarks/held-out-truth/{run}/{image}/motion-{motion}.tsv"
        wildcard_constraints:
            run="|".join(_runs),
        conda:
            "../envs/cpu.yaml"
        threads: 1
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
