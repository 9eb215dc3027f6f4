"""Save and load: the only place that knows file formats.

Writing is atomic (a temporary name in the same folder, then a rename), and every artefact carries its provenance: the
Spec, the package version and the item it is about.  Reading validates: what is wrong with a file is an InputError that
names it.
"""

import csv
import errno
import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from vid3d import __version__, journal
from vid3d.errors import InputError, first_line, refusal
from vid3d.scene import Clip, FitReport, Float32, Reference, Splats, UInt8

FRAMES_PER_SECOND = 10  # as the authors' videos
MAXIMUM_PIXELS = 200_000_000  # of any image of the study; a filmstrip of 18 views at 512 px has 4.7 million


@dataclass(frozen=True)
class Provenance:
    """What made an artefact: the stage, its Spec argument (JSON) and the item (image, motion, frame, ...)."""

    stage: str
    spec: str
    item: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with the package version."""
        return {"stage": self.stage, "spec": json.loads(self.spec), "item": self.item, "vid3d": __version__}

    def as_text(self) -> str:
        """One line of JSON."""
        return json.dumps(self.as_dict(), sort_keys=True)


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that replaces it when the block ends well, and vanishes when it does not.

    Raises:
        InputError: the system refuses to write it, as on a full disk.
    """
    path = Path(path)
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o666 & ~_umask())
            journal.wrote(path, temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """What the system refuses while ``path`` is written below a name of its own, as an error that names ``path``."""
    try:
        yield
    except OSError as error:
        told = refusal(error, path)
        where = error.filename
        if told is None or (where is not None and not _beside(path, Path(os.fsdecode(where)))):
            raise  # of a file that is read
        raise InputError(told) from None
    except RuntimeError as error:  # torch's writer does not say why
        disk = os.statvfs(path.parent)
        if disk.f_bavail or not disk.f_blocks:
            raise
        raise InputError(refusal(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), path) or str(error)) from None


