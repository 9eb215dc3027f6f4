# Renders -> indicators beside CLIP-I: flicker, Janus faces, mass that other views rule out (docs/indicators.md).
#
# in    views-{views}/renders/*.png and embeddings.npz; generated views, unless the run is a control, which shows none
# out   views-{views}/indicators.csv: one row per indicator, and one per indicator and camera; with a sidecar
# grain those clips of an image that are scored together (`clips_per_job.scored`); no torch


# rules in a loop: one for each block of clips, as in seed.smk
for _number, (_block, _runs) in enumerate(layout.score_blocks(study).items(), start=1):
    _folders, _motions, _views = zip(*_block)
    _run = None if _folders[0] == layout.EACH else _folders[0]  # of controls that are scored together
    _clips = [
        {"motion": motion, "views": views} | ({"run": folder} if _run else {}) for folder, motion, views in _block
    ]

    rule:
        name:
            f"indicators_{_number}"
        input:
            reference=owned(layout.REFERENCE, layout.FOREGROUND, layout.SUBJECT, clips=_clips[:1]),
            renders=owned_frames(layout.RENDERS, clips=_clips),
            embeddings=owned(layout.EMBEDDINGS, clips=_clips),
            orbit=unless_control(owned_frames(layout.ORBIT, clips=_clips), _run),
        output:
            rows=expand(layout.INDICATORS, zip, run=_folders, motion=_motions, views=_views, allow_missing=True),
            sidecars=expand(
                layout.INDICATORS.replace(".csv", ".json"),
                zip,
                run=_folders,
                motion=_motions,
                views=_views,
                allow_missing=True,
            ),
        log:
            logs(job := layout.of_clips("indicators", _block)),
        benchmark:
            benchmarks(job)
        wildcard_constraints:
            run="|".join(_runs),
        conda:
            "../envs/cpu.yaml"
        resources:
            mem_mb=growing(2000),
            runtime=growing(30),
        params:
            truth=lambda wildcards, run=_run: "--truth" if study.runs[run or wildcards.run].ground_truth else "",
            generated=lambda wildcards, run=_run: study.runs[run or wildcards.run].views.count,
            revision=2,  # of the indicators: raise it when they give other numbers
            motions=_motions,
            views=_views,
        message:
            f"Indicators of {{wildcards.image}}, {layout.told(_block)}"
        shell:
            "vid3d indicators --reference {input.reference:q}"
            " --motion {params.motions} --views {params.views}"
            " --renders {input.renders:q} --orbit {input.orbit:q} --generated {params.generated}"
            " --embeddings {input.embeddings:q} {params.truth}"
            " --output {output.rows:q} 2> {log:q}"
