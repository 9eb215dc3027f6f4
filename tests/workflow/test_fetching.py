"""The workflow fetches what a Spec of the study names, once, and keeps it."""

import hashlib
import os

import pytest
import yaml

from tests.unit.local_hub import REPOSITORY, REVISION, serve

WEIGHTS = "weights/downloads/model/model_index.json"
STUDY = """
runs: {tiny: {seed: {backend: svd, model: weights/downloads/model}}}
"""


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with serve({"model_index.json": b"{}", "unet.safetensors": b"weights"}) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        yield running


def test_weights_are_fetched_once_and_kept(fresh, hub):
    files = {name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in hub.files.items()}
    model = {"title": "A model", "needed_by": "tests", "gated": False, "licence": "strict", "source": "made here"}
    model |= {"repository": REPOSITORY, "revision": REVISION, "folder": "weights/downloads/model", "files": files}
    licence = {"title": "Strict Licence", "url": "https://example.org", "acknowledge": True}
    manifest = yaml.safe_load((fresh.folder / "config/weights.yaml").read_text())
    manifest["licences"]["strict"], manifest["models"]["model"] = licence, model

    def write() -> None:
        (fresh.folder / "config/weights.yaml").write_text(yaml.safe_dump(manifest))

    write()
    (fresh.folder / "overlay.yaml").write_text(STUDY)
    study, target = ("--configfile", "tiny.yaml", "overlay.yaml"), ("--", "weights")
    assert fresh.planned(*study)["weights_file"] == 2

    refused = fresh.run(*study, *target)
    assert refused.returncode == 1
    assert "vid3d: weights/downloads/model/" in refused.stdout
    assert "add `licences: [strict]`" in refused.stdout
    assert not hub.asked

    done = fresh.run(*study, "--config", "licences=strict", *target)
    assert done.returncode == 0, done.stdout
    assert (fresh.folder / WEIGHTS).read_bytes() == b"{}"
    assert not os.stat(fresh.folder / WEIGHTS).st_mode & 0o222

    # neither without the licence in the study nor with other words in the manifest
    model["title"], licence["title"] = "Another title", "Another title, too"
    write()
    assert fresh.planned(*study, *target) == {}
    assert "weights_file" not in fresh.planned(*study)

    # other content is other weights
    files["model_index.json"]["sha256"] = "0" * 64
    write()
    assert fresh.planned(*study, *target)["weights_file"] == 1