def _beside(path: Path, other: Path) -> bool:
    """Whether a name is of ``path``: one of its folder or of one above, or of something below it."""
    parent = Path(os.path.abspath(path)).parent
    other = Path(os.path.abspath(other))
    return other.is_relative_to(parent) or parent.is_relative_to(other)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """A temporary folder beside ``path`` that replaces it when the block ends well, and vanishes when it does not.

    Raises:
        InputError: ``path`` is something else than an older version of the folder, which is not overwritten, or the
            system refuses to write it.
    """
    path = Path(path)
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        old = temporary.with_name(f"{temporary.name}-old")
        try:
            yield temporary
            for made in (temporary, *temporary.rglob("*")):
                made.chmod((0o777 if made.is_dir() else 0o666) & ~_umask())
            if path.exists():
                if not path.is_dir() or not set(os.listdir(path)) <= set(os.listdir(temporary)):
                    raise InputError(f"{path}: exists and holds other files; remove it or give another folder")
                path.replace(old)
            temporary.replace(path)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def remove_others(folder: Path, pattern: str, names: Container[str]) -> None:
    """Remove what is in a folder, files or folders of a pattern, but for those of the given names."""
    for path in folder.glob(pattern):
        if path.name not in names:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _umask() -> int:
    """The process's umask, which can only be read by setting it; mkstemp ignores it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _existing(path: str | Path) -> Path:
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path or run the stage that makes it")
    return path


def _opened(path: str | Path) -> Path:
    """An existing file, about to be read: it is noted, and refused if it is not as it was written."""
    return journal.read(_existing(path))


# --- text ------------------------------------------------------------------------------------------------------------


def save_text(path: str | Path, text: str) -> None:
    """UTF-8 text."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def save_json(path: str | Path, data: Any) -> None:
    """Indented JSON with a final newline."""
    save_text(path, json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def load_json(path: str | Path) -> Any:
    """Any JSON value."""
    return _json(_opened(path))


def _json(path: Path) -> Any:
    try:
        return json.loads(_existing(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid JSON ({first_line(error)}); delete it and run again") from None


def save_rows(path: str | Path, rows: Sequence[dict[str, Any]], provenance: Provenance) -> None:
    """A tidy CSV (floats with 9 significant digits) with its provenance in a sidecar of the same name in .json."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.9g}" if isinstance(v, float | np.floating) else v for k, v in row.items()})
    written = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    save_json(Path(path).with_suffix(".json"), provenance.as_dict() | {"sha256": written})


def load_rows(
    path: str | Path, columns: Mapping[str, type[str | int | float]], about: str = "", cure: str = "run"
) -> list[dict[str, Any]]:
    """The rows of a CSV file.

    Args:
        columns: that must be there, each with its type; an empty cell is NaN for float.  Others are texts.
        about: what the file holds, for the message where it is missing.
        cure: what to do again when the file is deleted, in one or a few words.

    Raises:
        InputError: the file is missing, is no CSV, lacks a column, or has another value than its column's type.
    """
    remedy = f"delete it and {cure} again"
    try:
        with journal.read(Path(path)).open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream, strict=True)
            texts, head = list(reader), reader.fieldnames or ()
    except FileNotFoundError:
        raise InputError(f"{path}: cannot be read: missing{f' ({about})' if about else ''}; make it first") from None
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); {remedy}") from None
    for column in columns:
        if column not in head:
            raise InputError(f"{path}: lacks the column {column}; {remedy}")
    rows = []
    for number, row in enumerate(texts, 1):
        if None in row or None in row.values():
            raise InputError(f"{path}: row {number} has not as many cells as the head; {remedy}")
        for column, kind in columns.items():
            try:
                row[column] = math.nan if kind is float and not row[column] else kind(row[column])
            except ValueError:
                raise InputError(f"{path}: {column} {row[column]!r} of row {number} is no number; {remedy}") from None
        rows.append(row)
    return rows


def load_provenance(path: str | Path) -> dict[str, Any]:
    """The record that an artefact carries: its ``stage``, ``spec`` and ``item``; of a CSV file also its ``sha256``.

    Raises:
        InputError: missing, unreadable, or without a record.
    """
    path = _existing(path)
    try:
        record: dict[str, Any] = _READERS[path.suffix](path)
        if isinstance(record["stage"], str) and isinstance(record["spec"], dict) and isinstance(record["item"], dict):
            return record
    except InputError:
        raise
    except Exception:  # Pillow, numpy, zipfile and zlib raise many classes for damaged files
        pass
    raise InputError(f"{path}: carries no record of what made it; delete it and run again")


def _of_png(path: Path) -> Any:
    with Image.open(path) as image:
        return json.loads(image.info["vid3d"])


def _of_ply(path: Path) -> Any:
    with path.open("rb") as stream:
        header = stream.read(65536).partition(b"end_header")[0]
    told = [line for line in header.splitlines() if line.startswith(b"comment vid3d ")]
    return json.loads(told[0].removeprefix(b"comment vid3d ")) if told else {}


def _of_npz(path: Path) -> Any:
    with np.load(path, allow_pickle=False) as stored:
        return json.loads(str(stored["provenance"]))


_READERS: dict[str, Callable[[Path], Any]] = {
    ".csv": lambda path: _json(path.with_suffix(".json")),
    ".json": lambda path: _json(path)["provenance"],
    ".png": _of_png,
    ".ply": _of_ply,
    ".npz": _of_npz,
}


# --- images ----------------------------------------------------------------------------------------------------------


def by_clip(paths: Sequence[Path], clips: int, where: str) -> list[Sequence[Path]]:
    """Files of several clips, clip by clip and of each equally many, as a list per clip.

    Args:
        clips: how many there are.
        where: the option that names the files.

    Raises:
        InputError: they cannot be shared out evenly.
    """
    each, left = divmod(len(paths), clips)
    if left:
        raise InputError(f"{where}: {len(paths)} files cannot be of {clips} clips; name equally many of each")
    return [paths[clip * each : (clip + 1) * each] for clip in range(clips)]


def to_uint8(image: Float32) -> UInt8:
    """[0, 1] to 0..255, rounded to nearest."""
    rounded: UInt8 = np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)
    return rounded


def save_image(path: str | Path, image: Float32, provenance: Provenance, alpha: Float32 | None = None) -> None:
    """PNG, lossless: (h, w, 3) in [0, 1], RGB on white.

    With ``alpha`` (h, w) the file is RGBA with straight alpha, so that it shows the same picture on a white page and
    keeps what is known about the silhouette; colours under alpha 0 are white.
    """
    pixels = to_uint8(image)
    if alpha is not None:
        coverage = np.maximum(alpha, 1e-6)[..., None]
        straight = np.where(alpha[..., None] > 0, (image - (1.0 - alpha[..., None])) / coverage, 1.0)
        pixels = np.concatenate([to_uint8(straight), to_uint8(alpha)[..., None]], axis=-1)
    text = PngImagePlugin.PngInfo()
    text.add_text("vid3d", provenance.as_text())
    with atomic(path) as temporary:
        Image.fromarray(pixels).save(temporary, format="PNG", pnginfo=text, compress_level=6)


def save_picture(path: str | Path, image: UInt8, quality: int = 92) -> None:
    """A picture for people to look at, (h, w, 3) uint8, in the format that the path's suffix names."""
    with atomic(path) as temporary:
        Image.fromarray(image).save(temporary, quality=quality)


def load_pixels(path: str | Path) -> UInt8:
    """(h, w, 3) or (h, w, 4) uint8 of a PNG of this study.

    Raises:
        InputError: missing, corrupt, not 8-bit RGB or RGBA, or larger than any image of the study.
    """
    try:
        with Image.open(_opened(path)) as image:
            if image.mode not in ("RGB", "RGBA") or image.width * image.height > MAXIMUM_PIXELS:
                raise InputError(f"{path}: {image.mode} {image.width} x {image.height} is not an image of this study")
            return np.asarray(image)
    except (OSError, UnidentifiedImageError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: corrupt image ({error}); delete it and run again") from None


def load_image(path: str | Path) -> tuple[Float32, Float32 | None]:
    """(h, w, 3) float32 in [0, 1] on white, and alpha (h, w) float32 or None."""
    values = load_pixels(path).astype(np.float32) / np.float32(255.0)
    if values.shape[2] == 3:
        return values, None
    alpha = values[..., 3]
    return values[..., :3] * alpha[..., None] + (1.0 - alpha[..., None]), alpha


def save_filmstrip(path: str | Path, images: Float32, provenance: Provenance) -> None:
    """(n, h, w, 3) in [0, 1] side by side as one PNG of h x (n w) pixels."""
    save_image(path, np.concatenate(list(images), axis=1), provenance)


def load_filmstrip(path: str | Path, count: int) -> Float32:
    """(count, h, w, 3) float32 in [0, 1] from a PNG of h x (count w) pixels.

    Raises:
        InputError: also if the width is not ``count`` square images.
    """
    image, _ = load_image(path)
    height, width = image.shape[:2]
    if width != count * height:
        raise InputError(f"{path}: {width} x {height} pixels are not {count} square images side by side; run it again")
    return np.ascontiguousarray(image.reshape(height, count, height, 3).transpose(1, 0, 2, 3))


def save_video(path: str | Path, images: UInt8) -> None:
    """(n, h, w, 3) uint8 as H.264 (yuv420p), so that every browser plays it; odd sizes are padded with white."""
    import av

    pad = [(0, 0), (0, images.shape[1] % 2), (0, images.shape[2] % 2), (0, 0)]
    padded = np.pad(images, pad, constant_values=255)
    with atomic(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.height, stream.width = padded.shape[1:3]
        stream.pix_fmt = "yuv420p"
        # x264 picks algorithms by the processor, and with some of them the same frames give other bytes each time
        stream.options = {"crf": "16", "preset": "medium", "threads": "1", "x264-params": "cpu-independent=1"}
        for image in padded:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


# --- references and clips --------------------------------------------------------------------------------------------


def save_reference(paths: Sequence[str | Path], reference: Reference, provenance: Provenance) -> None:
    """A reference image as three files: the source, the foreground (RGBA) and ``subject.json``."""
    source, foreground, subject = paths
    save_image(source, reference.image, provenance)
    save_image(foreground, reference.foreground, provenance, reference.alpha)
    described = {"name": reference.name, "caption": reference.caption, "procedural": reference.procedural}
    described |= {"doubt": reference.doubt} if reference.doubt else {}
    save_json(subject, described | {"provenance": provenance.as_dict()})


def load_reference(paths: Sequence[str | Path]) -> Reference:
    """The reference image from its three files."""
    source, foreground, subject = paths
    described = load_json(subject)
    if not isinstance(described, dict) or not {"name", "caption"} <= set(described):
        raise InputError(f"{subject}: lacks the image's name and caption; delete it and run again")
    cut, alpha = load_image(foreground)
    if alpha is None:
        raise InputError(f"{foreground}: has no alpha channel; delete it and run again")
    image, _ = load_image(source)
    name, caption, procedural = described["name"], described["caption"], described.get("procedural")
    return Reference(name, caption, image, cut, alpha, procedural, str(described.get("doubt", "")))


def save_clip(paths: Sequence[str | Path], clip: Clip, provenance: Provenance) -> None:
    """One PNG per frame."""
    for index, path in enumerate(paths):
        alpha = None if clip.alpha is None else clip.alpha[index]
        item = Provenance(provenance.stage, provenance.spec, provenance.item | {"frame": index})
        save_image(path, clip.images[index], item, alpha)


# --- splats ----------------------------------------------------------------------------------------------------------

PLY_PROPERTIES = (
    *("x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"),
    *("scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"),
)


def save_splats(path: str | Path, splats: Splats, provenance: Provenance) -> None:
    """Standard 3DGS PLY, binary little endian: log scales, logit opacities, wxyz quaternions, SH degree 0."""
    zeros = np.zeros_like(splats.positions)
    columns = [splats.positions, zeros, splats.colours, splats.opacity_logits[:, None], splats.log_scales]
    values = np.concatenate([*columns, splats.quaternions], axis=1).astype("<f4")
    header = [
        *("ply", "format binary_little_endian 1.0"),
        "comment axes: right-handed, z up, view 0 at +x; scales log, opacity logit, quaternions wxyz, SH degree 0",
        f"comment vid3d {provenance.as_text()}",
        f"element vertex {len(splats)}",
        *(f"property float {name}" for name in PLY_PROPERTIES),
        "end_header\n",
    ]
    with atomic(path) as temporary:
        temporary.write_bytes("\n".join(header).encode() + values.tobytes())


def load_splats(path: str | Path) -> Splats:
    """Splats from a standard 3DGS PLY of any tool (higher SH coefficients, if any, are not read).

    Raises:
        InputError: missing, truncated, another format, missing properties, values that are not finite, or rotations
            without a direction.
    """
    from vid3d.ply import read_vertices  # a fit writes splats and reads none

    path = _opened(path)
    values = read_vertices(path, [name for name in PLY_PROPERTIES if name not in ("nx", "ny", "nz")])
    for name, column in values.items():
        if not np.isfinite(column).all():
            bad = int(np.argmin(np.isfinite(column)))
            raise InputError(
                f"{path}: vertex {bad} is not finite (NaN or infinity: {name}); replace it, or delete it and fit again"
            )

    def columns(*wanted: str) -> Float32:
        return np.stack([values[name] for name in wanted], axis=1)

    quaternions = columns("rot_0", "rot_1", "rot_2", "rot_3")
    turned = np.abs(quaternions).max(axis=1, initial=0.0) > 0
    if not turned.all():
        raise InputError(
            f"{path}: vertex {int(np.argmin(turned))} has a quaternion of length 0 (rot_0 to rot_3), which is no"
            " rotation; set rot_0 to 1 there, or leave the vertex out"
        )
    return Splats(
        positions=columns("x", "y", "z"),
        quaternions=quaternions,
        log_scales=columns("scale_0", "scale_1", "scale_2"),
        opacity_logits=values["opacity"],
        colours=columns("f_dc_0", "f_dc_1", "f_dc_2"),
    )


def save_fit_report(path: str | Path, report: FitReport, provenance: Provenance) -> None:
    """Loss curve, splat counts and notes of one fit, as JSON."""
    losses = [float(f"{loss:.6g}") for loss in report.losses]
    data = {"losses": losses, "counts": report.counts.tolist(), "notes": list(report.notes)}
    save_text(path, json.dumps(data | {"provenance": provenance.as_dict()}, sort_keys=True) + "\n")


# --- embeddings ------------------------------------------------------------------------------------------------------


def save_embeddings(path: str | Path, provenance: Provenance, **embeddings: np.ndarray[Any, Any]) -> None:
    """Named arrays, such as embeddings (..., d) float32, not normalised, with the provenance as a string array.

    The zip members carry no time of day, so equal embeddings make equal files.
    """
    arrays: dict[str, Any] = {**embeddings, "provenance": np.array(provenance.as_text())}
    with atomic(path) as temporary:
        np.savez(temporary, **arrays)


def load_embeddings(path: str | Path, *names: str) -> dict[str, Float32]:
    """Named arrays (..., d) of a file of embeddings.

    Raises:
        InputError: missing, corrupt, without one of the names, or values that are not finite numbers.
    """
    stored = load_arrays(path, *names, what="embeddings")
    found = {name: np.asarray(array, np.float32) for name, array in stored.items()}
    for name, array in found.items():
        if not np.isfinite(array).all():
            raise InputError(f"{path}: embeddings of {name} are not finite; delete it and run again")
    return found


def load_arrays(path: str | Path, *names: str, what: str = "arrays") -> dict[str, np.ndarray[Any, Any]]:
    """Named arrays of an NPZ archive, as they are; ``what`` errors call them.

    Raises:
        InputError: missing, corrupt, or without one of the names.
    """
    try:
        with np.load(_opened(path), allow_pickle=False) as stored:
            if lacking := [name for name in names if name not in stored]:
                raise InputError(f"{path}: has no {what} of {lacking[0]}; delete it and run again")
            return {name: stored[name] for name in names}
    except InputError:
        raise
    except Exception as error:  # numpy, zipfile and zlib raise many classes for damaged files
        raise InputError(f"{path}: corrupt {what} ({first_line(error)}); delete it and run again") from None
