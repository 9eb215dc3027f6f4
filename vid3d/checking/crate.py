"""What an archive says of itself: the metadata of a Workflow Run RO-Crate, which repositories and other tools read.

RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) by the profiles of ``PROFILES``.  It tells of the workflow's run as a
whole: which workflow, of what, to what, when, under which licence.  What each job read and wrote stands in its record,
and the crate has the folder of these.
"""

import hashlib
import mimetypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from vid3d import __version__, journal
from vid3d.checking.files import Records
from vid3d.errors import InputError
from vid3d.journal import Made
from vid3d.study import layout
from vid3d.study.benchmark import Photograph, load_benchmark
from vid3d.study.config import Study
from vid3d.study.reading import load_yaml
from vid3d.study.registry import STAGES
from vid3d.study.specs.spec import LearnedModel
from vid3d.weights.manifest import Manifest, Model, load_manifest

METADATA = "ro-crate-metadata.json"
SETTINGS = "study.json"  # of the report's runs, which no file of the repository need hold as they were
WORKFLOW = "Snakefile"
RUN = "#run"
CITATION = "CITATION.cff"
README = "README.md"
MANIFEST = "config/weights.yaml"
BESIDE = (README, "LICENSE", CITATION, "requirements.lock", "rules/*.smk")  # the workflow, packed from the repository
BASE = "https://w3id.org/ro/crate/1.1"
WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {  # of the whole crate
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate 0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate 0.5",
    WORKFLOW_CRATE: "Workflow RO-Crate 1.0",
}
CONTEXT = [f"{BASE}/context", {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}]  # RO-Crate 1.1 has no sha256
SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
LICENCES = {"animate124": "https://spdx.org/licenses/Apache-2.0"}  # of photographs, as the head of their manifest says
TEXTS = (".cff", ".lock", ".smk", "")  # endings of ours that are no other kind of text

Entity = dict[str, Any]


@dataclass(frozen=True)
class Paper:
    """What the study refers to."""

    title: str
    url: str


@dataclass(frozen=True)
class Citation:
    """What ``CITATION.cff`` says of the study, as far as a crate tells it.

    Attributes:
        license: an identifier of SPDX's list.
        authors: of each a ``name``, or ``given-names`` and ``family-names``.
        references: the paper that is reproduced.
    """

    title: str
    license: str
    authors: tuple[dict[str, str], ...]
    references: tuple[Paper, ...] = ()

    @property
    def licence(self) -> str:
        """The licence's address."""
        return f"https://spdx.org/licenses/{self.license}"


def metadata(report: str, study: Study, records: Records, paths: Sequence[str], agent: str = "") -> Entity:
    """The crate's metadata as JSON-LD.

    Args:
        report: its name.
        study: that its tables were made of, restricted to it.
        records: of the folder that holds ``results/`` and the workflow.
        paths: all files of ``results/`` that the archive holds, the report's own among them.
        agent: who ran the workflow; left out if empty.

    Raises:
        InputError: the Snakefile, ``CITATION.cff`` or a manifest is missing or not understood.
    """
    root = records.root
    if not (root / WORKFLOW).is_file():
        raise InputError(f"{root / WORKFLOW}: is not there; run vid3d archive in the repository's folder")
    citation = load_yaml(root / CITATION, Citation)
    jobs = list({id(made): made for path in paths if (made := records.of(path))}.values())
    workflow = _workflow(root, citation)
    photographs = _photographs(study, records, paths)
    inputs = [_settings(study), *photographs]
    outside = [*_weights(report, study, load_manifest(root / MANIFEST)), *_outside(jobs)]
    given = {_path(one) for one in photographs}
    shown = [path for path in (*layout.tables(report), layout.PAGE.format(report=report)) if path in paths]
    outputs = _folders(report, study, [path for path in paths if path not in given])
    outputs += [_file(path, records.sha256(path) or "") for path in shown]
    recorded = _folder(
        journal.RECORDS,
        "Records of jobs",
        "Of each job the files that it read and wrote by their sha256, its options, commit, machine and seconds.",
        about=_to(RUN),
    )
    run = {"name": f"Run of report {report}", **_where_and_when(jobs), "instrument": _to(WORKFLOW)}
    run |= {"object": _each(*inputs, *outside), "result": _each(*outputs)}
    parts = [*workflow, *inputs, *outputs, recorded]
    authors = [_agent(f"#author-{number}", told) for number, told in enumerate(citation.authors, 1)]
    papers = [_entity(told.url, "ScholarlyArticle", name=told.title) for told in citation.references]
    whole = _whole(report, study, citation) | {
        "datePublished": run["endTime"][:10],
        "author": _each(*authors),
        "citation": _each(*papers),
        "hasPart": _each(*parts),
    }
    ran = [_entity("#agent", "Person", name=agent)] if agent else []
    graph = [
        _entity(METADATA, "CreativeWork", about=_to("./"), conformsTo=[_to(BASE), _to(WORKFLOW_CRATE)]),
        _entity("./", "Dataset", **whole),
        *parts,
        _entity(RUN, "CreateAction", **run, agent=_each(*ran) or None),
        *(*ran, *outside, *authors, *papers),
        _entity(citation.licence, "CreativeWork", name=citation.license, description="The licence of the study."),
        _entity(SNAKEMAKE, "ComputerLanguage", name="Snakemake", url="https://snakemake.github.io"),
        *(_entity(profile, "CreativeWork", name=name) for profile, name in PROFILES.items()),
    ]
    return {"@context": CONTEXT, "@graph": graph}


