"""Other methods' renders as data: which clips a method has, and where they lie or come from.

A method is an entry of ``benchmark/external/manifest.yaml``, or just a folder ``benchmark/external/{method}/`` whose
files are ``{image}/camera-{camera}.mp4`` or ``{image}/camera-{camera}/frame-{frame}.png``, two digits each.  Like
``vid3d.study.config`` this module loads no heavy library: the rules read it.  What is in the files is the business of
``vid3d.external.videos``.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from vid3d.errors import InputError
from vid3d.study import layout
from vid3d.study.benchmark import load_benchmark
from vid3d.study.reading import read_yaml
from vid3d.study.validation import NAME, Name, Strict, validated

FOLDER = "benchmark/external"
MANIFEST = f"{FOLDER}/manifest.yaml"
CAMERA = re.compile(r"camera-(\d{2})(\.mp4)?")
Camera = Annotated[int, Field(ge=0, le=99)]
Clips = dict[str, dict[int, str]]  # image: camera: path of a video or of a folder of frames


class ExternalClip(Strict):
    """One camera's clip of one image, on the web or on this machine.

    Attributes:
        url: address of an mp4, with the commit in it where there is one.
        path: instead of an address, an mp4 or a folder of frames, relative to the repository.
        sha256: what a download must be; None is not pinned: the first download records what it got.
    """

    image: Name
    camera: Camera
    url: Annotated[str, Field(pattern=r"^https?://.*/[A-Za-z0-9][A-Za-z0-9._-]*\.mp4$")] | None = None
    path: str | None = None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.url is None) == (self.path is None):
            raise ValueError("give either a url or a path")
        return self

    @property
    def file(self) -> str:
        """The name of a download."""
        return str(self.url).rsplit("/", 1)[-1]


class Method(Strict):
    """Renders of another method.

    Attributes:
        title: what tables call it; its name if empty.
        benchmark: whose images it renders; None for other images: then there is no source image to compare with.
        clips: where they are; None for those of the method's folder.
        cameras: numbers that each image must have; None for those that any image of the folder has, or that the
            image's own clips name.
        frames: how many each clip must have, further ones are not looked at; None for as many as the longest clip of
            the same image.
        note: what a reader of its numbers should know.
    """

    title: str = ""
    benchmark: Literal["animate124", "procedural"] | None = "animate124"
    clips: Annotated[tuple[ExternalClip, ...], Field(min_length=1)] | None = None
    cameras: Annotated[tuple[Camera, ...], Field(min_length=1)] | None = None
    frames: Annotated[int, Field(ge=1)] | None = None
    note: str = ""

    @model_validator(mode="after")
    def _unique(self) -> Self:
        places = [(clip.image, clip.camera) for clip in self.clips or ()]
        downloads = [clip.file for clip in self.clips or () if clip.url]
        if len(set(places)) != len(places) or len(set(downloads)) != len(downloads):
            raise ValueError("clips: an image's camera, or the name of a download, stands there twice")
        return self

    def argument(self) -> str:
        """JSON of what decides the scores, without the words about them."""
        return self.model_dump_json(exclude={"title", "note"}, exclude_defaults=True)

    def download(self, file: str) -> ExternalClip:
        """The clip that is downloaded as ``file``.

        Raises:
            InputError: there is none.
        """
        for clip in self.clips or ():
            if clip.url and clip.file == file:
                return clip
        raise InputError(f"{MANIFEST}: {self.title} has no clip {file}; correct its entry")


def names(root: Path) -> list[str]:
    """All methods: those of the manifest, then folders without an entry.

    Raises:
        InputError: a manifest that is missing or not understood.
    """
    folders = [path.name for path in sorted((root / FOLDER).iterdir()) if path.is_dir()]
    return list(dict.fromkeys([*_entries(root), *(name for name in folders if re.fullmatch(NAME, name))]))


def load(name: str, root: Path) -> Method:
    """One method by its name.

    Raises:
        InputError: an unknown name, or an entry that is not understood.
    """
    if name not in names(root):
        raise InputError(
            f"{root / MANIFEST}: there is no method {name!r}; add it, or put its renders into {FOLDER}/{name}/"
            " (a name of lower-case words and dashes)"
        )
    method = validated(_entries(root).get(name, {}), Method, f"{root / MANIFEST}: {name}")
    return method if method.title else method.model_copy(update={"title": name})


def _entries(root: Path) -> dict[str, Any]:
    entries = read_yaml(root / MANIFEST)
    for name, entry in entries.items():
        if not re.fullmatch(NAME, str(name)) or not isinstance(entry, dict):
            raise InputError(f"{root / MANIFEST}: {name}: must be lower-case words and dashes with a mapping below it")
    return entries


# --- clips -----------------------------------------------------------------------------------------------------------


def clips(name: str, method: Method, root: Path) -> Clips:
    """Where each image's clips lie, whether they are there already or not, relative to ``root``.

    Raises:
        InputError: a folder without clips, a file of another name than the layout's, or an image that the benchmark
            does not have.
    """
    found: Clips = {}
    if method.clips is None:
        found = _of_folder(root, f"{FOLDER}/{name}")
    for clip in method.clips or ():
        path = clip.path or layout.EXTERNAL_VIDEO.format(method=name, file=clip.file)
        found.setdefault(clip.image, {})[clip.camera] = path
    known = load_benchmark(method.benchmark, None, root) if method.benchmark else found
    for image in found:
        if image not in known:
            raise InputError(
                f"{FOLDER}: {name}: benchmark {method.benchmark} has no image {image!r}; correct the name, or the"
                f" method's `benchmark` in {MANIFEST} (null: there are no source images)"
            )
    return found


def _of_folder(root: Path, folder: str) -> Clips:
    found: Clips = {}
    for image in _visible(root, folder):
        if not (root / image).is_dir():
            continue  # a licence, a readme
        if not re.fullmatch(NAME, Path(image).name):
            raise InputError(f"{image}: a folder of clips is named after its image: lower-case words and dashes")
        cameras: dict[int, str] = {}
        for path in _visible(root, image):
            matched = CAMERA.fullmatch(Path(path).name)
            if not matched or (root / path).is_dir() == bool(matched[2]):
                raise InputError(
                    f"{path}: is neither camera-00.mp4 nor a folder camera-00 of frames; rename or move it"
                )
            if int(matched[1]) in cameras:
                raise InputError(f"{path}: this camera is there as a video and as a folder; keep one of them")
            cameras[int(matched[1])] = path
        if cameras:
            found[Path(image).name] = cameras
    if not found:
        raise InputError(f"{folder}: no clips; put them there as IMAGE/camera-00.mp4 or IMAGE/camera-00/frame-00.png")
    return found


def _visible(root: Path, folder: str) -> list[str]:
    try:
        entries = sorted((root / folder).iterdir())
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror or error}; put the method's renders there") from None
    return [f"{folder}/{path.name}" for path in entries if not path.name.startswith(".")]


def missing_cameras(method: Method, found: Clips) -> dict[str, list[int]]:
    """The cameras that each image should have (``Method.cameras``) and lacks."""
    expected = set(method.cameras or ())
    if method.clips is None and method.cameras is None:
        expected = {camera for cameras in found.values() for camera in cameras}
    return {image: sorted(expected - set(cameras)) for image, cameras in found.items()}


def files(found: Clips, root: Path) -> list[str]:
    """The files behind clips, the frames of a folder one by one."""
    paths: list[str] = []
    for path in (path for cameras in found.values() for path in cameras.values()):
        paths += _visible(root, path) if (root / path).is_dir() else [path]
    return paths
