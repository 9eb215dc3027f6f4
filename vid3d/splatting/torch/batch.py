"""The splats of the moments that are fitted together, as one tensor per field: a step is one call for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import torch
from torch import Tensor
from torch.nn import functional
from vid3d.splatting.torch.drawing import FIELDS, Parameters
from vid3d.splatting.torch.state import State

BETAS, EPSILON = (0.9, 0.999), 1e-15  # of Adam (Kingma and Ba 2015)
# A moment's row is a multiple of this many splats.  So no element is worked out by a vector instruction in one batch
# and by scalar code, which may round otherwise, in another: a moment becomes what it would have become alone.
ROW = 64
# What fills a row: splats of opacity 0, which gsplat leaves out when it projects; their gradients are 0.
PADDING = dict.fromkeys(FIELDS, 0.0) | {"quaternions": 1.0, "opacity_logits": -torch.inf}


@dataclass
class Batch:
    """The states of k moments under way, each in a row of n splats of which the first ``counts`` are its own.

    Attributes:
        parameters: leaves of the graph, (k, n, ...).
        first, second: Adam's moments, shaped as the parameters.
        steps: Adam's steps by parameter, since the official schedule sometimes leaves one out.
        gradient_sum, seen: (k, n), as in ``State``.
        counts: of splats by moment.
        sizes: (k,) float64, the counts on the device.
    """

    parameters: Parameters
    first: Parameters
    second: Parameters
    steps: dict[str, int]
    gradient_sum: Tensor
    seen: Tensor
    counts: tuple[int, ...]
    sizes: Tensor

    @classmethod
    def joined(cls, states: Sequence[State]) -> "Batch":
        """The moments' states together; they have made the same steps."""
        counts = tuple(state.count for state in states)
        width = -(-max(counts) // ROW) * ROW

        def rows(values: Sequence[Tensor], padding: float = 0.0) -> Tensor:
            ends = [(0, 0) * (value.dim() - 1) + (0, width - len(value)) for value in values]
            padded = [functional.pad(value, end, value=padding) for value, end in zip(values, ends, strict=True)]
            return torch.stack(padded)  # (k, n, ...)

        return cls(
            {name: rows([s.parameters[name] for s in states], PADDING[name]).requires_grad_() for name in FIELDS},
            {name: rows([s.first[name] for s in states]) for name in FIELDS},
            {name: rows([s.second[name] for s in states]) for name in FIELDS},
            states[0].steps,
            rows([s.gradient_sum for s in states]),
            rows([s.seen for s in states]),
            counts,
            torch.tensor(counts, dtype=torch.float64, device=states[0].gradient_sum.device),
        )

    def separate(self) -> list[State]:
        """The state of each moment, without copies."""

        def own(row: int, values: Parameters) -> Parameters:
            return {name: value.detach()[row, : self.counts[row]] for name, value in values.items()}

        return [
            State(
                own(row, self.parameters),
                own(row, self.first),
                own(row, self.second),
                self.steps,
                self.gradient_sum[row, :count],
                self.seen[row, :count],
            )
            for row, count in enumerate(self.counts)
        ]

    def mean_opacities(self) -> Tensor:
        """(k,) float32; summed in float64, so that the padding's zeros do not change how a sum is rounded."""
        return (self.parameters["opacity_logits"].sigmoid().sum(dim=1, dtype=torch.float64) / self.sizes).float()

    def clear_gradients(self) -> None:
        """Gradients are made anew, not added to the last ones."""
        for parameter in self.parameters.values():
            parameter.grad = None

    def count_gradients(self, lengths: Tensor, seen: Tensor) -> None:
        """Adds to the statistics: (k, n) image-plane gradients' lengths of the splats ``seen`` (k, n) bool."""
        self.gradient_sum += torch.where(seen, lengths, 0.0)
        self.seen += seen

    def step(self, rates: dict[str, float]) -> None:
        """Adam's step on the parameters that have a rate, in one call of each operation for all of them."""
        found = {name: self.parameters[name].grad for name in rates}
        gradients = [gradient for gradient in found.values() if gradient is not None]
        rates = {name: rate for name, rate in rates.items() if found[name] is not None}
        if not rates:
            return
        for name in rates:
            self.steps[name] += 1
        parameters = [self.parameters[name] for name in rates]
        first, second = [self.first[name] for name in rates], [self.second[name] for name in rates]
        with torch.no_grad():
            torch._foreach_lerp_(first, gradients, 1 - BETAS[0])
            torch._foreach_mul_(second, BETAS[1])
            torch._foreach_addcmul_(second, gradients, gradients, value=1 - BETAS[1])
            lengths = torch._foreach_div(second, [1 - BETAS[1] ** self.steps[name] for name in rates])
            torch._foreach_sqrt_(lengths)
            torch._foreach_add_(lengths, EPSILON)
            strides = [-rate / (1 - BETAS[0] ** self.steps[name]) for name, rate in rates.items()]
            torch._foreach_addcdiv_(parameters, first, lengths, strides)

    def reset_opacities(self, ceiling: float) -> None:
        """Opacities are lowered to ``ceiling``; their moments restart."""
        with torch.no_grad():
            self.parameters["opacity_logits"].clamp_max_(float(np.log(ceiling / (1 - ceiling))))
            self.first["opacity_logits"].zero_()
            self.second["opacity_logits"].zero_()
