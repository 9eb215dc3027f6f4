"""How well photographs are cut out without a learned model, against exact masks.

    python -m tests.speed.cutout [--sheet FILE.png] [--photographs FOLDER]

Ten procedural objects before ten backgrounds of each of four kinds, made here from seeds.  The masks are the ray
caster's.  Printed is the intersection over union (IoU) at coverage one half, by kind of background.  The sheet shows
every picture beside what is left of it on white, framed in red where the cut-out calls itself doubtful.  With a folder
the sheet shows the photographs in it instead, which have no masks.  Nothing here asserts anything.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vid3d import files, procedural
from vid3d.images.foreground import cut_out
from vid3d.images.photographs import open_photograph
from vid3d.scene import Float32, UInt8
from vid3d.study.benchmark import Procedural, load_benchmark

ROOT = Path(__file__).parents[2]
SIZE = 384  # pixels
OBJECTS = 10
TILE = 160  # pixels on the sheet


@dataclass(frozen=True)
class Case:
    """A picture, and which of its pixels are the object, (h, w) in [0, 1]."""

    name: str
    image: Float32
    mask: Float32


def _objects() -> Iterator[tuple[Float32, Float32]]:
    """Objects that stand a little above the bottom of the picture: colours on white and coverage."""
    entries = [entry for entry in load_benchmark("procedural", None, ROOT).values() if isinstance(entry, Procedural)]
    for index, entry in enumerate(entries[:: len(entries) // OBJECTS][:OBJECTS]):
        made = procedural.make_reference("object", entry.object, SIZE)
        rows = np.flatnonzero((made.alpha > 0.5).any(axis=1))
        shift = np.float32([[1, 0, 8 * (index % 5 - 2)], [0, 1, 0.88 * SIZE - rows[-1]]])
        colours = cv2.warpAffine(made.foreground, shift, (SIZE, SIZE), borderValue=(1.0, 1.0, 1.0))
        yield np.asarray(colours, np.float32), np.asarray(cv2.warpAffine(made.alpha, shift, (SIZE, SIZE)), np.float32)


def _colour(rng: np.random.Generator, low: float, high: float, tint: float) -> Float32:
    return np.clip(rng.uniform(low, high) + rng.uniform(-tint, tint, 3), 0.0, 1.0).astype(np.float32)


def _places() -> tuple[Float32, Float32]:
    y, x = np.mgrid[0 : 1 : SIZE * 1j, 0 : 1 : SIZE * 1j].astype(np.float32)
    return y, x


def _blend(a: Float32, b: Float32, weight: Float32) -> Float32:
    return np.asarray(a + (b - a) * weight[..., None], np.float32)


def _contact(mask: Float32, rng: np.random.Generator) -> Float32:
    """How dark the ground is below an object, (h, w) in [0, 1]: a soft ellipse at its foot."""
    rows, columns = np.nonzero(mask > 0.5)
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    foot = columns[rows > rows.max() - 0.12 * SIZE]
    middle, half = (foot.min() + foot.max()) / 2, max(0.12 * SIZE, 0.6 * (foot.max() - foot.min()))
    distance = ((x - middle - rng.uniform(-0.1, 0.1) * SIZE) / half) ** 2
    distance += ((y - rows.max()) / rng.uniform(0.02, 0.06) / SIZE) ** 2
    return np.exp(-distance) * np.float32(rng.uniform(0.3, 0.65))


def floor(mask: Float32, rng: np.random.Generator) -> Float32:
    """A wall that turns into a floor of another brightness, softly or at an edge, and the object's contact shadow."""
    y, x = _places()
    wall = _colour(rng, 0.35, 0.85, 0.05)
    ground = np.clip(wall + rng.choice([-1, 1]) * rng.uniform(0.1, 0.25) + rng.uniform(-0.04, 0.04, 3), 0.05, 0.97)
    horizon, softness = rng.uniform(0.6, 0.85), rng.choice([0.01, 0.05, 0.12])
    weight = 1 / (1 + np.exp(-(y - horizon) / softness)) + np.float32(0.15) * (x - 0.5) * rng.choice([-1, 1])
    light = 1.0 - 0.15 * ((x - 0.5) ** 2 + (y - 0.4) ** 2)
    picture = _blend(wall, ground.astype(np.float32), weight.astype(np.float32)) * light[..., None]
    return np.asarray(picture * (1.0 - _contact(mask, rng))[..., None], np.float32)


def gradient(mask: Float32, rng: np.random.Generator) -> Float32:
    """Two colours that run into each other along a line or from a spot of light."""
    y, x = _places()
    a, b = _colour(rng, 0.2, 0.6, 0.15), _colour(rng, 0.5, 0.95, 0.15)
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * np.pi)
        along = 0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    else:
        along = 1.0 - 1.2 * np.hypot(x - rng.uniform(0.3, 0.7), y - rng.uniform(0.2, 0.6))
    along = np.clip(along, 0.0, 1.0)
    return _blend(a, b, (along * along * (3 - 2 * along)).astype(np.float32))


