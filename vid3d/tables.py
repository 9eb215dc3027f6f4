"""Tables 1-3 and the held-out table, from the unaggregated scores of a report's runs.

Every mean is a mean over images of per-image means; the image is the benchmark's unit.  A missing row of any clip is an
error that names it, and a study of fewer images or frames than there are says so in every row: nothing is averaged
silently.  A difference to a published number is formed only where benchmark, images, frames and embedder are the
paper's, and only under the protocol that made the published number.
"""

import itertools
from pathlib import Path
from typing import Any

import pandas as pd

from vid3d import layout
from vid3d.cameras import EVALUATION_CAMERAS, HELD_OUT_AZIMUTHS, HELD_OUT_ELEVATIONS, HELD_OUT_RAISED_AZIMUTHS
from vid3d.config import Run, Study, load_benchmark
from vid3d.errors import InputError
from vid3d.files import atomic
from vid3d.metrics import self_reference, source_reference
from vid3d.published import Published, load_published
from vid3d.specs import ClipEmbed

PROTOCOLS = {"source_reference": source_reference, "self_reference": self_reference}  # columns of scores.csv
HELD_OUT_CAMERAS = len(HELD_OUT_AZIMUTHS) + len(HELD_OUT_ELEVATIONS) * len(HELD_OUT_RAISED_AZIMUTHS)
_CLIP = ["run", "image", "motion", "views"]
_CONDITION = ["run", "motion", "views"]
_QUALITY = {"psnr": (0.0, float("inf")), "ssim": (-1.0, 1.0)}  # dB; unitless


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


# --- collecting ------------------------------------------------------------------------------------------------------


