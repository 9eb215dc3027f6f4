import numpy as np
import pytest

from vid3d.errors import InputError
from vid3d.procedural import ObjectSpec, load_objects, sample_object
from vid3d.procedural.kinds import KINDS
from vid3d.procedural.objects import captions, is_held_out, vocabulary

FROG = {"name": "a-frog", "kind": "frog", "colour": "red", "second": "yellow", "pattern": "spots"}


def test_the_benchmark_names_objects_of_every_class(benchmark):
    assert len(benchmark) >= 20
    assert {obj.kind for obj in benchmark.values()} == set(KINDS)
    assert len({obj.caption for obj in benchmark.values()}) == len(benchmark)
    assert all(obj.name == name for name, obj in benchmark.items())


def test_training_never_draws_a_benchmark_object_nor_its_class_with_its_colours(benchmark):
    combinations = {(obj.kind, obj.colour, obj.second) for obj in benchmark.values()}
    assert all(is_held_out(*combination) for combination in combinations)
    rng = np.random.default_rng(0)
    drawn = {(obj.kind, obj.colour, obj.second) for obj in (sample_object(rng) for _ in range(5000))}
    assert not drawn & combinations
    assert not any(is_held_out(*combination) for combination in drawn)
    assert len(drawn) > 1000  # the rule leaves training nearly all combinations


def test_the_sampler_varies_everything_and_repeats_with_its_generator():
    first = [sample_object(np.random.default_rng(3)) for _ in range(2)]
    assert first[0] == first[1]
    rng = np.random.default_rng(4)
    objects = [sample_object(rng) for _ in range(400)]
    assert {obj.kind for obj in objects} == set(KINDS)
    for field in ("colour", "second", "pattern"):
        assert len({getattr(obj, field) for obj in objects}) >= 5
    for field in ("girth", "head", "limbs", "shift"):
        values = [getattr(obj, field) for obj in objects]
        assert min(values) < 0.05
        assert max(values) > 0.95
    assert min(obj.yaw for obj in objects) < -18
    assert max(obj.yaw for obj in objects) > 18


def test_a_description_survives_the_way_to_a_mapping_and_back(benchmark):
    for obj in benchmark.values():
        assert ObjectSpec.from_dict(obj.to_dict()) == obj


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "unicorn"}, "kind is 'unicorn', choose one of figure"),
        ({"kind": None}, "kind is None"),
        ({"colour": "white"}, "colour is 'white'"),
        ({"second": "red"}, "second is 'red' like colour"),
        ({"pattern": "tartan"}, "pattern is 'tartan'"),
        ({"girth": 1.5}, "girth is 1.5, give a number from 0 to 1"),
        ({"girth": "thick"}, "girth is 'thick'"),
        ({"head": float("nan")}, "head is nan"),
        ({"limbs": True}, "limbs is True"),
        ({"yaw": 90}, "yaw is 90, give a number from -20 to 20"),
        ({"name": "A Frog"}, "name 'A Frog'"),
        ({"wings": 2}, "unknown attribute 'wings'"),
    ],
)
def test_nonsense_is_refused_in_one_line(change, message):
    with pytest.raises(InputError) as caught:
        ObjectSpec.from_dict(FROG | change)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("entries", [{}, [], {"frog": "green"}, {"frog": {"kind": "frog"}}])
def test_a_malformed_list_is_refused(entries):
    with pytest.raises(InputError):
        load_objects(entries)


def test_captions_say_class_colours_pattern_and_motion():
    assert ObjectSpec.from_dict(FROG).caption == "a red frog with yellow spots hopping"
    assert ObjectSpec.from_dict(FROG | {"pattern": "plain"}).caption == "a red and yellow frog hopping"
    assert ObjectSpec.from_dict(FROG | {"colour": "orange"}).caption.startswith("an orange frog")


def test_the_family_has_many_captions_of_few_words():
    every = list(captions())
    assert len(set(every)) == len(every) >= 64
    words = vocabulary()
    assert len(words) <= 512
    assert words == sorted({word for caption in every for word in caption.split()})
    rng = np.random.default_rng(1)
    assert all(set(sample_object(rng).caption.split()) <= set(words) for _ in range(200))
