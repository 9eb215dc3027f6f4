"""Which figures a report can have, and why it has not the others: read from the study alone, for rules and commands.

Figures 1-10 follow the paper's arrangement; ``heatmap`` and ``trends`` are ours.  A figure is left out rather than
shown empty, or without what it is about.
"""

from vid3d.study.config import Run, Study

COMPARISONS = (5, 6, 7, 8)  # one image each
NAMES = (*(f"figure{number}" for number in range(1, 11)), "heatmap", "trends")
PLOTS = ("heatmap", "trends")  # lines, axes and colours; the others are pictures on white
TITLES = {
    "figure1": "method",
    "figure2": "one clip",
    "figure3": "numbers of views",
    "figure4": "motion scores",
    **{f"figure{number}": f"comparison {place}" for place, number in enumerate(COMPARISONS, 1)},
    "figure9": "further images",
    "figure10": "failures",
    "heatmap": "heat map by frame and camera",
    "trends": "trends of tables 2 and 3",
}
_NOTHING_DRAWN = "no run of this report draws splats of an image"
_RANDOM = "random weights have no scores that mean anything"


def number(name: str) -> int | None:
    """The figure's number in the paper; None of those that the paper has not."""
    digits = name.removeprefix("figure")
    return int(digits) if digits.isdigit() else None


def label(name: str) -> str:
    """What a list of files calls the figure: ``Figure 02: one clip``, so that it is sorted as people count."""
    found = number(name)
    return TITLES[name].capitalize() if found is None else f"Figure {found:02d}: {TITLES[name]}"


def drawn(study: Study, report: str) -> dict[str, Run]:
    """The report's runs that figures can show.

    They draw splats, have images, are no replicates of another, and draw what no run before them draws (``same``).
    """
    left_out = same(study, report)
    return {name: run for name, run in _drawing(study, report).items() if name not in left_out}


def same(study: Study, report: str) -> dict[str, str]:
    """Runs whose renders are by construction those of a run before them in the report: {run: the one before}.

    True views do not depend on the seed, and what follows depends on the views alone: two runs that differ in nothing
    but the seed then draw the same.
    """
    found: dict[str, str] = {}
    first: dict[str, str] = {}
    for name, run in _drawing(study, report).items():
        if run.views.backend == "procedural":
            drawing = run.model_dump_json(exclude={"title", "label", "extends", "stamp", "frames", "seed"})
            drawing += str(run.used_frames)
            if drawing in first:
                found[name] = first[drawing]
            first.setdefault(drawing, name)
    return found


def _drawing(study: Study, report: str) -> dict[str, Run]:
    runs = {name: study.runs[name] for name in study.reports[report].runs}
    return {name: run for name, run in runs.items() if run.images and not run.render.control and not run.replicate}


def scored(study: Study, report: str) -> dict[str, Run]:
    """Those of them whose scores mean something."""
    return {name: run for name, run in drawn(study, report).items() if not run.plumbing}


def shown(study: Study, report: str) -> list[str]:
    """The names of the figures that the report has, in order."""
    left_out = absent(study, report)
    return [name for name in NAMES if name not in left_out]


def absent(study: Study, report: str) -> dict[str, str]:
    """The figures that the report has not, each with the reason: a clause without a full stop."""
    runs, with_scores = drawn(study, report), scored(study, report)
    if not runs:
        return dict.fromkeys(NAMES, _NOTHING_DRAWN)
    first = next(iter(runs.values()))
    images = len(first.images or ())
    alone = [len(run.images or ()) for run in with_scores.values()][:1] == [1]
    varied = _vary(with_scores, "view_counts") or _vary(with_scores, "motion_scores")
    reasons = {
        "figure3": "" if _vary(runs, "view_counts") else "no run of this report varies the number of views",
        "figure4": "" if _vary(runs, "motion_scores") else "no run of this report varies the motion score",
        "figure9": "" if images > len(COMPARISONS) else "there are no images beyond those of the figures before",
        "trends": "" if varied else "no run of this report varies the number of views or the motion score",
        "figure10": "there is one image only, so that none is worse than another" if alone else "",
    }
    if not with_scores:
        reasons |= dict.fromkeys(("figure10", "heatmap", "trends"), _RANDOM)
    for place, figure in enumerate(COMPARISONS):
        reasons[f"figure{figure}"] = "" if images > place else f"there is no image number {place + 1}"
    if images == len(runs) == 1 and not study.external:
        reasons["figure5"] = "there are one image and one method, which Figure 2 shows"
    return {name: reasons[name] for name in NAMES if reasons.get(name)}


def _vary(runs: dict[str, Run], setting: str) -> bool:
    return any(len(getattr(run, setting)) > 1 for run in runs.values())