def _whole(report: str, study: Study, citation: Citation) -> Entity:
    """What is said of the archive as such."""
    return {
        "name": f"{citation.title}: {study.reports[report].title}",
        "description": (
            f"Report {report}, and the files that it was made of, from the reference images to the scores. In the"
            f" repository of the workflow, snakemake --cores all --config from=FILE report={report} makes the report"
            " anew of this archive, without running models."
        ),
        "license": _to(citation.licence),
        "conformsTo": [_to(profile) for profile in PROFILES],
        "mainEntity": _to(WORKFLOW),
        "mentions": _to(RUN),
    }


def settings(study: Study) -> str:
    """The text of ``SETTINGS``."""
    return study.model_dump_json(indent=1) + "\n"


def beside(root: Path) -> list[str]:
    """The files of the repository that are packed with the Snakefile."""
    return [path.relative_to(root).as_posix() for pattern in BESIDE for path in sorted(root.glob(pattern))]


def _entity(identifier: str, kind: str | list[str], /, **told: Any) -> Entity:
    return {"@id": identifier, "@type": kind} | {key: value for key, value in told.items() if value is not None}


def _to(identifier: str) -> Entity:
    """A reference."""
    return {"@id": identifier}


def _each(*entities: Entity) -> Entity | list[Entity]:
    """References to entities; of one alone, that and no list of one."""
    references = [_to(one["@id"]) for one in entities]
    return references[0] if len(references) == 1 else references


def _file(path: str, sha256: str, kind: str | list[str] = "File", **told: Any) -> Entity:
    """A file of the archive."""
    form = "text/plain" if PurePosixPath(path).suffix in TEXTS else mimetypes.guess_type(path)[0]
    return _entity(quote(path), kind, **{"name": path, "encodingFormat": form, "sha256": sha256} | told)


def _folder(path: str, name: str, description: str, **told: Any) -> Entity:
    return _entity(f"{quote(path)}/", "Dataset", name=name, description=description, **told)


def _path(entity: Entity) -> str:
    """The path of a file's entity."""
    return str(entity["name"])


def _workflow(root: Path, citation: Citation) -> list[Entity]:
    """The Snakefile, and what is packed with it."""
    others = [_file(path, journal.sha256(root / path)) for path in beside(root)]
    for one in others:
        one |= {"about": _to("./")} if one["@id"] == README else {}
    main = _file(
        WORKFLOW,
        journal.sha256(root / WORKFLOW),
        ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        name=citation.title,
        programmingLanguage=_to(SNAKEMAKE),
        license=_to(citation.licence),
        version=journal.commit() or __version__,
        hasPart=_each(*(one for one in others if one["@id"].endswith(".smk"))),
    )
    return [main, *others]


def _settings(study: Study) -> Entity:
    checksum = hashlib.sha256(settings(study).encode()).hexdigest()
    return _file(SETTINGS, checksum, name="All settings of the report's runs", description="As its tables were made.")


