"""What the loop wants of a rasterizer: one view of each moment, drawn so that gradients flow back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

from torch import Tensor
from vid3d.scene import Splats

FIELDS = tuple(field.name for field in fields(Splats))

Parameters = dict[str, Tensor]  # the fields of Splats by name: (..., n, 3), (n, 4), (n, 3), (n,), (n, 3)


@dataclass(frozen=True)
class Drawing:
    """One view of each of k moments, rasterized together; n is the length of their rows.

    Attributes:
        images: (k, h, w, 3) in the graph of the parameters.
        centres: (k, ..., n, 2) in the graph; their gradient is that of the image-plane centres in pixels, for the
            densification statistics.
        visible: (k, n) bool; what lies beyond a moment's own number of splats has no meaning.
    """

    images: Tensor
    centres: Tensor
    visible: Tensor


# The splats of each moment, (k, n, ...), of which so many are its own, as seen by its camera of that index (k,).
Rasterize = Callable[[Parameters, Sequence[int], Tensor], Drawing]
