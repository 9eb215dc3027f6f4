"""The backend of docs/adding-a-backend.md, as it stands there."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from vid3d.cameras import orbit
from vid3d.scene import Reference
from vid3d.stages import build

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "docs/examples/render_grey.py"


@pytest.fixture
def example(monkeypatch):
    described = importlib.util.spec_from_file_location("vid3d.backends.render_grey", EXAMPLE)
    module = importlib.util.module_from_spec(described)
    monkeypatch.setitem(sys.modules, described.name, module)
    described.loader.exec_module(module)
    return module


def test_every_camera_sees_the_level(example):
    reference = Reference("r", "", *(np.ones((8, 8, 3), np.float32),) * 2, np.ones((8, 8), np.float32))
    spec = example.GreyRender(backend="grey", size=16, level=0.25)
    images = build(spec)(None, orbit(10, 16), reference)
    assert images.shape == (10, 16, 16, 3)
    assert (images == 0.25).all()


def test_its_settings_are_checked_as_all_are(example):
    with pytest.raises(ValueError, match="less than or equal to 1"):
        example.GreyRender(backend="grey", level=2)


def test_the_page_shows_what_the_file_says():
    page = (ROOT / "docs/adding-a-backend.md").read_text(encoding="utf-8")
    file = EXAMPLE.read_text(encoding="utf-8")
    shown = [block for block in re.findall(r"```python\n(.*?)```", page, re.S) if "GreyRender" in block]
    parts = [block for block in shown if block.startswith(("class", "def"))]
    assert len(parts) == 2
    assert all(part in file for part in parts)