def _folders(report: str, study: Study, paths: Iterable[str]) -> list[Entity]:
    """The folders of runs, of other methods and of the report, as far as there are files of them."""
    found: dict[str, Entity] = {}
    for path in paths:
        name = path.split("/")[1]
        if name in study.runs:
            run = study.runs[name]
            stamp = f": {run.stamp}" if run.stamp else ""
            found[name] = _folder(f"results/{name}", run.title, f"Files of run {name}{stamp}")
        elif path.startswith(f"{layout.REPORT.format(report=report)}/"):
            title = study.reports[report].title
            found[name] = _folder(layout.REPORT.format(report=report), title, "Tables, figures and page of the report.")
        else:
            found[name] = _folder(f"results/{name}", name, "Other files that the report was made of.")
    return list(found.values())


def _photographs(study: Study, records: Records, paths: Sequence[str]) -> list[Entity]:
    """The photographs of benchmarks that the archive holds, with their addresses and licences."""
    found: dict[str, Entity] = {}
    for benchmark in dict.fromkeys(run.benchmark for run in study.runs.values()):
        for image in load_benchmark(benchmark, study.image, records.root).values():
            path = layout.photograph(benchmark, image)
            if path is not None and path in paths and isinstance(image, Photograph):
                licence = _to(LICENCES[benchmark]) if benchmark in LICENCES else None
                found[path] = _file(
                    path, records.sha256(path) or "", description=image.caption, url=image.url, license=licence
                )
    return list(found.values())


def _weights(report: str, study: Study, manifest: Manifest) -> list[Entity]:
    """The learned models that the report's runs read, by the checksums in their Specs; they are not in the archive."""
    found: dict[str, Entity] = {}
    for name in study.reports[report].runs:
        run = study.runs[name]
        for stage in STAGES if not run.render.control else ("score",):
            spec = run.spec(stage)
            if isinstance(spec, LearnedModel) and spec.content:
                sources = [manifest.models[source] for path in spec.checkpoints for source in manifest.sources(path)]
                licences = [_to(manifest.licences[model.licence].url) for model in sources]
                found[spec.content] = _entity(
                    f"#{spec.content}",
                    "CreativeWork",
                    name=", ".join(spec.checkpoints),
                    description="Weights; the identifier is a checksum of those of all files.",
                    identifier=spec.content,
                    url=[_address(model) for model in sources] or None,
                    license=_each(*licences) or None,
                )
    return list(found.values())


def _address(model: Model) -> str:
    return model.url or f"https://huggingface.co/{model.repository}/tree/{model.revision}"


def _outside(jobs: Iterable[Made]) -> list[Entity]:
    """What jobs read that is not in ``results/``, nor in the archive: by name, without the folders of a machine."""
    read = {item for made in jobs for item in made.reads.items() if not item[0].startswith(journal.RESULTS)}
    names = {checksum: PurePosixPath(path).name if path.startswith("/") else path for path, checksum in sorted(read)}
    return [
        _entity(f"#{checksum}", "CreativeWork", name=name, sha256=checksum)
        for checksum, name in sorted(names.items(), key=lambda item: item[1])
    ]


def _where_and_when(jobs: Sequence[Made]) -> Entity:
    """By which code, where and when jobs ran; times are in UTC, with its offset, as profiles want it."""
    commits = "; ".join(dict.fromkeys(made.commit or "unknown" for made in jobs))
    machines = "; ".join(dict.fromkeys(made.machine for made in jobs))
    times = [(datetime.fromisoformat(made.ended), timedelta(seconds=made.seconds)) for made in jobs]
    return {
        "description": f"Commit of vid3d: {commits}. Processor: {machines}.",
        "startTime": min(ended - took for ended, took in times).isoformat(timespec="seconds"),
        "endTime": max(ended for ended, _ in times).isoformat(timespec="seconds"),
    }


def _agent(identifier: str, told: dict[str, str]) -> Entity:
    """An author of ``CITATION.cff``."""
    if "family-names" in told:
        name = " ".join(filter(None, (told.get("given-names"), told["family-names"])))
        return _entity(told.get("orcid", identifier), "Person", name=name)
    return _entity(identifier, "Organization", name=told.get("name", ""))
