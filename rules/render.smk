# Gaussians -> images of the 10 evaluation cameras.
#
# in    views-{views}/splats/*.ply (a control that draws no splats needs only the reference)
# out   views-{views}/renders/frame-{frame}.png: filmstrip of the cameras;  renders/camera-{camera}.mp4
# grain one job per clip


# rules in a loop: one for each number of frames, as in seed.smk
for _frames in sorted({run.used_frames for run in study.runs.values()}):

    rule:
        name:
            f"render_{_frames}_frames"
        input:
            reference=REFERENCE,
            extension=gsplat_extension("render"),
            splats=if_drawn(owned_frames(layout.SPLATS)),
        output:
            strips=expand(layout.RENDERS, frame=layout.numbers(_frames), allow_missing=True),
            videos=expand(layout.VIDEO, camera=layout.cameras(), allow_missing=True),
        log:
            logs(job := "render/{run}/{image}/motion-{motion}/views-{views}"),
            gpu=gpu_records(job),
        benchmark:
            benchmarks(job)
        wildcard_constraints:
            run=runs_where(lambda run: run.used_frames == _frames),
        conda:
            environment("render")
        resources:
            gpu=gpus("render"),
            mem_mb=growing(lambda wildcards: 8000 if study.runs[wildcards.run].render.device == "gpu" else 2000),
            runtime=growing(60),
        params:
            spec=spec("render"),
        message:
            "Render {wildcards.image}, motion {wildcards.motion}, {wildcards.views} views"
        shell:
            "vid3d render --spec {params.spec:q} --reference {input.reference:q} --motion {wildcards.motion}"
            " --views {wildcards.views} --splats {input.splats:q} --output {output.strips:q}"
            " --videos {output.videos:q} --gpu-record {log.gpu:q} 2> {log[0]:q}"
