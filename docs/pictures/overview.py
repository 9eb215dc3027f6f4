"""The moving picture of the README: `python docs/pictures/overview.py` where the default report is finished.

It shows three objects through all stages of run `quick` at its first condition: their clips there and back, at half
their pace.  Another run is named behind it (`mini`, whose clips are longer).  Writes docs/pictures/overview.webp.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vid3d.files import FRAMES_PER_SECOND, atomic, load_pixels
from vid3d.study import layout
from vid3d.study.config import Study
from vid3d.study.parsing import load_study

PICTURE = Path("docs/pictures/overview.webp")
IMAGES = ("frog-green", "windmill-orange", "fish-teal")
COLUMNS = (  # what stands above it, the files of an image, which of the square images side by side in a file
    ("reference", layout.FOREGROUND, (0,)),
    ("seed", layout.SEED, (0,)),
    ("views 0°, 80°, 160°", layout.ORBIT, (0, 4, 8)),  # of 18
    ("renders 36°, 108°, 180°, 252°, 324°", layout.RENDERS, (1, 3, 5, 7, 9)),  # of 10
)
SCALE, GAP, HEAD = 2, 20, 36
GREY = (118, 124, 132)  # read as well on a white page as on a dark one
PACE = 2 * 1000 // FRAMES_PER_SECOND  # milliseconds a frame
QUALITY = 85


def tiles(path: Path, indices: Sequence[int]) -> Image.Image:
    """Some of the square images that stand side by side in a file, on white and enlarged."""
    picture = Image.fromarray(load_pixels(path)).convert("RGBA")
    white = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    size = white.height
    pixels = np.concatenate([np.asarray(white)[:, i * size : (i + 1) * size] for i in indices], axis=1)
    return Image.fromarray(pixels).resize((SCALE * pixels.shape[1], SCALE * size), Image.Resampling.LANCZOS)


def sheet(rows: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """One frame of all images: a row each, its pictures below the columns' titles, and nothing between them."""
    widths, height = [tile.width for tile in rows[0]], rows[0][0].height
    size = (sum(widths) + GAP * (len(widths) + 1), HEAD + height * len(rows))
    drawn = Image.new("RGBA", size, (*GREY, 0))
    draw, font = ImageDraw.Draw(drawn), ImageFont.load_default(18)
    for column, (title, _, _) in enumerate(COLUMNS):
        left = GAP + sum(widths[:column]) + GAP * column
        draw.text((left + widths[column] / 2, HEAD / 2), title, fill=(*GREY, 255), font=font, anchor="mm")
        for row, found in enumerate(rows):
            drawn.paste(found[column], (left, HEAD + row * height))
    return drawn


def sheets(study: Study, run: str, images: Sequence[str], root: Path) -> list[Image.Image]:
    """The frames of a run's clips of some images.

    Args:
        root: the folder that the results lie in.

    Raises:
        InputError: a file that is missing, or not as it was made.
    """
    motion, views = study.runs[run].conditions[0]
    clips = [layout.Condition(run, image, motion, views) for image in images]
    return [
        sheet(
            [
                [tiles(root / clip.path(artefact, study, frame=frame), shown) for _, artefact, shown in COLUMNS]
                for clip in clips
            ]
        )
        for frame in layout.frames(study.runs[run])
    ]


def save(frames: Sequence[Image.Image], path: Path) -> None:
    """A picture that moves through its frames and back, without end."""
    first, *others = [*frames, *frames[-2:0:-1]]
    with atomic(path) as temporary:
        first.save(temporary, save_all=True, append_images=others, duration=PACE, loop=0, quality=QUALITY, method=6)


def main(run: str = "quick") -> None:
    """Write the picture."""
    save(sheets(load_study(["config/study.yaml"], {}, Path()), run, IMAGES, Path()), PICTURE)


if __name__ == "__main__":
    main(*sys.argv[1:])
