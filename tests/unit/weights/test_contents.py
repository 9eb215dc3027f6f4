"""Weights are known by their content: another file under the same name is another setting."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from vid3d.errors import InputError
from vid3d.study.config import Run, Study
from vid3d.study.specs.score import PAPERS_EMBEDDER, ClipEmbed
from vid3d.weights import contents
from vid3d.weights.contents import Record, identified
from vid3d.weights.manifest import Manifest, load_manifest

ROOT = Path(__file__).parents[3]
RUN = {
    "title": "T",
    "benchmark": "procedural",
    "reference": {},
    "seed": {"backend": "svd", "model": "mine", "processor": "cpu"},
    "views": {"backend": "procedural"},
    "splat": {"backend": "cpu"},
    "render": {"backend": "cpu"},
    "score": {"backend": "clip", "model": "clip/config.json", "weights": "clip/model.safetensors"},
}


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return load_manifest(ROOT / "config" / "weights.yaml")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("mine/model_index.json", "mine/unet/config.json", "mine/unet/a.safetensors", "mine/README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "clip").mkdir()
    for name in ("config.json", "model.safetensors"):
        (tmp_path / "clip" / name).write_text(name)
    return tmp_path


def _study(**stages: dict) -> Study:
    run = Run.model_validate(RUN | stages)
    return Study(runs={"mine": run}, reports={"quick": {"title": "T", "runs": ["mine"]}})


def _seed(root: Path, manifest: Manifest, **stages: dict) -> str | None:
    study = identified(_study(**stages), manifest, Record(root / "record.json"), root)
    return study.runs["mine"].seed.content


def test_other_content_is_another_argument_whatever_the_date(root, manifest):
    before = _seed(root, manifest)
    path = root / "mine/unet/a.safetensors"
    old = path.stat().st_mtime_ns
    path.write_text("other weights")
    os.utime(path, ns=(old - 10**12, old - 10**12))
    assert before != _seed(root, manifest)
    path.write_text("mine/unet/a.safetensors")
    assert before == _seed(root, manifest)


def test_cards_and_places_change_nothing(root, manifest, tmp_path_factory):
    before = _seed(root, manifest)
    (root / "mine/README.md").write_text("another card")
    assert before == _seed(root, manifest)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "study"
    root.rename(elsewhere)
    assert before == _seed(elsewhere, manifest)


def test_a_pinned_content_refuses_every_other_in_one_line(root, manifest):
    pinned = _seed(root, manifest)
    assert _seed(root, manifest, seed=RUN["seed"] | {"content": pinned}) == pinned
    with pytest.raises(InputError, match=r"^runs\.mine\.seed\.content: 000000000000\.\.\. is asked for.*or take"):
        _seed(root, manifest, seed=RUN["seed"] | {"content": "0" * 64})


def test_published_weights_count_by_the_manifest_before_they_are_fetched(root, manifest):
    published = RUN["seed"] | {"model": "weights/downloads/svd-xt"}
    before = _seed(root, manifest, seed=published)
    assert before is not None
    raw = manifest.model_dump()
    name = manifest.owner("weights/downloads/svd-xt/model_index.json")
    file = next(iter(raw["models"][name]["files"].values()))
    file["sha256"] = "0" * 64
    assert before != _seed(root, Manifest.model_validate(raw), seed=published)


def test_what_is_drawn_at_random_has_no_checksum_before_or_after(root, manifest):
    drawn = RUN["seed"] | {"model": "weights/tiny/svd"}
    assert _seed(root, manifest, seed=drawn) is None
    (root / "weights/tiny/svd").mkdir(parents=True)
    (root / "weights/tiny/svd/model_index.json").write_text("{}")
    assert _seed(root, manifest, seed=drawn) is None


def test_what_is_missing_is_named_as_the_user_gave_it(root):
    def refused(made: str = "", **stage: str) -> str:
        try:
            contents.missing(_study(seed=RUN["seed"] | stage), lambda path: path == made, root)
        except InputError as error:
            return str(error)
        return ""

    assert refused() == ""
    assert refused(model="typo/svd") == ("runs.mine.seed: typo/svd is not there, and no rule makes it; check the path")
    assert refused(model="typo/svd", made="typo/svd/model_index.json") == ""
    assert "reads '{' in a file's name" in refused(model="{typo}/svd")


def test_files_are_read_once_for_each_size_time_and_inode(root, manifest, monkeypatch):
    record = Record(root / "record.json")
    first = record.sha256(root / "clip/config.json")
    record.save()
    read = []
    monkeypatch.setattr(contents.hashlib, "file_digest", lambda *_: read.append(1))
    assert Record(root / "record.json").sha256(root / "clip/config.json") == first
    assert not read
    with pytest.raises(InputError, match=r"nowhere: No such file or directory; check the path"):
        record.sha256(Path("nowhere"))


@pytest.mark.parametrize("broken", ["", "[]", "{", json.dumps({"a": 1}), json.dumps({"a": [1]})])
def test_a_broken_record_is_made_anew(root, broken):
    (root / "record.json").write_text(broken)
    record = Record(root / "record.json")
    assert len(record.sha256(root / "clip/config.json")) == 64
    record.save()
    assert str(root / "clip/config.json") in json.loads((root / "record.json").read_text())


# --- the paper's embedder, wherever it lies ---------------------------------------------------------------------------


@pytest.fixture
def openai(root: Path, manifest: Manifest) -> tuple[Path, Manifest]:
    """Where a copy of the paper's embedder lies, and a manifest that knows it by its checksum."""
    copy = root / "copies/openai.safetensors"
    copy.parent.mkdir()
    copy.write_text("OpenAI's weights")
    raw = manifest.model_dump()
    pinned = raw["models"]["clip-vit-b-32"]["files"]["open_clip_model.safetensors"]
    pinned["sha256"] = hashlib.sha256(copy.read_bytes()).hexdigest()
    return copy, Manifest.model_validate(raw)


