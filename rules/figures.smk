# Intermediate images, renders, scores and indicators -> the figures of each report.
#
# in    renders, references, scores and indicators of every clip of every run that the report names, views of its middle
#       frame; seed frames, views and splats of the first one; renders of other methods (setting `external`); the truth
#       of figures 3 and 4, where a run has any, is drawn from what `references` say of a procedural object
# out   results/reports/{report}/figures/: those of figure1-figure10, heatmap and trends that the report can have
#       (vid3d/study/figure_list.py), each as .svg and .pdf for a paper and as .webp for the page, plots also as
#       -dark.webp; figures.json: captions, alternative texts, and why the others are left out.  Target figures
# grain one job per report; a rule for each, since reports differ in the figures that they can have


# rules in a loop: one for each report's outputs, as in seed.smk
for _report in study.reports:

    rule:
        name:
            f"figures_of_{_report.replace('-', '_')}"
        input:
            results=lambda wildcards, report=_report: read_by(
                report, "renders", "views", "references", "scores", "held-out", "measures"
            ),
            method=lambda wildcards, report=_report: [
                clip.path(made, study, frame=frame)
                for name in list(figure_list.drawn(study, report))[:1]
                for clip in list(layout.conditions(study, name))[:1]
                for made in (layout.SEED, layout.ORBIT, layout.SPLATS)
                for frame in layout.frames(study.runs[name])
            ],
            external=lambda wildcards, report=_report: external_scores_of(report),
            clips=lambda wildcards, report=_report: [
                path
                for name in study.external
                if external_scores(name, study.reports[report].runs)
                for path in external_clips(name)
            ],
            manifest=lambda wildcards, report=_report: methods.MANIFEST if external_scores_of(report) else [],
            published=PUBLISHED[:1],
            sources=["reports/figures.mplstyle", "reports/figures-dark.mplstyle", "reports/captions.yaml"],
        output:
            reported(layout.figures(study, _report), ".svg", "figure", _report),
        log:
            logs(job := f"figures/{_report}"),
        benchmark:
            benchmarks(job)
        conda:
            "../envs/cpu.yaml"
        resources:
            mem_mb=growing(2000),
            runtime=growing(30),
        params:
            study=lambda wildcards, report=_report: study_of(report),
            published=lambda wildcards: RECORD.from_outside(PUBLISHED[:1]),
            report=_report,
        message:
            f"Figures of report {_report}"
        shell:
            "vid3d figures --study {params.study:q} --report {params.report} --external {input.external:q} 2> {log:q}"


rule figures:
    input:
        layout.figures(study, study.report),
