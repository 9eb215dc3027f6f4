"""Figure 9: further examples, two beside each other, each at three moments and two cameras."""

from vid3d.figures import comparison, crop, films
from vid3d.figures.catalogue import Drawn
from vid3d.figures.sheet import GAP, PAGE, RESOLUTION, Sheet
from vid3d.figures.source import FRONT, SIDE, Source, azimuth, listed, moments, quoted
from vid3d.study.figure_list import COMPARISONS

MOST = 12  # images
_MOMENTS = 3
_BETWEEN, _HEAD, _NAME = 0.14, 0.16, 0.16  # inches: between the halves; above a half; above a row, for the image's name


def further(source: Source) -> Drawn:
    """The images of the first run that the comparisons leave over, at its base condition."""
    name = source.first()
    run = source.runs[name]
    left_over = comparison.images(source)[len(COMPARISONS) :]
    shown = left_over[:MOST]
    frames = moments(run.used_frames, _MOMENTS)
    places = [(camera, frame) for camera in (FRONT, SIDE) for frame in frames]
    side = ((PAGE - _BETWEEN) / 2 - GAP * (len(places) + 3)) / (len(places) + 1)
    pixels = round(side * RESOLUTION / films.SMALLEST)
    lines = -(-len(shown) // 2)
    sheet = Sheet(PAGE, _HEAD + lines * (_NAME + side), source.stamp(name))
    for number, image in enumerate(shown):
        half, line = divmod(number, lines)
        left = GAP + half * (PAGE + _BETWEEN) / 2
        top = _HEAD + line * (_NAME + side) + _NAME
        lefts = [left + side + 3 * GAP + place * (side + GAP) for place in range(len(places))]
        if line == 0:
            for camera, start in ((FRONT, 0), (SIDE, len(frames))):
                middle = (lefts[start] + lefts[start + len(frames) - 1] + side) / 2
                sheet.text(middle, _HEAD / 2, f"{azimuth(camera)}, frames {listed(frames)}")
        clip = source.base(name, image)
        sheet.text(left, top - 0.06, image, ha="left")
        reference = source.reference(clip, pixels)
        pictures = [source.render(clip, frame, camera, pixels) for camera, frame in places]
        square = crop.around([reference, *pictures])
        sheet.image(square.of(reference), left, top, side)
        sheet.frame(left, top, side)
        for at, picture in zip(lefts, pictures, strict=True):
            sheet.image(square.of(picture), at, top, side)
    words = source.words(name, frames) | {
        "images": quoted(shown),
        "extent": f"{len(shown)} of {len(left_over)}" if len(shown) < len(left_over) else f"all {len(shown)}",
        "cameras": listed([azimuth(camera) for camera in (FRONT, SIDE)]),
    }
    return Drawn(sheet.figure, words, stamp=run.stamp)
