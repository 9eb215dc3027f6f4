"""Generated files: valid ones that were changed as errors and attackers change them, and some that were never valid."""

import io
import json
import struct
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from hypothesis import strategies as st
from PIL import Image

from tests.workflow.conftest import ROOT, TINY
from vid3d import files
from vid3d.scene import Splats

NUMBERS = (0, 1, 2, 255, 256, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
ODD = (
    *("", " ", "..", "../../etc/passwd", "/etc/passwd", "a/../../b", "x" * 5000, "name with space", "-rf", "--config"),
    *(
        "$(touch /tmp/x)",
        "`id`",
        "a;b|c&d",
        "'",
        '"',
        "\\",
        "{frame}",
        "{{",
        "%s%n",
        "\x00",
        "\x1b[2J",
        "a\nb",
        "a\r\nb",
    ),
    *(
        "<script>alert(1)</script>",
        "&amp;",
        "é",
        "漢字",
        "\u202e",
        "\ud7ff",
        "NaN",
        "inf",
        "-1",
        "1e999",
        "0x10",
        "1_000",
    ),
    *("9" * 400, "null", "true", "2001-99-99", "!!python/object:os.system", "&a", "*a", "<<", "~", "[", "{", "- - -"),
)
PROVENANCE = files.Provenance("seed", "{}", {"image": "a", "frame": 0})


@st.composite
def changed(draw: st.DrawFn, valid: tuple[bytes, ...], tokens: tuple[bytes, ...] = ()) -> bytes:
    """A valid file with up to eight changes.

    Args:
        tokens: what may stand in the place of others; empty for files that are not text.
    """
    content = bytearray(draw(st.sampled_from(valid)))
    for _ in range(draw(st.sampled_from((0, 1, 1, 1, 1, 2, 2, 3, 5, 8)))):
        place = draw(st.integers(0, max(0, len(content) - 1))) if content else 0
        if draw(st.booleans()):
            place %= 512  # headers are what sizes stand in
        match draw(st.sampled_from(("flip", "number", "cut", "drop", "repeat", "insert", "token"))):
            case "flip" if content:
                content[place % len(content)] ^= 1 << draw(st.integers(0, 7))
            case "number":
                width = draw(st.sampled_from((1, 2, 4, 8)))
                number = draw(st.sampled_from(NUMBERS)) % (1 << 8 * width)
                order = draw(st.sampled_from(("little", "big")))
                content[place : place + width] = number.to_bytes(width, order)
            case "cut":
                del content[place:]
            case "drop":
                del content[place : place + draw(st.integers(1, 64))]
            case "repeat":
                part = content[place : place + draw(st.integers(1, 256))]
                content[place:place] = part * draw(st.integers(1, 20))
            case "insert":
                content[place:place] = draw(st.binary(max_size=32))
            case "token" if tokens:
                words = content.split(b" ")
                words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(tokens))
                content = bytearray(b" ".join(words))
            case _:
                pass
    return bytes(content[: 1 << 20])


TOKENS = tuple(text.encode() for text in ODD) + tuple(str(number).encode() for number in NUMBERS)


def picture(mode: str, form: str, size: tuple[int, int] = (40, 24), **options: object) -> bytes:
    """A small image file with a disc in it."""
    rows, columns = np.mgrid[: size[1], : size[0]]
    disc = (columns - size[0] / 2) ** 2 + (rows - size[1] / 2) ** 2 < 80
    pixels = np.where(disc[..., None], (200, 40, 30, 255), (255, 255, 255, 0)).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, form, **options)
    return stream.getvalue()


@cache
def images() -> tuple[bytes, ...]:
    """One of each format and mode that people have."""
    plain = [("RGB", form) for form in ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "PPM", "GIF")]
    others = [
        ("RGBA", "PNG"),
        ("P", "PNG"),
        ("L", "PNG"),
        ("I;16", "PNG"),
        ("CMYK", "JPEG"),
        ("LA", "PNG"),
        ("1", "TIFF"),
    ]
    found = [picture(mode, form) for mode, form in plain]
    for mode, form in others:
        found.append(picture("L", form) if mode == "I;16" else picture(mode, form))
    found.append(_sixteen_bits())
    exif = Image.Exif()
    exif[0x0112] = 6
    found.append(picture("RGB", "JPEG", exif=exif))
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found.append(picture("RGB", "PNG", icc_profile=profile))
    return tuple(found)


def _sixteen_bits() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((24, 40), 40000, np.uint16)).save(stream, "PNG")
    return stream.getvalue()


@cache
def studys_images() -> tuple[bytes, ...]:
    """PNGs of the study, with and without alpha."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.png"
        found = []
        for alpha in (None, np.full((8, 8), 0.5, np.float32)):
            files.save_image(path, np.full((8, 8, 3), 0.5, np.float32), PROVENANCE, alpha)
            found.append(path.read_bytes())
    return tuple(found)


def some_splats(count: int) -> Splats:
    """Splats near the origin."""
    values = np.random.default_rng(count).normal(size=(count, 14)).astype(np.float32)
    return Splats(values[:, :3], values[:, 3:7], values[:, 7:10] - 3, values[:, 10], values[:, 11:14])


@cache
def plys() -> tuple[bytes, ...]:
    """Ours, with other line ends, and in other forms."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.ply"
        files.save_splats(path, some_splats(24), PROVENANCE)
        ours = path.read_bytes()
    head, mark, body = ours.partition(b"end_header\n")
    return (
        ours,
        head.replace(b"\n", b"\r\n") + b"end_header\r\n" + body,
        head.replace(b"little", b"big") + mark + body,
        head.replace(b"float x", b"list uchar int x") + mark + body,
        head.replace(b"float nx", b"double nx") + mark + body,
    )


