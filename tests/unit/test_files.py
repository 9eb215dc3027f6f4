"""Every format survives a round trip, writing is atomic, and damaged files are named in one line."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from vid3d import files, journal
from vid3d.errors import InputError
from vid3d.scene import FitReport, Reference, Splats

PROVENANCE = files.Provenance("test", '{"backend":"none","revision":1}', {"image": "frog"})


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def make_splats(rng, n=7):
    def draw(*shape):
        return rng.normal(size=shape).astype(np.float32)

    return Splats(draw(n, 3), draw(n, 4), draw(n, 3), draw(n), draw(n, 3))


def test_image_round_trip_keeps_eight_bits_and_provenance(tmp_path, rng):
    pixels = rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    files.save_image(tmp_path / "a.png", pixels.astype(np.float32) / np.float32(255), PROVENANCE)
    image, alpha = files.load_image(tmp_path / "a.png")
    assert alpha is None
    assert np.array_equal(files.to_uint8(image), pixels)
    assert json.loads(Image.open(tmp_path / "a.png").text["vid3d"])["item"] == {"image": "frog"}


def test_alpha_is_straight_in_the_file_and_white_when_loaded(tmp_path):
    alpha = np.array([[0.0, 0.5, 1.0]], np.float32)
    colour = np.array([[[0, 0, 0], [0.2, 0.4, 0.6], [1, 0, 0]]], np.float32)
    on_white = colour * alpha[..., None] + (1 - alpha[..., None])
    files.save_image(tmp_path / "a.png", on_white, PROVENANCE, alpha)
    raw = np.asarray(Image.open(tmp_path / "a.png"))
    assert raw[0, 0].tolist() == [255, 255, 255, 0]
    assert np.abs(raw[0, 1, :3] / 255 - colour[0, 1]).max() < 0.005
    image, loaded = files.load_image(tmp_path / "a.png")
    assert np.abs(image - on_white).max() < 0.005
    assert np.abs(loaded - alpha).max() < 0.005


def test_filmstrip_round_trip(tmp_path, rng):
    strip = rng.integers(0, 256, (4, 6, 6, 3), dtype=np.uint8).astype(np.float32) / np.float32(255)
    files.save_filmstrip(tmp_path / "s.png", strip, PROVENANCE)
    assert np.array_equal(files.load_filmstrip(tmp_path / "s.png", 4), strip)
    with pytest.raises(InputError, match=r"s\.png.*3 square images"):
        files.load_filmstrip(tmp_path / "s.png", 3)


def test_splats_round_trip_exactly(tmp_path, rng):
    splats = make_splats(rng)
    files.save_splats(tmp_path / "s.ply", splats, PROVENANCE)
    loaded = files.load_splats(tmp_path / "s.ply")
    for name in ("positions", "quaternions", "log_scales", "opacity_logits", "colours"):
        assert np.array_equal(getattr(loaded, name), getattr(splats, name)), name


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_splats_that_are_not_finite_are_refused_by_vertex(tmp_path, rng, value):
    splats = make_splats(rng)
    splats.log_scales[3, 1] = value
    files.save_splats(tmp_path / "s.ply", splats, PROVENANCE)
    with pytest.raises(InputError, match=r"s\.ply: vertex 3 is not finite"):
        files.load_splats(tmp_path / "s.ply")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-5], "truncated"),
        (lambda data: data.replace(b"rot_3", b"rot_9"), "rot_3"),
        (lambda data: b"hello", "not a PLY"),
        (lambda data: data.replace(b"binary_little_endian", b"ascii"), "binary little-endian"),
    ],
)
def test_damaged_splats_are_named(tmp_path, rng, damage, message):
    path = tmp_path / "s.ply"
    files.save_splats(path, make_splats(rng), PROVENANCE)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=message) as caught:
        files.load_splats(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def ply(properties, values, form="binary_little_endian", newline="\n", before=(), after=b""):
    """A PLY of vertices; ``properties``: their types by their names, ``values``: arrays by names, else zeros."""
    kinds = {"float": "f4", "double": "f8", "uchar": "u1", "short": "i2", "int": "i4"}
    order = ">" if form == "binary_big_endian" else "<"
    count = len(values["x"])
    rows = np.zeros(count, [(name, order + kinds[kind]) for name, kind in properties.items()])
    for name in properties:
        rows[name] = values.get(name, 7)
    lines = ["ply", f"format {form} 1.0", "comment made by another tool", *before, f"element vertex {count}"]
    lines += [f"property {kind} {name}" for name, kind in properties.items()]
    return (newline.join([*lines, "end_header"]) + newline).encode() + rows.tobytes() + after


NEEDED = dict.fromkeys([name for name in files.PLY_PROPERTIES if name not in ("nx", "ny", "nz")], "float")


def drawn(rng, count=5):
    return {name: rng.normal(size=count).astype(np.float32) for name in NEEDED}


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(lambda v: ply(NEEDED | {"red": "uchar", "green": "uchar"}, v), id="bytes-after"),
        pytest.param(lambda v: ply({"id": "int", "flags": "short", "t": "double"} | NEEDED, v), id="mixed-before"),
        pytest.param(lambda v: ply(dict.fromkeys(NEEDED, "double"), v), id="doubles"),
        pytest.param(lambda v: ply(dict(reversed(NEEDED.items())), v), id="another-order"),
        pytest.param(lambda v: ply(NEEDED, v, newline="\r\n"), id="crlf"),
        pytest.param(lambda v: ply(NEEDED, v, newline="\r"), id="cr"),
        pytest.param(lambda v: ply(NEEDED, v, after=b"\0" * 9), id="trailing-bytes"),
        pytest.param(
            lambda v: ply(NEEDED, v, before=["comment end_header is near", "obj_info 2 views"]), id="comments"
        ),
        pytest.param(lambda v: ply(NEEDED, v, form="binary_big_endian"), id="big-endian"),
        pytest.param(
            lambda v: (
                ply(NEEDED, v).replace(
                    b"end_header", b"element face 1\nproperty list uchar int vertex_indices\nend_header"
                )
                + b"\3" * 13
            ),
            id="faces-after",
        ),
        pytest.param(
            lambda v: ply(NEEDED, v, before=["element camera 0", "property float focal"]), id="another-element-before"
        ),
    ],
)
def test_splats_of_other_tools_are_read(tmp_path, rng, written):
    values = drawn(rng)
    (tmp_path / "s.ply").write_bytes(written(values))
    splats = files.load_splats(tmp_path / "s.ply")
    assert np.array_equal(splats.positions, np.stack([values[name] for name in "xyz"], axis=1))
    assert np.array_equal(splats.quaternions[:, 3], values["rot_3"])
    assert np.array_equal(splats.opacity_logits, values["opacity"])
    assert {array.dtype for array in vars(splats).values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (lambda v: ply(NEEDED | {"opacity": "uchar"}, v), "property opacity is not of type float or double"),
        (lambda v: ply({n: k for n, k in NEEDED.items() if n != "scale_2"}, v), "lacks the properties scale_2;"),
        (lambda v: ply({"packed_position": "int"}, v), "a compressed one is not read"),
        (lambda v: ply(NEEDED, v).replace(b"property float y", b"property half y"), "no PLY has: 'property half y'"),
        (
            lambda v: ply(NEEDED, v).replace(b"property float y", b"property float x"),
            "property x of vertex is there tw",
        ),
        (lambda v: ply(NEEDED, v).replace(b"vertex 5", b"vertex 99999999"), "99999999 vertices, more than 50,000,000"),
        (
            lambda v: ply(NEEDED, v).replace(b"vertex 5", b"vertex 40000000"),
            r"truncated or damaged \(280 of 2240000000",
        ),
        (lambda v: ply(NEEDED, v).replace(b"vertex 5", b"vertex -5"), "no PLY has: 'element vertex -5'"),
        (lambda v: ply(NEEDED, v).replace(b"vertex 5", b"vertex " + b"9" * 5000), "no PLY has: 'element vertex 99"),
        (lambda v: ply(NEEDED, v).replace(b"element vertex", b"element point"), "has no vertices"),
        (lambda v: b"ply\n" + b"comment\n" * 200_000, "not a PLY file"),
        (lambda v: ply(NEEDED | {"x": "double"}, v | {"x": np.array([0, 1, 1e300, 0, 0])}), "vertex 2 is not finite"),
    ],
)
def test_splats_that_cannot_be_read_say_why(tmp_path, rng, written, message):
    path = tmp_path / "theirs.ply"
    path.write_bytes(written(drawn(rng)))
    with pytest.raises(InputError, match=message) as caught:
        files.load_splats(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("vertex", [0, 4])
def test_a_quaternion_of_length_zero_is_named_by_vertex_and_file(tmp_path, rng, vertex):
    splats = make_splats(rng)
    splats.quaternions[vertex] = 0.0
    files.save_splats(tmp_path / "s.ply", splats, PROVENANCE)
    with pytest.raises(InputError, match=rf"s\.ply: vertex {vertex} has a quaternion of length 0"):
        files.load_splats(tmp_path / "s.ply")


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n broken"])
def test_corrupt_images_are_named(tmp_path, content):
    path = tmp_path / "frame-00.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"frame-00\.png: corrupt image"):
        files.load_image(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.ply: no such file"):
        files.load_splats(tmp_path / "gone.ply")


def test_writing_is_all_or_nothing(tmp_path):
    path = tmp_path / "result.json"
    path.write_text("old")
    with pytest.raises(RuntimeError), files.atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_reference_round_trip(tmp_path, rng):
    alpha = np.zeros((8, 8), np.float32)
    alpha[2:6, 2:6] = 1
    cut = np.where(alpha[..., None] > 0, np.float32(0.2), np.float32(1)).repeat(3, axis=2)
    reference = Reference("frog", "a red frog", rng.random((4, 5, 3), np.float32), cut, alpha, {"class": "frog"})
    paths = [tmp_path / "reference.png", tmp_path / "foreground.png", tmp_path / "subject.json"]
    files.save_reference(paths, reference, PROVENANCE)
    loaded = files.load_reference(paths)
    assert (loaded.name, loaded.caption, loaded.procedural) == ("frog", "a red frog", {"class": "frog"})
    assert np.abs(loaded.image - reference.image).max() <= 0.5 / 255 + 1e-6
    assert np.array_equal(loaded.alpha, alpha)
    assert loaded.doubt == ""
    assert "doubt" not in files.load_json(paths[2])  # what has none is written as ever
    files.save_reference(paths, dataclasses.replace(reference, doubt="half of it is floor"), PROVENANCE)
    assert files.load_reference(paths).doubt == "half of it is floor"


def test_video_is_h264_and_as_long_as_its_frames(tmp_path, rng):
    import av

    images = rng.integers(0, 256, (5, 33, 32, 3), dtype=np.uint8)  # an odd height is padded
    files.save_video(tmp_path / "v.mp4", images)
    with av.open(str(tmp_path / "v.mp4")) as container:
        stream = container.streams.video[0]
        decoded = list(container.decode(stream))
        assert stream.codec_context.name == "h264"
        assert stream.average_rate == files.FRAMES_PER_SECOND
    assert [(frame.width, frame.height) for frame in decoded] == [(32, 34)] * 5


def test_equal_data_makes_equal_bytes(tmp_path, rng):
    splats, images = make_splats(rng), rng.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    embeddings = rng.random((2, 3, 4), np.float32)
    for name in ("a", "b"):
        files.save_splats(tmp_path / f"{name}.ply", splats, PROVENANCE)
        files.save_video(tmp_path / f"{name}.mp4", images)
        files.save_embeddings(tmp_path / f"{name}.npz", PROVENANCE, renders=embeddings, reference=embeddings[0, 0])
        report = FitReport(np.ones(3, np.float32), np.ones(3, np.int32), ("nothing fired",))
        files.save_fit_report(tmp_path / f"{name}.json", report, PROVENANCE)
    for suffix in ("ply", "mp4", "npz", "json"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes(), suffix


def test_a_video_has_the_same_bytes_each_time(tmp_path):
    """A moving disc, encoded while memory is used otherwise in between: x264's default gave six files out of ten."""
    rows, columns = np.mgrid[:64, :64]
    inside = [np.hypot(rows - 32, columns - 20 - 2 * frame) < 14 + frame / 2 for frame in range(14)]
    shaded = [np.where(disc, 90 + rows + columns // 2, 255) for disc in inside]
    images = np.repeat(np.stack(shaded).astype(np.uint8)[..., None], 3, axis=-1)
    seen, kept = set(), []
    for count in range(12):
        files.save_video(tmp_path / "v.mp4", images)
        seen.add((tmp_path / "v.mp4").read_bytes())
        kept.append(np.full(333 * (count + 7), 0.1 + count))
    assert len(seen) == 1


def test_rows_have_a_sidecar(tmp_path):
    files.save_rows(tmp_path / "scores.csv", [{"image": "frog", "value": 1 / 3}], PROVENANCE)
    assert (tmp_path / "scores.csv").read_text() == "image,value\nfrog,0.333333333\n"
    assert json.loads((tmp_path / "scores.json").read_text())["stage"] == "test"


def test_embeddings_come_back_by_name_and_damage_is_refused(tmp_path):
    path = tmp_path / "embeddings.npz"
    array = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    files.save_embeddings(path, files.Provenance("score", "{}"), renders=array, reference=array[0, 0])
    assert list(files.load_embeddings(path, "renders")) == ["renders"]
    np.testing.assert_array_equal(files.load_embeddings(path, "renders", "reference")["renders"], array)
    with pytest.raises(InputError, match="has no embeddings of seed"):
        files.load_embeddings(path, "seed")
    files.save_embeddings(path, files.Provenance("score", "{}"), renders=np.full_like(array, np.nan))
    with pytest.raises(InputError, match="embeddings of renders are not finite"):
        files.load_embeddings(path, "renders")
    path.write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(InputError, match="corrupt embeddings"):
        files.load_embeddings(path, "renders")
    with pytest.raises(InputError, match="no such file"):
        files.load_embeddings(tmp_path / "none.npz", "renders")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 50_000, "9" * 5000])
def test_json_that_breaks_parsers_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=r"a\.json: not valid JSON"):
        files.load_json(tmp_path / "a.json")
    with pytest.raises(InputError, match=r"a\.json: is not a record"):
        journal.load(tmp_path / "a.json")


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: content[:-30], lambda content: content[30:]])
def test_arrays_of_any_damage_are_refused(tmp_path, damage):
    files.save_embeddings(tmp_path / "a.npz", PROVENANCE, a=np.ones((2, 3), np.float32))
    (tmp_path / "a.npz").write_bytes(damage((tmp_path / "a.npz").read_bytes()))
    with pytest.raises(InputError, match=r"a\.npz: corrupt embeddings"):
        files.load_embeddings(tmp_path / "a.npz", "a")
    with pytest.raises(InputError, match=r"a\.npz: carries no record"):
        files.load_provenance(tmp_path / "a.npz")
