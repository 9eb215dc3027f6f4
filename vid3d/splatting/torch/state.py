"""A moment's splats while they are fitted: their parameters, Adam's moments and the densification statistics."""

from dataclasses import dataclass

import numpy as np

import torch
from torch import Tensor
from vid3d.scene import Splats
from vid3d.splatting.torch.drawing import FIELDS, Parameters

BETAS, EPSILON = (0.9, 0.999), 1e-15  # of Adam (Kingma and Ba 2015)


@dataclass
class State:
    """Splats under way.

    Attributes:
        parameters: leaves of the graph.
        first, second: Adam's moments by parameter, shaped as the parameters.
        steps: Adam's steps by parameter, since the official schedule sometimes leaves one out.
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
        values = {name: torch.from_numpy(getattr(splats, name)).to(device) for name in FIELDS}
        first, second = ({name: torch.zeros_like(value) for name, value in values.items()} for _ in BETAS)
        return cls._unseen(values, first, second, dict.fromkeys(FIELDS, 0))

    @classmethod
    def _unseen(cls, values: Parameters, first: Parameters, second: Parameters, steps: dict[str, int]) -> "State":
        parameters = {name: value.clone().requires_grad_() for name, value in values.items()}
        zeros = torch.zeros_like(values["opacity_logits"])  # (n,)
        return cls(parameters, first, second, steps, zeros, zeros.clone())

    @property
    def count(self) -> int:
        """Of splats."""
        return len(self.parameters["positions"])

    def splats(self) -> Splats:
        """A copy of the parameters' values."""
        return Splats(**{name: value.detach().cpu().numpy() for name, value in self.parameters.items()})

    def clear_gradients(self) -> None:
        """Gradients are made anew, not added to the last ones."""
        for parameter in self.parameters.values():
            parameter.grad = None

    def count_gradients(self, lengths: Tensor, seen: Tensor) -> None:
        """Adds to the statistics: (n,) image-plane gradients' lengths of the splats ``seen`` (n,) bool."""
        self.gradient_sum += torch.where(seen, lengths, 0.0)
        self.seen += seen

    def step(self, rates: dict[str, float]) -> None:
        """Adam's step on the parameters that have a rate."""
        with torch.no_grad():
            for name, rate in rates.items():
                parameter, gradient = self.parameters[name], self.parameters[name].grad
                if gradient is None:
                    continue
                self.steps[name] += 1
                self.first[name].lerp_(gradient, 1 - BETAS[0])
                self.second[name].mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
                length = (self.second[name] / (1 - BETAS[1] ** self.steps[name])).sqrt_().add_(EPSILON)
                parameter.addcdiv_(self.first[name], length, value=-rate / (1 - BETAS[0] ** self.steps[name]))

    def reset_opacities(self, ceiling: float) -> None:
        """Opacities are lowered to ``ceiling``; their moments restart."""
        with torch.no_grad():
            self.parameters["opacity_logits"].clamp_max_(float(np.log(ceiling / (1 - ceiling))))
            self.first["opacity_logits"].zero_()
            self.second["opacity_logits"].zero_()

    def gathered(self, parents: Tensor, newcomers: Tensor) -> "State":
        """Copies of the ``parents`` (m,); statistics, and Adam's moments of ``newcomers`` (m,) bool, start at zero."""

        def inherited(moments: Parameters) -> Parameters:
            kept = {name: value[parents] for name, value in moments.items()}  # (m, ...)
            for value in kept.values():
                value[newcomers] = 0.0
            return kept

        values = {name: value.detach()[parents] for name, value in self.parameters.items()}  # (m, ...)
        return self._unseen(values, inherited(self.first), inherited(self.second), self.steps)
