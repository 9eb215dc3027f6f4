# Tables, figures and videos -> one folder that opens offline.
#
# in    tables, figures, renders, splats and videos of the runs that the report names; weights, for their checksums; the
#       times that jobs took
# out   results/reports/{report}/index.html and what it shows, in the same folder; results/reports/{report}.splats/, the
#       zipped PLYs that it offers, beside it
# note  every report is a target by its name (truth, relief, full, own, ...); `report` is the default one.  What
#       Snakemake's own report (`snakemake --report report.zip`) shows has its captions in reports/captions

PAGE_SOURCES = [f"reports/{name}" for name in ("template.html", "style.css", "viewer.css", "videos.js", "pairs.js")]
for _part in ("page", "viewer"):
    PAGE_SOURCES += sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "reports" / _part).glob("*.*"))


rule page:
    input:
        lambda wildcards: inputs_of(wildcards.report, "renders", "scores", "references"),
        lambda wildcards: turned(wildcards.report),
        lambda wildcards: tables_of(wildcards.report) + figures_of(wildcards.report),
        PAGE_SOURCES,
        "reports/conformance.yaml",
        "docs/deviations.md",
        "config/weights.yaml",
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
