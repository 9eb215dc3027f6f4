"""What enters a study from outside, known by its content and not by its name or date.

A Spec of learned weights gets a checksum of them when the study is read (``identified``), so that another file under
the same name is another setting: what it makes is made anew, and every artefact carries the checksum in its Spec.  Of
published weights the manifest's checksums count, whether they have been fetched yet or not; all other files are read,
once for each size, time and inode (``Record``).
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from vid3d.errors import InputError
from vid3d.study.benchmark import BenchmarkImage, Photograph
from vid3d.study.config import Run, Study
from vid3d.study.registry import STAGES
from vid3d.study.specs.score import PAPERS_EMBEDDER, ClipEmbed, is_path
from vid3d.study.specs.spec import Spec
from vid3d.weights.manifest import Manifest

INDEX = "model_index.json"  # stands for a folder in diffusers' format
LOADED = (INDEX, "*/*.json", "*/*.safetensors")  # of such a folder; cards and pictures beside them change nothing


class Record:
    """The checksums of files, kept in one JSON file of the study: path to size, time (ns), inode and sha256.

    A file that cannot be written (a study on a read-only disk) is no error: checksums are then computed each time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, list[int | str]] = {}
        self._changed = False
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            self._known = {name: entry for name, entry in known.items() if len(entry) == 4}
        except (OSError, ValueError, AttributeError, TypeError):
            pass  # no record yet, or a broken one: it is only a memory of what can be computed

    def sha256(self, path: Path) -> str:
        """The checksum of a file's content.

        Raises:
            InputError: the file cannot be read.
        """
        try:
            state = path.stat()
            now = [state.st_size, state.st_mtime_ns, state.st_ino]
            known = self._known.get(path.as_posix())
            if known is None or known[:3] != now:
                with path.open("rb") as stream:
                    known = [*now, hashlib.file_digest(stream, "sha256").hexdigest()]
                self._known[path.as_posix()] = known
                self._changed = True
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}; check the path") from None
        return str(known[3])

    def from_outside(self, paths: Iterable[str]) -> list[str]:
        """The checksums of files, as a rule's parameter: another file under the same name counts whatever its date.

        Downloads (``results/``) are left out: they are pinned, and not there when the first job is planned.  Snakemake
        compares no parameter that is made of a job's inputs, so rules give the files' names.

        Raises:
            InputError: a file cannot be read.
        """
        return [self.sha256(Path(path)) for path in paths if not path.startswith("results/")]

    def save(self) -> None:
        """Write what is new, atomically."""
        if not self._changed:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{self._path.stem}-", dir=self._path.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    json.dump(self._known, stream, indent=0, sort_keys=True)
                Path(name).replace(self._path)
            finally:
                Path(name).unlink(missing_ok=True)
        except OSError:
            return
        self._changed = False


def identified(study: Study, manifest: Manifest, record: Record, root: Path) -> Study:
    """The study with the checksum of the weights in every Spec that reads some.

    A copy of the paper's embedder, wherever it lies, becomes the paper's embedder.

    Args:
        root: the folder that relative paths start from.

    Raises:
        InputError: a Spec asks for another content than its files have, or for another model than they are of.
    """
    return study.model_copy(
        update={"runs": {name: _identified(name, run, manifest, record, root) for name, run in study.runs.items()}}
    )


def known(images: Mapping[str, BenchmarkImage], record: Record) -> dict[str, BenchmarkImage]:
    """Photographs of one's own with their checksums, so that another picture under the same name is another entry.

    Raises:
        InputError: a photograph cannot be read, or its name means something to Snakemake.
    """
    return {
        name: image.model_copy(update={"sha256": record.sha256(Path(nameable(image.file)))})
        if isinstance(image, Photograph)
        else image
        for name, image in images.items()
    }


