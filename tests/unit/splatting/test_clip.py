"""Fits of whole clips: chain rule, penalty, order of steps, and that every arm repeats itself bit for bit."""

import numpy as np
import pytest

from vid3d import cameras, files
from vid3d.commands import fit as command
from vid3d.errors import InputError
from vid3d.procedural import load_objects, render
from vid3d.randomness import generator
from vid3d.scene import Views
from vid3d.splatting import native
from vid3d.splatting.clip import GROUPS, Model, refine, shares, warm_start, waves
from vid3d.splatting.fit import fit, view_order
from vid3d.splatting.recipe import preset
from vid3d.stages import build
from vid3d.study.registry import parse_spec

SIZE, MOMENTS = 32, 5
ARMS = {
    "warm": '{"backend":"warm","preset":"fast","splats":200,"iterations":24}',
    "joint": '{"backend":"joint","preset":"fast","splats":200,"iterations":24,"smoothness":0.001}',
    "trajectories": '{"backend":"trajectories","preset":"fast","splats":200,"iterations":24,"waves":2}',
}
RECIPE = preset("fast", splats=200, iterations=24)


@pytest.fixture(scope="module")
def clip():
    """Ten views each of five moments of a moving frog."""
    obj = load_objects({"frog": {"kind": "frog", "colour": "green", "second": "purple"}})["frog"]
    around = cameras.orbit(10, SIZE)
    return [Views(render(obj, float(frame), 120, around, 1)[0], around) for frame in range(MOMENTS)]


def rngs(count=MOMENTS):
    return [generator(0, "splat", "frog", frame) for frame in range(count)]


def planes(fitted):
    return np.stack([native.from_splats(splats) for splats, _ in fitted])


@pytest.mark.parametrize("arm", ARMS)
def test_an_arm_repeats_itself_and_takes_its_steps(arm, clip):
    fitting = build(parse_spec("splat", ARMS[arm]))
    first, second = fitting(clip, rngs()), fitting(clip, rngs())
    assert planes(first).tobytes() == planes(second).tobytes()
    assert sum(len(report.losses) for _, report in first) == 24 * MOMENTS
    assert planes(first).shape == (MOMENTS, 14, 200)
    assert len({moment.tobytes() for moment in planes(first)}) == MOMENTS


def test_the_papers_path_is_a_fit_of_a_clip_that_couples_nothing(clip):
    spec = parse_spec("splat", '{"backend":"cpu","preset":"fast","splats":200,"iterations":24}')
    together = build(spec)(clip, rngs())
    alone = [build(spec)([views], [rng])[0] for views, rng in zip(clip, rngs(), strict=True)]
    assert planes(together).tobytes() == planes(alone).tobytes()
    assert spec.stored(10, 2000) == 10 * 2000 * 14
    assert parse_spec("splat", ARMS["trajectories"]).stored(10, 2000) == 2000 * (14 + 2 * 7)


def test_one_free_moment_is_the_fit_of_a_moment(clip):
    """The clip's trainer takes the very steps of the trainer that is conformant with the released code."""
    start, _ = fit(clip[0], RECIPE, rngs()[0])
    order = view_order(10, 24, np.random.default_rng(1))
    core = native.load("auto")
    recipe = RECIPE.adapted(10)
    trainer = core.Trainer(
        native.from_splats(start), native.from_cameras(clip[0].cameras), native.planar(clip[0].images),
        recipe.rasterisation, recipe.ssim_weight, recipe.l1_weight, recipe.opacity_weight, recipe.beta2,
    )  # fmt: skip
    trainer.run(order, recipe.rates(), np.zeros(24, np.float32))
    expected = np.empty((14, 200), np.float32)
    trainer.copy_splats(expected)
    model = Model(native.from_splats(start)[None], np.ones((1, 1), np.float32), (GROUPS,))
    made = refine(clip[:1], RECIPE, model, np.random.default_rng(1), 24)
    np.testing.assert_array_equal(planes(made)[0], expected)


def test_the_chain_rule_weighs_gradients_and_sums_them(clip):
    """After one step Adam has moved a coefficient by its rate; a moment moves by all that it has of each."""
    start = native.from_splats(fit(clip[0], RECIPE, rngs()[0])[0])
    weights = np.array([[1.0], [-2.0]], np.float32)
    coefficients = np.stack([start, np.zeros_like(start)])
    made = planes(refine(clip[:1], RECIPE, Model(coefficients, weights, (GROUPS, 2)), np.random.default_rng(1), 1))[0]
    alone = Model(start[None], np.ones((1, 1), np.float32), (GROUPS,))
    single = planes(refine(clip[:1], RECIPE, alone, np.random.default_rng(1), 1))[0]
    np.testing.assert_allclose((made - start)[:7], 3 * (single - start)[:7], rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal((made - start)[7:], (single - start)[7:])


def test_the_penalty_straightens(clip):
    started = planes(warm_start(clip, RECIPE, rngs(), 60))

    def bent(smoothness):
        model = Model(started, np.eye(MOMENTS, dtype=np.float32), (GROUPS,) * MOMENTS, smoothness)
        made = planes(refine(clip, RECIPE, model, rngs()[0], 100))
        return np.square(np.diff(made, 2, axis=0)).mean()

    assert bent(1.0) < 0.5 * bent(0.0)


def test_a_basis_of_all_waves_spans_every_motion_and_few_are_refused(clip):
    basis = waves(6, 5)
    assert np.linalg.matrix_rank(basis) == 6
    np.testing.assert_allclose(basis @ basis.T, np.diag([6, 3, 3, 3, 3, 3]), atol=1e-5)
    spec = parse_spec("splat", ARMS["trajectories"].replace('"waves":2', '"waves":5'))
    with pytest.raises(InputError, match="waves: 5 waves need more than 5 moments"):
        build(spec)(clip, rngs())


def test_steps_are_shared_and_too_few_are_refused(clip):
    assert shares(110, 10) == [20, *[10] * 9]
    assert sum(shares(117, 10)) == 117
    with pytest.raises(InputError, match="too few"):
        warm_start(clip, RECIPE, rngs(), MOMENTS)


def test_the_command_fits_a_clip_in_order_or_writes_nothing(clip, tmp_path):
    orbits = [tmp_path / f"orbit-{frame}.png" for frame in range(MOMENTS)]
    for path, views in zip(orbits, clip, strict=True):
        files.save_filmstrip(path, views.images, files.Provenance("views", "{}"))
    output = [tmp_path / f"splats/{frame}.ply" for frame in range(MOMENTS)]
    told = {"image": "frog", "orbit": orbits, "output": output, "generated": 10, "views": 10}
    command.run(spec=parse_spec("splat", ARMS["warm"]), frames=range(MOMENTS), **told)
    assert [len(files.load_splats(path)) for path in output] == [200] * MOMENTS
    refused = {
        "frames": (1, 0, 2, 3, 4),
        **told,
        "output": [tmp_path / f"never/{frame}.ply" for frame in range(MOMENTS)],
    }
    with pytest.raises(InputError, match="--frames: warm fits a whole clip"):
        command.run(spec=parse_spec("splat", ARMS["warm"]), **refused)
    with pytest.raises(InputError, match="waves"):
        spec = parse_spec("splat", ARMS["trajectories"].replace('"waves":2', '"waves":9'))
        command.run(spec=spec, **(refused | {"frames": range(MOMENTS)}))
    assert not (tmp_path / "never").exists()
