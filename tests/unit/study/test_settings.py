"""The reference of settings is that of the code, and no setting lacks a meaning."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from vid3d.commands import settings as settings_command
from vid3d.study.registry import STAGES, backends
from vid3d.study.settings import reference, settings
from vid3d.study.specs.spec import Spec

ROOT = Path(__file__).parents[3]


def test_the_command_writes_the_reference(tmp_path):
    settings_command.run(output=tmp_path / "README.md")
    assert (tmp_path / "README.md").read_text() == reference()


def test_the_committed_reference_is_that_of_the_code():
    assert (ROOT / "config" / "README.md").read_text() == reference(), "run: vid3d settings"


def test_every_backend_of_every_stage_has_its_section():
    text = reference()
    for stage in STAGES:
        for name in backends(stage):
            assert f"## Stage `{stage}`" + (f", backend `{name}`" if name else "") in text


class _Blurred(Spec):
    """A backend.

    Attributes:
        radius: in pixels,
            of the blur.
        fast, tiny: both; null for neither.
    """

    radius: Annotated[float, Field(gt=0, le=9)] = 1.0
    fast: bool | None = None
    tiny: int = 1


def test_names_ranges_defaults_and_meanings_are_read_from_the_class():
    assert list(settings(_Blurred)) == [
        ("radius", "number above 0 to 9", "`1.0`", "in pixels, of the blur."),
        ("fast", "`true`, `false` or none", "`null`", "both; null for neither."),
        ("tiny", "whole number", "`1`", "both; null for neither."),
    ]


def test_a_setting_without_a_meaning_is_an_error():
    class Mute(Spec):
        """Says nothing of its setting."""

        loud: int = 0

    with pytest.raises(ValueError, match=r"Mute.loud: no meaning"):
        list(settings(Mute))
