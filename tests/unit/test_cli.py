"""Bad input at the command line: one line, exit code 2, nothing written."""

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from tests.speed import files_of_a_fit
from vid3d import cameras, cli, files, journal
from vid3d.commands import views
from vid3d.scene import Reference, Views
from vid3d.study import registry
from vid3d.study.benchmark import Photograph
from vid3d.study.specs.score import ClipEmbed
from vid3d.study.specs.views import V3dViews

FIT = '{"backend":"cpu","iterations":5,"revision":2,"splats":50}'


@pytest.fixture
def vid3d(monkeypatch, capsys):
    """Run the command; its exit code and what it printed on standard error."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["vid3d", *map(str, arguments)])
        try:
            cli.main()
        except SystemExit as stop:
            return int(stop.code or 0), capsys.readouterr().err
        return 0, capsys.readouterr().err

    return run


def refused(result, *words):
    code, message = result
    assert code == 2, message
    assert message.startswith("vid3d: ")
    assert message.count("\n") == 1, message
    for word in words:
        assert word in message


def fit_arguments(folder, spec=FIT, **changes):
    given = {"spec": spec, "image": "frog", "views": 3, "frames": 0, "orbit": folder / "orbit.png"}
    given |= {"output": folder / "out" / "frame-00.ply", **changes}
    return ["fit", *(part for key, value in given.items() for part in (f"--{key}", value))]


@pytest.fixture
def orbit(tmp_path):
    rng = np.random.default_rng(0)
    strip = rng.random((18, 16, 16, 3), np.float32)
    files.save_filmstrip(tmp_path / "orbit.png", strip, files.Provenance("test", "{}"))
    return tmp_path


def test_a_fit_writes_splats_and_its_loss_curve(vid3d, orbit):
    assert vid3d(*fit_arguments(orbit))[0] == 0
    assert len(files.load_splats(orbit / "out/frame-00.ply")) > 0
    assert len(json.loads((orbit / "out/frame-00-fit.json").read_text())["losses"]) == 5


CPP_FIT = '{"backend":"autodiff","rasterizer":"cpp","preset":"as-written","splats":40,"iterations":4}'


def test_a_fit_without_the_gpu_it_needs_is_refused(vid3d, orbit, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    refused(vid3d(*fit_arguments(orbit, '{"backend":"autodiff"}')), "splat.backend", "CUDA", "use backend cpu")
    assert not (orbit / "out").exists()


def test_a_fit_that_is_too_large_for_the_gpu_says_what_to_lower(vid3d, orbit, monkeypatch):
    torch = pytest.importorskip("torch")
    from vid3d.splatting.torch import cpp

    def too_much(*drawn):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nGPU 0 has a total capacity of")

    monkeypatch.setattr(cpp, "rasterizer", lambda moments, recipe: too_much)
    refused(vid3d(*fit_arguments(orbit, CPP_FIT)), "out of GPU memory; lower splat.splats")
    assert not (orbit / "out").exists()


def test_frames_fitted_together_are_those_fitted_alone(vid3d, orbit):
    """Also their random numbers: the loop of the GPU fit, on the C++ rasterizer."""
    for batch in (1, 2, 3):
        outputs = [orbit / f"batch-{batch}/frame-{frame:02d}.ply" for frame in range(3)]
        words = ["fit", "--spec", CPP_FIT, "--image", "frog", "--views", 3, "--frames", 0, 1, 2, "--batch", batch]
        assert vid3d(*words, "--orbit", *[orbit / "orbit.png"] * 3, "--output", *outputs)[0] == 0
    for frame in range(3):
        name = f"frame-{frame:02d}"
        one, *others = [(orbit / f"batch-{batch}/{name}.ply").read_bytes() for batch in (1, 2, 3)]
        assert others == [one, one], name
        assert f'"frame": {frame}'.encode() in one
        assert len(json.loads((orbit / f"batch-3/{name}-fit.json").read_text())["losses"]) == 4


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        (FIT.replace("splats", "splat"), "splat"),
        (FIT.replace('"cpu"', '"tpu"'), "tpu"),
        (FIT.replace('"revision":2', '"revision":99'), "revision"),
        ("{", "JSON"),
    ],
)
def test_a_wrong_spec_is_refused(vid3d, orbit, spec, word):
    refused(vid3d(*fit_arguments(orbit, spec)), "--spec of splat", word)
    assert not (orbit / "out").exists()


def test_a_view_count_that_does_not_divide_is_refused(vid3d, orbit):
    refused(vid3d(*fit_arguments(orbit, views=7)), "7", "18")


def test_a_missing_filmstrip_is_named(vid3d, orbit):
    refused(vid3d(*fit_arguments(orbit, orbit=orbit / "gone.png")), "gone.png", "no such file")


def test_a_truncated_filmstrip_is_named(vid3d, orbit):
    data = (orbit / "orbit.png").read_bytes()
    (orbit / "orbit.png").write_bytes(data[: len(data) // 2])
    refused(vid3d(*fit_arguments(orbit)), "orbit.png", "corrupt")
    assert not (orbit / "out").exists()


def reference_arguments(folder, source):
    entry = Photograph(file=str(source)).model_dump_json()
    outputs = [folder / "out" / name for name in ("reference.png", "foreground.png", "subject.json")]
    return ["reference", "--spec", '{"revision":1,"size":64}', "--entry", entry, "--image", "photo",
            "--source", source, "--output", *outputs]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda path: None, "photo.png"),
        (lambda path: path.write_bytes(b"not a picture"), "photo.png"),
        (lambda path: Image.new("RGB", (1, 1)).save(path), "1 x 1"),
        (lambda path: Image.new("1", (20000, 20000)).save(path), "pixels"),
        (lambda path: Image.new("RGB", (64, 64), "white").save(path), "photo.png"),  # nothing in the foreground
    ],
    ids=["missing", "corrupt", "one pixel", "giant", "empty foreground"],
)
def test_unusable_photographs_are_refused(vid3d, tmp_path, make, word):
    source = tmp_path / "photo.png"
    make(source)
    refused(vid3d(*reference_arguments(tmp_path, source)), "photo.png", word)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_wrong_checksum_is_refused(vid3d, tmp_path):
    (tmp_path / "fish.jpg").write_bytes(b"not the fish")
    entry = Photograph(file="fish.jpg", sha256="0" * 64).model_dump_json()
    output = tmp_path / "out" / "fish.jpg"
    refused(vid3d("fetch", "--entry", entry, "--folder", tmp_path, "--output", output), "fish.jpg", "checksum")
    assert list(output.parent.iterdir()) == []


def test_splats_with_nan_are_refused_by_the_renderer(vid3d, tmp_path):
    white = np.ones((16, 16, 3), np.float32)
    reference = Reference("frog", "a frog", white, white, np.zeros((16, 16), np.float32))
    paths = [tmp_path / name for name in ("reference.png", "foreground.png", "subject.json")]
    files.save_reference(paths, reference, files.Provenance("test", "{}"))
    test_splats = np.zeros((2, 3), np.float32)
    test_splats[1, 2] = np.nan
    zeros, ones = np.zeros((2, 3), np.float32), np.ones((2, 4), np.float32)
    from vid3d.scene import Splats

    splats = Splats(test_splats, ones, zeros, np.zeros(2, np.float32), zeros)
    files.save_splats(tmp_path / "frame-00.ply", splats, files.Provenance("test", "{}"))
    videos = [tmp_path / "out" / f"camera-{camera:02d}.mp4" for camera in range(10)]
    arguments = ["render", "--spec", '{"backend":"cpu","revision":2,"size":16}', "--reference", *paths]
    arguments += ["--motion", 120, "--views", 3, "--splats", tmp_path / "frame-00.ply"]
    arguments += ["--output", tmp_path / "out" / "frame-00.png", "--videos", *videos]
    refused(vid3d(*arguments), "frame-00.ply", "vertex 1")
    assert not (tmp_path / "out").exists()


def test_the_scores_of_a_frame_do_not_depend_on_how_many_frames_there_are(vid3d, tmp_path):
    rng = np.random.default_rng(1)
    white = np.ones((64, 64, 3), np.float32)
    reference = Reference("frog", "a frog", rng.random((64, 64, 3), np.float32), white, np.zeros((64, 64), np.float32))
    paths = [tmp_path / name for name in ("reference.png", "foreground.png", "subject.json")]
    files.save_reference(paths, reference, files.Provenance("test", "{}"))
    strips = [tmp_path / f"frame-{frame:02d}.png" for frame in range(6)]
    for strip in strips:
        files.save_filmstrip(strip, rng.random((10, 64, 64, 3), np.float32), files.Provenance("test", "{}"))
    weights = Path(__file__).parents[2] / "weights" / "mini-clip"
    spec = ClipEmbed(backend="clip", model=f"{weights}/config.json", weights=f"{weights}/model.safetensors")
    scored = []
    for count in (2, 6):
        scores = tmp_path / f"scores-{count}.csv"
        arguments = ["score", "--spec", spec.argument(), "--reference", *paths, "--motion", 120, "--views", 18]
        arguments += ["--renders", *strips[:count], "--embeddings", tmp_path / "e.npz", "--scores", scores]
        assert vid3d(*arguments)[0] == 0
        scored.append(scores.read_text().splitlines())
    assert scored[0] == scored[1][: len(scored[0])]


# --- the table of subcommands, and their options ----------------------------------------------------------------------

NAMES = [command for commands in cli.COMMANDS.values() for command in commands]
OF_A_SPEC = {"reference", "seed", "views", "fit", "render", "score", "embed-stages", "held-out", "score-external"}
OF_A_SPEC |= {f"hypothesis-{name}" for name in ("calibrate", "views", "cell")}
LIGHT = [name for name in NAMES if not name.startswith(("train-", "convert", "tiny-"))]


def test_the_table_has_a_subcommand_for_every_module_of_commands():
    modules = {path.stem.replace("_", "-") for path in Path(cli.__file__).with_name("commands").glob("*.py")}
    assert sorted(NAMES) == sorted(modules)


def python(program):
    """What a program prints, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_table_is_shown_without_importing_what_is_in_it():
    said = python("""
import sys
from vid3d import cli
try:
    sys.argv = ["vid3d", "--help"]
    cli.main()
except SystemExit as stop:
    assert stop.code == 0
assert not {"numpy", "pydantic", "vid3d.commands"} & set(sys.modules), "imported"
""")
    for name in NAMES:
        assert cli.summary(name).endswith(".")
        assert f"  {name} " in said
        assert cli.summary(name) in said