@cache
def safetensors() -> tuple[bytes, ...]:
    """Two small tensors, by the format's description: a length, a header in JSON, the numbers."""
    numbers = np.arange(12, dtype=np.float32).tobytes()
    header = {
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F32", "shape": [3, 2], "data_offsets": [0, 24]},
        "b": {"dtype": "F16", "shape": [12], "data_offsets": [24, 48]},
    }
    text = json.dumps(header).encode()
    return (struct.pack("<Q", len(text)) + text + numbers, struct.pack("<Q", 2) + b"{}")


@cache
def videos() -> tuple[bytes, ...]:
    """Four frames as H.264 in MP4, and as MPEG-4 in Matroska and AVI."""
    import av

    frames = np.tile(np.arange(32, dtype=np.uint8)[None, :, None, None], (4, 1, 48, 3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mp4"
        files.save_video(path, frames)
        found = [path.read_bytes()]
        for form in ("matroska", "avi"):
            with av.open(str(path), "w", format=form) as container:
                stream = container.add_stream("mpeg4", rate=10)
                stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
                for frame in frames:
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
                container.mux(stream.encode())
            found.append(path.read_bytes())
    return tuple(found)


CSV = b'image,frame,camera,value\na,0,1,0.5\nb,1,2,\n"c,d",2,3,nan\n'


@st.composite
def csvs(draw: st.DrawFn) -> bytes:
    """Cells of all kinds under heads that are wanted, or a valid file that was changed."""
    if draw(st.booleans()):
        return draw(changed((CSV,), TOKENS))
    cells = st.one_of(st.sampled_from(ODD), st.text(max_size=8), st.integers().map(str), st.floats().map(str))
    rows = draw(st.lists(st.lists(cells, min_size=3, max_size=5), max_size=5))
    head = draw(st.permutations(("image", "frame", "camera", "value")))
    return "\n".join(",".join(row) for row in [list(head), *rows]).encode("utf-8", "surrogatepass")


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
WILD = (
    LAUGHS,
    "a: &a [*a]\n",
    "runs: &a {x: *a}\n",
    "[" * 5000,
    "{a: " * 3000,
    "- " * 3000,
    "? " * 2000,
    "!!python/object/apply:os.system [id]\n",
    "a: 2001-99-99\n",
    "a: !!binary x\n",
    "a: !!timestamp x\n",
    "a: 0b\n",
    "a: 1:99999999999999999999:1\n",
    "{[a]: 1}\n",
    "{{a: 1}: 1}\n",
    "<<: 1\n",
    "<<: [1]\n",
    "a: 1\na: 2\n",
    "%YAML 9.9\n---\na: 1\n",
    "a: 1\n---\nb: 2\n",
    "\ufeffa: 1\n",
    "a: \x07\n",
    "a: " + "9" * 5000 + "\n",
    "runs: {a: {extends: a}}\n",
    "runs: {a: {extends: [a]}}\n",
    "runs: {[a]: {}}\n",
    "runs: {1: {extends: 1}}\n",
    "runs: {a: {extends: b}, b: {extends: a}}\n",
    "runs: 1\n",
    "",
)
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(ODD), st.text(max_size=6), st.dates()
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(ODD[:9]), inner, max_size=3)),
    max_leaves=6,
)


@st.composite
def yamls(draw: st.DrawFn, valid: str) -> bytes:
    """A valid file with settings replaced, its text changed, or one of those that break parsers."""
    way = draw(st.integers(0, 9))
    if way == 0:
        return draw(st.sampled_from(WILD)).encode("utf-8", "surrogatepass")
    if way <= 3:
        return draw(changed((valid.encode(),), TOKENS))
    data = yaml.safe_load(valid)
    for _ in range(draw(st.integers(1, 3))):
        place = data
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = draw(st.sampled_from(keys))
            inner = place[key]
            if isinstance(inner, dict | list) and inner and draw(st.integers(0, 5)):
                place = inner
                continue
            match draw(st.integers(0, 3)):
                case 0 if isinstance(place, dict):
                    place[draw(st.sampled_from(ODD))] = inner
                case 1 if isinstance(place, dict) and len(place) > 1:
                    del place[key]
                case _:
                    place[key] = draw(VALUES)
            break
    return yaml.safe_dump(data, allow_unicode=True).encode("utf-8", "surrogatepass")


STUDY = TINY
MANIFESTS = {
    "weights": (ROOT / "config/weights.yaml").read_text(encoding="utf-8"),
    "external": (ROOT / "benchmark/external/manifest.yaml").read_text(encoding="utf-8"),
    "animate124": (ROOT / "benchmark/animate124/manifest.yaml").read_text(encoding="utf-8"),
}


@cache
def arrays() -> tuple[bytes, ...]:
    """An NPZ of ours."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        files.save_embeddings(path, PROVENANCE, renders=np.ones((2, 3, 4), np.float32))
        return (path.read_bytes(),)


JSONS = (
    json.dumps({"name": "a", "caption": "b", "provenance": {"stage": "seed", "spec": {}, "item": {}}}).encode(),
    json.dumps(
        dict.fromkeys(("command", "vid3d", "commit", "machine", "ended"), "x")
        | {"seconds": 1.0, "options": {}, "reads": {"a": "b"}, "writes": {"results/a": "b"}}
    ).encode(),
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"9" * 5000,
    b"NaN",
    b'{"a": 1e999}',
)
