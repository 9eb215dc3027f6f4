"""A page with viewers on it and little else: what the browser tests open.

By hand: ``python tests/browser/demo.py FOLDER`` and open FOLDER/index.html.
"""

import sys
from pathlib import Path

import jinja2
import numpy as np

from vid3d.files import Provenance, save_splats
from vid3d.report import gallery
from vid3d.report.viewer import SOURCES, Shown, SplatClip, download, write_clip, write_ply_sequence
from vid3d.scene import Splats

ROOT = Path(__file__).parents[2]
FRAMES, SPLATS = 4, 2000
FITTED = 64  # pixels, of the clip of few splats
PAGE = """
{% from "viewer/viewer.html" import embed, scripts %}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Viewers</title>
<link rel="stylesheet" href="style.css">
<link rel="stylesheet" href="viewer.css">
</head>
<body>
<main>
<h1>Viewers</h1>
{% for viewer in viewers %}
<section>
<h2>{{ viewer.title }}</h2>
{{ embed(viewer) }}
</section>
{% endfor %}
</main>
{{ scripts(sources) }}
</body>
</html>
"""


def write_page(page: Path, viewers: list[Shown]) -> Path:
    """``index.html`` with these viewers, and the sources that it needs; returns its path."""
    for source in SOURCES:
        gallery.copy(ROOT / "reports" / source, page / source)
    (page / "style.css").write_text((ROOT / "reports" / "style.css").read_text())
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "reports"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    scripts = [source for source in SOURCES if source.endswith(".js")]
    (page / "index.html").write_text(environment.from_string(PAGE).render(viewers=viewers, sources=scripts))
    return page / "index.html"


def write_demo(page: Path, splats: int = SPLATS) -> Path:
    """Two viewers of synthetic splats: one with a clip under two conditions, one with another clip."""
    clips = []
    for key, subject, label, motion, count, fitted in (
        ("waver-dense", "waver", "many splats, motion 1", 1.0, splats, None),
        ("waver-sparse", "waver", "few splats, motion 2", 2.0, splats // 4, FITTED),
        ("other-dense", "other", "many splats", -1.0, splats, None),
    ):
        paths = []
        for index in range(FRAMES):
            path = page.parent / "splats" / key / f"{index}.ply"
            save_splats(path, waver(index / FRAMES, motion, count), Provenance("demo", "{}", {"frame": index}))
            paths.append(path)
        clip = SplatClip(key, subject, label, tuple(paths), fitted)
        archive = page / "downloads" / f"{key}.zip"
        write_ply_sequence(clip, archive)
        clips.append(write_clip(clip, page, [download("PLY sequence", archive, page)]))
    return write_page(page, [Shown("Two conditions", tuple(clips[:2])), Shown("One clip", tuple(clips[2:]))])


def waver(time: float, motion: float, count: int) -> Splats:
    """A figure without any symmetry that moves: a body, a head with a nose to +x, and one raised arm to +y.

    Args:
        time: 0 to 1, a period.
        motion: how far the arm swings; below 0 it is the other figure, whose arm is long.
        count: splats, flat ones on the surfaces.
    """
    rng = np.random.default_rng(7)
    lift = 0.4 + 0.35 * motion * np.sin(2 * np.pi * time + 0.3)
    arm = np.array([0.05, np.cos(lift), np.sin(lift)]) * (0.3 if motion > 0 else 0.42)
    parts = [  # centre, radii, colour, share of the splats
        ((0.0, 0.0, -0.2), (0.2, 0.28, 0.36), (0.85, 0.3, 0.2), 0.5),
        ((0.05, 0.0, 0.3), (0.2, 0.18, 0.2), (0.95, 0.8, 0.3), 0.25),
        ((0.27, 0.03, 0.28), (0.12, 0.05, 0.05), (0.1, 0.2, 0.5), 0.05),
        (tuple(np.array([0.0, 0.25, 0.0]) + arm), (0.09, 0.09, 0.09), (0.2, 0.55, 0.35), 0.2),
    ]
    positions, normals, colours = [], [], []
    for centre, radii, colour, share in parts:
        direction = rng.standard_normal((round(count * share), 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        normal = direction / np.array(radii)
        positions.append(np.array(centre) + direction * np.array(radii))
        normals.append(normal / np.linalg.norm(normal, axis=1, keepdims=True))
        stripes = 0.75 + 0.25 * np.sign(np.sin(12 * direction[:, 2:] + 3 * direction[:, :1]))
        colours.append(np.array(colour) * stripes)
    n = sum(map(len, positions))
    size = np.log(np.array([0.6, 0.35, 0.05]) / np.sqrt(count)) * np.ones((n, 3)) + rng.uniform(-0.3, 0.3, (n, 3))
    return Splats(
        positions=np.concatenate(positions).astype(np.float32),
        quaternions=_towards(np.concatenate(normals)).astype(np.float32),
        log_scales=size.astype(np.float32),
        opacity_logits=rng.uniform(-1.0, 5.0, n).astype(np.float32),
        colours=((np.concatenate(colours) - 0.5) / 0.28209479177387814).astype(np.float32),
    )


def _towards(normals: np.ndarray) -> np.ndarray:
    """Quaternions wxyz of the shortest turns from +z to each normal."""
    quaternions = np.stack([1.0 + normals[:, 2], -normals[:, 1], normals[:, 0], np.full(len(normals), 1e-6)], axis=1)
    return quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)


if __name__ == "__main__":
    print(write_demo(Path(sys.argv[1])))
