# Renders of other methods -> their scores, for Table 1.
#
# in    benchmark/external/: clips in folders, or a manifest of clips elsewhere; the reference images of a run
# out   results/external/{method}/source/{file}: downloads, with {file}.sha256 beside those that no checksum pins
#       results/external/{method}/steadiness.csv: indicators of each camera by itself, without an embedder
#       results/external/{method}/{run}/scores.csv: as the run's own, by its embedder; with a sidecar
# grain one job per download, one per method
# note  target `external` scores every method by the paper's embedder where a run has it; `--config external=METHOD`
#       puts methods into Table 1 of each report that has a run on their benchmark; target `authors` sets the authors'
#       videos of the front camera beside those of the side camera, with their scores if `external` has made them

AUTHORS = "vid3d-authors"


rule external_video:
    output:
        protected(layout.EXTERNAL_VIDEO),
    log:
        logs(job := "external/{method}/{file}"),
    benchmark:
        benchmarks(job)
    wildcard_constraints:
        file="[A-Za-z0-9][A-Za-z0-9._-]*[.]mp4",
    retries: 0 if study.authors_dir else 2
    localrule: True  # the nodes of a cluster often have no internet
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        url=of_method(lambda wildcards, method: method.download(wildcards.file).url),
        sha256=of_method(
            lambda wildcards, method: (f"--sha256 {pin}" if (pin := method.download(wildcards.file).sha256) else "")
        ),
        # of a function of inputs, which is not compared: where a verified file was brought from re-makes nothing
        folder=lambda wildcards, input: (
            f"--folder={shlex.quote(study.authors_dir)}" if study.authors_dir and wildcards.method == AUTHORS else ""
        ),
    message:
        "Fetch {wildcards.file} of {wildcards.method}"
    shell:
        "vid3d fetch-external --url {params.url:q} {params.sha256} {params.folder} --output {output:q} 2> {log:q}"


rule external_scores:
    input:
        weights=checkpoints("score"),
        references=of_method(
            lambda wildcards, method: [
                owned_path(artefact, wildcards, image=image)
                for image in methods.clips(wildcards.method, method, ROOT)
                for artefact in (layout.REFERENCE, layout.FOREGROUND, layout.SUBJECT)
                if method.benchmark
            ]
        ),
        clips=lambda wildcards: external_clips(wildcards.method),
    output:
        scores=layout.EXTERNAL_SCORES,
        sidecar=layout.EXTERNAL_SCORES.replace(".csv", ".json"),
    log:
        logs(job := "external/{method}/{run}"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        spec=spec("score"),
        entry=of_method(lambda wildcards, method: method.argument()),
        clips=lambda wildcards: RECORD.from_outside(external_clips(wildcards.method)),
        references=of_method(
            lambda wildcards, method: (
                f"--references {Path(owned_path(layout.REFERENCE, wildcards, image='')).parent}"
                if method.benchmark
                else ""
            )
        ),
    message:
        "Score the renders of {wildcards.method} like those of {wildcards.run}"
    shell:
        "vid3d score-external --spec {params.spec:q} --method {wildcards.method} --entry {params.entry:q}"
        " {params.references} --output {output.scores:q} 2> {log:q}"


rule steadiness:
    input:
        lambda wildcards: external_clips(wildcards.method),
    output:
        rows=layout.EXTERNAL_STEADINESS,
        sidecar=layout.EXTERNAL_STEADINESS.replace(".csv", ".json"),
    log:
        logs(job := "external/{method}/steadiness"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        entry=of_method(lambda wildcards, method: method.argument()),
        clips=lambda wildcards: RECORD.from_outside(external_clips(wildcards.method)),
        revision=1,  # of the indicators: raise it when they give other numbers
    message:
        "Indicators of the renders of {wildcards.method}"
    shell:
        "vid3d steadiness --method {wildcards.method} --entry {params.entry:q} --output {output.rows:q} 2> {log:q}"


rule authors:
    input:
        steadiness=layout.EXTERNAL_STEADINESS.format(method=AUTHORS),
        # the paper's embedder is no small download, so scores are shown if they are there, and made by `external`
        scores=[path for path in external_scores(AUTHORS) if Path(path).exists()],
        sources=["reports/camera-pairs.html", "reports/style.css", "reports/figures.mplstyle", methods.MANIFEST],
    output:
        layout.AUTHORS_PAIRS,
        layout.AUTHORS_PAIRS.replace(".csv", ".json"),
        expand(layout.AUTHORS_FIGURE, suffix=layout.FIGURE_FORMATS),
        page=layout.AUTHORS_PAGE,
    log:
        logs(job := "external/authors"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        method=AUTHORS,
        scores=lambda wildcards, input: f"--scores={shlex.quote(str(input.scores))}" if input.scores else "",
    message:
        "The authors' videos: front camera against side camera"
    shell:
        "vid3d camera-pairs --method {params.method} --steadiness {input.steadiness:q} {params.scores}"
        " --output {output.page:q} 2> {log:q}"


rule external:
    input:
        lambda wildcards: [path for name in methods.names(ROOT) for path in external_scores(name)],
