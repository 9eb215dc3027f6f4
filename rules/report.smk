# Tables, figures and videos -> one folder that opens offline.
#
# in    tables, figures, renders, splats and videos of the runs that the report names; weights, for their checksums; the
#       times that jobs took
# out   results/reports/{report}/index.html and what it shows, in the same folder; its tables also as pages of their own,
#       tables/*.html, for Snakemake's own report
# note  every report is a target by its name (truth, relief, full, own, ...); `report` is the default one.  What
#       Snakemake's own report (`snakemake --report report.zip`) shows has its captions in reports/captions

PAGE_SOURCES = ["reports/template.html", "reports/table.html"]
for _part in ("*.css", "*.js", "page/*.*", "viewer/*.*"):
    PAGE_SOURCES += sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "reports").glob(_part))

# committed once the experiment has been run in full; outcomes of some cells may lie beside it before
EXPERIMENT_RESULT = ["reports/experiment.yaml", *hypothesis.committed(ROOT)]


rule page:
    input:
        lambda wildcards: read_by(wildcards.report, "renders", "scores", "held-out", "references", "splats"),
        lambda wildcards: layout.tables(wildcards.report) + layout.exports(wildcards.report),
        lambda wildcards: layout.figures(study, wildcards.report),
        PAGE_SOURCES,
        EXPERIMENT_RESULT,
        "reports/conformance.yaml",
        "docs/deviations.md",
        "config/weights.yaml",
        "benchmark/published/tables.yaml",
        "benchmark/published/claims.yaml",
        "benchmark/animate124/relief-notes.yaml",
    output:
        page=layout.PAGE,
        tables=reported(layout.table_pages("{report}"), ".html", "table", "{report}"),
    log:
        logs(job := "report/{report}"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        study=lambda wildcards: study_of(wildcards.report),
    message:
        "Page of report {wildcards.report}"
    shell:
        "vid3d report --study {params.study:q} --report {wildcards.report} --times benchmarks 2> {log:q}"


rule report:
    input:
        layout.PAGE.format(report=study.report),


# rules in a loop: every report is a target by its name
for _report in study.reports:

    rule:
        name:
            _report
        input:
            layout.PAGE.format(report=_report),
