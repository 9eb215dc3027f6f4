"""The comparison with the C++ rasterizer passes the C++ rasterizer, and finds each way of being wrong."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vid3d.cameras import orbit
from vid3d.errors import InputError
from vid3d.splatting.rasteriser import render
from vid3d.splatting.recipe import preset
from vid3d.splatting.torch import agreement, cpp

RECIPE, CPU = preset("as-released"), torch.device("cpu")
CAMERAS = orbit(3, 32)


def compared(change):
    """What is found of the C++ rasterizer with its drawing changed: ``change(parameters, counts, inner)``."""

    def make(views, recipe):
        inner = cpp.rasterizer(views, recipe)
        return lambda parameters, counts, at: change(parameters, counts, lambda given: inner(given, counts, at))

    rng = np.random.default_rng(0)
    moments = [agreement.scene(rng, count) for count in (40, 20, 30)]
    return agreement.of_gradients(make, moments, CAMERAS, RECIPE, CPU)


def right(parameters, counts, draw):
    return draw(parameters)


def without_gradient(name):
    return lambda parameters, counts, draw: draw(parameters | {name: parameters[name].detach()})


def in_normalised_coordinates(parameters, counts, draw):
    """The centres' gradient off by half the width, as gsplat's and Inria's units are apart."""
    drawing = draw(parameters)
    drawing.centres.register_hook(lambda gradient: gradient * 16)
    return drawing


def darker(parameters, counts, draw):
    drawing = draw(parameters)
    return replace(drawing, images=0.9 * drawing.images)


def with_noise(parameters, counts, draw):
    drawing = draw(parameters)
    return replace(drawing, images=drawing.images + 1e-3)


def that_moves_the_padding(parameters, counts, draw):
    drawing = draw(parameters)
    return replace(drawing, images=drawing.images + 1e-9 * parameters["positions"][1, counts[1] :].sum())


def that_mixes_up_the_moments(parameters, counts, draw):
    drawing = draw(parameters)
    return replace(drawing, visible=drawing.visible.roll(1, 0))


def that_fails(parameters, counts, draw):
    drawing = draw(parameters)
    return replace(drawing, images=drawing.images + torch.nan)


def blind_to_the_last(parameters, counts, draw):
    drawing = draw(parameters)
    visible = drawing.visible.clone()
    visible[0, :2] = ~visible[0, :2]
    return replace(drawing, visible=visible)


def test_the_cpp_rasterizer_agrees_with_itself():
    found = compared(right)
    assert set(found) == set(agreement.BOUNDS)
    assert not any(found.values())
    agreement.refuse(found, agreement.BOUNDS, "ours")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (darker, "image, most"),
        (with_noise, "image, mean"),
        (that_fails, "image, most"),
        (in_normalised_coordinates, "gradient of centres"),
        (that_moves_the_padding, "gradient of padding"),
        (that_mixes_up_the_moments, "visible"),
        (blind_to_the_last, "visible"),
        *((without_gradient(name), f"gradient of {name}") for name in agreement.FIELDS),
    ],
)
def test_each_fault_is_named(change, named):
    found = compared(change)
    assert not found[named] <= agreement.BOUNDS[named]
    with pytest.raises(InputError, match=r"differs by .* from the C") as error:
        agreement.refuse(found, agreement.BOUNDS, "gsplat 1.5.3")
    assert str(error.value).startswith("gsplat 1.5.3: ")
    assert "\n" not in str(error.value)


def test_renders_are_compared_as_files_hold_them():
    splats, rasterisation = agreement.scene(np.random.default_rng(0), 40), RECIPE.rasterisation
    found = agreement.of_render(lambda *given: np.clip(render(*given), 0, 1), splats, CAMERAS, rasterisation)
    assert set(found) == set(agreement.RENDERED)
    assert not any(found.values())
    other = replace(rasterisation, alpha_cap=0.5)
    found = agreement.of_render(lambda *given: render(*given[:2], other), splats, CAMERAS, rasterisation)
    with pytest.raises(InputError, match="render, most"):
        agreement.refuse(found, agreement.RENDERED, "gsplat")
