import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from vid3d import cameras, files, journal, randomness
from vid3d.errors import InputError
from vid3d.scene import Views
from vid3d.stages import Progress, build
from vid3d.study.specs.fit import FitSpec


def run(
    *,
    spec: FitSpec,
    image: str,
    frames: Sequence[int],
    orbit: Sequence[Path],
    output: Sequence[Path],
    report: Sequence[Path] = (),
    generated: int = cameras.GENERATED_VIEWS,
    views: int = cameras.GENERATED_VIEWS,
    batch: int = 1,
) -> None:
    """Orbit filmstrips to splats.

    Fit the frames independently of each other, unless the Spec says otherwise: then they are all of a clip, in order.

    Args:
        spec: the backend and its settings.
        image: name of the reference image, from which the fit's randomness derives.
        frames: numbers of the frames.
        orbit: their filmstrips.
        output: a PLY for each.
        report: JSON for each, with its loss curve (default: beside the PLY).
        generated: views in each filmstrip.
        views: how many of them to fit, uniformly spaced.
        batch: how many frames to fit together, on a GPU.
    """
    if not len(frames) == len(orbit) == len(output):
        raise InputError("--frames, --orbit and --output must name equally many items")
    if batch < 1:
        raise InputError(f"--batch: {batch} frames cannot be fitted together; give 1 or more")
    if spec.whole_clip and list(frames) != list(range(len(frames))):
        raise InputError(f"--frames: {spec.backend} fits a whole clip; name all of its frames, in order, from 0")
    fit = build(spec)
    batch = len(frames) if spec.whole_clip else batch
    used = cameras.view_indices(generated, views)
    reports = report or [path.with_name(f"{path.stem}-fit.json") for path in output]
    jobs = list(zip(frames, orbit, output, reports, strict=True))
    for start in range(0, len(jobs), batch):
        together = jobs[start : start + batch]
        with journal.part():
            moments, rngs = [], []
            for index, source, _, _ in together:
                images = files.load_filmstrip(source, generated)
                moments.append(Views(images[used], cameras.orbit(generated, images.shape[1]).select(used)))
                rngs.append(randomness.generator(spec.seed, "splat", image, index))
            with _progress_bar(" ".join(["frame", *(str(index) for index, *_ in together)])) as progress:
                fitted = fit(moments, rngs, progress)
            for (index, _, ply, curve), (splats, told) in zip(together, fitted, strict=True):
                item = {"image": image, "frame": index, "views": views}
                provenance = files.Provenance("splat", spec.argument(), item)
                files.save_splats(ply, splats, provenance)
                files.save_fit_report(curve, told, provenance)


@contextmanager
def _progress_bar(title: str) -> Iterator[Progress | None]:
    """A callback that draws a bar on standard error, or None where that is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc=title, unit="step", leave=False) as bar:

        def update(done: int, total: int, loss: float) -> None:
            bar.total = total
            bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
            bar.update(done - bar.n)

        yield update
