"""The manifest of weights, and downloads from a hub of our own: verified before a file has its name, or one line."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.unit.local_hub import REPOSITORY, REVISION, serve
from vid3d import cli
from vid3d.errors import InputError
from vid3d.study.benchmark import Photograph
from vid3d.study.parsing import load_study
from vid3d.study.registry import STAGES
from vid3d.study.specs.score import ClipEmbed
from vid3d.study.specs.seed import ProceduralSeed, SvdSeed
from vid3d.study.specs.views import V3dViews
from vid3d.weights.download import bring_photograph, bring_video
from vid3d.weights.manifest import load_manifest

ROOT = Path(__file__).parents[3]
CONTENT = bytes(range(256)) * 4000  # 1 MB
TEXT = b'{"_class_name": "StableVideoDiffusionPipeline"}\n'
WEIGHTS = "weights/downloads/model/unet/weights.safetensors"


def described(data: bytes) -> dict[str, object]:
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


@pytest.fixture
def hub():
    with serve({"weights.safetensors": CONTENT, "model_index.json": TEXT, "u2net.onnx": TEXT}) as running:
        yield running


@pytest.fixture
def raw(hub):
    """A manifest of two models, as in the file: one on the hub, one at a plain address."""
    shared = {"title": "A model", "needed_by": "tests", "gated": False, "source": "made here"}
    return {
        "licences": {
            "strict-1.0": {"title": "Strict Licence", "url": "https://example.org/strict", "acknowledge": True},
            "mit": {"title": "MIT", "url": "https://example.org/mit", "acknowledge": False},
        },
        "models": {
            "model": shared
            | {"repository": REPOSITORY, "revision": REVISION, "licence": "strict-1.0"}
            | {"folder": "weights/downloads/model"}
            | {"files": {"model_index.json": described(TEXT), "unet/weights.safetensors": described(CONTENT)}},
            "cutout": shared
            | {"url": f"{hub.address}/plain", "licence": "mit", "folder": "weights/downloads/cutout"}
            | {"files": {"u2net.onnx": described(TEXT)}},
        },
        "converted": {"weights/made/model_index.json": ["model"]},
    }


@pytest.fixture
def fetch(hub, raw, tmp_path, monkeypatch, capsys):
    """`vid3d fetch-weights` in an empty folder: exit code and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    client, template = "huggingface_hub.constants.", "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(client + "HUGGINGFACE_CO_URL_TEMPLATE", hub.address + template)
    monkeypatch.setattr(client + "ENDPOINT", hub.address)
    monkeypatch.setattr(client + "DOWNLOAD_CHUNK_SIZE", 100_000)  # it keeps whole pieces only; 10 MB in earnest
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)  # between its attempts

    def run(path: str = WEIGHTS, *licences: str) -> tuple[int, str]:
        Path("manifest.yaml").write_text(yaml.safe_dump(raw))
        names = licences or ("strict-1.0",)
        arguments = ["--manifest", "manifest.yaml", "--licences", *names, "--output", path]
        monkeypatch.setattr("sys.argv", ["vid3d", "fetch-weights", *arguments])
        try:
            cli.main()
        except SystemExit as stop:
            return int(stop.code or 0), capsys.readouterr().err
        return 0, capsys.readouterr().err

    return run


def refused(outcome: tuple[int, str], path: str = WEIGHTS) -> str:
    """The one line of an exit with code 2 that left nothing under the final name."""
    code, message = outcome
    assert code == 2, message
    assert message.startswith("vid3d: ")
    assert message.count("\n") == 1, message
    assert not Path(path).exists()
    return message


# --- fetching --------------------------------------------------------------------------------------------------------


def test_a_file_of_the_hub_arrives_whole(fetch, hub):
    assert fetch() == (0, "")
    assert Path(WEIGHTS).read_bytes() == CONTENT
    assert [file.name for file in Path(WEIGHTS).parent.iterdir()] == ["weights.safetensors"]
    fetch()
    assert len(hub.asked) == 1  # what is there and right is not fetched again


def test_a_file_at_a_plain_address_arrives_whole(fetch):
    path = "weights/downloads/cutout/u2net.onnx"
    assert fetch(path) == (0, "")
    assert Path(path).read_bytes() == TEXT


def test_a_cut_connection_is_taken_up_again(fetch, hub):
    hub.cuts = [300_000, 200_000]
    assert fetch() == (0, "")
    assert Path(WEIGHTS).read_bytes() == CONTENT
    assert [request.get("Range") for request in hub.asked] == [None, "bytes=300000-", "bytes=500000-"]