def _score(root: Path, manifest: Manifest, **settings: object) -> ClipEmbed:
    study = identified(_study(score={"backend": "clip"} | settings), manifest, Record(root / "record.json"), root)
    return study.runs["mine"].score


@pytest.mark.parametrize("model", ["ViT-B-32", "ViT-B-32-quickgelu"])
def test_a_copy_of_the_papers_embedder_is_the_papers_embedder(root, openai, model):
    copy, manifest = openai
    pinned, copied = _score(root, manifest), _score(root, manifest, model=model, weights="copies/openai.safetensors")
    assert copied.published
    assert copied.content == pinned.content
    assert copied.checkpoints == ("copies/openai.safetensors",)  # it is not fetched a second time
    by_path = _score(root, manifest, model=model, weights=PAPERS_EMBEDDER)  # before it is fetched, too
    assert by_path == pinned
    copy.write_text("other weights")
    assert not _score(root, manifest, model=model, weights="copies/openai.safetensors").published


def test_the_papers_embedder_in_another_model_is_refused(root, openai):
    _, manifest = openai
    (root / "clip/config.json").write_text('{"embed_dim": 512}')
    for settings in ({"model": "clip/config.json"}, {"model": "ViT-B-16"}, {"quick_gelu": False}):
        with pytest.raises(
            InputError, match=r"^runs\.mine\.score: .* weights of ViT-B-32/openai.* give model ViT-B-32"
        ):
            _score(root, manifest, **settings, weights="copies/openai.safetensors")
    (root / "clip/config.json").write_text('{"embed_dim": 512, "quick_gelu": true}')
    assert not _score(root, manifest, model="clip/config.json", weights="copies/openai.safetensors").published


def test_a_file_that_is_said_to_be_the_papers_embedder_has_its_checksum(root, openai):
    copy, manifest = openai
    assert _score(root, manifest, file="copies/openai.safetensors").published
    copy.write_text("other weights")
    with pytest.raises(InputError, match=r"^runs\.mine\.score\.file: copies/openai\.safetensors is not the file of"):
        _score(root, manifest, file="copies/openai.safetensors")


def test_a_file_beside_the_study_is_known_by_its_content_too(root, manifest):
    (root / "clip.pt").write_text("weights")
    before = _score(root, manifest, weights="clip.pt").content
    (root / "clip.pt").write_text("other weights")
    assert _score(root, manifest, weights="clip.pt").content not in (None, before)
