"""The model cards of the mini diffusion models: every number is read from the files that training and judging left."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from vid3d import files

SEED, VIEWS = "seed", "views"

_CARD = """# Mini {title}

{purpose} Stable Video Diffusion's architecture in small, trained on procedural objects by us. **It knows twelve kinds
of objects on white at 64 px and nothing else**: what it makes is no evidence on the paper's models.

<!-- Made by `vid3d train-card {kind}` from training.json, training.csv and judged.json. Do not edit. -->

## Model

diffusers' own classes, loaded by `StableVideoDiffusionPipeline.from_pretrained`: AutoencoderKLTemporalDecoder (8 latent
channels at an eighth of the size), UNetSpatioTemporalConditionModel ({unet:.2f} M parameters), a CLIP vision encoder
and EulerDiscreteScheduler; all weights float16 safetensors, {megabytes:.1f} MB. diffusers builds group norms of a fixed
number of groups: `vid3d.weights.group_norms` applies the one that `channels_per_group` in `config.json` asks for, and
without it the pictures are wrong.

## Training

Data: {clips:,} sampled objects of the procedural family, {frames} images each, rendered by `vid3d train-scenes`. One
combination of class and colours in eight is held out, among them every named object of the benchmark.

| part | steps | minutes | parameters | started from |
|---|---|---|---|---|
{parts}
{notes}
Minutes of wall clock on one thread each of a shared 2-core machine{budget}. `make train-diffusion` repeats it{caveat}.

![Losses](training.png)

## On the {objects} held-out objects of the benchmark

Sampled with the settings of run `mini`: `{spec}`.

{scores}

All samples, none selected ({sheet}):

![All samples](sheet.webp)

## Limits

{limits}
"""

AIM_DB, AIM_IOU, AIM_FIRST = 3.0, 0.06, 25.0  # of the views; set before any was trained

_PURPOSE = {
    VIEWS: "One image to 18 views on an orbit.",
    SEED: "One image and a motion score to a clip of 14 frames.",
}
_SHEET = {
    VIEWS: "for each object at rest and in motion, the truth above what was sampled, view 0 at the left",
    SEED: "for each object the truth at motion score 120 above what was sampled at scores 40, 120 and 200",
}
_LIMITS = {
    VIEWS: """- PSNR rewards blur; look at the sheet.
- It has seen each class from within 20 degrees of a characteristic view only, at elevation 0 and one distance.
- Views are of 64 px, and the autoencoder alone loses detail of less than about two pixels.""",
    SEED: """- Motion is measured by one estimator on small images; calibrated on truth, it has errors of its own.