@pytest.mark.parametrize("path", [WEIGHTS, "weights/downloads/cutout/u2net.onnx"])
def test_the_next_attempt_continues_where_the_last_one_ended(fetch, hub, path):
    whole = CONTENT if path == WEIGHTS else TEXT
    kept = len(whole) // 2
    Path(path).parent.mkdir(parents=True)
    Path(path + ".part").write_bytes(whole[:kept])
    hub.broken = True
    message = refused(fetch(path), path)
    assert "503" in message
    assert f"continues after the {kept} bytes" in message
    hub.broken = False
    assert fetch(path) == (0, "")
    assert Path(path).read_bytes() == whole
    assert [request.get("Range") for request in hub.asked] == [f"bytes={kept}-"]


def test_what_had_arrived_whole_is_verified_without_a_request(fetch, hub):
    Path(WEIGHTS).parent.mkdir(parents=True)
    Path(WEIGHTS + ".part").write_bytes(CONTENT)
    assert fetch() == (0, "")
    assert not hub.asked


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (CONTENT[:-1] + b"x", "wrong checksum, sha256 "),
        (CONTENT[:-5], f"wrong size, {len(CONTENT) - 5} bytes instead of {len(CONTENT)}"),
        (CONTENT + b"more", f"wrong size, {len(CONTENT) + 4} bytes instead of {len(CONTENT)}"),
    ],
    ids=["checksum", "short", "long"],
)
def test_what_is_not_the_pinned_file_gets_no_name(fetch, hub, data, message):
    hub.files["weights.safetensors"] = data
    line = refused(fetch())
    assert message in line
    assert not list(Path(WEIGHTS).parent.iterdir())  # a wrong download is not continued
    hub.files["weights.safetensors"] = CONTENT
    assert fetch() == (0, "")


def test_a_damaged_file_is_fetched_anew(fetch):
    Path(WEIGHTS).parent.mkdir(parents=True)
    Path(WEIGHTS).write_bytes(CONTENT[:-1] + b"x")
    assert fetch() == (0, "")
    assert Path(WEIGHTS).read_bytes() == CONTENT


def test_an_unknown_revision_is_named(fetch, raw):
    raw["models"]["model"]["revision"] = "f" * 40
    line = refused(fetch())
    assert f"{REPOSITORY} at {'f' * 40}" in line
    assert "no such revision" in line


def test_an_unknown_file_is_named(fetch, hub):
    del hub.files["weights.safetensors"]
    assert "unet/weights.safetensors: no such file" in refused(fetch())


def test_a_gated_repository_names_the_terms_and_the_token(fetch, hub, monkeypatch):
    hub.token = "hf_secret"
    line = refused(fetch())
    assert f"accept the terms at https://huggingface.co/{REPOSITORY}" in line
    assert "HF_TOKEN" in line
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.allowed = False
    assert "access refused" in refused(fetch())
    hub.allowed = True
    assert fetch() == (0, "")
    assert all("Authorization" not in request for request in hub.asked)  # the token is the hub's business only


def test_an_unknown_repository_is_one_line(fetch, raw):
    raw["models"]["model"]["repository"] = "someone/else"
    assert "access refused" in refused(fetch())


def test_without_a_connection_the_line_says_so(fetch, raw):
    raw["models"]["cutout"]["url"] = "http://127.0.0.1:9/plain"  # the discard service, which nobody runs
    path = "weights/downloads/cutout/u2net.onnx"
    assert "cannot be downloaded" in refused(fetch(path), path)


@pytest.mark.parametrize("licences", [("other",), ("mit",)])
def test_a_licence_must_be_acknowledged_first(fetch, hub, licences):
    line = refused(fetch(WEIGHTS, *licences))
    assert "Strict Licence (https://example.org/strict)" in line
    assert f"add `licences: [{licences[0]}, strict-1.0]`" in line
    assert not hub.asked


def test_a_path_outside_the_manifest_is_refused(fetch):
    assert "no file of manifest.yaml" in refused(fetch("weights/other"), "weights/other")


