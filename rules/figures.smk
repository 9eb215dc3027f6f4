# Intermediate images, renders, scores and indicators -> the figures of each report.
#
# in    renders, references, scores and indicators of every clip of every run that the report names; seed frames, views
#       and splats of the first one; renders of other methods (setting `external`)
# out   results/reports/{report}/figures/: those of figure1-figure10, heatmap and trends that the report can have
#       (vid3d/study/figure_list.py), each as .svg and .pdf for a paper and as .webp for the page; figures.json: captions,
#       alternative texts, and why the others are left out.  Target figures
# grain one job per report; a rule for each, since reports differ in the figures that they can have


for _report in study.reports:

    rule:
        name:
            f"figures_of_{_report.replace('-', '_')}"
        input:
            results=figure_inputs(_report),
            external=lambda wildcards, report=_report: external_scores_of(report),
            clips=lambda wildcards, report=_report: external_clips_of(report),
            manifest=lambda wildcards, report=_report: methods.MANIFEST if external_scores_of(report) else [],
            published="benchmark/published/tables.yaml",
            sources=["reports/figures.mplstyle", "reports/captions.yaml"],
        output:
            reported_figures(_report),
        log:
            f"logs/figures/{_report}.log",
        benchmark:
            f"benchmarks/figures/{_report}.tsv"
        conda:
            "../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(30),
        params:
            study=lambda wildcards, report=_report: study_of_report(report),
            report=_report,
        message:
            f"Figures of report {_report}"
        shell:
            "vid3d figures --study {params.study:q} --report {params.report} --external {input.external:q} 2> {log:q}"


rule figures:
    input:
        figures_of(study.report),
