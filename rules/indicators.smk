# Renders -> indicators beside CLIP-I: flicker, Janus faces, mass that other views rule out (docs/indicators.md).
#
# in    views-{views}/renders/*.png and embeddings.npz; generated views, unless the run is a control, which shows none
# out   views-{views}/indicators.csv: one row per indicator, and one per indicator and camera; with a sidecar
# grain one job per clip; no torch


rule indicators:
    input:
        reference=REFERENCE,
        renders=owned_frames(layout.RENDERS),
        embeddings=owned(layout.EMBEDDINGS),
        orbit=unless_control(owned_frames(layout.ORBIT)),
    output:
        rows=layout.INDICATORS,
        sidecar=layout.INDICATORS.replace(".csv", ".json"),
    log:
        logs(job := "indicators/{run}/{image}/motion-{motion}/views-{views}"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        truth=lambda wildcards: "--truth" if study.runs[wildcards.run].ground_truth else "",
        generated=lambda wildcards: study.runs[wildcards.run].views.count,
        revision=2,  # of the indicators: raise it when they give other numbers
    message:
        "Indicators of {wildcards.image}, motion {wildcards.motion}, {wildcards.views} views"
    shell:
        "vid3d indicators --reference {input.reference:q} --motion {wildcards.motion} --views {wildcards.views}"
        " --renders {input.renders:q} --orbit {input.orbit:q} --generated {params.generated} --embeddings {input.embeddings:q} {params.truth}"
        " --output {output.rows:q} 2> {log:q}"
