"""The model cards of the mini diffusion models: every number is read from the files that training and judging left."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from vid3d import files
from vid3d.training.aims import AIMS
from vid3d.training.scenes import COLOURINGS

SEED, VIEWS = "seed", "views"

_CARD = """# Mini {title}

{purpose} Stable Video Diffusion's architecture in small, trained on procedural objects by us. **It knows twelve kinds
of objects on white at 64 px and nothing else**: what it makes is no evidence on the paper's models.

<!-- Made by `vid3d train-card {kind}` from training.json, training.csv and judged.json. Do not edit. -->

## Model

diffusers' own classes, loaded by `StableVideoDiffusionPipeline.from_pretrained`: AutoencoderKLTemporalDecoder (4 latent
channels at a quarter of the size), UNetSpatioTemporalConditionModel ({unet:.2f} M parameters), a CLIP vision encoder
and EulerDiscreteScheduler; all weights float16 safetensors, {megabytes:.1f} MB. diffusers builds group norms of a fixed
number of groups: `vid3d.weights.group_norms` applies the one that `channels_per_group` in `config.json` asks for, and
without it the pictures are wrong.

## Training

Data: {denoiser[clips]:,} painted objects of the procedural family, each geometry in {colourings} colourings,
{denoiser[frames]} images each, rendered by `vid3d train-scenes`. One combination of class and colours in eight is held
out, among them every named object of the benchmark.

| part | steps | minutes | parameters | started from |
|---|---|---|---|---|
{parts}

Minutes of wall clock on one thread each of a shared 2-core machine{budget}. `make train-diffusion` repeats it{caveat}.

![Losses](training.png)

Held out, at the right: mean squared error of the clean latents of 96 clips of held-out combinations, none of them the
benchmark's, seen through noise of {watched}. What overfits would rise there.

## The autoencoder by itself

{autoencoder}

## On the {objects} held-out objects of the benchmark

Sampled with the settings of run `mini`: `{spec}`.

{scores}

| aim | limit | reached | |
|---|---|---|---|
{aims}

All samples, none selected ({sheet}):

![All samples](sheet.webp)

## Limits

{limits}
"""

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
- Views are of 64 px, and the autoencoder alone loses detail of about a pixel.""",
    SEED: """- Motion is measured by one estimator on small images; calibrated on truth, it has errors of its own.
- It animates each class in the one way that it has seen, from a rest pose.
- Clips are of 64 px, and the autoencoder alone loses detail of about a pixel.""",
}


def write(kind: str, folder: Path) -> None:
    """Write ``README.md`` and ``training.png`` into the folder of the model of ``kind`` (seed or views).

    Raises:
        InputError: ``training.json`` or ``judged.json`` is missing or broken.
    """
    training, judged = files.load_json(folder / "training.json"), files.load_json(folder / "judged.json")
    _loss_figure(folder, training["denoiser"])
    megabytes = sum(path.stat().st_size for path in folder.rglob("*.safetensors")) / 1e6
    files.save_text(folder / "README.md", card(kind, training, judged, megabytes))


def card(kind: str, training: dict[str, Any], judged: dict[str, Any], megabytes: float) -> str:
    """The card's text.

    Args:
        training: by part, what ``vid3d train-...`` says of itself.
        judged: what ``vid3d train-judge`` found.
    """
    denoiser = training["denoiser"]
    limited = any(part["budget_minutes"] is not None for part in training.values())
    return _CARD.format(
        title={VIEWS: "multi-view model", SEED: "seed video model"}[kind],
        purpose=_PURPOSE[kind],
        kind=kind,
        unet=denoiser["parameters"] / 1e6,
        megabytes=megabytes,
        denoiser=denoiser,
        colourings=COLOURINGS,
        watched=", ".join(f"{sigma:g}" for sigma in denoiser["noise_levels_watched"]),
        autoencoder=_autoencoder(training["autoencoder"]["judged"]),
        aims="\n".join(aim.row(judged) for aim in AIMS[kind]),
        parts="\n".join(_part(name, run) for name, part in training.items() for run in _runs(part)),
        budget=", each part ended by its budget of time" if limited else "",
        caveat=", with other numbers where a budget of time ended a part" if limited else "",
        objects=len({row["object"] for row in judged["rows"]}),
        spec=judged["spec"],
        scores={VIEWS: _views_scores, SEED: _seed_scores}[kind](judged),
        sheet=_SHEET[kind],
        limits=_LIMITS[kind],
    )


def _runs(part: dict[str, Any]) -> list[dict[str, Any]]:
    """A part's training, after those of the models that it was begun with, as far as they left word of themselves."""
    return [*(_runs(part["before"]) if "before" in part else []), part]


def _part(name: str, part: dict[str, Any]) -> str:
    cells = [
        name.replace("_", " "),
        " + ".join(f"{steps:,}" for steps in part["steps"]),
        " + ".join(f"{minutes:g}" for minutes in part["minutes"]),
        f"{part['parameters'] / 1e6:.2f} M",
        part.get("initialised_from") or "nothing",
    ]
    return f"| {' | '.join(cells)} |"