def test_no_stage_loads_torch_before_it_holds_its_device():
    modules = [f"vid3d.commands.{name.replace('-', '_')}" for name in OF_A_SPEC]
    assert python(f"import sys, {', '.join(modules)}; print('torch' in sys.modules)") == "False\n"


def test_a_fit_enters_few_files_before_the_core():
    entered = files_of_a_fit.entered()
    assert Path("commands/fit.py") in entered
    assert len(entered) <= files_of_a_fit.MOST


SCORING = """
import gc, sys
searches = []
gc.callbacks.append(lambda phase, info: searches.append(phase))
from vid3d.commands import score
from vid3d.stages import build
from vid3d.study.registry import parse_spec
spec = parse_spec("score", sys.argv[1])
searches.clear()
build(spec)
print(len(searches), gc.isenabled(), gc.get_freeze_count() > 100_000)
print(*{name.split(".")[0] for name in sys.modules})
"""


def test_scoring_by_the_mini_clip_loads_torch_and_little_else():
    folder = Path(__file__).parents[2] / "weights/mini-clip"
    spec = {"backend": "clip", "model": f"{folder}/config.json", "weights": f"{folder}/model.safetensors"}
    command = [sys.executable, "-c", SCORING, json.dumps(spec)]
    told, loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert told == "0 True True"  # searches for garbage meanwhile; afterwards there are some, but not of libraries
    assert {"torch", "safetensors"} <= set(loaded.split())
    others = {"open_clip", "torchvision", "transformers", "timm", "sympy", "pandas", "cv2", "scipy"}
    assert not others & set(loaded.split())


