"""What a crate tells of inputs that the tiny study has none of: photographs, published weights, a machine's folders."""

import json
import shutil
from pathlib import Path

import pytest

from vid3d import journal
from vid3d.checking import crate
from vid3d.checking.files import Records
from vid3d.errors import InputError
from vid3d.files import save_text
from vid3d.study.parsing import load_study
from vid3d.weights.contents import Record, identified
from vid3d.weights.manifest import load_manifest

ROOT = Path(__file__).parents[3]
PHOTOGRAPH = "results/sources/animate124/fish.jpg"
HOME = "/home/ada/fish.jpg"


@pytest.fixture
def folder(tmp_path):
    """A repository in which one photograph was fetched from a folder of the machine's."""
    for path in ("Snakefile", "CITATION.cff", "config/weights.yaml", "benchmark/animate124/manifest.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    with journal.kept("fetch", {}, tmp_path):
        save_text(tmp_path / PHOTOGRAPH, "a fish")
    (record,) = (tmp_path / journal.RECORDS).rglob("*.json")
    made = json.loads(record.read_text())
    record.write_text(json.dumps(made | {"reads": {HOME: "0" * 64}, "ended": "2026-02-01T00:00:00Z", "seconds": 60}))
    return tmp_path


def told(folder, report):
    study = load_study([ROOT / "config/study.yaml"], {}, ROOT)
    study = identified(study, load_manifest(ROOT / "config/weights.yaml"), Record(folder / "contents.json"), ROOT)
    data = crate.metadata(report, study.only(report), Records(folder), [PHOTOGRAPH])
    return {one["@id"]: one for one in data["@graph"]}


def test_a_photograph_has_its_address_and_its_licence(folder):
    entities = told(folder, "relief")
    photograph = entities[PHOTOGRAPH]
    assert photograph["url"].endswith("/fish/image.jpg")
    assert photograph["license"] == {"@id": "https://spdx.org/licenses/Apache-2.0"}
    assert photograph["sha256"] == journal.sha256(folder / PHOTOGRAPH)
    run = entities["#run"]
    assert {"@id": PHOTOGRAPH} in run["object"]
    assert run["result"] == []
    assert (run["startTime"], run["endTime"]) == ("2026-01-31T23:59:00+00:00", "2026-02-01T00:00:00+00:00")
    assert "agent" not in run


def test_what_lies_elsewhere_on_the_machine_is_told_without_its_folder(folder):
    entities = told(folder, "relief")
    assert entities[f"#{'0' * 64}"]["name"] == "fish.jpg"
    assert "/home/ada" not in json.dumps(entities)


def test_published_weights_have_their_addresses_and_licences(folder):
    entities = told(folder, "full")
    (seed,) = [one for one in entities.values() if "svd-xt" in str(one.get("name"))]
    assert {"@id": seed["@id"]} in entities["#run"]["object"]
    assert seed["url"][0].startswith("https://huggingface.co/stabilityai/stable-video-diffusion-img2vid-xt/tree/9e43")
    assert "LICENSE" in seed["license"]["@id"]


def test_a_folder_without_the_workflow_is_refused(folder):
    (folder / "Snakefile").unlink()
    with pytest.raises(InputError, match="Snakefile: is not there; run vid3d archive in the repository's folder"):
        told(folder, "relief")
