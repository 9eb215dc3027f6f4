"""An archive is a Workflow Run RO-Crate: an independent validator accepts it offline, and refuses a broken one."""

import hashlib
import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from tests.workflow.conftest import ROOT
from vid3d.checking import crate
from vid3d.study import table_list

CONTEXT = ROOT / "tests/data/rocrate/context-1.1.jsonld"
PROFILE = "workflow-run-crate-0.5"
PROFILES = {PROFILE, "process-run-crate-0.5", "workflow-ro-crate-1.0", "ro-crate-1.1"}  # with those that it extends
TABLE = "results/reports/tiny/tables/table1.csv"


@pytest.fixture(scope="module")
def validated(tmp_path_factory):
    """The function that gives what the validator finds against a crate in a folder, without a network."""
    reason = "roc-validator is not installed: make environment"
    models = pytest.importorskip("rocrate_validator.models", reason=reason)
    from requests import Response
    from requests.adapters import BaseAdapter
    from requests_cache import CachedSession
    from rocrate_validator import services
    from urllib3 import HTTPResponse

    class Committed(BaseAdapter):
        """Answers every question with the committed context."""

        def send(self, request, **_):
            answer = Response()
            answer.status_code, answer.url, answer.request = 200, request.url, request
            answer.headers["Content-Type"] = "application/ld+json"
            body = io.BytesIO(CONTEXT.read_bytes())
            answer.raw = HTTPResponse(body, answer.headers, 200, preload_content=False, request_url=request.url)
            return answer

        def close(self):
            pass

    cache = tmp_path_factory.mktemp("validator") / "cache"
    with CachedSession(str(cache), backend="sqlite", expire_after=-1) as session:
        session.mount("https://", Committed())
        session.get(crate.CONTEXT[0])

    def asked(*_, **__):
        raise AssertionError("the validator asked the network")

    def validate(folder):
        settings = services.ValidationSettings(
            rocrate_uri=folder,
            profile_identifier=PROFILE,
            requirement_severity=models.Severity.REQUIRED,
            offline=True,
            cache_path=cache,
        )
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("requests.adapters.HTTPAdapter.send", asked)
            found = services.validate(settings)
        assert {check.identifier.partition("_")[0] for check in found.executed_checks} >= PROFILES
        return [f"{issue.check.identifier}: {issue.message}" for issue in found.get_issues()]

    return validate


@pytest.fixture(scope="module")
def folder(packed, tmp_path_factory):
    """The archive, unzipped."""
    unzipped = tmp_path_factory.mktemp("crate")
    with zipfile.ZipFile(packed) as stream:
        stream.extractall(unzipped)
    return unzipped


@pytest.fixture
def told(folder):
    """Its entities, by their names in the metadata."""
    graph = json.loads((folder / crate.METADATA).read_text())["@graph"]
    entities = {one["@id"]: one for one in graph}
    assert len(entities) == len(graph)
    return entities


def test_a_validator_accepts_it(validated, folder):
    assert validated(folder) == []


def test_a_validator_refuses_it_without_one_of_its_entities(validated, folder, told):
    path = folder / crate.METADATA
    whole = path.read_text()
    data = json.loads(whole)
    data["@graph"] = [one for one in data["@graph"] if one["@id"] != crate.WORKFLOW]
    try:
        path.write_text(json.dumps(data))
        (folder / TABLE).rename(folder / "moved.csv")
        found = validated(folder)
    finally:
        path.write_text(whole)
        (folder / "moved.csv").rename(folder / TABLE)
    assert any("Main Workflow" in one for one in found), found
    assert any(TABLE in one for one in found), found


def test_every_file_is_told_of(folder, told):
    files = {name for name, one in told.items() if "File" in one["@type"]}
    folders = tuple(name for name, one in told.items() if one["@type"] == "Dataset" and name != "./")
    held = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {crate.METADATA}
    assert files <= held
    assert not [path for path in held - files if not path.startswith(folders)]
    assert {part["@id"] for part in told["./"]["hasPart"]} == files | set(folders)
    for name in files:
        assert told[name]["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()


def test_the_run_is_told_of_with_what_it_was_made_of_and_what_it_made(folder, told):
    run = told["#run"]
    assert run["instrument"] == {"@id": crate.WORKFLOW} == told["./"]["mainEntity"]
    assert datetime.fromisoformat(run["startTime"]) < datetime.fromisoformat(run["endTime"])
    assert told[run["agent"]["@id"]]["name"] == "Ada Lovelace"
    read = {told[one["@id"]]["name"]: told[one["@id"]] for one in run["object"]}
    objects = "benchmark/procedural/objects.yaml"
    assert read[objects]["sha256"] == hashlib.sha256((ROOT / objects).read_bytes()).hexdigest()
    score = json.loads((folder / crate.SETTINGS).read_text())["runs"]["tiny"]["score"]
    assert read[f"{score['model']}, {score['weights']}"]["identifier"] == score["content"]
    made = {one["@id"] for one in run["result"]}
    assert made >= {f"results/reports/tiny/tables/{name}.csv" for name in table_list.NAMES}
    assert made >= {"results/reports/tiny/index.html", "results/tiny/"}


def test_nothing_is_told_of_the_machine_but_its_processor(study, folder):
    text = (folder / crate.METADATA).read_text()
    assert str(study) not in text
    assert str(Path.home()) not in text
