"""What figures are made of: a report's runs, their pictures and scores, and other methods' renders."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from vid3d import procedural
from vid3d.cameras import EVALUATION_CAMERAS, orbit
from vid3d.errors import InputError
from vid3d.external.scoring import External
from vid3d.files import load_filmstrip, load_json, to_uint8
from vid3d.scene import UInt8
from vid3d.study import figure_list, layout
from vid3d.study.config import Run, Study
from vid3d.tables import scores

FRONT, SIDE, BACK = 0, 3, 5  # evaluation cameras, at azimuths 0, 108 and 180 degrees


@dataclass(frozen=True)
class Source:
    """A report's results on disk.

    Attributes:
        study: restricted by ``study.only(report)``.
        root: the folder that holds ``results/``, ``reports/`` and ``benchmark/``.
        external: other methods whose renders were scored.
    """

    study: Study
    report: str
    root: Path
    external: tuple[External, ...] = ()

    @cached_property
    def runs(self) -> dict[str, Run]:
        """The report's runs that figures can show, in its order."""
        return figure_list.drawn(self.study, self.report)

    def first(self, vary: str = "") -> str:
        """The name of the first of these runs, or of the first that has several values of a setting."""
        return next(name for name, run in self.runs.items() if not vary or len(getattr(run, vary)) > 1)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The scores of all clips, one row per frame and camera, as ``scores.collect`` gives them."""
        return scores.collect(self.study, self.report, self.root)[0]

    @cached_property
    def mean_scores(self) -> pd.DataFrame:
        """The same as tables show them: averaged over replicates, under the name of the run that they replicate."""
        named = self.scores.assign(run=self.scores["run"].map(self.study.replicated))
        return named.groupby([*scores.CLIP, "frame", "camera"], sort=False, as_index=False).mean()

    def titled(self, runs: Sequence[str]) -> str:
        """The titles of runs whose ``mean_scores`` are shown, in quotation marks, with the number of replicates."""
        named = [self.study.replicated(name) for name in self.study.reports[self.report].runs]
        counts = {run: f" (mean of {named.count(run)} replicates)" if named.count(run) > 1 else "" for run in runs}
        return listed([f"“{self.runs[run].title}”{counts[run]}" for run in runs])

    def titled_once(self, run: str) -> str:
        """The title of a run in quotation marks, and the label by which a figure's rows call it."""
        label = self.runs[run].label
        return f"“{self.runs[run].title}”" + (f" ({label})" if label else "")

    def base(self, run: str, image: str) -> layout.Condition:
        """An image's clip at a run's base condition."""
        return layout.Condition(run, image, *self.runs[run].conditions[0])

    def at_base(self, rows: pd.DataFrame, run: str) -> pd.DataFrame:
        """Those rows, of a table with run, motion and views, that are of a run's base condition."""
        motion, views = self.runs[run].conditions[0]
        return rows[(rows["run"] == run) & (rows["motion"] == motion) & (rows["views"] == views)]

    def stamp(self, *runs: str) -> str:
        """What stands at a figure's foot: the runs, and what their numbers are not."""
        return " · ".join([f"run{'s' if len(runs) > 1 else ''} {', '.join(runs)}", *self.stamps(*runs)])

    def stamps(self, *runs: str) -> list[str]:
        """The stamps of runs that have one, each once."""
        return list(dict.fromkeys(self.runs[name].stamp for name in runs if self.runs[name].stamp))

    def words(self, name: str, frames: Sequence[int] = ()) -> dict[str, str]:
        """Words for the texts of a figure of a run at its base condition, and of the frames that it shows, if given."""
        run = self.runs[name]
        motion, views = run.conditions[0]
        times = {"times": f"frames {listed(frames)} of {run.used_frames}"} if frames else {}
        return {"run": run.title, "motion": str(motion), "views": str(views)} | times

    def reference(self, clip: layout.Condition, size: int) -> UInt8:
        """The clip's reference image, cut out on white, at most ``size`` pixels wide."""
        return tile(self.root / clip.path(layout.FOREGROUND, self.study), 0, 1, size)

    def render(self, clip: layout.Condition, frame: int, camera: int, size: int) -> UInt8:
        """One render of a clip, at most ``size`` pixels wide."""
        path = clip.path(layout.RENDERS, self.study, frame=layout.two(frame))
        return tile(self.root / path, camera, EVALUATION_CAMERAS, size)

    def truth(self, clip: layout.Condition, frame: int, camera: int) -> UInt8 | None:
        """What there is to see in place of a render, (s, s, 3) of its size; None where a run has no ground truth."""
        run = self.runs[clip.run]
        if not run.ground_truth:
            return None
        path = self.root / clip.path(layout.SUBJECT, self.study)
        described = load_json(path)
        if not (isinstance(described, dict) and isinstance(described.get("procedural"), dict)):
            raise InputError(f"{path}: does not describe a procedural object; delete it and run again")
        cameras = orbit(EVALUATION_CAMERAS, run.render.size).select([camera])
        shown = procedural.ObjectSpec.from_dict(described["procedural"])
        return to_uint8(procedural.render(shown, frame, clip.motion, cameras)[0][0])

    def view(self, clip: layout.Condition, frame: int, view: int, size: int) -> UInt8:
        """One generated view of a clip, at most ``size`` pixels wide."""
        path = clip.path(layout.ORBIT, self.study, frame=layout.two(frame))
        return tile(self.root / path, view, self.study.runs[clip.run].views.count, size)


def tile(path: Path, index: int, count: int, size: int) -> UInt8:
    """One of ``count`` square images side by side in a PNG, (s, s, 3) uint8 on white, at most ``size`` pixels wide.

    Raises:
        InputError: a file that is missing, corrupt or of another shape.
    """
    return fitted(to_uint8(load_filmstrip(path, count)[index]), size)


def fitted(image: UInt8, size: int) -> UInt8:
    """An image of any shape in a white square, (s, s, 3) uint8, at most ``size`` pixels wide."""
    height, width = image.shape[:2]
    edge = max(height, width)
    square = np.full((edge, edge, 3), 255, np.uint8)
    top, left = (edge - height) // 2, (edge - width) // 2
    square[top : top + height, left : left + width] = image
    if edge <= size:
        return square
    return np.asarray(Image.fromarray(square).resize((size, size), Image.Resampling.LANCZOS))


def moments(frames: int, columns: int) -> tuple[int, ...]:
    """Frame numbers of at most ``columns`` columns, first and last frame included, evenly spaced."""
    return tuple(int(frame) for frame in np.unique(np.linspace(0, frames - 1, min(columns, frames)).round()))


def azimuth(camera: int) -> str:
    """Where an evaluation camera stands."""
    return f"{360 * camera // EVALUATION_CAMERAS}°"


def listed(items: Sequence[object]) -> str:
    """The items as words: a, b and c."""
    *others, last = map(str, items)
    return f"{', '.join(others)} and {last}" if others else last


def quoted(images: Sequence[str]) -> str:
    """Names of images in quotation marks: “a”, “b” and “c”."""
    return listed([f"“{image}”" for image in images])
