"""What recentring each frame by itself adds to a clip, on the procedural objects, whose true motion is known.

`python docs/pictures/recentring.py` in the repository (about 3 minutes on one core) prints the tables of
docs/deviations.md and draws docs/pictures/recentring.png.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from vid3d import procedural
from vid3d.cameras import orbit
from vid3d.images import preparation
from vid3d.images.preparation import Box
from vid3d.procedural.motion import flow as optical_flow
from vid3d.scene import Float32, Float64, UInt8
from vid3d.study.reading import read_yaml

SIZE, BORDER = 512, 0.3  # of the released code
MOTIONS = (120, 200)
STILL = 0.25  # a place whose true motion is less than so many pixels a frame counts as still
SHOWN = ("bird-red", "windmill-orange")
TILE, LABEL, GAP = 160, 190, 12


def rgba(image: Float32, alpha: Float32) -> UInt8:
    """The frame as a seed's file holds it: 8 bits, straight alpha, white where transparent."""
    a = alpha[..., None]
    straight = np.where(a > 0, (image - (1.0 - a)) / np.maximum(a, 1e-6), 1.0)
    return np.rint(np.clip(np.dstack([straight, alpha]), 0.0, 1.0) * 255.0).astype(np.uint8)


def frames(obj: procedural.ObjectSpec, motion: int) -> Iterator[tuple[UInt8, Float32, np.ndarray]]:
    """Of one period: pixels, true flow to the next frame (h, w, 2) in pixels, and where the object is (h, w)."""
    camera = orbit(1, SIZE)
    for frame in range(procedural.PERIOD):
        (image,), (alpha,) = procedural.render(obj, frame, motion, camera, supersampling=2)
        yield rgba(image, alpha), *optical_flow(obj, frame, motion, camera)


def scale(box: Box) -> float:
    """Pixels of the prepared image per pixel of the frame."""
    return SIZE * (1 - BORDER) / max(box.bottom - box.top, box.right - box.left)


def placed(points: Float64, box: Box) -> Float64:
    """Where points (n, 2) of the frame, x and y in pixels, are in the prepared image (up to its whole pixels)."""
    centre = np.array([box.left + box.right, box.top + box.bottom]) / 2
    return SIZE / 2 + (points - centre) * scale(box)


def measure(obj: procedural.ObjectSpec, motion: int) -> dict[str, float]:
    """What recentring by frame does to one clip; its last frame is followed by its first.

    Spread of the scale and of the place of a point at rest; per frame, how far the object's visible points move by
    their true motion and how far recentring moves them besides; PSNR of its resting points to the next frame.
    """
    clip, flows, masks = zip(*frames(obj, motion), strict=True)
    boxes = [preparation.bounds(frame, obj.name) for frame in clip]
    shared = preparation.union(boxes)
    ways = {"frame": boxes, "clip": [shared] * len(clip)}
    shown = {
        way: np.stack([preparation.recentre(f, b, SIZE, BORDER) for f, b in zip(clip, of, strict=True)])
        for way, of in ways.items()
    }
    scales = np.array([scale(box) for box in boxes])
    middle = np.array([[shared.left + shared.right, shared.top + shared.bottom]]) / 2
    path = np.concatenate([placed(middle, box) for box in boxes])
    false, true = [], []
    still: dict[str, list[Float32]] = {way: [] for way in ways}
    for t, (flow, mask) in enumerate(zip(flows, masks, strict=True)):
        after = (t + 1) % len(clip)
        rows, columns = np.nonzero(mask)
        points = np.stack([columns, rows], axis=1) + 0.5
        moved = points + flow[mask]
        drift = placed(moved, boxes[after]) - placed(moved, boxes[t])
        false.append(np.hypot(*drift.T).mean())
        true.append(np.hypot(*flow[mask].T).mean() * scale(boxes[t]))
        at_rest = points[np.hypot(*flow[mask].T) < STILL]
        for way, of in ways.items():
            x, y = np.clip(placed(at_rest, of[t]).astype(int), 0, SIZE - 1).T
            still[way].append((shown[way][t][y, x] - shown[way][after][y, x]).ravel())
    return {
        "scale, %": 100 * scales.std() / scales.mean(),
        "position, px": float(np.hypot(*path.std(axis=0))),
        "true motion, px": float(np.mean(true)),
        "false motion, px": float(np.mean(false)),
        **{f"PSNR still, {way}": decibels(np.concatenate(errors)) for way, errors in still.items()},
    }


def decibels(errors: Float32) -> float:
    """PSNR of differences; none of a handful of values."""
    return -10 * float(np.log10(np.mean(errors**2))) if len(errors) > 300 else float("nan")


def draw(objects: dict[str, procedural.ObjectSpec], motion: int) -> None:
    """Some frames of two objects, recentred both ways, with the frame's middle as a cross."""
    times = range(0, procedural.PERIOD, 2)
    rows = [(name, way) for name in SHOWN for way in ("frame", "clip")]
    width = LABEL + len(times) * (TILE + GAP)
    sheet = Image.new("RGB", (width, len(rows) * (TILE + GAP) + GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for row, (name, way) in enumerate(rows):
        clip = [pixels for pixels, _, _ in frames(objects[name], motion)]
        boxes = [preparation.bounds(frame, name) for frame in clip]
        top = GAP + row * (TILE + GAP)
        label = f"{name}\n{'each frame by itself' if way == 'frame' else 'one box for the clip'}"
        pen.text((8, top + TILE / 2), label, fill=(70, 70, 70), font=font, anchor="lm")
        for column, time in enumerate(times):
            box = boxes[time] if way == "frame" else preparation.union(boxes)
            image = np.rint(preparation.recentre(clip[time], box, TILE, BORDER) * 255).astype(np.uint8)
            left = LABEL + column * (TILE + GAP)
            sheet.paste(Image.fromarray(image), (left, top))
            pen.rectangle((left, top, left + TILE - 1, top + TILE - 1), outline=(200, 200, 200))
            for line in ((0, TILE / 2, TILE, TILE / 2), (TILE / 2, 0, TILE / 2, TILE)):
                pen.line([line[0] + left, line[1] + top, line[2] + left, line[3] + top], fill=(230, 190, 190))
    sheet.save(Path("docs/pictures/recentring.png"), optimize=True)


def main() -> None:
    """Print the tables and draw the picture."""
    objects = procedural.load_objects(read_yaml("benchmark/procedural/objects.yaml"))
    draw(objects, MOTIONS[0])
    for motion in MOTIONS:
        table = pd.DataFrame({name: measure(obj, motion) for name, obj in objects.items()}).T
        summary = pd.DataFrame({"mean": table.mean(), "median": table.median()}).T
        print(f"motion {motion}\n{pd.concat([table, summary]).round(2).to_string()}\n", flush=True)


if __name__ == "__main__":
    main()
