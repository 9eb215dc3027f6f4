"""Settings of the embedder by which renders are scored."""

from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from vid3d.study.specs.spec import LearnedModel

PAPERS_EMBEDDER = "weights/downloads/clip-vit-b-32/open_clip_model.safetensors"  # as config/weights.yaml pins it


class ClipEmbed(LearnedModel):
    """CLIP image embeddings by open_clip.

    Attributes:
        model: an open_clip architecture, or the path of a model configuration (JSON).
        weights: an open_clip pretrained tag, or the path of a checkpoint (safetensors; a path has a slash or a dot).
            The weights of the paper's embedder lie in a pinned file (``checkpoints``); open_clip downloads those of
            other tags, in whichever version the hub has then.
        quick_gelu: whether weights from a path were trained with QuickGELU, where ``model`` is an architecture.  None
            refuses them if the architecture is in use with either activation.  ``-quickgelu`` behind ``model`` says
            true; a tag says it by itself.
        file: where the weights of the paper's embedder lie, if elsewhere; filled in when ``weights`` is a path and the
            file is known by its checksum.
        revision: 2 since scores hold cosines with the preprocessed source, too.
    """

    module: ClassVar[str] = "vid3d.backends.embed_clip"
    revision: Literal[2] = 2  # type: ignore[assignment]  # of this backend alone
    backend: Literal["clip"]
    model: str = "ViT-B-32"
    weights: str = "openai"
    quick_gelu: bool | None = None
    file: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_name(cls, given: Any) -> Any:
        """One embedder has one name: tags as open_clip lists them, and QuickGELU where it belongs."""
        if not isinstance(given, dict):
            return given
        model, weights = (str(given.get(key, cls.model_fields[key].default)) for key in ("model", "weights"))
        plain, quick_gelu = model.removesuffix("-quickgelu"), given.get("quick_gelu")
        if is_path(model):
            if quick_gelu is not None:
                raise ValueError(f"quick_gelu: is for an architecture; {model} says it itself, so take the line out")
            return given
        if plain != model and quick_gelu is False:
            raise ValueError(f"quick_gelu: false contradicts model {model}; take one of them out")
        if is_path(weights):
            return given | {"model": plain} | ({"quick_gelu": True} if plain != model else {})
        if quick_gelu is not None:
            raise ValueError(f"quick_gelu: the tag {weights!r} says it; take the line out, or give a file as weights")
        return given | {"model": plain, "weights": weights.lower().replace("-", "_")}

    @model_validator(mode="after")
    def _file_of_the_papers(self) -> Self:
        if self.file is not None and not self.published:
            raise ValueError("file: is where ViT-B-32/openai lies; give the path of other weights as weights")
        return self

    @property
    def published(self) -> bool:
        """Whether this is the paper's embedder, so that scores may be compared with published ones."""
        return (self.model, self.weights) == ("ViT-B-32", "openai")

    @property
    def checkpoints(self) -> tuple[str, ...]:
        if self.published:
            return (self.file or PAPERS_EMBEDDER,)
        return tuple(name for name in (self.model, self.weights) if is_path(name))


def is_path(name: str) -> bool:
    """Whether an embedder's model or weights are a file; no architecture or tag of open_clip has a slash or a dot."""
    return "/" in name or "." in name


EmbedSpec = ClipEmbed
