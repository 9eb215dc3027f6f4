# Renders -> CLIP-I, unaggregated; embeddings of the stages before; and, where there is ground truth, measures against it
# at cameras that were not trained on.
#
# in    views-{views}/renders/*.png and the reference;  splats and motion-{motion}/held-out/*.png
# out   views-{views}/embeddings.npz, scores.csv (one row per frame and camera, a column of cosines per reference: the
#       source image, the same cut out on white, the first render), held-out.csv; each CSV with a sidecar
#       motion-{motion}/stages.npz: embeddings of seed frames, generated views and, of procedural objects, the truth
# grain `clips_per_job.scored` clips of an image in one process (torch is imported once), those of controls that draw no
#       splats together; results do not depend on it


# rules in a loop: one for each block of clips, as in seed.smk
for _number, (_block, _runs) in enumerate(layout.score_blocks(study).items(), start=1):
    _folders, _motions, _views = zip(*_block)
    _run = None if _folders[0] == layout.EACH else _folders[0]  # of controls that are scored together
    _clips = [
        {"motion": motion, "views": views} | ({"run": folder} if _run else {}) for folder, motion, views in _block
    ]

    rule:
        name:
            f"score_{_number}"
        input:
            weights=checkpoints("score", _run),
            reference=owned(layout.REFERENCE, layout.FOREGROUND, layout.SUBJECT, clips=_clips[:1]),
            renders=owned_frames(layout.RENDERS, clips=_clips),
        output:
            embeddings=expand(layout.EMBEDDINGS, zip, run=_folders, motion=_motions, views=_views, allow_missing=True),
            scores=expand(layout.SCORES, zip, run=_folders, motion=_motions, views=_views, allow_missing=True),
            sidecars=expand(
                layout.SCORES.replace(".csv", ".json"),
                zip,
                run=_folders,
                motion=_motions,
                views=_views,
                allow_missing=True,
            ),
        log:
            logs(job := layout.of_clips("score", _block)),
        benchmark:
            benchmarks(job)
        wildcard_constraints:
            run="|".join(_runs),
        conda:
            "../envs/cpu.yaml"
        resources:
            mem_mb=growing(4000),
            runtime=growing(60),
        params:
            spec=spec("score", _run),
            motions=_motions,
            views=_views,
        message:
            f"Score {{wildcards.image}}, {layout.told(_block)}"
        shell:
            "vid3d score --spec {params.spec:q} --reference {input.reference:q}"
            " --motion {params.motions} --views {params.views}"
            " --renders {input.renders:q} --embeddings {output.embeddings:q} --scores {output.scores:q} 2> {log:q}"


rule stage_embeddings:
    input:
        weights=checkpoints("score"),
        reference=REFERENCE,
        seed=owned_frames(layout.SEED),
        orbit=owned_frames(layout.ORBIT),
    output:
        layout.STAGE_EMBEDDINGS,
    log:
        logs(job := "stage-embeddings/{run}/{image}/motion-{motion}"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        spec=spec("score"),
        generated=lambda wildcards: study.runs[wildcards.run].views.count,
        size=lambda wildcards: study.runs[wildcards.run].render.size,  # of the truth that renders are compared with
    message:
        "Embed seed and views of {wildcards.image}, motion {wildcards.motion}"
    shell:
        "vid3d embed-stages --spec {params.spec:q} --reference {input.reference:q} --motion {wildcards.motion}"
        " --size {params.size} --generated {params.generated} --seed {input.seed:q} --orbit {input.orbit:q}"
        " --output {output:q} 2> {log:q}"


rule held_out:
    input:
        extension=gsplat_extension("render"),
        reference=REFERENCE,
        splats=owned_frames(layout.SPLATS),
        truth=owned_frames(layout.HELD_OUT_TRUTH),
    output:
        rows=layout.HELD_OUT,
        sidecar=layout.HELD_OUT.replace(".csv", ".json"),
    log:
        logs(job := "held-out/{run}/{image}/motion-{motion}/views-{views}"),
        gpu=gpu_records(job),
    benchmark:
        benchmarks(job)
    wildcard_constraints:
        run=runs_where(lambda run: run.ground_truth),
    conda:
        environment("render")
    resources:
        gpu=gpus("render"),
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        spec=spec("render"),
        revision=1,  # of the measures: raise it when there are more, or they give other numbers
    message:
        "Compare with the truth: {wildcards.image}, motion {wildcards.motion}, {wildcards.views} views"
    shell:
        "vid3d held-out --spec {params.spec:q} --reference {input.reference:q} --motion {wildcards.motion}"
        " --views {wildcards.views} --splats {input.splats:q} --truth {input.truth:q} --output {output.rows:q}"
        " --gpu-record {log.gpu:q} 2> {log[0]:q}"
