"""The manifest of published weights (``config/weights.yaml``): what is pinned, and what a stage's Spec needs of it.

Specs name files; the manifest knows which of them are fetched and from where.  Like ``vid3d.study.config`` this module
loads no heavy library.  Fetching is ``vid3d.weights.download``'s business.
"""

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from vid3d.study.config import LicenceName
from vid3d.study.reading import load_yaml
from vid3d.study.specs.spec import Spec
from vid3d.study.validation import Name, Strict

FILE = r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*"  # no way out of the folder
FilePath = Annotated[str, Field(pattern=f"^{FILE}$")]


class Licence(Strict):
    """A licence; with ``acknowledge`` nothing under it is fetched until the study's ``licences`` lists its name."""

    title: str
    url: str
    acknowledge: bool


class WeightFile(Strict):
    """What a file must be: its size in bytes and its checksum.

    Attributes:
        confirmed: whether a second public listing has this checksum, so that not one source alone is believed.
    """

    size: Annotated[int, Field(gt=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    confirmed: bool = True

    def problem(self, path: Path, hashed: bool = True) -> str | None:
        """What is wrong with the file at ``path``; None if nothing.  Hashing reads all of it."""
        if not path.is_file():
            return "missing"
        size = path.stat().st_size
        if size != self.size:
            return f"wrong size, {size} bytes instead of {self.size}"
        if hashed:
            with path.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != self.sha256:
                return f"wrong checksum, sha256 {found} instead of {self.sha256}"
        return None


class Model(Strict):
    """Files of one model: of a hub repository at a revision, or below a plain address.

    Attributes:
        needed_by: stages and backends, for people.
        source: how sizes and checksums are known.
        folder: where the files lie.
    """

    title: str
    needed_by: str
    repository: Annotated[str, Field(pattern="^[^/]+/[^/]+$")] | None = None
    revision: Annotated[str, Field(pattern="^[0-9a-f]{40}$")] | None = None
    url: Annotated[str, Field(pattern="^https?://")] | None = None
    gated: bool
    licence: LicenceName
    source: str
    folder: FilePath
    files: Annotated[dict[FilePath, WeightFile], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.repository is None) != (self.revision is None) or (self.repository is None) == (self.url is None):
            raise ValueError("give either a repository with a revision or a url")
        return self

    @property
    def paths(self) -> dict[str, WeightFile]:
        """The files by their paths, the folder included."""
        return {f"{self.folder}/{name}": file for name, file in self.files.items()}


class Manifest(Strict):
    """All models and their licences; ``converted``: a file of what rules make, and the models that it is made of."""

    licences: dict[LicenceName, Licence]
    models: dict[Name, Model]
    converted: dict[FilePath, tuple[Name, ...]]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, model in self.models.items():
            if model.licence not in self.licences:
                raise ValueError(f"models.{name}.licence: there is no licence {model.licence!r}")
        for path, sources in self.converted.items():
            for name in sources:
                if name not in self.models:
                    raise ValueError(f"converted.{path}: there is no model {name!r}")
        everything = [path for model in self.models.values() for path in model.paths]
        if len(set(everything)) != len(everything):
            raise ValueError("models: two models have a file of the same path")
        return self

    def owner(self, path: str) -> str | None:
        """The model that has a file of this path."""
        return next((name for name, model in self.models.items() if path in model.paths), None)

    def sha256(self, path: str) -> str:
        """What the file of this path, one of a model's, must be: all that fetching it depends on."""
        return self.models[str(self.owner(path))].paths[path].sha256

    def inputs(self, spec: Spec) -> list[str]:
        """The files that a job of ``spec`` waits for: what it names, and with one file of a model all of that model."""
        files: list[str] = []
        for path in spec.checkpoints:
            owner = self.owner(path)
            files += [path] if owner is None else self.models[owner].paths
        return files

    def needed(self, spec: Spec) -> Iterator[str]:
        """The models that must be fetched for ``spec``, also those from which what it reads is converted."""
        for path in spec.checkpoints:
            yield from self.sources(path)

    def sources(self, path: str) -> tuple[str, ...]:
        """The models behind a checkpoint: the one that it is a file of, or those from which it is converted."""
        owner = self.owner(path)
        return self.converted.get(path, ()) if owner is None else (owner,)

    def makes(self, path: str) -> bool:
        """Whether a rule fetches or makes this checkpoint."""
        return path in self.converted or self.owner(path) is not None

    def pinned(self, path: str) -> Iterator[str]:
        """What the files behind a checkpoint must be, a line each, if it is fetched or made of what is fetched."""
        for name in self.sources(path):
            for file, known in self.models[name].paths.items():
                yield f"{file} {known.sha256}"

    def refusal(self, model: str, acknowledged: Collection[str]) -> str | None:
        """Why a model may not be fetched yet, naming the line that the study lacks; None if it may."""
        name = self.models[model].licence
        licence = self.licences[name]
        if name in acknowledged or not licence.acknowledge:
            return None
        line = ", ".join([*acknowledged, name])
        return f"{licence.title} ({licence.url}); if you accept, add `licences: [{line}]` to the study's configuration"


def load_manifest(path: str | Path) -> Manifest:
    """The manifest from its file.

    Raises:
        InputError: one line that names the setting.
    """
    return load_yaml(path, Manifest)