def _autoencoder(judged: dict[str, Any]) -> str:
    (aim,) = AIMS["autoencoder"]
    return (
        f"{judged['images']} images of the benchmark's held-out objects, encoded and decoded: {judged['psnr']:.2f} dB"
        f" (aimed at: {aim.least:g}, which is {'reached' if aim.met(judged) else '**not reached**'}), the foreground"
        f" {judged['foreground_psnr']:.2f} dB; median colour difference of the foreground (CIEDE2000)"
        f" {judged['colour']:.1f}, mean hue error of saturated pixels {judged['hue']:.1f} degrees, gradient energy"
        f" {judged['gradient']:.2f} of the truth's. Crops, the truth above what came back:\n\n"
        "![Crops](autoencoder.webp)"
    )


FIGURES = ("", "_iou", "_flip", "_gradient", "_gradient_inside", "_colour", "_hue")
_FORMATS = ("{:.2f} dB", "{:.3f}", "{:.3f}", "{:.2f}", "{:.2f}", "{:.1f}", "{:.1f}")
_HEAD = "PSNR | IoU of masks | FLIP | gradient energy | the same inside | colour | hue |"


def _row(label: str, means: dict[str, float], key: str) -> str:
    """A row of figures, of which some may not have been measured."""
    cells = [
        form.format(means[key + figure]) if key + figure in means else "-"
        for figure, form in zip(FIGURES, _FORMATS, strict=True)
    ]
    return f"| {label} | {' | '.join(cells)} |"


def _shares(means: dict[str, float]) -> str:
    silhouette, colour, texture = (means[f"generated_error_{kind}"] for kind in ("silhouette", "colour", "texture"))
    return (
        f"Of the squared error, {silhouette:.0%} lies outside the common silhouette; inside, {colour:.0%} is colour"
        f" (means of 8 x 8 pixels) and {texture:.0%} texture."
    )


_MEANING = (
    "FLIP at 67 pixels per degree, 0 is best; gradient energy as a ratio to the truth's, below 1 is blur, also inside"
    " the common silhouette alone; colour: median CIEDE2000 of the truth's foreground; hue: mean error in degrees where"
    " the truth is saturated."
)


def _views_scores(judged: dict[str, Any]) -> str:
    means = judged["means"]
    labels = {
        "generated": "sampled views",
        "repeated": "the input repeated",
        "nearest": "the nearest training orbit",
    }
    return "\n".join(
        [
            f"| against ground truth, views 1 to 17 | {_HEAD}",
            f"|---|{'---|' * len(FIGURES)}",
            *(_row(label, means, key) for key, label in labels.items()),
            "",
            f"{_MEANING} {_shares(means)}",
            "",
            f"First view against the input: {means['first_view']:.2f} dB. Nearer to the truth than to the truth in"
            f" reverse order, so turning the right way: {judged['turned_right']:.0%} of {len(judged['rows'])} orbits.",
        ]
    )


def _seed_scores(judged: dict[str, Any]) -> str:
    ordered = sorted(judged["means"].items(), key=lambda item: int(item[0]))
    rows = [
        f"| {asked} | {means['measured']:.1f} | {means['truth']:.1f} | {means['first_frame']:.2f} dB |"
        for asked, means in ordered
    ]
    return "\n".join(
        [
            "| motion score asked | measured in samples | measured in ground truth | first frame, PSNR |",
            "|---|---|---|---|",
            *rows,
            "",
            "Measured: mean length of the optical flow by dense inverse search on grey images, over the object's"
            f" pixels, times {judged['gain']:.3f}, which fits it to known scores of other objects (least squares).",
            "",
            f"| against ground truth, frames 1 to 13, at score | {_HEAD}",
            f"|---|{'---|' * len(FIGURES)}",
            *(_row(asked, means, "generated") for asked, means in ordered),
            "",
            _MEANING,
        ]
    )


def _loss_figure(folder: Path, denoiser: dict[str, Any]) -> None:
    """Each model's loss over its steps, phase after phase, and the denoiser's error on held-out clips."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for row in files.load_rows(folder / "training.csv", {"model": str, "phase": str, "step": float, "loss": float}):
        curve = curves.setdefault(f"{row['model'].replace('_', ' ')}, phase {row['phase']}", [])
        curve.append((row["step"], row["loss"]))
    figure = Figure(figsize=(11, 2.6), layout="constrained")
    *panels, last = figure.subplots(1, len(curves) + 1)
    for axes, (title, curve) in zip(panels, curves.items(), strict=True):
        axes.plot(*np.array(curve).T, color="C0")
        axes.set(xlabel="step", yscale="log")
        axes.set_title(title, fontsize="small")
    errors, before = [], 0  # of all runs, one after the other
    for run in _runs(denoiser):
        (watched,) = run["held_out"]
        errors += [(before + int(step), *watched[step]) for step in sorted(watched, key=int)]
        before += sum(run["steps"])
    steps, *curves_of_noise = zip(*errors, strict=True)
    for sigma, curve_of_noise in zip(denoiser["noise_levels_watched"], curves_of_noise, strict=True):
        last.plot(steps, curve_of_noise, marker=".", label=f"noise {sigma:g}")
    last.set(xlabel="step", yscale="log")
    last.set_title("denoiser, held out", fontsize="small")
    last.locator_params(axis="x", nbins=2)
    last.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.axes[0].set_ylabel("loss")
    save_chart(folder / "training.png", figure)


def save_chart(path: Path, figure: Figure) -> None:
    """A figure of a card as PNG; equal figures give equal bytes."""
    with files.atomic(path) as temporary:
        figure.savefig(temporary, dpi=100, metadata={"Software": None})
