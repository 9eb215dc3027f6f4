"""Outcomes of the experiment's cells, made up so that the answer is known, and what is made of them."""

import math
from pathlib import Path

import numpy as np

from vid3d import files
from vid3d.commands import hypothesis_figure, hypothesis_verdicts
from vid3d.hypothesis import analysis
from vid3d.study.layout import FIGURE_FORMATS

MADE_AT = {"commit": "1" * 40, "clean": True}

KINDS = ("figure", "frog", "windmill", "fish", "dog", "bird", "truck", "robot")
OBJECTS = [f"{kind}-{colour}" for kind in KINDS for colour in ("blue", "orange", "red")]


def row(image, given, arm, error, psnr=24.0, clip=0.8, noise=0.0, **other):
    base = {"budget": 4.0, "motion": 120, "events": 0, "views": 18, "replicate": 1, "number": ""}
    rest = dict.fromkeys(analysis.OUTCOMES, 0.5)
    values = {"psnr": psnr + noise, "temporal_error": error * math.exp(noise / 10), "clip_source": clip + noise / 500}
    return {"input": given, "arm": arm, **base, "image": image, **rest, **values, **other}


def fake(gain=0.0, lost=0.0, event=2.0, on_motion_200=True, frozen=0.0):
    """Cells in which low-rank and joint err exp(gain) times less in time with mini views, and independence loses
    ``lost`` dB; the gain is in proportion to the level of a fault, and nothing at none.  Of a planted jitter's cost in
    time they take back four fifths; a frozen arm keeps ``frozen`` of the motion, of which independence keeps 0.8.
    """
    rng, rows = np.random.default_rng(0), []
    for image in OBJECTS:
        for arm in ("independent", "warm", "joint", "low-rank"):
            modelled, clear = arm in analysis.RIVALS, arm == "independent"

            def add(given, error, psnr=24.0, clip=0.8, image=image, arm=arm, **other):
                rows.append(row(image, given, arm, error, psnr, clip, rng.normal(0, 0.1), **other))

            for motion in (120, 200) if on_motion_200 else (120,):
                error = 0.1 * math.exp(-gain * modelled)
                for replicate in (1, 2, 3) if motion == 120 else (1,):
                    add("mini", error, 24 - lost * clear, motion=motion, replicate=replicate)
            add("truth", 0.02, motion_kept=rng.normal(0.8, 0.01), flicker=rng.normal(0.5, 0.01))
            add("planted", 0.02 + 0.03 * (0.2 if modelled else 1.0))
            for fault in analysis.FAULTS:
                for level, name in ((0.5, f"{fault}-half"), (1, fault), (2, f"{fault}-twice")):
                    add(name, 0.05 * math.exp(-gain * level * modelled * (fault != "recentring")))
            for given in ("truth", "mini"):
                add(given, 0.1, 24 + event * clear, events=1)
                add(given, 0.1, 23.98, budget=2.0)
        rows.append(row(image, "truth", "frozen", 0.1, flicker=0.0, motion_kept=frozen))
        rows.append(row(image, "mini", "independent", 0.1, clip=0.7, noise=rng.normal(0, 0.1), views=3))
    return rows


def write_result(folder: Path) -> None:
    """What the experiment would make of such cells, in one folder, with two films."""
    rows = fake(gain=0.5)
    parts = {"first": rows[: len(rows) // 2], "second": rows[len(rows) // 2 :]}
    for name, part in parts.items():
        record = files.Provenance("cell", "{}", {"made_at": MADE_AT})
        files.save_rows(folder / f"cells/{name}.csv", part, record)
    outputs = {"output": "verdicts.json", "table": "table4.csv", "doses": "figure11.csv"}
    cells = [folder / f"cells/{name}.csv" for name in parts]
    hypothesis_verdicts.run(cells=cells, **{name: folder / file for name, file in outputs.items()})
    figure = [folder / f"figure11.{suffix}" for suffix in FIGURE_FORMATS]
    hypothesis_figure.run(doses=folder / "figure11.csv", output=figure)
    for name in OBJECTS[:2]:
        files.save_video(folder / f"films/{name}.mp4", np.full((2, 16, 48, 3), 200, np.uint8))
