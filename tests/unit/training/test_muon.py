"""Muon against singular value decomposition, and on a problem that it must solve."""

import pytest
import torch

from vid3d.training import models, muon


@pytest.mark.parametrize("shape", [(2, 5, 9), (3, 9, 5)])
def test_singular_vectors_stay_and_singular_values_become_about_one(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 3.0
    made = muon.orthogonalised(matrices)
    assert torch.linalg.svdvals(made).min() > 0.6
    assert torch.linalg.svdvals(made).max() < 1.3
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    nearest = u @ v  # of all matrices with singular values of 1
    assert torch.cosine_similarity(made.flatten(1), nearest.flatten(1)).min() > 0.95


def test_it_finds_the_weights_of_a_convolution() -> None:
    torch.manual_seed(0)
    wanted, model = torch.nn.Conv2d(40, 36, 3), torch.nn.Conv2d(40, 36, 3)
    images = torch.randn(16, 40, 6, 6)
    optimiser = muon.Muon([model.weight], lr=0.02, weight_decay=0.0)
    losses = []
    for step in range(120):
        loss = (model(images) - wanted(images)).pow(2).mean()
        optimiser.param_groups[0]["lr"] = 0.02 * (1 - step / 120)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.02 * losses[0]


def test_it_is_for_matrices_and_kernels_inside_the_denoiser() -> None:
    named = dict(models.new_denoiser(3).named_parameters())
    chosen = {name for name, value in named.items() if muon.suits(name, value)}
    assert "conv_in.weight" not in chosen
    assert "conv_out.weight" not in chosen
    assert all(named[name].ndim >= 2 for name in chosen)
    share = sum(named[name].numel() for name in chosen) / sum(value.numel() for value in named.values())
    assert share > 0.95