def collect(study: Study, report: str, root: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of all clips of a report's runs, and PSNR and SSIM at held-out cameras of those with ground truth.

    Runs of random weights (``plumbing``) are left out: nothing that follows has their scores.

    Args:
        study: restricted by ``study.only(report)``.
        root: the folder that holds ``results/``.

    Returns:
        Scores, one row per frame and evaluation camera: run, image, motion, views, frame, camera (int64),
        source_reference and self_reference (float64 cosines in [-1, 1]).  Held-out quality, one row per frame and
        held-out camera: run, image, motion, views, frame, camera, azimuth and elevation (degrees), psnr (dB), ssim.

    Raises:
        InputError: names the first missing (run, image, motion, views, frame, camera) or the first bad value.
    """
    scores, held_out = [], []
    for name in study.reports[report].runs:
        run = study.runs[name]
        if run.plumbing:
            continue
        if not run.images:
            raise InputError(f"runs.{name}: has no images; give some with `images` (or `image` for a picture of yours)")
        for clip in layout.conditions(study, name):
            path = root / clip.path(layout.SCORES, study, "score")
            limits = dict.fromkeys(PROTOCOLS, (-1.0, 1.0))
            scores.append(_rows(path, clip, run.used_frames, EVALUATION_CAMERAS, limits))
            if run.ground_truth:
                path = root / clip.path(layout.HELD_OUT, study, "render")
                held_out.append(_rows(path, clip, run.used_frames, HELD_OUT_CAMERAS, _QUALITY, "azimuth", "elevation"))
    return (
        _stacked(scores, [*_CLIP, "frame", "camera", *PROTOCOLS]),
        _stacked(held_out, [*_CLIP, "frame", "camera", "azimuth", "elevation", *_QUALITY]),
    )


def _stacked(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _rows(
    path: Path,
    clip: layout.Condition,
    frames: int,
    cameras: int,
    limits: dict[str, tuple[float, float]],
    *others: str,
) -> pd.DataFrame:
    """The rows of one clip's CSV that the study uses, in order of frame and camera, checked, with the run's name."""
    where = f"run {clip.run}, image {clip.image}, motion {clip.motion}, views {clip.views}"
    try:
        table = pd.read_csv(path)
    except FileNotFoundError:
        raise InputError(f"{path}: missing ({where}, frame 0, camera 0); run the workflow to make it") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable as CSV ({error}); delete it and run again") from None
    lacking = [column for column in ("frame", "camera", *others, *limits) if column not in table.columns]
    if lacking:
        raise InputError(f"{path}: lacks the column {lacking[0]}; delete it and run again")
    if table.duplicated(["frame", "camera"]).any():
        raise InputError(f"{path}: lists a frame and camera twice; delete it and run again")
    table = table.set_index(["frame", "camera"])
    for frame, camera in itertools.product(range(frames), range(cameras)):
        if (frame, camera) not in table.index:
            raise InputError(f"{path}: missing row: {where}, frame {frame}, camera {camera}; delete it and run again")
    table = table.loc[list(itertools.product(range(frames), range(cameras)))].reset_index()
    for column, (low, high) in limits.items():
        values = pd.to_numeric(table[column], errors="coerce")
        wrong = table[~values.between(low - 1e-6, high + 1e-6)]
        if len(wrong):
            at = f"{where}, frame {wrong['frame'].iloc[0]}, camera {wrong['camera'].iloc[0]}"
            raise InputError(
                f"{path}: {column} {wrong[column].iloc[0]} at {at} is out of range; delete it and run again"
            )
    identity: dict[str, Any] = {"run": clip.run, "image": clip.image, "motion": clip.motion, "views": clip.views}
    return table.assign(**identity)[[*identity, "frame", "camera", *others, *limits]]


# --- aggregating -----------------------------------------------------------------------------------------------------


def per_image(scores: pd.DataFrame) -> pd.DataFrame:
    """CLIP-I of every clip under each protocol: run, image, motion, views, and one column per protocol."""
    rows = []
    for clip, group in scores.groupby(_CLIP, sort=False):
        cosines = {name: group.pivot(index="frame", columns="camera", values=name) for name in PROTOCOLS}
        means = {name: mean(cosines[name].to_numpy(float)) for name, mean in PROTOCOLS.items()}
        rows.append(dict(zip(_CLIP, clip, strict=True)) | means)
    return pd.DataFrame(rows, columns=[*_CLIP, *PROTOCOLS])


def table1(study: Study, report: str, root: Path, scores: pd.DataFrame) -> pd.DataFrame:
    """Table 1: the published methods, then each run (controls too) at its base condition."""
    wanted = [(name, *run.conditions[0]) for name, run in _scored(study, report)]
    return _table(1, study, root, scores, wanted)


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
    number: int, study: Study, root: Path, scores: pd.DataFrame, wanted: list[tuple[str, int, int]]
) -> pd.DataFrame:
    """Published rows, then one row per wanted (run, motion, views)."""
    published = load_published(root)
    means = per_image(scores).groupby(_CONDITION, sort=False)[list(PROTOCOLS)].mean()
    rows: list[dict[str, Any]] = [
        {
            "method": row.method,
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
    for name, motion, views in wanted:
        ours = {protocol: means[protocol][name, motion, views] for protocol in PROTOCOLS}
        rows.append(_our_row(study, root, published, (name, motion, views), ours))
    columns = ["method", "run", "benchmark", "embedder", "motion", "views", "images", "frames", *PROTOCOLS]
    table = pd.DataFrame(rows, columns=[*columns, "published", "difference", "note"])
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
                quality = rows_here[chosen].groupby("image")[list(_QUALITY)].mean().mean()
                row |= {f"psnr_{label}": quality["psnr"], f"ssim_{label}": quality["ssim"]}
            rows.append(row | {"note": _sentence(run.stamp)})
    return pd.DataFrame(rows, columns=columns)


def write(study: Study, report: str, root: Path) -> list[Path]:
    """Write ``tables/table{1,2,3}.csv`` and ``tables/held-out.csv`` of a report; returns their paths.

    The held-out table has no rows where no run has ground truth.
    """
    scores, held_out = collect(study, report, root)
    tables = {
        root / layout.TABLE.format(report=report, number=number): table(study, report, root, scores)
        for number, table in ((1, table1), (2, table2), (3, table3))
    }
    tables[root / layout.HELD_OUT_TABLE.format(report=report)] = held_out_table(study, report, root, held_out)
    for path, frame in tables.items():
        with atomic(path) as temporary:
            frame.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")
    return list(tables)
