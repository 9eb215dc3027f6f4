"""One moment's splats while they are fitted: their parameters, Adam's moments and the densification statistics."""

from dataclasses import dataclass

import torch
from torch import Tensor
from vid3d.scene import Splats
from vid3d.splatting.torch.drawing import FIELDS, Parameters


@dataclass
class State:
    """Splats under way, apart from the other moments' (``Batch``): for what changes their number.

    Attributes:
        parameters: the fields of Splats.
        first, second: Adam's moments by parameter, shaped as the parameters.
        steps: Adam's steps by parameter.
        gradient_sum: (n,) lengths of the image-plane gradients, added up over the views that saw a splat.
        seen: (n,) how many views those were.
    """

    parameters: Parameters
    first: Parameters
    second: Parameters
    steps: dict[str, int]
    gradient_sum: Tensor
    seen: Tensor

    @classmethod
    def start(cls, splats: Splats, device: torch.device) -> "State":
        """The state before the first iteration."""
        values = {name: torch.from_numpy(getattr(splats, name)).clone().to(device) for name in FIELDS}
        first, second = ({name: torch.zeros_like(value) for name, value in values.items()} for _ in range(2))
        return cls._unseen(values, first, second, dict.fromkeys(FIELDS, 0))

    @classmethod
    def _unseen(cls, values: Parameters, first: Parameters, second: Parameters, steps: dict[str, int]) -> "State":
        zeros = torch.zeros_like(values["opacity_logits"])  # (n,)
        return cls(values, first, second, steps, zeros, zeros.clone())

    @property
    def count(self) -> int:
        """Of splats."""
        return len(self.parameters["positions"])

    def splats(self) -> Splats:
        """A copy of the parameters' values."""
        return Splats(**{name: value.cpu().numpy().copy() for name, value in self.parameters.items()})

    def gathered(self, parents: Tensor, newcomers: Tensor) -> "State":
        """Copies of the ``parents`` (m,); statistics, and Adam's moments of ``newcomers`` (m,) bool, start at zero."""

        def inherited(moments: Parameters) -> Parameters:
            kept = {name: value[parents] for name, value in moments.items()}  # (m, ...)
            for value in kept.values():
                value[newcomers] = 0.0
            return kept

        values = {name: value[parents] for name, value in self.parameters.items()}  # (m, ...)
        return self._unseen(values, inherited(self.first), inherited(self.second), self.steps)
