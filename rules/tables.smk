# Scores, indicators and embeddings -> the tables of each report (docs/statistics.md).
#
# in    scores.csv of every clip of every run that the report names, held-out.csv where there is ground truth; scores of
#       other methods' renders (setting `external`); indicators.csv of every clip, stages.npz and embeddings.npz of the
#       base condition
# out   results/reports/{report}/tables/: those of vid3d/study/table_list.py as .csv, .tex and .md; macros.tex
#       targets table1, table2, table3

PUBLISHED = ["benchmark/published/tables.yaml", "benchmark/published/claims.yaml"]


rule tables:
    input:
        scores=lambda wildcards: read_by(wildcards.report, "scores", "held-out", "measures"),
        external=lambda wildcards: external_scores_of(wildcards.report),
        manifest=lambda wildcards: methods.MANIFEST if external_scores_of(wildcards.report) else [],
        published=PUBLISHED,
    output:
        reported(layout.tables("{report}"), ".csv", "table", "{report}"),
        layout.exports("{report}"),
    log:
        logs(job := "tables/{report}"),
    benchmark:
        benchmarks(job)
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        study=lambda wildcards: study_of(wildcards.report),
        published=lambda wildcards: RECORD.from_outside(PUBLISHED),
    message:
        "Tables of report {wildcards.report}"
    shell:
        "vid3d tables --study {params.study:q} --report {wildcards.report} --external {input.external:q} 2> {log:q}"


# rules in a loop: targets by a name
for _number in (1, 2, 3):

    rule:
        name:
            f"table{_number}"
        input:
            layout.TABLE.format(report=study.report, name=f"table{_number}"),
