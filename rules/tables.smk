# Scores -> Tables 1-3 (and the held-out table) of each report.
#
# in    scores.csv of every clip of every run that the report names, held-out.csv where there is ground truth
# out   results/reports/{report}/tables/table{1,2,3}.csv, held-out.csv; targets table1, table2, table3


rule tables:
    input:
        scores=lambda wildcards: inputs_of(wildcards.report, "scores", "held-out"),
        published="benchmark/published/tables.yaml",
    output:
        tables_of("{report}"),
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
        "vid3d tables --study {params.study:q} --report {wildcards.report} 2> {log:q}"


for _number in (1, 2, 3):

    rule:
        name:
            f"table{_number}"
        input:
            layout.TABLE.format(report=study.report, number=_number),