- It animates each class in the one way that it has seen, from a rest pose.
- Clips are of 64 px, and the autoencoder alone loses detail of less than about two pixels.""",
}


def write(kind: str, folder: Path) -> None:
    """Write ``README.md`` and ``training.png`` into the folder of the model of ``kind`` (seed or views).

    Raises:
        InputError: ``training.json`` or ``judged.json`` is missing or broken.
    """
    training, judged = files.load_json(folder / "training.json"), files.load_json(folder / "judged.json")
    _loss_figure(folder)
    files.save_text(folder / "README.md", card(kind, training, judged, _megabytes(folder)))


def card(kind: str, training: dict[str, Any], judged: dict[str, Any], megabytes: float) -> str:
    """The card's text.

    Args:
        training: by part, what ``vid3d train-...`` says of itself.
        judged: what ``vid3d train-judge`` found.
    """
    denoiser = training["denoiser"]
    budgets = {part["budget_minutes"] for part in training.values()}
    limited = any(budget is not None for budget in budgets)
    return _CARD.format(
        title={VIEWS: "multi-view model", SEED: "seed video model"}[kind],
        purpose=_PURPOSE[kind],
        kind=kind,
        unet=denoiser["parameters"] / 1e6,
        megabytes=megabytes,
        clips=denoiser["clips"],
        frames=denoiser["frames"],
        parts="\n".join(_part(name, part) for name, part in training.items()),
        notes=_notes(training),
        budget=", each part ended by its budget of time" if limited else "",
        caveat=", with other numbers where a budget of time ended a part" if limited else "",
        objects=len({row["object"] for row in judged["rows"]}),
        spec=judged["spec"],
        scores={VIEWS: _views_scores, SEED: _seed_scores}[kind](judged),
        sheet=_SHEET[kind],
        limits=_LIMITS[kind],
    )


def _part(name: str, part: dict[str, Any]) -> str:
    cells = [
        name.replace("_", " "),
        " + ".join(f"{steps:,}" for steps in part["steps"]),
        " + ".join(f"{minutes:g}" for minutes in part["minutes"]),
        f"{part['parameters'] / 1e6:.2f} M",
        Path(part.get("initialised_from") or "nothing").name,
    ]
    return f"| {' | '.join(cells)} |"


def _notes(training: dict[str, Any]) -> str:
    """What was done by hand, a line for each part of which anything is told, between empty lines."""
    lines = [f"- {name.replace('_', ' ')}: {part['notes']}." for name, part in training.items() if "notes" in part]
    return "".join(f"{line}\n" for line in ["", *lines] if lines)


def _views_scores(judged: dict[str, Any]) -> str:
    means = judged["means"]
    rows = [
        f"| {label} | {means[key]:.2f} dB | {means[key + '_iou']:.3f} |"
        for label, key in (
            ("sampled views", "generated"),
            ("the input repeated", "repeated"),
            ("the nearest training orbit", "nearest"),
        )
    ]
    return "\n".join(
        [
            "| against ground truth, views 1 to 17 | PSNR | IoU of masks |",
            "|---|---|---|",
            *rows,
            "",
            f"First view against the input: {means['first_view']:.2f} dB. Nearer to the truth than to the truth in"
            f" reverse order, so turning the right way: {judged['turned_right']:.0%} of {len(judged['rows'])} orbits.",
            "",
            f"Aimed at: {AIM_DB:g} dB and {AIM_IOU:g} of IoU above both others, which is {_whether(_reached(means))}; a"
            f" first view of {AIM_FIRST:g} dB, which is {_whether(means['first_view'] >= AIM_FIRST)}.",
        ]
    )


def _reached(means: dict[str, float]) -> bool:
    """Whether what was sampled is as much better than either way of not generating anything as it was to be."""
    others = ("repeated", "nearest")
    return all(
        means["generated"] - means[other] >= AIM_DB and means["generated_iou"] - means[f"{other}_iou"] >= AIM_IOU
        for other in others
    )


def _whether(reached: bool) -> str:
    return "reached" if reached else "**not reached**"


def _seed_scores(judged: dict[str, Any]) -> str:
    rows = [
        f"| {asked} | {means['measured']:.1f} | {means['truth']:.1f} | {means['first_frame']:.2f} dB |"
        for asked, means in sorted(judged["means"].items(), key=lambda item: int(item[0]))
    ]
    return "\n".join(
        [
            "| motion score asked | measured in samples | measured in ground truth | first frame, PSNR |",
            "|---|---|---|---|",
            *rows,
            "",
            "Measured: mean length of the optical flow by dense inverse search on grey images, over the object's"
            f" pixels, times {judged['gain']:.3f}, which fits it to known scores of other objects (least squares).",
        ]
    )


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*.safetensors")) / 1e6


def _loss_figure(folder: Path) -> None:
    """Each model's loss over its steps, phase after phase."""
    curves: dict[str, list[tuple[float, float]]] = {}
    with (folder / "training.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            curve = curves.setdefault(f"{row['model'].replace('_', ' ')}, phase {row['phase']}", [])
            curve.append((float(row["step"]), float(row["loss"])))
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    for axes, (title, curve) in zip(figure.subplots(1, len(curves)), curves.items(), strict=True):
        axes.plot(*np.array(curve).T, color="C0")
        axes.set(title=title, xlabel="step", yscale="log")
    figure.axes[0].set_ylabel("loss")
    with files.atomic(folder / "training.png") as temporary:
        figure.savefig(temporary, dpi=100, metadata={"Software": None})
