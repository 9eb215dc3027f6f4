"""Tables 1-3, the held-out table and the table of protocols, from the unaggregated scores of a report's runs.

Table 1 also has other methods whose renders were scored (``vid3d.external``).  Every mean is a mean over images of
per-image means; the image is the benchmark's unit.  A missing row of any clip is an error that names it, and a study of
fewer images or frames than there are says so in every row: nothing is averaged silently.  A difference to a published
number is formed only where benchmark, images, frames and embedder are the paper's, and only under the protocol that
made the published number.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from vid3d import exports, external, layout, protocols
from vid3d.cameras import EVALUATION_CAMERAS
from vid3d.config import Run, Study, load_benchmark
from vid3d.files import atomic
from vid3d.published import Published, load_published
from vid3d.scores import CLIP, QUALITY
from vid3d.scores import collect as collect
from vid3d.specs import ClipEmbed

PROTOCOLS = ("source_reference", "self_reference")  # of the paper's text and of its script; protocols.NAMES are all
_CONDITION = ["run", "motion", "views"]
_COMPARABLE = ["benchmark", "embedder", "covers", "frames"]  # what rows share whose scores may be ranked together


# --- what a run covers -----------------------------------------------------------------------------------------------


def embedder(spec: ClipEmbed) -> str:
    """The embedder's name: MODEL/WEIGHTS, or the folder of a model that is a file."""
    model = Path(spec.model)
    return model.parent.name or model.stem if model.suffix == ".json" else f"{spec.model}/{spec.weights}"


def coverage(study: Study, run: Run, root: Path) -> tuple[str, str]:
    """ "8 of 24 images" and "5 of 25 frames"; "24 images" and "25 frames" where nothing is left out."""
    images, frames = len(run.images or ()), run.used_frames
    of_images, of_frames = len(load_benchmark(run.benchmark, study.image, root)), run.seed.frames
    return _of(images, of_images, "image"), _of(frames, of_frames, "frame")


def _of(count: int, total: int, noun: str) -> str:
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
        reasons.append(f"{len(run.images or ())} of {paper.images} images")
    if run.used_frames != paper.frames:
        reasons.append(f"{run.used_frames} frames a clip, not {paper.frames}")
    return reasons


# --- aggregating -----------------------------------------------------------------------------------------------------


def per_image(scores: pd.DataFrame) -> pd.DataFrame:
    """CLIP-I of every clip under each protocol: run, image, motion, views, and ``protocols.NAMES``."""
    return protocols.per_image(scores, CLIP)


def table1(
    study: Study, report: str, root: Path, scores: pd.DataFrame, others: Sequence[external.External] = ()
) -> pd.DataFrame:
    """Table 1: the published methods, then each run (controls too) at its base condition, then other methods."""
    wanted = [(name, *run.conditions[0]) for name, run in _scored(study, report)]
    return _table(1, study, root, scores, wanted, others)


def table2(study: Study, report: str, root: Path, scores: pd.DataFrame) -> pd.DataFrame:
    """Table 2: view counts at the base motion score, of the runs that vary them; controls draw no views."""
    wanted = [
        (name, run.motion_scores[0], views)
        for name, run in _rendered(study, report)
        for views in sorted(run.view_counts)
        if len(run.view_counts) > 1
    ]
    return _table(2, study, root, scores, wanted)


def table3(study: Study, report: str, root: Path, scores: pd.DataFrame) -> pd.DataFrame:
    """Table 3: motion scores at the base view count, of the runs that vary them; controls do not move."""
    wanted = [
        (name, motion, run.view_counts[0])
        for name, run in _rendered(study, report)
        for motion in sorted(run.motion_scores)
        if len(run.motion_scores) > 1
    ]
    return _table(3, study, root, scores, wanted)


def _scored(study: Study, report: str) -> list[tuple[str, Run]]:
    """The report's runs whose scores mean something."""
    return [(name, study.runs[name]) for name in study.reports[report].runs if not study.runs[name].plumbing]


def _rendered(study: Study, report: str) -> list[tuple[str, Run]]:
    """Those that draw splats."""
    return [(name, run) for name, run in _scored(study, report) if not run.render.control]


def _table(
    number: int,
    study: Study,
    root: Path,
    scores: pd.DataFrame,
    wanted: list[tuple[str, int, int]],
    others: Sequence[external.External] = (),
) -> pd.DataFrame:
    """Published rows, then one row per wanted (run, motion, views), then other methods."""
    published = load_published(root)
    rows: list[dict[str, Any]] = [
        {
            "method": row.method,
            "kind": "published",
            "benchmark": published.benchmark.name,
            "embedder": published.metric.embedder,
            "motion": row.motion,
            "views": row.views,
            "images": f"{published.benchmark.images} images",
            "published": row.value,
            "note": "Probably quoted from an earlier paper." if row.quoted else "",
        }
        for row in published.tables[number].rows
    ]
    means = per_image(scores).groupby(_CONDITION, sort=False)[list(protocols.NAMES)].mean()
    for condition in wanted:
        ours = {name: float(means[name][condition]) for name in protocols.NAMES}
        rows.append(_our_row(study, root, published, condition, ours))
    rows += [_their_row(other) for other in others]
    columns = ["method", "run", "kind", "benchmark", "embedder", "motion", "views", "images", "frames"]
    table = pd.DataFrame(rows, columns=[*columns, *protocols.NAMES, "published", "difference", "note"])
    return table.astype({"motion": "Int64", "views": "Int64", "published": float, "difference": float})


