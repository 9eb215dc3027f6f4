"""What the mini models were to reach on held-out objects, and whether they did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Judged = Mapping[str, Any]


@dataclass(frozen=True)
class Aim:
    """One figure and its limit.

    Attributes:
        text: what the figure is.  unit: how it is written, a format of one number.
        figure: reads it from what judging found.
        least, most: the limit, of which one is given.
    """

    text: str
    unit: str
    figure: Callable[[Judged], float]
    least: float | None = None
    most: float | None = None

    def met(self, judged: Judged) -> bool:
        """Whether the figure keeps its limit."""
        value = self.figure(judged)
        return bool(value >= self.least) if self.least is not None else bool(value <= (self.most or 0.0))

    def row(self, judged: Judged) -> str:
        """A row of a Markdown table: figure, limit, what was reached and whether that is enough."""
        word, number = ("at least", self.least) if self.least is not None else ("at most", self.most)
        limit = f"{word} {self.unit.format(number)}"
        verdict = "reached" if self.met(judged) else "**not reached**"
        return f"| {self.text} | {limit} | {self.unit.format(self.figure(judged))} | {verdict} |"


def _mean(name: str) -> Callable[[Judged], float]:
    return lambda judged: float(judged["means"][name])


def _worst_object(name: str) -> Callable[[Judged], float]:
    """The highest of the objects' means."""

    def figure(judged: Judged) -> float:
        of: dict[str, list[float]] = {}
        for row in judged["rows"]:
            of.setdefault(row["object"], []).append(row[name])
        return max(float(np.mean(values)) for values in of.values())

    return figure


def _over_scores(name: str) -> Callable[[Judged], float]:
    return lambda judged: float(np.mean([means[name] for means in judged["means"].values()]))


def _worst_motion(judged: Judged) -> float:
    return max(abs(means["measured"] / float(asked) - 1.0) for asked, means in judged["means"].items())


def _lost(kind: str, strength: float) -> Callable[[Judged], float]:
    """The share of the mini CLIP's range, from undamaged views down to other objects, that a damage costs."""

    def figure(judged: Judged) -> float:
        evaluation = judged["evaluation"]
        scores = evaluation["clip_i_under_damage"][kind]
        damaged = scores[evaluation["damage_strengths"][kind].index(strength)]
        return float((scores[0] - damaged) / (scores[0] - evaluation["clip_i_of_another_object"]))

    return figure


def _not_falling(judged: Judged) -> float:
    return float(sum((np.diff(s) >= 0).sum() for s in judged["evaluation"]["clip_i_under_damage"].values()))


def _in_order(judged: Judged) -> float:
    order = judged["generated"]["order"]
    return float(order["clip_i"] / max(order["psnr"], 1))


AIMS: dict[str, list[Aim]] = {
    "autoencoder": [Aim("images, PSNR", "{:.2f} dB", lambda judged: float(judged["psnr"]), least=33.0)],
    "views": [
        Aim("first view, PSNR", "{:.2f} dB", _mean("first_view"), least=30.0),
        Aim("views 1 to 17, PSNR", "{:.2f} dB", _mean("generated"), least=24.0),
        Aim("IoU of masks", "{:.3f}", _mean("generated_iou"), least=0.91),
        Aim("gradient energy, of the truth's", "{:.2f}", _mean("generated_gradient"), least=0.75),
        Aim("orbits above the nearest", "{:.0%}", lambda judged: float(judged["above_nearest"]), least=1.0),
        Aim("colour (CIEDE2000), worst object", "{:.1f}", _worst_object("generated_colour"), most=10.0),
        Aim("hue, mean error", "{:.1f} degrees", _mean("generated_hue"), most=15.0),
        Aim("processor time of a view", "{:.0f} ms", _mean("milliseconds"), most=60.0),
    ],
    "seed": [
        Aim("first frame, PSNR", "{:.2f} dB", _over_scores("first_frame"), least=30.0),
        Aim("motion, worst deviation from the score asked", "{:.0%}", _worst_motion, most=0.15),
        Aim("colour (CIEDE2000), worst object", "{:.1f}", _worst_object("generated_colour"), most=10.0),
        Aim("hue, mean error", "{:.1f} degrees", _over_scores("generated_hue"), most=15.0),
    ],
    "clip": [
        Aim("lost to noise of 0.02 (36 dB)", "{:.1%}", _lost("noise", 0.02), most=0.10),
        Aim("lost to noise of 0.05 (28 dB)", "{:.1%}", _lost("noise", 0.05), most=0.25),
        Aim("lost to blur of half a pixel", "{:.1%}", _lost("blur", 0.5), most=0.10),
        Aim("lost to JPEG at quality 75", "{:.1%}", _lost("compression", 25.0), most=0.10),
        Aim("lost to four floaters", "{:.1%}", _lost("floaters", 4.0), most=0.10),
        Aim("lost to noise of 0.4", "{:.1%}", _lost("noise", 0.4), least=0.50),
        Aim("lost to blur of 4 pixels", "{:.1%}", _lost("blur", 4.0), least=0.50),
        Aim("lost to half of the object missing", "{:.1%}", _lost("missing", 0.5), least=0.15),
        Aim("steps of growing damage that do not lower the score", "{:.0f}", _not_falling, most=0.0),
        Aim(
            "right caption of 64, all views",
            "{:.1%}",
            lambda judged: float(judged["evaluation"]["retrieval"]["all_views"]),
            least=0.90,
        ),
        Aim(
            "generated views: objects with 18 views above 3, of those where PSNR says so",
            "{:.1%}",
            _in_order,
            least=20 / 24,
        ),
    ],
}
