"""The five stages as Protocols.  A backend is one module with ``build(spec)`` that returns one of these."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, overload

import numpy as np

from vid3d.loading import uncollected
from vid3d.scene import AT_REST, Cameras, Clip, FitReport, Float32, Moment, Reference, SeedFrame, Splats, UInt8, Views
from vid3d.study.specs.fit import FitSpec
from vid3d.study.specs.render import RenderSpec
from vid3d.study.specs.score import EmbedSpec
from vid3d.study.specs.seed import SeedSpec
from vid3d.study.specs.spec import BackendSpec
from vid3d.study.specs.views import ViewsSpec

Progress = Callable[[int, int, float], None]  # (done, total, loss): called now and then by a fit


class Seed(Protocol):
    """Reference image and motion score to a seed video (paper, section 3.1)."""

    def __call__(self, reference: Reference, motion: int, rng: np.random.Generator) -> Clip: ...


class MultiView(Protocol):
    """One frame of the seed video to views on an orbit, view 0 being the frame's own camera (section 3.2)."""

    def __call__(self, frame: SeedFrame, rng: np.random.Generator) -> Views: ...


class Fit(Protocol):
    """Views of one moment to Gaussians, independently of all other moments (section 3.3).

    Several moments may be given, each with its own generator, to a backend that gains by handling them together; what
    becomes of a moment does not depend on the others beyond rounding.
    """

    def __call__(
        self, moments: Sequence[Views], rngs: Sequence[np.random.Generator], progress: Progress | None = None
    ) -> list[tuple[Splats, FitReport]]: ...


class ClipFit(Protocol):
    """Views of all moments of a clip, in order, to the Gaussians of each; what becomes of one may depend on all.

    Called as a ``Fit`` is, but with a whole clip, so that every ``Fit`` is a ``ClipFit`` that makes no use of it.  Each
    moment has its generator as there; what is drawn for the clip as a whole comes from the first.
    """

    def __call__(
        self, moments: Sequence[Views], rngs: Sequence[np.random.Generator], progress: Progress | None = None
    ) -> list[tuple[Splats, FitReport]]: ...


class Render(Protocol):
    """Gaussians to images (n, h, w, 3) float32 in [0, 1] at n cameras.

    Controls, which draw something else than splats, are given None for them.  Splats are those of the moment.
    """

    def __call__(
        self, splats: Splats | None, cameras: Cameras, reference: Reference, moment: Moment = AT_REST
    ) -> Float32: ...


class Embed(Protocol):
    """Images, each (h, w, 3) uint8 RGB of any size, to embeddings (n, d) float32, not normalised."""

    def __call__(self, images: Sequence[UInt8]) -> Float32: ...


class EmbedCaptions(Protocol):
    """n captions to embeddings (n, d) float32, not normalised; no stage, but how an embedder is judged."""

    def __call__(self, captions: Sequence[str]) -> Float32: ...


class CutOut(Protocol):
    """An image (h, w, 3) uint8 to the alpha (h, w) uint8 of its foreground; no stage, but how some views begin."""

    def __call__(self, image: UInt8) -> UInt8: ...


@overload
def build(spec: SeedSpec) -> Seed: ...
@overload
def build(spec: ViewsSpec) -> MultiView: ...
@overload
def build(spec: FitSpec) -> Fit: ...  # a ClipFit where the Spec says whole_clip
@overload
def build(spec: RenderSpec) -> Render: ...
@overload
def build(spec: EmbedSpec) -> Embed: ...
def build(spec: BackendSpec) -> Any:
    """What a Spec stands for, ready to be called: its backend's models are loaded, and only here its libraries.

    Raises:
        InputError: what the backend needs is not there (a GPU, weights).
    """
    with uncollected():
        return import_module(spec.module).build(spec)


def build_captions(spec: EmbedSpec, vocabulary: Path) -> EmbedCaptions:
    """The other half of an embedder: what embeds captions of the words that a file lists."""
    made: EmbedCaptions = import_module(spec.module).build_captions(spec, vocabulary)
    return made
