"""The control `shuffled` on real renders: splats fitted to every frame of a moving object, in order and out of it."""

from pathlib import Path

import numpy as np
import pytest

from vid3d import files
from vid3d.cameras import EVALUATION_CAMERAS, orbit
from vid3d.commands import render as command
from vid3d.errors import InputError
from vid3d.images.reference import make_reference
from vid3d.indicators.temporal import flicker
from vid3d.measures import protocols
from vid3d.procedural import ObjectSpec, render, truth
from vid3d.randomness import generator
from vid3d.scene import Views
from vid3d.stages import build
from vid3d.study.benchmark import load_benchmark
from vid3d.study.specs.fit import CpuFit
from vid3d.study.specs.reference import ReferenceSpec
from vid3d.study.specs.render import CpuRender, ShuffledRender
from vid3d.study.specs.score import ClipEmbed

ROOT = Path(__file__).parents[3]
SIZE, FRAMES = 64, 8
IN_ORDER = CpuRender(backend="cpu", size=SIZE)
SHUFFLED = ShuffledRender(backend="shuffled", size=SIZE)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """The three files of a reference, and a PLY for each frame."""
    folder, name = tmp_path_factory.mktemp("fitted"), "windmill-orange"
    entry = load_benchmark("procedural", None, ROOT)[name]
    reference = make_reference(name, entry, ReferenceSpec(size=SIZE))
    paths = tuple(folder / file for file in ("reference.png", "foreground.png", "subject.json"))
    files.save_reference(paths, reference, files.Provenance("reference", "{}"))
    described, around = ObjectSpec.from_dict(reference.procedural), orbit(9, SIZE)
    moments = [Views(render(described, frame, 120, around)[0], around) for frame in range(FRAMES)]
    fit = build(CpuFit(backend="cpu", splats=500, iterations=300, maximum=1000))
    plys = []
    for frame, (splats, _) in enumerate(fit(moments, [generator(0, "splat", name, k) for k in range(FRAMES)])):
        plys.append(folder / f"{frame:02d}.ply")
        files.save_splats(plys[-1], splats, files.Provenance("splat", "{}"))
    return paths, plys


def drawn(fitted, folder, spec):
    """(frames, cameras, s, s, 3) as they are read back from the filmstrips."""
    reference, plys = fitted
    folder.mkdir(exist_ok=True)
    strips = [folder / f"{frame:02d}.png" for frame in range(FRAMES)]
    command.run(spec=spec, reference=reference, motion=120, views=9, splats=plys, output=strips, videos=())
    return np.stack([files.load_filmstrip(strip, EVALUATION_CAMERAS) for strip in strips])


@pytest.fixture(scope="module")
def renders(fitted, tmp_path_factory):
    return [drawn(fitted, tmp_path_factory.mktemp("renders"), spec) for spec in (IN_ORDER, SHUFFLED)]


def test_each_camera_shows_the_runs_own_images_in_an_order_of_its_own(renders):
    run, shuffled = renders
    assert np.array_equal(run[0, 0], shuffled[0, 0])  # the released script's reference
    orders = []
    for camera in range(EVALUATION_CAMERAS):
        alike = (run[None, :, camera] == shuffled[:, None, camera]).all(axis=(2, 3, 4))  # (shown, original)
        orders.append(tuple(alike.argmax(axis=1)))
        assert sorted(orders[-1]) == list(range(FRAMES))
        assert orders[-1] != tuple(range(FRAMES))
    assert len(set(orders)) > EVALUATION_CAMERAS / 2


def test_clip_i_is_the_same_in_every_digit_by_every_definition(renders, fitted):
    reference = files.load_reference(fitted[0])
    mini = ROOT / "weights/mini-clip"
    embed = build(ClipEmbed(backend="clip", model=str(mini / "config.json"), weights=str(mini / "model.safetensors")))
    source = embed([files.to_uint8(reference.image)])[0]
    found = []
    for images in renders:
        embedded = np.stack([embed(list(files.to_uint8(frame))) for frame in images])
        found.append(protocols.evaluate(protocols.compare(embedded, source, source)))
    for name in protocols.NAMES:
        assert f"{found[0][name]:.6f}" == f"{found[1][name]:.6f}", name  # as many as tables have
        assert 0.1 < found[0][name] < 1


def test_it_flickers_more_than_the_run_which_flickers_more_than_the_truth(renders, fitted):
    true = np.stack(list(truth(files.load_reference(fitted[0]).procedural, FRAMES, 120, SIZE)))
    least, run, shuffled = (flicker(images).mean() for images in (true, *renders))
    assert shuffled >= 1.3 * run
    assert run >= 5 * least


def test_the_same_image_has_the_same_order(renders, fitted, tmp_path):
    assert np.array_equal(drawn(fitted, tmp_path / "again", SHUFFLED), renders[1])
    other = ShuffledRender(backend="shuffled", size=SIZE, seed=1)
    assert not np.array_equal(drawn(fitted, tmp_path / "other", other), renders[1])


def test_as_many_splats_as_frames_are_wanted(fitted, tmp_path):
    reference, plys = fitted
    strips = [tmp_path / f"{frame}.png" for frame in range(FRAMES)]
    with pytest.raises(InputError, match="7 files of splats for 8 frames; name one for each"):
        command.run(spec=SHUFFLED, reference=reference, motion=120, views=9, splats=plys[:7], output=strips, videos=())
    assert not list(tmp_path.iterdir())