def _our_row(
    study: Study, root: Path, published: Published, condition: tuple[str, int, int], ours: dict[str, float]
) -> dict[str, Any]:
    """One run's row under one condition (run, motion, views), with the published value only where comparable."""
    name, motion, views = condition
    run = study.runs[name]
    images, frames = coverage(study, run, root)
    reasons = obstacles(run, published)
    value = None if reasons else published.value(motion, views)
    against = f"not comparable with published values: {'; '.join(reasons)}" if reasons else ""
    return {
        "method": run.title,
        "run": name,
        "kind": "control" if run.render.control else "run",
        "benchmark": run.benchmark,
        "embedder": embedder(run.score),
        "motion": motion,
        "views": views,
        "images": images,
        "frames": frames,
        **ours,
        "published": value,
        "difference": None if value is None else ours[published.metric.protocol] - value,
        "note": " ".join(_sentence(part) for part in (run.stamp, against) if part),
    }


def _their_row(other: external.External) -> dict[str, Any]:
    """One other method's row; its name stands where runs have theirs."""
    left_out = "; ".join(f"{left.image} ({left.lacks})" for left in other.covered.left_out)
    cameras = " or ".join(map(str, other.cameras))
    notes = [
        f"Renders made elsewhere, scored here by {embedder(other.spec)}",
        "" if other.cameras == (EVALUATION_CAMERAS,) else f"cameras per image: {cameras}, not {EVALUATION_CAMERAS}",
        other.method.note,
        *other.covered.notes,
        f"not counted: {left_out}" if left_out else "",
    ]
    return {
        "method": other.method.title,
        "run": other.name,
        "kind": "external",
        "benchmark": other.method.benchmark,
        "embedder": embedder(other.spec),
        "images": _of(len(other.images), other.covered.of, "image"),
        "frames": " or ".join(map(str, other.frames)) + (" frame" if other.frames == (1,) else " frames"),
        **{name: other.scores[name].mean(skipna=False) for name in protocols.NAMES},
        "note": " ".join(_sentence(" ".join(note.split())) for note in notes if note),
    }


def protocol_table(
    study: Study, report: str, root: Path, scores: pd.DataFrame, others: Sequence[external.External] = ()
) -> pd.DataFrame:
    """What the definition of the metric alone does to the ranking of runs, conditions and other methods.

    Returns:
        One row per run (or method), condition and protocol: run, kind, method, motion, views, benchmark, embedder,
        images, frames, n (how many images the mean is over), note, protocol, mean, rank and of
        (``protocols.comparison``).  Ranked together are rows of the same images, numbers of frames and cameras, and
        embedder.
    """
    wanted = [(name, *condition) for name, run in _scored(study, report) for condition in run.conditions]
    table = _table(1, study, root, scores, wanted, others)
    table = table[table["kind"] != "published"]
    images = {name: run.images or () for name, run in _scored(study, report)}
    cameras: dict[str, tuple[int, ...]] = dict.fromkeys(images, (EVALUATION_CAMERAS,))
    images |= {other.name: other.images for other in others}
    cameras |= {other.name: other.cameras for other in others}
    counts = {name: len(of) for name, of in images.items()}
    covers = {name: f"{','.join(sorted(of))} {cameras[name]}" for name, of in images.items()}
    table = table.assign(n=table["run"].map(counts).astype("Int64"), covers=table["run"].map(covers))
    columns = ["run", "kind", "method", "motion", "views", "benchmark", "embedder", "images", "frames", "n", "note"]
    ranked = protocols.comparison(table[[*columns, "covers", *protocols.NAMES]], _COMPARABLE)
    return ranked.drop(columns="covers")


def _sentence(phrase: str) -> str:
    """A phrase with a capital letter and a full stop; nothing of nothing."""
    return f"{phrase[0].upper()}{phrase[1:].rstrip('.')}." if phrase else ""


def held_out_table(study: Study, report: str, root: Path, held_out: pd.DataFrame) -> pd.DataFrame:
    """PSNR (dB) and SSIM at cameras that were not trained on, level (elevation 0) and raised (+-20 degrees) apart."""
    columns = ["method", "run", "motion", "views", "images", "frames"]
    columns += ["psnr_level", "ssim_level", "psnr_raised", "ssim_raised", "note"]
    rows: list[dict[str, object]] = []
    for name in study.reports[report].runs:
        run, ours = study.runs[name], held_out[held_out["run"] == name]
        for motion, views in run.conditions if len(ours) else ():
            rows_here = ours[(ours["motion"] == motion) & (ours["views"] == views)]
            row: dict[str, object] = {"method": run.title, "run": name, "motion": motion, "views": views}
            row["images"], row["frames"] = coverage(study, run, root)
            for label, chosen in {"level": rows_here["elevation"] == 0, "raised": rows_here["elevation"] != 0}.items():
                quality = rows_here[chosen].groupby("image")[list(QUALITY)].mean().mean()
                row |= {f"psnr_{label}": quality["psnr"], f"ssim_{label}": quality["ssim"]}
            rows.append(row | {"note": _sentence(run.stamp)})
    return pd.DataFrame(rows, columns=columns)


def write(study: Study, report: str, root: Path, others: Sequence[Path] = ()) -> list[Path]:
    """Write the CSV files of a report (``layout.tables``) and their exports; returns the paths of the CSV files.

    The held-out table has no rows where no run has ground truth.

    Args:
        others: scores of other methods' renders (``layout.EXTERNAL_SCORES``), for Table 1.
    """
    scores, held_out = collect(study, report, root)
    methods = external.collect(study, others, root)
    tables = (
        table1(study, report, root, scores, methods),
        table2(study, report, root, scores),
        table3(study, report, root, scores),
        held_out_table(study, report, root, held_out),
        protocol_table(study, report, root, scores, methods),
    )
    paths = [root / path for path in layout.tables(report)]
    for path, table in zip(paths, tables, strict=True):
        with atomic(path) as temporary:
            table.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")
    exports.write(paths, root / layout.MACROS.format(report=report))
    return paths
