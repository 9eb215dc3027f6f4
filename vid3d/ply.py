"""The vertices of a PLY file, whoever wrote it: what is needed of them, whatever stands beside.

A header may end its lines as any system does, hold comments, further properties of any type in any order, and further
elements; bytes after the last vertex are not read.  Both binary byte orders are read; the text form is refused, as no
tool writes splats in it.  Nothing is believed before it is compared with the file's size, and the vertices are mapped,
not loaded, so that a header can ask for no more memory than its file has bytes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vid3d.errors import InputError
from vid3d.scene import Float32

_KINDS = {
    "i1": ("char", "int8"),
    "u1": ("uchar", "uint8"),
    "i2": ("short", "int16"),
    "u2": ("ushort", "uint16"),
    "i4": ("int", "int32"),
    "u4": ("uint", "uint32"),
    "f4": ("float", "float32"),
    "f8": ("double", "float64"),
}
TYPES = {name: kind for kind, names in _KINDS.items() for name in names}
ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">"}
MAXIMUM_HEADER = 1 << 20  # bytes; that of a splat PLY has about two thousand
MAXIMUM_VERTICES = 50_000_000
START = re.compile(rb"ply[ \t]*(\r\n|\n|\r)")
LIST = ""  # in place of the type of a property whose length differs from one vertex to the next


@dataclass(frozen=True)
class Element:
    """An element of the header: its name, how many there are, and the types of its properties by their names."""

    name: str
    count: int
    properties: dict[str, str]


def read_vertices(path: Path, names: Sequence[str]) -> dict[str, Float32]:
    """Properties of the vertices, by their names; each (n,) float32.

    Args:
        path: of an existing file.
        names: the properties that are needed; each must be there, in single or double precision.

    Raises:
        InputError: no PLY, a form that is not read, a header that is wrong (the line is shown), a property that is
            missing or of another type, or fewer bytes than the header says.
    """
    with path.open("rb") as stream:
        head = stream.read(MAXIMUM_HEADER)
    started = START.match(head)
    ended = started and re.search(rb"[\r\n]end_header[ \t]*" + started[1], head)
    if not started or not ended:
        raise InputError(f"{path}: not a PLY file; give one, or delete it and run again")
    lines = re.split(r"[\r\n]+", head[started.end() : ended.start()].decode("ascii", "replace"))
    order, elements = _parsed(path, lines)
    offset = ended.end()
    for element in elements:
        layout = {name: order + kind for name, kind in element.properties.items() if kind != LIST}
        if element.name == "vertex":
            return _columns(path, element, np.dtype(list(layout.items())), offset, names)
        if element.count and LIST in element.properties.values():
            raise InputError(
                f"{path}: lists stand before its vertices ({element.name}); save it with the vertices first"
            )
        offset += element.count * np.dtype(list(layout.items())).itemsize
    raise InputError(f"{path}: has no vertices; is it a Gaussian-splat PLY?")


def _parsed(path: Path, lines: Sequence[str]) -> tuple[str, list[Element]]:
    """The byte order and the elements that a header declares."""
    order, elements = "", list[Element]()
    for line in lines:
        match line.split():
            case [] | ["comment" | "obj_info", *_]:
                pass
            case ["format", "ascii", "1.0"]:
                raise InputError(f"{path}: a PLY in text form, which is not read; save it as binary little-endian")
            case ["format", form, "1.0"] if form in ORDERS:
                order = ORDERS[form]
            case ["element", name, count] if count.isascii() and count.isdecimal() and len(count) < 16:
                elements.append(Element(name, int(count), {}))
            case ["property", "list", size, kind, name] if elements and size in TYPES and kind in TYPES:
                _declare(path, elements[-1], name, LIST)
            case ["property", kind, name] if elements and kind in TYPES:
                _declare(path, elements[-1], name, TYPES[kind])
            case _:
                shown = line if len(line) < 80 else f"{line[:76]} ..."
                raise InputError(f"{path}: its header has a line that no PLY has: {shown!r}; save it anew")
    if not order:
        raise InputError(f"{path}: its header names no format; save it as binary little-endian")
    return order, elements


def _declare(path: Path, element: Element, name: str, kind: str) -> None:
    if name in element.properties:
        raise InputError(f"{path}: property {name} of {element.name} is there twice; save it anew")
    element.properties[name] = kind


def _columns(
    path: Path, vertex: Element, layout: np.dtype[np.void], offset: int, names: Sequence[str]
) -> dict[str, Float32]:
    missing = [name for name in names if name not in vertex.properties]
    if missing:
        compressed = (
            "; a compressed one is not read, save it uncompressed" if "packed_position" in vertex.properties else ""
        )
        raise InputError(
            f"{path}: lacks the properties {', '.join(missing)}; is it a Gaussian-splat PLY{compressed or '?'}"
        )
    for name in names:
        if vertex.properties[name] not in ("f4", "f8"):
            raise InputError(f"{path}: property {name} is not of type float or double; save it as 3DGS does")
    if LIST in vertex.properties.values():
        raise InputError(f"{path}: its vertices hold lists; save it without them")
    if vertex.count > MAXIMUM_VERTICES:
        raise InputError(f"{path}: {vertex.count} vertices, more than {MAXIMUM_VERTICES:,}; thin the splats out")
    present, needed = path.stat().st_size - offset, vertex.count * layout.itemsize
    if present < needed:
        raise InputError(f"{path}: truncated or damaged ({present} of {needed} bytes); delete it and run again")
    if not vertex.count:
        return {name: np.zeros(0, np.float32) for name in names}
    rows = np.memmap(path, layout, "r", offset, (vertex.count,))
    with np.errstate(over="ignore"):  # of doubles; what becomes infinite is the caller's to find
        return {name: rows[name].astype(np.float32) for name in names}
