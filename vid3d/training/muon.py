"""The optimiser Muon: momentum whose singular values are all made about 1.

Jordan et al. 2024, https://kellerjordan.github.io/posts/muon.  On the mini denoisers 320 of its steps reached a lower
held-out loss (0.547) than the 390 of AdamW (0.572) that take as long.  torch.optim.Muon takes matrices only, and most
weights here are convolutions: a kernel is one matrix, its output channels by everything else.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic whose iteration drives singular values towards 1
ITERATIONS = 5
SMALLEST = 32  # rows or columns that a matrix needs for this to be worth its products


class Muon(torch.optim.Optimizer):
    """For the parameters that ``suits`` chooses; a rate here moves weights about as far as AdamW's would.

    The update's root mean square is 0.2, as AdamW's usually is (Liu et al. 2025, arXiv:2502.16982, equation 4).
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One update; matrices of one shape are orthogonalised together."""
        del closure
        for group in self.param_groups:
            shapes: dict[torch.Size, list[tuple[nn.Parameter, Tensor]]] = {}
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                state["momentum"].mul_(MOMENTUM).add_(parameter.grad)
                matrix = (parameter.grad + MOMENTUM * state["momentum"]).flatten(1)  # Nesterov's
                shapes.setdefault(matrix.shape, []).append((parameter, matrix))
            for shape, members in shapes.items():
                updates = orthogonalised(torch.stack([matrix for _, matrix in members]))
                for (parameter, _), update in zip(members, updates, strict=True):
                    parameter.mul_(1.0 - group["lr"] * group["weight_decay"])
                    parameter.add_(update.view_as(parameter), alpha=-group["lr"] * 0.2 * math.sqrt(max(shape)))


def suits(name: str, parameter: Tensor) -> bool:
    """Whether a model's parameter of this name is for Muon: a matrix or a kernel, not of the outermost layers."""
    if parameter.ndim < 2 or name.startswith(("conv_in.", "conv_out.")):
        return False
    return min(parameter.shape[0], parameter[0].numel()) >= SMALLEST


def orthogonalised(matrices: Tensor) -> Tensor:
    """(n, rows, columns) with about the same singular vectors, and singular values between about 0.7 and 1.2."""
    # Every iterate is a polynomial in the (smaller) Gram matrix times the matrix itself, so the iteration can run on
    # the former: a third less time for long matrices, and equal to rounding.
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    gram = x @ x.mT
    product = torch.eye(x.shape[1], dtype=x.dtype, device=x.device).expand_as(gram)
    for _ in range(ITERATIONS):
        polynomial = b * gram + c * (gram @ gram)
        polynomial.diagonal(dim1=1, dim2=2).add_(a)
        product, gram = polynomial @ product, polynomial @ gram @ polynomial
    x = product @ x
    return x.mT if tall else x
