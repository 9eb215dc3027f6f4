"""The picture of the README, from the files of run `quick`: `python docs/pictures/overview.py` in the repository.

The seeds of `quick` are those of `mini`.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

RESULTS, SCALE, FRAME = Path("results"), 2, 3
IMAGES = ("frog-green", "windmill-orange", "fish-teal")
MOMENT = f"frame-{FRAME:02d}.png"
COLUMNS = (
    ("reference", "mini/{image}/reference-foreground.png", (0,)),
    (f"seed, frame {FRAME}", "mini/{image}/motion-120/seed/" + MOMENT, (0,)),
    ("views 0°, 80°, 160°", "quick/{image}/motion-120/orbit/" + MOMENT, (0, 4, 8)),
    ("renders 36°, 108°, 180°, 252°, 324°", "quick/{image}/motion-120/views-18/renders/" + MOMENT, (1, 3, 5, 7, 9)),
)
GAP, HEAD = 20, 36


def tiles(path: Path, indices: tuple[int, ...]) -> Image.Image:
    """Some of the square images that stand side by side in a file, enlarged."""
    picture = Image.open(path).convert("RGBA")
    white = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    size = white.height
    pixels = np.concatenate([np.asarray(white)[:, i * size : (i + 1) * size] for i in indices], axis=1)
    return Image.fromarray(pixels).resize((SCALE * pixels.shape[1], SCALE * size), Image.Resampling.LANCZOS)


def main() -> None:
    """Write docs/pictures/overview.png."""
    rows = [[tiles(RESULTS / path.format(image=image), indices) for _, path, indices in COLUMNS] for image in IMAGES]
    widths = [tile.width for tile in rows[0]]
    height = rows[0][0].height
    sheet = Image.new("RGB", (sum(widths) + GAP * (len(widths) + 1), HEAD + height * len(rows)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(18)
    for column, (title, _, _) in enumerate(COLUMNS):
        left = GAP + sum(widths[:column]) + GAP * column
        draw.text((left + widths[column] / 2, HEAD / 2), title, fill=(70, 70, 70), font=font, anchor="mm")
        for row, found in enumerate(rows):
            sheet.paste(found[column], (left, HEAD + row * height))
    sheet.save("docs/pictures/overview.png", optimize=True)


if __name__ == "__main__":
    main()
