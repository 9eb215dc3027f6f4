"""Planted faults of known size are measured as such, and told from those that persist."""

import json

import numpy as np
import pytest

from vid3d.commands import hypothesis_calibrate
from vid3d.hypothesis.calibration import Clip, levels, of_clip
from vid3d.hypothesis.clips import held_out_objects, training_objects, views_of
from vid3d.procedural import load_objects
from vid3d.procedural.objects import is_held_out
from vid3d.study.reading import read_yaml
from vid3d.study.registry import parse_spec

SETTINGS = '"size":32,"count":6'
BENCHMARK = "benchmark/procedural/objects.yaml"


@pytest.fixture(scope="module")
def objects():
    return training_objects()[:2]


@pytest.fixture(scope="module")
def truth(objects):
    return list(views_of(parse_spec("views", f'{{"backend":"procedural",{SETTINGS}}}'), objects, 120, 7))


def measured(objects, views, truth):
    return levels([of_clip(Clip(obj, 120, ours, own)) for obj, ours, own in zip(objects, views, truth, strict=True)])


@pytest.mark.parametrize(("fault", "size"), [("colour", 0.1), ("texture", 0.12), ("shift", 0.03), ("scale", 0.06)])
def test_a_planted_fault_is_measured(objects, truth, fault, size):
    spec = parse_spec("views", f'{{"backend":"jittered",{SETTINGS},"grain":0.1,"{fault}":{size}}}')
    found = measured(objects, views_of(spec, objects, 120, 7), truth)
    assert found[fault] == pytest.approx(size, rel=0.45)  # of 12 draws
    assert found[f"{fault}_persistent"] < found[fault]
    if fault == "texture":
        assert found["grain"] == pytest.approx(0.1, rel=0.35)


def test_a_fault_that_every_frame_has_alike_is_persistent(objects, truth):
    found = measured(objects, [1 - 0.8 * (1 - clip) for clip in truth], truth)
    assert found["colour_persistent"] == pytest.approx(0.2, abs=0.03)
    assert found["colour"] < 0.01
    assert found["texture"] < 0.02


def test_noise_that_frames_share_persists(objects, truth):
    """What is drawn once for the clip is nothing that one could average away; drawn per frame is the default."""
    fault = f'{{"backend":"jittered",{SETTINGS},"colour":0.2,"noise":"clip"}}'
    found = measured(objects, views_of(parse_spec("views", fault), objects, 120, 7), truth)
    assert found["colour"] < 0.02
    assert found["colour_persistent"] > 0.1
    assert "noise" not in parse_spec("views", fault.replace('"clip"', '"frame"')).argument()


def test_objects_are_those_that_they_are_said_to_be():
    benchmark = list(load_objects(read_yaml(BENCHMARK)).values())
    ours = held_out_objects(benchmark)
    taken = {(obj.kind, obj.colour, obj.second) for obj in benchmark}
    assert len({obj.kind for obj in ours}) == 12
    assert all(is_held_out(obj.kind, obj.colour, obj.second) for obj in ours)
    assert not taken & {(obj.kind, obj.colour, obj.second) for obj in ours}
    assert len({obj.kind for obj in training_objects()}) == 6
    assert not any(is_held_out(obj.kind, obj.colour, obj.second) for obj in training_objects())


def test_the_command_writes_what_a_plan_reads(tmp_path):
    spec = parse_spec("views", f'{{"backend":"jittered",{SETTINGS},"colour":0.1}}')
    hypothesis_calibrate.run(spec=spec, benchmark=BENCHMARK, output=tmp_path / "found.json", frames=4, clips=1)
    found = json.loads((tmp_path / "found.json").read_text())
    assert {"colour", "texture", "grain", "shift", "scale"} <= set(found)
    assert found["provenance"]["spec"]["colour"] == 0.1
    assert np.isfinite([value for name, value in found.items() if name != "provenance"]).all()