def test_the_hubs_address_and_token_are_the_clients(hub, raw, tmp_path):
    """As a job runs it: a process of its own, HF_ENDPOINT and HF_TOKEN from outside."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/weights.yaml").write_text(yaml.safe_dump(raw))
    hub.token = "hf_secret"
    environment = os.environ | {"HF_ENDPOINT": hub.address, "HF_TOKEN": "hf_secret", "HF_HOME": str(tmp_path / "hf")}
    command = [sys.executable, "-m", "vid3d.cli", "fetch-weights", "--licences", "strict-1.0", "--output", WEIGHTS]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / WEIGHTS).read_bytes() == CONTENT


# --- weights that were copied by hand ---------------------------------------------------------------------------------


@pytest.fixture
def verify(raw, tmp_path, monkeypatch, capsys):
    """`vid3d verify-weights` of folder `copied`, of which nothing is there yet: exit code and both streams."""
    raw["models"]["cutout"]["files"]["u2net.onnx"]["confirmed"] = False

    def run(*models: str, folder: str = "copied") -> tuple[int, str, str]:
        (tmp_path / "manifest.yaml").write_text(yaml.safe_dump(raw, sort_keys=False))
        asked = ["--models", *models] if models else []
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["vid3d", "verify-weights", folder, "--manifest", "manifest.yaml", *asked])
        try:
            cli.main()
        except SystemExit as stop:
            return int(stop.code or 0), *capsys.readouterr()
        return 0, *capsys.readouterr()

    return run


def test_copied_weights_are_compared_file_by_file(verify, tmp_path):
    for name, data in {"model/unet/weights.safetensors": CONTENT, "cutout/u2net.onnx": TEXT}.items():
        (tmp_path / "copied" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copied" / name).write_bytes(data)
    code, said, error = verify()
    assert code == 2
    assert said.splitlines() == [
        "model/model_index.json: missing",
        "model/unet/weights.safetensors: right",
        "cutout/u2net.onnx: right; one public listing alone has its checksum, no second one confirms it",
    ]
    assert error == "vid3d: copied: 1 of 3 files missing or wrong, named above; copy or fetch them anew\n"
    assert verify("cutout")[0] == 0
    (tmp_path / "copied/model/model_index.json").write_bytes(TEXT[::-1])
    (tmp_path / "copied/model/unet/weights.safetensors").write_bytes(CONTENT[:-1])
    code, said, error = verify("model")
    assert code == 2
    assert "model_index.json: wrong checksum, sha256 " in said
    assert f"weights.safetensors: wrong size, {len(CONTENT) - 1} bytes instead of {len(CONTENT)}" in said
    assert "copied: 2 of 2 files" in error
    (tmp_path / "copied/model/model_index.json").write_bytes(TEXT)
    (tmp_path / "copied/model/unet/weights.safetensors").write_bytes(CONTENT)
    code, said, error = verify()
    assert (code, error, said.count(": right")) == (0, "", 3)


def test_a_folder_or_a_model_that_there_is_not_is_named(verify, tmp_path):
    code, said, error = verify()
    assert (code, said, error) == (2, "", "vid3d: copied: no such folder; give the one that holds model, cutout\n")
    code, said, error = verify("modle")
    assert (code, said) == (2, "")
    assert error.startswith("vid3d: --models: there is no model 'modle' in manifest.yaml; choose of model, cutout")


def test_the_one_checksum_that_a_single_listing_has_is_marked():
    files = {
        path: file
        for model in load_manifest(ROOT / "config/weights.yaml").models.values()
        for path, file in model.paths.items()
    }
    assert [path for path, file in files.items() if not file.confirmed] == ["weights/downloads/v3d/V3D.ckpt"]


# --- photographs and videos ------------------------------------------------------------------------------------------


def photograph(hub):
    """The manifest's entry of a photograph at a plain address."""
    address = f"{hub.address}/plain/weights.safetensors"
    return Photograph(
        kind="photograph", caption="bytes", file="bytes.jpg", url=address, sha256=described(CONTENT)["sha256"]
    )


def test_a_photographs_download_is_continued_and_verified(fetch, hub, tmp_path):
    output = tmp_path / "sources/bytes.jpg"
    hub.broken = True
    output.parent.mkdir()
    Path(f"{output}.part").write_bytes(CONTENT[:1000])
    with pytest.raises(InputError, match=r"set benchmark_dir.*continues after the 1000 bytes"):
        bring_photograph(photograph(hub), None, output)
    hub.broken = False
    bring_photograph(photograph(hub), None, output)
    assert output.read_bytes() == CONTENT
    assert [request.get("Range") for request in hub.asked] == ["bytes=1000-"]
    hub.files["weights.safetensors"] = CONTENT + b"more"
    with pytest.raises(InputError, match="wrong checksum"):
        bring_photograph(photograph(hub), None, tmp_path / "other/bytes.jpg")
    assert not list((tmp_path / "other").iterdir())


def test_what_a_server_has_nothing_to_add_to_is_verified(fetch, hub, tmp_path):
    """Whole but not yet verified when the last attempt was killed."""
    output = tmp_path / "bytes.jpg"
    Path(f"{output}.part").write_bytes(CONTENT)
    bring_photograph(photograph(hub), None, output)
    assert output.read_bytes() == CONTENT


