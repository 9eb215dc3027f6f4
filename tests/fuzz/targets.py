"""What reads each kind of generated file, as the command line does, and how much memory it may take."""

import hashlib
import io
import json
import stat
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from hypothesis import strategies as st

from tests.fuzz import inputs
from tests.workflow.conftest import ROOT
from vid3d import files, journal
from vid3d.errors import InputError

MIB = 1 << 20


@dataclass(frozen=True)
class Target:
    """A kind of input.

    Attributes:
        suffix: of the file.
        drawn: its content.
        read: reads the file at a path; an InputError refuses it.
        memory: MiB of address space that reading may add to what the process has.
    """

    suffix: str
    drawn: st.SearchStrategy[bytes]
    read: Callable[[Path], object]
    memory: int


def _photograph(path: Path) -> None:
    from vid3d.images.photographs import open_photograph

    open_photograph(path)


def _of_the_study(path: Path) -> None:
    files.load_image(path)
    files.load_provenance(path)


def _splats(path: Path) -> None:
    """Read, and drawn by the C++ core."""
    from vid3d.cameras import orbit
    from vid3d.splatting.rasteriser import render

    splats = files.load_splats(path)
    if len(splats) < 10_000:
        render(splats, orbit(2, 16))
    files.load_provenance(path)


def _weights(path: Path) -> None:
    from vid3d.weights.convert_v3d import read

    read(path)


def _rows(path: Path) -> None:
    files.load_rows(path, {"image": str, "frame": int, "camera": int, "value": float})


def _study(path: Path) -> None:
    from vid3d.study.parsing import load_study

    load_study([path], {}, ROOT)


def _manifests(path: Path) -> None:
    """The file as each manifest that is YAML; one that refuses it does not keep it from the next."""
    from vid3d.external.methods import Method
    from vid3d.study.benchmark import BenchmarkImage
    from vid3d.study.reading import load_yaml
    from vid3d.weights.manifest import load_manifest

    refused = []
    for read in (
        load_manifest,
        lambda path: load_yaml(path, dict[str, Method]),
        lambda path: load_yaml(path, dict[str, BenchmarkImage]),
    ):
        try:
            read(path)
        except InputError as error:
            refused.append(error)
    if len(refused) == 3:
        raise refused[0]


def _clip(path: Path) -> None:
    from vid3d.external.videos import load_clip

    load_clip(path)


def _archive(path: Path) -> None:
    files.load_arrays(path, "renders", what="embeddings")
    files.load_provenance(path)


def _json(path: Path) -> None:
    """As the description of a reference image, then as a job's record."""
    try:
        files.load_reference([path, path, path])
    except InputError:
        journal.load(path)


MADE = {
    "results/records/a.json": json.dumps(
        asdict(journal.Made("seed", {}, "", None, "", "", 0.0, {}, {"results/a": hashlib.sha256(b"a").hexdigest()}))
    ).encode(),
    "results/a": b"a",
}


@st.composite
def zips(draw: st.DrawFn) -> bytes:
    """Archives of results, some with a file and its record, whose other members have odd names, kinds or dates."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive, warnings.catch_warnings(action="ignore"):  # of names that repeat
        for name, content in MADE.items() if draw(st.booleans()) else ():
            archive.writestr(name, content)
        for _ in range(draw(st.integers(0, 3))):
            name = draw(st.sampled_from(("results/", "", "/", "results/../", "results/records/")))
            name = (name + draw(st.sampled_from(inputs.ODD))).encode(errors="replace").decode()
            member = zipfile.ZipInfo(name or "0")
            member.date_time = draw(st.sampled_from(((1980, 0, 0, 0, 0, 0), (2026, 1, 2, 3, 4, 5))))
            member.external_attr = draw(st.sampled_from((stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR))) << 16
            member.compress_type = draw(st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
            archive.writestr(member, draw(st.binary(max_size=20)))
    return draw(inputs.changed((stream.getvalue(),))) if draw(st.booleans()) else stream.getvalue()


def _restore(path: Path) -> None:
    """Into a folder beside the file; nothing may appear elsewhere."""
    from vid3d.checking.archive import unpack

    root = path.parent / "inside" / "root"
    root.mkdir(parents=True, exist_ok=True)
    try:
        unpack(path, root)
    finally:
        outside = {entry.name for entry in root.parent.iterdir()} | {entry.name for entry in root.iterdir()}
        if outside - {"root", "results"}:
            raise AssertionError(f"written outside of results/: {outside}")


TARGETS = {
    "images": Target(".png", st.deferred(lambda: inputs.changed(inputs.images())), _photograph, 1536),
    "images of the study": Target(
        ".png", st.deferred(lambda: inputs.changed(inputs.studys_images())), _of_the_study, 1536
    ),
    "PLY": Target(".ply", st.deferred(lambda: inputs.changed(inputs.plys(), inputs.TOKENS)), _splats, 512),
    "safetensors": Target(
        ".safetensors", st.deferred(lambda: inputs.changed(inputs.safetensors(), inputs.TOKENS)), _weights, 512
    ),
    "CSV": Target(".csv", inputs.csvs(), _rows, 512),
    "YAML of studies": Target(".yaml", st.deferred(lambda: inputs.yamls(inputs.STUDY)), _study, 512),
    "YAML of manifests": Target(
        ".yaml",
        st.deferred(lambda: st.sampled_from(sorted(inputs.MANIFESTS.values())).flatmap(inputs.yamls)),
        _manifests,
        512,
    ),
    "videos": Target(".mp4", st.deferred(lambda: inputs.changed(inputs.videos())), _clip, 1536),
    "NPZ": Target(".npz", st.deferred(lambda: inputs.changed(inputs.arrays(), inputs.TOKENS)), _archive, 512),
    "JSON": Target(".json", st.deferred(lambda: inputs.changed(inputs.JSONS, inputs.TOKENS)), _json, 512),
    "archives of reports": Target(".zip", zips(), _restore, 512),
}
