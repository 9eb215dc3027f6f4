"""The images of a benchmark as data, from its manifest, and the user's own photograph."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from vid3d.errors import InputError
from vid3d.study.reading import read_yaml
from vid3d.study.validation import NAME, Strict, validated


class Photograph(Strict):
    """A photograph of a benchmark: where it comes from and what it shows.

    ``revision`` is bumped when photographs are read or cut out otherwise, so that what was made of them is made anew,
    and nothing else: 2 since colour profiles are converted and smooth backgrounds grown.
    """

    kind: Literal["photograph"] = "photograph"
    revision: Literal[2] = 2
    caption: str = ""
    file: str
    url: str | None = None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


class Procedural(Strict):
    """A procedural object of a benchmark; ``object`` is read by ``vid3d.procedural``."""

    kind: Literal["procedural"] = "procedural"
    caption: str = ""
    object: dict[str, Any]


BenchmarkImage = Annotated[Photograph | Procedural, Field(discriminator="kind")]


def image_name(path: str) -> str:
    """The name of a user's own image in paths: its file name in lower case, runs of other characters as one dash."""
    return re.sub(r"[^a-z0-9]+", "-", Path(path).stem.lower()).strip("-") or "image"


def load_benchmark(benchmark: str, own_image: str | None, root: Path) -> dict[str, BenchmarkImage]:
    """The images of a benchmark by name, from its manifest.

    Raises:
        InputError: a manifest that is missing or not understood.
    """
    if benchmark == "own":
        return {image_name(own_image): Photograph(file=own_image)} if own_image else {}
    file = {"procedural": "benchmark/procedural/objects.yaml", "animate124": "benchmark/animate124/manifest.yaml"}
    path = root / file[benchmark]
    kind: type[Photograph | Procedural] = Procedural if benchmark == "procedural" else Photograph
    entries = read_yaml(path)
    entries = entries.get("images", entries)
    images: dict[str, BenchmarkImage] = {}
    for name, entry in entries.items():
        if not re.fullmatch(NAME, str(name)) or not isinstance(entry, dict):
            raise InputError(f"{path}: {name}: must be a name of lower-case words and dashes with a mapping below it")
        images[name] = validated({"object": entry} if kind is Procedural else entry, kind, f"{path}: {name}")
    return images
