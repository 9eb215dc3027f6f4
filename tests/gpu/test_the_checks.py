"""The checks find what they are there to find: run on a CPU on places that draw, fit or compute wrongly."""

import json
from dataclasses import replace

import pytest
import torch

from tests.gpu import drawing, fits, places
from tests.gpu.record import Record
from vid3d import files
from vid3d.splatting.torch import agreement


@pytest.fixture(scope="module")
def right():
    return places.on_cpu()


def found(check, *given):
    """What a check tells: its figures that do not hold, by the first word of their names."""
    record = Record({})
    with pytest.raises(AssertionError, match="FAILS"), record.check("x") as opened:
        check(*given, opened)
    assert record.checks["x"]["outcome"] == "failed"
    return {figure["name"] for figure in record.checks["x"]["figures"] if not figure["holds"]}


def redrawn(place, change):
    """The place with each of its drawings changed."""

    def make(views, recipe):
        inner = place.rasterizer(views, recipe)
        return lambda *given: change(inner(*given))

    return replace(place, rasterizer=make)


def scaled(drawn):
    drawn.centres.register_hook(lambda gradient: gradient * 16)
    return drawn


def test_a_loss_in_reduced_precision_is_found(right, little, monkeypatch):
    """Operands of 11 bits, as TF32 has them."""
    convolution = torch.nn.functional.conv2d

    def rounded(tensor):
        if tensor.dtype != torch.float32:
            return tensor
        coarse = (tensor.detach().contiguous().view(torch.int32) + (1 << 12)) & ~((1 << 13) - 1)
        return tensor + (coarse.view(torch.float32) - tensor).detach()

    monkeypatch.setattr(
        torch.nn.functional,
        "conv2d",
        lambda image, window, **named: convolution(rounded(image), rounded(window), **named),
    )
    assert "SSIM, white with noise" in found(drawing.loss, right, little)


def test_a_renderer_that_is_too_dark_is_found(right, little):
    dark = replace(right, render=lambda *shown: 0.99 * right.render(*shown))
    assert {"200 splats, render, mean", "the CPU's fit, PSNR"} <= found(drawing.forward, dark, little)


def test_a_centres_gradient_in_other_units_is_found(right):
    assert found(drawing.backward, redrawn(right, scaled)) == {
        "alone, gradient of centres",
        "padded, gradient of centres",
    }


def test_a_fit_that_densifies_otherwise_is_found(right):
    assert "numbers of splats, as released" in found(fits.beside_the_fused_fit, redrawn(right, scaled))


def test_moments_that_are_mixed_up_in_a_batch_are_found(right):
    def mixed(drawn):
        return replace(drawn, images=drawn.images.roll(1, 0))

    assert any(name.startswith("losses") for name in found(fits.in_batches, redrawn(right, mixed)))


def test_a_record_holds_what_was_found_before_a_check_broke_off(tmp_path):
    record = Record({"device": "cpu"})
    with pytest.raises(ZeroDivisionError), record.check("2 forward") as check:
        check.bounded({"render, most": float("inf"), "render, mean": 0.0}, agreement.RENDERED)
        check.note("then")
        raise ZeroDivisionError
    with record.check("1 compile") as check:
        check.tell("seconds", 120, aim="60")
    with pytest.raises(AssertionError, match="found nothing"), record.check("3"):
        pass
    files.save_json(tmp_path / "cpu.json", record.contents())
    written = json.loads((tmp_path / "cpu.json").read_text())
    outcomes = {name: check["outcome"] for name, check in written["checks"].items()}
    assert outcomes == {"2 forward": "failed", "1 compile": "holds", "3": "failed"}
    first, second = written["checks"]["2 forward"]["figures"]
    assert (first["value"], first["holds"], second["value"], second["holds"]) == ("inf", False, 0.0, True)
    assert first["most"] == agreement.RENDERED["render, most"]
