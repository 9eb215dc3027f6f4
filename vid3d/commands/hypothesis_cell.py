import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vid3d import files, journal
from vid3d.cameras import EVALUATION_CAMERAS, HELD_OUT_AZIMUTHS, orbit, sphere
from vid3d.errors import InputError
from vid3d.hypothesis.clips import quantised
from vid3d.hypothesis.filtering import median_over_time
from vid3d.hypothesis.outcomes import Tracks, of_clip, steadiness
from vid3d.hypothesis.registration import stamp
from vid3d.measures import metrics
from vid3d.scene import Cameras, Float32
from vid3d.splatting import rasteriser
from vid3d.stages import build
from vid3d.study.specs.score import EmbedSpec


def run(
    *,
    spec: EmbedSpec,
    condition: str,
    made_of: str,
    objects: Sequence[str],
    truth: Sequence[Path],
    splats: Sequence[Path],
    stored: int,
    output: Path,
    reach: int = 0,
    frozen: bool = False,
    benchmarks: Path | None = None,
) -> None:
    """Splats of a cell's clips to its outcomes, a row for each object.

    Args:
        spec: the embedder of CLIP-I.
        condition: JSON of what each row begins with.
        made_of: JSON of all settings behind the outcomes, for their record.
        objects: names.
        truth: of each object.
        splats: of each object all frames, object by object.
        stored: float32 numbers of which a clip consists.
        output: CSV to write.
        reach: frames to either side of the renders' median over time.
        frozen: show the first moment at all moments.
        benchmarks: Snakemake's notes on fits, from which seconds are read: FIT/OBJECT.tsv, as the splats' folders.
    """
    count = len(splats) // max(len(objects), 1)
    if not objects or len(truth) != len(objects) or len(splats) != count * len(objects):
        raise InputError("--objects, --truth and --splats must name equally many clips")
    embed = build(spec)
    rows = []
    for number, (name, path) in enumerate(zip(objects, truth, strict=True)):
        true = files.load_arrays(path, "held_out", "evaluation", "points", "positions", what="truth")
        held_out, evaluation = (true[key].astype(np.float32) / np.float32(255) for key in ("held_out", "evaluation"))
        size = held_out.shape[2]
        clip = splats[number * count : (number + 1) * count]
        shown = [clip[0]] * count if frozen else clip
        unseen = _drawn(shown, sphere(HELD_OUT_AZIMUTHS, 0.0, size), reach)
        around = _drawn(shown, orbit(EVALUATION_CAMERAS, size), reach)
        measured = of_clip(unseen, held_out, Tracks(true["points"], true["positions"]))
        embedded = np.stack([embed(list(files.to_uint8(images))) for images in around])
        source = embed([files.to_uint8(evaluation[0, 0])])[0]
        rows.append(
            json.loads(condition)
            | {"image": name}
            | measured
            | {
                "flicker": steadiness(around),
                "clip_source": metrics.overall_mean(metrics.cosines(embedded, source)),
                "clip_self": metrics.self_reference(metrics.cosines(embedded, embedded[0, 0])),
                "bytes_per_second": 4.0 * stored * files.FRAMES_PER_SECOND / count,
                "seconds": _seconds(benchmarks, clip[0].parent),
            }
        )
    item = json.loads(condition) | {"made_of": json.loads(made_of), "made_at": stamp(journal.commit())}
    files.save_rows(output, rows, files.Provenance("cell", spec.argument(), item))


def _drawn(clip: Sequence[Path], cameras: Cameras, reach: int) -> Float32:
    """(frames, cameras, s, s, 3): the renders, filtered and then quantised as in files."""
    drawn = [np.clip(rasteriser.render(files.load_splats(path), cameras), 0.0, 1.0) for path in clip]
    return quantised(median_over_time(np.stack(drawn), reach))


def _seconds(benchmarks: Path | None, folder: Path) -> float:
    """Processor seconds of a fit as Snakemake noted them; NaN where there is no note."""
    if benchmarks is None:
        return math.nan
    try:
        with (benchmarks / folder.parent.name / f"{folder.name}.tsv").open(newline="", encoding="utf-8") as stream:
            return float(next(csv.DictReader(stream, delimiter="\t"))["cpu_time"])
    except (OSError, KeyError, StopIteration, ValueError):
        return math.nan
