# Tables, figures and videos -> one folder that opens offline.
#
# in    tables, figures, renders and videos of the runs that the report names, the times that jobs took
# out   results/reports/{report}/index.html and what it shows, in the same folder
# note  every report is a target by its name (truth, relief, full, own, ...); `report` is the default one


rule page:
    input:
        lambda wildcards: inputs_of(wildcards.report, "renders", "scores", "references"),
        lambda wildcards: tables_of(wildcards.report) + figures_of(wildcards.report),
        [f"reports/{name}" for name in ("template.html", "style.css", "videos.js", "captions.yaml")],
        "benchmark/published/tables.yaml",
        "benchmark/animate124/relief-notes.yaml",
    output:
        layout.PAGE,
    log:
        "logs/report/{report}.log",
    benchmark:
        "benchmarks/report/{report}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        study=study_of,
    message:
        "Page of report {wildcards.report}"
    shell:
        "vid3d report --study {params.study:q} --report {wildcards.report} --times benchmarks 2> {log:q}"


rule report:
    input:
        page(study.report),


for _report in study.reports:

    rule:
        name:
            _report
        input:
            page(_report),
