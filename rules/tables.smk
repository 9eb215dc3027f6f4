# Scores, indicators and embeddings -> the tables of each report (docs/statistics.md).
#
# in    scores.csv of every clip of every run that the report names, held-out.csv where there is ground truth; scores of
#       other methods' renders (setting `external`); indicators.csv of every clip, stages.npz and embeddings.npz of the
#       base condition
# out   results/reports/{report}/tables/: those of vid3d/study/table_list.py as .csv, .tex and .md; macros.tex
#       targets table1, table2, table3


rule tables:
    input:
        scores=lambda wildcards: inputs_of(wildcards.report, "scores", "held-out", "measures"),
        external=lambda wildcards: external_scores_of(wildcards.report),
        manifest=lambda wildcards: methods.MANIFEST if external_scores_of(wildcards.report) else [],
        published=["benchmark/published/tables.yaml", "benchmark/published/claims.yaml"],
    output:
        reported_tables(),
    log:
        "logs/tables/{report}.log",
    benchmark:
        "benchmarks/tables/{report}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        study=study_of,
    message:
        "Tables of report {wildcards.report}"
    shell:
        "vid3d tables --study {params.study:q} --report {wildcards.report} --external {input.external:q} 2> {log:q}"


for _number in (1, 2, 3):

    rule:
        name:
            f"table{_number}"
        input:
            layout.TABLE.format(report=study.report, name=f"table{_number}"),