@pytest.mark.parametrize("name", NAMES)
def test_every_option_has_a_type_that_can_be_read_and_a_meaning(name):
    if name not in LIGHT:
        pytest.importorskip("diffusers")
    module = import_module(f"vid3d.commands.{name.replace('-', '_')}")
    parser = cli.parser_of(name, module)
    options = {action.dest for action in parser._actions}
    assert options - {"help", "gpu_record"} == set(module.run.__annotations__) - {"return"}
    assert ("gpu_record" in options) == (name in OF_A_SPEC)
    assert all(action.help for action in parser._actions)


def _run(
    kind: Literal["a", "b"],
    /,
    *,
    many: Sequence[Path],
    three: tuple[Path, Path, Path],
    some: Sequence[int] = (),
    share: float | None = None,
    flag: bool = False,
) -> None:
    """An example.

    Args:
        kind: one of two.
        many: files,
            on two lines.
        three: files.
        some: numbers.
        share: perhaps.
        flag: or not.
    """


@pytest.fixture
def example():
    module = ModuleType("example", "An example.")
    module.run = _run
    return cli.parser_of("example", module)


def test_options_are_read_as_their_types_say(example):
    given = example.parse_args(
        ["b", "--many", "x", "y", "--three", "1", "2", "3", "--some", "--share", "0.5", "--flag"]
    )
    assert (given.kind, given.many, given.three) == ("b", [Path("x"), Path("y")], [Path("1"), Path("2"), Path("3")])
    assert (given.some, given.share, given.flag) == ([], 0.5, True)
    given = example.parse_args(["a", "--many", "x", "--three", "1", "2", "3", "--some", "4"])
    assert (given.some, given.share, given.flag) == ([4], None, False)
    assert "files, on two lines." in example.format_help()


@pytest.mark.parametrize("words", ["c", "a --many x", "a --many --three 1 2 3", "--many x --three 1 2 3"])
def test_options_of_another_type_are_refused(example, words):
    with pytest.raises(SystemExit, match="2"):
        example.parse_args(words.split())