def texture(mask: Float32, rng: np.random.Generator) -> Float32:
    """Cloth, grass or boards: two colours mixed by noise that is longer in one direction."""
    noise = np.zeros((SIZE, SIZE), np.float32)
    for scale in (1.0, 3.0, 9.0):
        grain = rng.normal(size=(SIZE, SIZE)).astype(np.float32)
        layer = cv2.GaussianBlur(grain, (0, 0), scale * rng.uniform(0.7, 3.0), sigmaY=scale)
        noise += layer / layer.std() * np.float32(rng.uniform(0.2, 1.0))
    return _blend(_colour(rng, 0.2, 0.7, 0.12), _colour(rng, 0.3, 0.9, 0.12), 1 / (1 + np.exp(-noise)))


def shadow(mask: Float32, rng: np.random.Generator) -> Float32:
    """A plain wall and ground with the object's shadow, moved, flattened and soft, and its contact shadow."""
    y, _ = _places()
    plain = _colour(rng, 0.55, 0.95, 0.05) * (1.0 - 0.1 * rng.random() * y)[..., None]
    foot = np.nonzero(mask > 0.5)[0].max()
    lean, flat = rng.uniform(-1.2, 1.2), rng.uniform(0.25, 0.9)
    cast = cv2.warpAffine(mask, np.float32([[1, -lean, lean * foot], [0, flat, (1 - flat) * foot]]), (SIZE, SIZE))
    cast = cv2.GaussianBlur(cast, (0, 0), rng.uniform(2.0, 14.0)) * np.float32(rng.uniform(0.25, 0.55))
    dark = np.maximum(cast, _contact(mask, rng))
    return np.asarray(plain * (1.0 - dark)[..., None], np.float32)


KINDS: tuple[Callable[[Float32, np.random.Generator], Float32], ...] = (floor, gradient, texture, shadow)


def cases() -> Iterator[Case]:
    """Every object before a background of every kind, with a camera's noise and softness."""
    for number, (colours, mask) in enumerate(_objects()):
        for index, kind in enumerate(KINDS):
            rng = np.random.default_rng([index, number])
            behind = kind(mask, rng)
            image = colours - (1.0 - mask[..., None]) + behind * (1.0 - mask[..., None])
            image = cv2.GaussianBlur(image, (0, 0), 0.6) + rng.normal(0, 0.006, image.shape)
            yield Case(kind.__name__, np.clip(image, 0.0, 1.0).astype(np.float32), mask)


def overlap(found: Float32, true: Float32) -> float:
    """Intersection over union at coverage one half."""
    a, b = found > 0.5, true > 0.5
    return float((a & b).sum() / (a | b).sum())


def _tile(image: Float32, found: Float32, doubt: str) -> UInt8:
    """A picture beside what is left of it on white."""
    left = image * found[..., None] + (1.0 - found[..., None])
    scale = TILE / max(image.shape[:2])
    shape = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    pair = np.full((TILE + 4, 2 * TILE + 4, 3), (220, 30, 30) if doubt else (255, 255, 255), np.uint8)
    for place, shown in enumerate((image, left)):
        small = files.to_uint8(np.asarray(cv2.resize(shown, shape, interpolation=cv2.INTER_AREA), np.float32))
        pair[2 : 2 + shape[1], 2 + place * TILE : 2 + place * TILE + shape[0]] = small
    return pair


def main() -> None:
    """Print the table, and write the sheet if one is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.speed.cutout", description=__doc__.splitlines()[0])
    parser.add_argument("--sheet", type=Path, help="a PNG to write")
    parser.add_argument("--photographs", type=Path, help="a folder of photographs for the sheet")
    options = parser.parse_args()
    tiles: list[UInt8] = []
    if options.photographs:
        for path in sorted(path for path in options.photographs.iterdir() if path.suffix in (".jpg", ".png")):
            image = open_photograph(path).image
            cut = cut_out(image)
            print(f"{path.name}: {cut.doubt or 'sure'}")
            tiles.append(_tile(image, cut.mask, cut.doubt))
    else:
        rows: dict[str, list[tuple[float, bool]]] = {}
        for case in cases():
            cut = cut_out(case.image)
            rows.setdefault(case.name, []).append((overlap(cut.mask, case.mask), bool(cut.doubt)))
            tiles.append(_tile(case.image, cut.mask, cut.doubt))
        print(
            "| background | IoU | least | below 0.8 | of these doubtful | doubtful in all |\n|---|---|---|---|---|---|"
        )
        for name, values in rows.items():
            ious, poor = [iou for iou, _ in values], [doubtful for iou, doubtful in values if iou < 0.8]
            found = sum(doubtful for _, doubtful in values)
            print(f"| {name} | {np.mean(ious):.3f} | {min(ious):.3f} | {len(poor)} | {sum(poor)} | {found} |")
    if options.sheet:
        tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % 4)
        lines = [np.concatenate(tiles[start : start + 4], axis=1) for start in range(0, len(tiles), 4)]
        files.save_picture(options.sheet, np.concatenate(lines))


if __name__ == "__main__":
    main()
