# Filmstrips -> Figures 2-4 of each report.
#
# in    renders of every clip of every run that the report names
# out   results/reports/{report}/figures/figure{2,3,4}.svg;  target figures


rule figures_of_report:
    input:
        renders=lambda wildcards: inputs_of(wildcards.report, "renders", "references"),
        sources=["reports/figures.mplstyle", "reports/captions.yaml"],
    output:
        figures_of("{report}"),
    log:
        "logs/figures/{report}.log",
    benchmark:
        "benchmarks/figures/{report}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        study=study_of,
    message:
        "Figures of report {wildcards.report}"
    shell:
        "vid3d figures --study {params.study:q} --report {wildcards.report} 2> {log:q}"


rule figures:
    input:
        figures_of(study.report),
