"""The three ways of counting a render as its own reference equal the released code's numbers, from its own cosines.

``tests/data/clip_eval/ORIGIN.md`` says how they were made; ``test_clip_i.py`` compares the embeddings too.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from vid3d.measures import protocols

DATA = Path(__file__).parents[1] / "data" / "clip_eval"
NAMES = {
    "source_reference": "paper_source_ref",
    "self_reference": "official",
    "self_reference_once": "self_excluded",
    "self_reference_left_out": "self_and_00_excluded",
}


@pytest.mark.parametrize(("name", "theirs"), NAMES.items())
def test_protocol(name, theirs):
    expected = json.loads((DATA / "expected_scores.json").read_text())["hf_pil"]
    official = np.load(DATA / "expected_pil.npz")
    (protocol,) = [p for p in protocols.MATRIX if p.name == name]
    cosines = official["s_source_ref" if protocol.cosines == "source_reference" else "s_render_ref"]
    assert 100 * protocol.mean(cosines.astype(float)) == pytest.approx(expected[theirs], abs=1e-5)


def test_the_protocols_differ_on_these_renders():
    """Else the comparison above could not tell them apart."""
    expected = json.loads((DATA / "expected_scores.json").read_text())["hf_pil"]
    values = sorted(expected[theirs] for theirs in NAMES.values())
    assert min(np.diff(values)) > 0.01
