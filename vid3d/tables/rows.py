"""What a row says of its run: what it covers, by which embedder, and whether it may be compared with the paper."""

from pathlib import Path
from typing import Any

import pandas as pd

from vid3d.claims.published import Published
from vid3d.study.benchmark import load_benchmark
from vid3d.study.config import Run, Study
from vid3d.study.replicates import Family
from vid3d.study.specs.score import ClipEmbed


def embedder(spec: ClipEmbed) -> str:
    """The embedder's name: MODEL/WEIGHTS, or the folder of a model that is a file."""
    model = Path(spec.model)
    if model.suffix == ".json":
        return model.parent.name or model.stem
    return f"{spec.model}{'-quickgelu' if spec.quick_gelu else ''}/{spec.weights}"


def coverage(study: Study, run: Run, root: Path) -> tuple[str, str]:
    """ "8 of the 24 procedural objects" and "5 of 25 frames"; "25 frames" where nothing is left out."""
    there = len(load_benchmark(run.benchmark, study.image, root))
    return of_benchmark(run.benchmark, len(run.images or ()), there), share(run.used_frames, run.seed.frames, "frame")


def of_benchmark(benchmark: str | None, count: int, total: int) -> str:
    """ "8 of the 24 procedural objects", "8 of the paper's 24 photographs", "8 of 24 images".

    The count comes first; where nothing is left out it is the only number.
    """
    if benchmark == "procedural":
        return share(count, total, "procedural object").replace(" of ", " of the ")
    if benchmark == "animate124":
        return f"{total} photographs of the paper" if count == total else f"{count} of the paper's {total} photographs"
    return share(count, total, "image")


def share(count: int, total: int, noun: str) -> str:
    """ "5 of 25 frames"; "25 frames" if that is all."""
    plural = noun if total == 1 else f"{noun}s"
    return f"{count} {plural}" if count == total else f"{count} of {total} {plural}"


def obstacles(run: Run, published: Published) -> list[str]:
    """Why a run's scores may not be compared with the published ones; empty if they may."""
    paper = published.benchmark
    reasons = []
    if run.benchmark != paper.name:
        reasons.append(f"benchmark {run.benchmark}, not {paper.name}")
    if not run.score.published:
        reasons.append(f"embedder {embedder(run.score)}, not {published.metric.embedder}")
    if run.benchmark == paper.name and len(run.images or ()) != paper.images:
        reasons.append(of_benchmark(paper.name, len(run.images or ()), paper.images))
    if run.used_frames != paper.frames:
        reasons.append(f"{run.used_frames} frames a clip, not {paper.frames}")
    return reasons


def sentence(phrase: str) -> str:
    """A phrase with a capital letter and a full stop; nothing of nothing."""
    return f"{phrase[0].upper()}{phrase[1:].rstrip('.')}." if phrase else ""


def sentences(*phrases: Any) -> str:
    """Those phrases of a table that are there, as sentences."""
    return " ".join(sentence(str(phrase)) for phrase in phrases if not pd.isna(phrase) and phrase)


def of_condition(study: Study, root: Path, family: Family, motion: int, views: int) -> dict[str, Any]:
    """What a row is about: method, run, kind, motion, views, images, frames, and the stamp as note."""
    images, frames = coverage(study, family.run, root)
    return {
        "method": family.run.title,
        "run": family.name,
        "kind": "control" if family.run.render.control else "run",
        "motion": motion,
        "views": views,
        "images": images,
        "frames": frames,
        "note": sentence(family.run.stamp),
    }


def at(table: pd.DataFrame, family: Family, motion: int, views: int) -> pd.DataFrame:
    """The rows of a family under one condition, of a table with run, motion and views."""
    return table[(table["run"] == family.name) & (table["motion"] == motion) & (table["views"] == views)]