def test_a_spec_is_read_once(vid3d, orbit, monkeypatch):
    read, parse = [], registry.parse_spec
    monkeypatch.setattr(registry, "parse_spec", lambda stage, text: read.append(stage) or parse(stage, text))
    assert vid3d(*fit_arguments(orbit))[0] == 0
    assert read == ["splat"]


def test_a_command_is_recorded_with_its_options_that_are_no_paths(vid3d, orbit, monkeypatch):
    monkeypatch.chdir(orbit)
    ply = "results/quick/frog/splats/frame-00.ply"
    assert vid3d(*fit_arguments(orbit, output=ply))[0] == 0
    ((_, made),) = journal.records(orbit)
    told = {"spec": json.loads(FIT), "image": "frog", "frames": [0], "views": 3, "generated": 18, "batch": 1}
    assert made.options.items() >= told.items()
    assert not made.options.keys() & {"orbit", "output"}
    assert (set(made.reads), set(made.writes)) == ({"orbit.png"}, {ply, ply.replace(".ply", "-fit.json")})


@pytest.mark.parametrize(("more", "word"), [(["--batch", 0], "--batch"), (["--frames", 0, 1], "--frames")])
def test_frames_that_cannot_be_put_together_are_refused(vid3d, orbit, more, word):
    refused(vid3d(*fit_arguments(orbit), *more), word)
    assert not (orbit / "out").exists()


@pytest.mark.parametrize("words", [[], ["stage"]])
def test_a_subcommand_that_there_is_not_is_refused(vid3d, words):
    code, message = vid3d(*words)
    assert code == 2
    assert "COMMAND" in message


# --- views of prepared frames -----------------------------------------------------------------------------------------


@pytest.fixture
def seed_clip(tmp_path):
    """A reference and three seed frames without alpha, a dark square that grows."""
    white = np.ones((16, 16, 3), np.float32)
    paths = [tmp_path / name for name in ("reference.png", "foreground.png", "subject.json")]
    reference = Reference("square", "a square", white, white, np.zeros((16, 16), np.float32))
    files.save_reference(paths, reference, files.Provenance("test", "{}"))
    seed = [tmp_path / f"frame-{index:02d}.png" for index in range(3)]
    for path, side in zip(seed, (20, 30, 40), strict=True):
        pixels = np.full((64, 64, 3), 255, np.uint8)
        pixels[10 : 10 + side, 10 : 10 + side] = (40, 60, 120)
        Image.fromarray(pixels).save(path)
    return paths, seed


def views_arguments(seed_clip, output, *more, **settings):
    paths, seed = seed_clip
    model = Path(__file__).parents[1] / "data/rembg/tiny_u2net.onnx"
    spec = V3dViews(backend="v3d", **({"size": 64, "count": 1, "cutout_model": str(model)} | settings))
    given = ["views", "--spec", spec.argument(), "--reference", *paths, "--motion", 120, "--frames", 0, 1, 2]
    return [*given, "--seed", *seed, "--output", *(output / path.name for path in seed), *more]


@pytest.mark.parametrize("cutout", ["rembg", "alpha"])
@pytest.mark.parametrize(("recentre", "shares"), [("frame", [1, 1, 1]), ("clip", [0.5, 0.75, 1])])
def test_v3d_is_shown_prepared_frames(vid3d, monkeypatch, seed_clip, tmp_path, cutout, recentre, shares):
    def mirror(spec):
        return lambda frame, rng: Views(frame.image[None], cameras.orbit(1, spec.size))

    monkeypatch.setattr(views, "build", mirror)
    more = ["--clip", *seed_clip[1]] if recentre == "clip" else []
    code, message = vid3d(*views_arguments(seed_clip, tmp_path / "out", *more, recentre=recentre, cutout=cutout))
    assert code == 0, message
    shown = [files.load_filmstrip(tmp_path / "out" / path.name, 1)[0] for path in seed_clip[1]]
    widths = [np.ptp(np.nonzero(image.min(axis=2) < 0.5)[1]) + 1 for image in shown]
    assert 36 < widths[-1] < 46
    np.testing.assert_allclose(np.divide(widths, widths[-1]), shares, atol=0.15)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cutout_model": "absent.onnx"}, ["views.cutout_model", "absent.onnx", "no such file"]),
        ({"recentre": "clip"}, ["views.recentre", "--clip"]),
    ],
)
def test_views_that_cannot_be_prepared_are_refused(vid3d, seed_clip, tmp_path, settings, words):
    refused(vid3d(*views_arguments(seed_clip, tmp_path / "out", **settings)), *words)
    assert not (tmp_path / "out").exists()


def test_a_seed_frame_without_an_object_is_refused(vid3d, seed_clip, tmp_path):
    Image.new("RGB", (64, 64), "white").save(seed_clip[1][1])
    refused(vid3d(*views_arguments(seed_clip, tmp_path / "out")), "frame-01.png", "no object")