def test_an_unpinned_video_is_never_put_together_of_two_downloads(fetch, hub, tmp_path):
    output = tmp_path / "clip.mp4"
    Path(f"{output}.part").write_bytes(b"the beginning of another video")
    assert bring_video(f"{hub.address}/plain/weights.safetensors", None, None, output) == described(CONTENT)["sha256"]
    assert output.read_bytes() == CONTENT


# --- the manifest ----------------------------------------------------------------------------------------------------


def manifest_of(raw, tmp_path):
    (tmp_path / "manifest.yaml").write_text(yaml.safe_dump(raw))
    return load_manifest(tmp_path / "manifest.yaml")


def test_one_file_of_a_model_means_all_of_them(raw, tmp_path):
    manifest = manifest_of(raw, tmp_path)
    fetched = SvdSeed(backend="svd", model="weights/downloads/model")
    assert manifest.inputs(fetched) == ["weights/downloads/model/model_index.json", WEIGHTS]
    assert list(manifest.needed(fetched)) == ["model"]


def test_folders_of_ones_own_are_fetched_from_nowhere(raw, tmp_path):
    manifest = manifest_of(raw, tmp_path)
    own = SvdSeed(backend="svd", model="my/svd")
    assert manifest.inputs(own) == ["my/svd/model_index.json"]
    assert list(manifest.needed(own)) == []
    by_diffusers = SvdSeed(backend="svd", model="someone/svd", model_revision="main")
    assert manifest.inputs(by_diffusers) == []
    assert manifest.inputs(ProceduralSeed(backend="procedural")) == []


def test_what_is_converted_needs_its_sources(raw, tmp_path):
    manifest = manifest_of(raw, tmp_path)
    views = V3dViews(backend="v3d", model="weights/made", cutout="alpha")
    assert manifest.inputs(views) == ["weights/made/model_index.json"]
    assert list(manifest.needed(views)) == ["model"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 3}, "models.model.size: unknown key"),
        ({"url": "https://example.org"}, "either a repository with a revision or a url"),
        ({"revision": None}, "either a repository with a revision or a url"),
        ({"revision": "main"}, "models.model.revision"),
        ({"licence": "bsd"}, "models.model.licence: there is no licence 'bsd'"),
        ({"folder": "../elsewhere"}, "models.model.folder"),
        ({"files": {"../../passwd": {"size": 1, "sha256": "0" * 64}}}, "models.model.files"),
        ({"files": {"a": {"size": 1}}}, "models.model.files.a.sha256"),
        ({"folder": "weights/downloads/cutout", "files": {"u2net.onnx": described(TEXT)}}, "file of the same path"),
    ],
)
def test_a_wrong_manifest_is_refused_saying_where(raw, tmp_path, change, message):
    raw["models"]["model"] |= change
    with pytest.raises(InputError, match=r"^\S+manifest\.yaml: ") as error:
        manifest_of(raw, tmp_path)
    assert message in str(error.value)


def test_the_studys_manifest_holds_all_that_run_full_reads():
    manifest = load_manifest(ROOT / "config/weights.yaml")
    full = load_study([ROOT / "config/study.yaml"], {}, ROOT).runs["full"]
    files = {path for model in manifest.models.values() for path in model.paths}
    for stage in STAGES:
        assert set(manifest.inputs(full.spec(stage))) <= files | manifest.converted.keys()
    needed = {name for stage in STAGES for name in manifest.needed(full.spec(stage))}
    assert needed == manifest.models.keys()
    assert all(path.startswith("weights/downloads/") for path in files)  # what rules/weights.smk makes
    assert not any(manifest.refusal(name, ["stabilityai-community", "v3d-none-stated"]) for name in needed)


def test_the_papers_embedder_on_any_run_is_the_pinned_one():
    study = load_study([ROOT / "config/study.yaml"], {"embedder": "ViT-B-32/openai"}, ROOT)
    manifest = load_manifest(ROOT / "config/weights.yaml")
    assert list(manifest.needed(study.runs["quick"].score)) == ["clip-vit-b-32"]
    other = ClipEmbed(backend="clip", model="ViT-L-14", weights="openai")
    assert list(manifest.needed(other)) == []


def test_licences_are_listed_in_the_study_or_on_the_command_line():
    settings = [{"licences": "mit, apache-2.0"}, {"licences": ["mit", "apache-2.0"]}]
    for setting in settings:
        assert load_study([ROOT / "config/study.yaml"], setting, ROOT).licences == ("mit", "apache-2.0")
    with pytest.raises(InputError, match="licences"):
        load_study([ROOT / "config/study.yaml"], {"licences": ["rm -rf"]}, ROOT)
    study = load_study([ROOT / "config/study.yaml"], settings[0], ROOT)
    assert study.only("quick") == load_study([ROOT / "config/study.yaml"], {}, ROOT).only("quick")