def _identified(name: str, run: Run, manifest: Manifest, record: Record, root: Path) -> Run:
    update = {}
    for stage in STAGES:
        spec = run.spec(stage)
        if isinstance(spec, ClipEmbed):
            spec = _recognised(f"runs.{name}.{stage}", spec, manifest, record, root)
        named = spec.model_copy(update={"file": None}) if isinstance(spec, ClipEmbed) else spec
        found = content(named, manifest, record, root)
        if found is not None:
            if spec.content not in (None, found):
                raise InputError(
                    f"runs.{name}.{stage}.content: {spec.content[:12]}... is asked for, but the weights have"
                    f" {found[:12]}...; put the right files there, or take the line out"
                )
            update[stage] = spec.model_copy(update={"content": found})
    return run.model_copy(update=update)


def _recognised(where: str, spec: ClipEmbed, manifest: Manifest, record: Record, root: Path) -> ClipEmbed:
    """The paper's embedder, if the weights are a file with its checksum; else the Spec as it is.

    The same weights load into the same architecture with another activation, too, and embed wrongly there.
    """
    path = spec.file or spec.weights
    known = path == PAPERS_EMBEDDER
    pinned = manifest.owner(PAPERS_EMBEDDER) is not None  # a manifest of the user's may lack it
    if not known and pinned and is_path(path) and (root / path).is_file():
        known = record.sha256(root / path) == manifest.sha256(PAPERS_EMBEDDER)
    if spec.file is not None and not known:
        raise InputError(f"{where}.file: {path} is not the file of ViT-B-32/openai; fetch it with `snakemake weights`")
    if not known or spec.published or _quick_gelu(root / spec.model):
        return spec
    if spec.model != "ViT-B-32" or spec.quick_gelu is False:
        raise InputError(
            f"{where}: {path} holds the weights of ViT-B-32/openai, which {spec.model} does not fit as it is set; give"
            " model ViT-B-32 without quick_gelu"
        )
    return spec.model_copy(
        update={"weights": "openai", "quick_gelu": None, "file": None if path == PAPERS_EMBEDDER else path}
    )


def _quick_gelu(configuration: Path) -> bool:
    """Whether an open_clip configuration, if this is one, asks for QuickGELU."""
    try:
        read = json.loads(configuration.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(read, dict) and read.get("quick_gelu") is True


def content(spec: Spec, manifest: Manifest, record: Record, root: Path) -> str | None:
    """One checksum (sha256) of all weights that a Spec reads; None if it reads none that are known.

    What a rule draws at random has none, since it would have another one before it was drawn; what is not there has
    none either (``missing`` refuses it).
    """
    sums: list[str] = []
    for path in spec.checkpoints:
        if manifest.makes(path):
            sums += manifest.pinned(path)
        else:
            sums += [f"{name} {record.sha256(root / name)}" for name in _files(path, root)]
    return hashlib.sha256("\n".join(sums).encode()).hexdigest() if sums else None


def missing(study: Study, made: Callable[[str], bool], root: Path) -> None:
    """Refuse weights that a run names, that are not there, and that no rule makes.

    Args:
        made: whether a rule makes a file.

    Raises:
        InputError: names the run, the stage and the path.
    """
    for name, run in study.runs.items():
        for stage in STAGES:
            for path in run.spec(stage).checkpoints:
                if not (root / nameable(path)).is_file() and not made(path):
                    shown = path.removesuffix(f"/{INDEX}")
                    raise InputError(f"runs.{name}.{stage}: {shown} is not there, and no rule makes it; check the path")


def nameable(path: str) -> str:
    """``path``, if a rule can have it as an input.

    Raises:
        InputError: it has braces or angle brackets, which Snakemake replaces, or a line break.
    """
    odd = [sign for sign in "{}<>\n" if sign in path]
    if odd:
        raise InputError(f"{path!r}: Snakemake reads {odd[0]!r} in a file's name as something else; rename the file")
    return path


def _files(path: str, root: Path) -> Iterable[str]:
    """The files that a checkpoint stands for, as they are there, relative to ``root`` where they lie below it."""
    if not path.endswith(f"/{INDEX}"):
        return [path] if (root / path).is_file() else []
    folder = Path(path).parent
    found = sorted(file for pattern in LOADED for file in (root / folder).glob(pattern))
    return [(folder / file.relative_to(root / folder)).as_posix() for file in found] if found else []
