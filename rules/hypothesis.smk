# The experiment of docs/hypothesis.md: does modelling time in 3D help?  `snakemake hypothesis`
#
# in    config/hypothesis.yaml (or --config hypothesis=FILE), benchmark/hypothesis/{calibration,choice}.json
# out   results/hypothesis/cells/*.csv, a row per object;  verdicts.json, table4.csv, figure11.*, films/*.mp4
# kept  outcomes in docs/results/hypothesis/cells of the same settings and weights are read and not made again
# grain one job per clip for truth, views and fits; one per cell for its outcomes
#
# `hypothesis_calibration` and `hypothesis_choice` make what is committed in benchmark/hypothesis before the runs.
# `--config images=... frames=...` narrows the experiment to a trial.


rule hypothesis:
    input:
        hypothesis.VERDICTS,
        hypothesis.TABLE,
        expand(hypothesis.FIGURE, suffix=layout.FIGURE_FORMATS),
        [hypothesis.FILM.format(object=name) for name in EXPERIMENT.filmed],


rule hypothesis_verdicts:
    input:
        refusing(lambda wildcards: EXPERIMENT.outcomes),
    output:
        verdicts=hypothesis.VERDICTS,
        table=hypothesis.TABLE,
        doses=hypothesis.DOSES,
    log:
        logs(job := "hypothesis/verdicts"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    message:
        "The registered analysis"
    shell:
        "vid3d hypothesis-verdicts --cells {input:q} --output {output.verdicts:q} --table {output.table:q}"
        " --doses {output.doses:q} 2> {log:q}"


rule hypothesis_figure:
    input:
        hypothesis.DOSES,
    output:
        figure=expand(hypothesis.FIGURE, suffix=layout.FIGURE_FORMATS),
    log:
        logs(job := "hypothesis/figure"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    message:
        "Figure 11: outcomes over the level of faults"
    shell:
        "vid3d hypothesis-figure --doses {input:q} --output {output.figure:q} 2> {log:q}"


rule hypothesis_film:
    input:
        truth=hypothesis.TRUTH.format(scene=hypothesis.FILMED_SCENE, object="{object}"),
        splats=lambda wildcards: EXPERIMENT.filmed_splats(wildcards.object),
    output:
        hypothesis.FILM,
    log:
        logs(job := "hypothesis/film/{object}"),
    benchmark:
        benchmarks(job)
    wildcard_constraints:
        object="[a-z0-9-]+",
    conda:
        "../envs/cpu.yaml"
    message:
        "Film of {wildcards.object}: truth, independent, low-rank"
    shell:
        "vid3d hypothesis-film --truth {input.truth:q} --splats {input.splats:q} --output {output:q} 2> {log:q}"


rule hypothesis_calibration:
    input:
        "benchmark/procedural/objects.yaml",
    output:
        hypothesis.CALIBRATION,
    log:
        logs(job := "hypothesis/calibration"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        spec=lambda wildcards: EXPERIMENT.views("mini").argument(),
        frames=EXPERIMENT.experiment.frames,
    message:
        "Faults of the mini views"
    shell:
        "vid3d hypothesis-calibrate --spec {params.spec:q} --benchmark {input:q} --frames {params.frames}"
        " --output {output:q} 2> {log:q}"


rule hypothesis_choice:
    input:
        [hypothesis.CELL.format(cell=cell.name) for cell in EXPERIMENT.trials],
    output:
        hypothesis.CHOICE,
    log:
        logs(job := "hypothesis/choice"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    params:
        measured=refusing(lambda wildcards: json.dumps(EXPERIMENT.chosen_by, sort_keys=True)),
    message:
        "Strengths of the arms that model time"
    shell:
        "vid3d hypothesis-choose --cells {input:q} --measured {params.measured:q} --output {output:q} 2> {log:q}"


rule hypothesis_objects:
    input:
        "benchmark/procedural/objects.yaml",
    output:
        hypothesis.OBJECTS,
    log:
        logs(job := "hypothesis/objects"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    message:
        "Objects of the experiment"
    shell:
        "vid3d hypothesis-objects --benchmark {input:q} --output {output:q} 2> {log:q}"


rule hypothesis_truth:
    input:
        hypothesis.OBJECTS,
    output:
        hypothesis.TRUTH,
    log:
        logs(job := "hypothesis/truth/{scene}/{object}"),
    benchmark:
        benchmarks(job)
    wildcard_constraints:
        scene=hypothesis.SCENE,
        object="[a-z0-9-]+",
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(1500),
        runtime=growing(10),
    params:
        scene=lambda wildcards: hypothesis.scene_options(wildcards.scene),
        size=EXPERIMENT.experiment.size,
        frames=EXPERIMENT.experiment.frames,
    message:
        "Truth of {wildcards.object}, {wildcards.scene}"
    shell:
        "vid3d hypothesis-truth --objects {input:q} --name {wildcards.object} {params.scene} --size {params.size}"
        " --frames {params.frames} --output {output:q} 2> {log:q}"


rule hypothesis_views:
    input:
        objects=hypothesis.OBJECTS,
        weights=refusing(lambda wildcards: MANIFEST.inputs(EXPERIMENT.views(wildcards.source))),
    output:
        expand(hypothesis.VIEWS, frame=layout.numbers(EXPERIMENT.experiment.frames), allow_missing=True),
    log:
        logs(job := "hypothesis/views/{source}/{scene}/{object}"),
    benchmark:
        benchmarks(job)
    wildcard_constraints:
        source="[a-z0-9-]+",
        scene=hypothesis.SCENE,
        object="[a-z0-9-]+",
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        scene=lambda wildcards: hypothesis.scene_options(wildcards.scene),
        spec=refusing(lambda wildcards: EXPERIMENT.views(wildcards.source).argument()),
    message:
        "Views of {wildcards.object}: {wildcards.source}, {wildcards.scene}"
    shell:
        "vid3d hypothesis-views --spec {params.spec:q} --objects {input.objects:q} --name {wildcards.object} {params.scene}"
        " --output {output:q} 2> {log:q}"


rule hypothesis_fit:
    input:
        lambda wildcards: EXPERIMENT.orbits(wildcards.fit, wildcards.object),
    output:
        splats=expand(hypothesis.SPLATS, frame=layout.numbers(EXPERIMENT.experiment.frames), allow_missing=True),
        reports=expand(hypothesis.FIT_REPORT, frame=layout.numbers(EXPERIMENT.experiment.frames), allow_missing=True),
    log:
        logs(job := "hypothesis/fit/{fit}/{object}"),
    benchmark:
        benchmarks(job)
    wildcard_constraints:
        fit="[a-z0-9._-]+",
        object="[a-z0-9-]+",
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(1500),
        runtime=growing(20),
    params:
        spec=refusing(lambda wildcards: EXPERIMENT.fit(EXPERIMENT.of_fit(wildcards.fit)).argument()),
        views=lambda wildcards: EXPERIMENT.of_fit(wildcards.fit).views,
        frames=" ".join(map(str, range(EXPERIMENT.experiment.frames))),
    message:
        "Fit {wildcards.object}: {wildcards.fit}"
    shell:
        "vid3d fit --spec {params.spec:q} --image {wildcards.object} --views {params.views} --frames {params.frames}"
        " --orbit {input:q} --output {output.splats:q} --report {output.reports:q} 2> {log:q}"


rule hypothesis_cell:
    input:
        truth=lambda wildcards: EXPERIMENT.truths(wildcards.cell),
        splats=lambda wildcards: EXPERIMENT.splats(wildcards.cell),
        weights=MANIFEST.inputs(EXPERIMENT.experiment.score),
    output:
        hypothesis.CELL,
    log:
        logs(job := "hypothesis/cell/{cell}"),
    benchmark:
        benchmarks(job)
    wildcard_constraints:
        cell="[a-z0-9._-]+",
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        spec=EXPERIMENT.score.argument(),
        told=refusing(lambda wildcards: EXPERIMENT.told(wildcards.cell)),
    message:
        "Outcomes of {wildcards.cell}"
    shell:
        "vid3d hypothesis-cell --spec {params.spec:q} {params.told} --truth {input.truth:q}"
        " --splats {input.splats:q} --benchmarks benchmarks/hypothesis/fit --output {output:q} 2> {log:q}"
