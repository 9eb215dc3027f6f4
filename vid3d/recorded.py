"""Whether the files that a report shows were made as its study says: by the record that each of them carries.

Snakemake makes anew what is older than its input or was made with other parameters.  It does not see a file that
another one replaced under its name, nor one that was edited by hand: those would be shown as what they are not.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vid3d import files
from vid3d.errors import InputError
from vid3d.study import layout
from vid3d.study.config import Study
from vid3d.study.registry import STAGES

_BY_CLIP = (
    *(layout.SUBJECT, layout.EMBEDDINGS, layout.SCORES),
    *(layout.HELD_OUT, layout.STAGE_EMBEDDINGS, layout.INDICATORS),
)
_BY_FRAME = (layout.SEED, layout.ORBIT, layout.SPLATS, layout.RENDERS)


def confirm(study: Study, report: str, root: Path) -> None:
    """Compare the record of every file of a report's runs with the study; files that are not there do not matter.

    Args:
        study: restricted by ``study.only(report)``.
        root: the folder that holds ``results/``.

    Raises:
        InputError: names the first file whose record lacks, or tells of another stage, setting, image, motion score,
            view count or frame, or of another content.
    """
    for path, item, spec in shown(study, report, root):
        compare(root / path, item, spec)


def shown(study: Study, report: str, root: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The files of a report's runs that carry a record and are there: path, what each is about, and its Spec."""
    seen: set[str] = set()
    for name in study.reports[report].runs:
        specs = {stage: json.loads(study.runs[name].spec(stage).argument()) for stage in STAGES}
        for clip in layout.conditions(study, name):
            for artefact, item in _items(study, clip):
                wildcards = {"frame": layout.two(item["frame"])} if "frame" in item else {}
                path = clip.path(artefact, study, **wildcards)
                if path not in seen and (root / path).is_file():
                    yield path, item, specs[artefact.stage]
                seen.add(path)


def _items(study: Study, clip: layout.Condition) -> Iterator[tuple[layout.Artefact, dict[str, Any]]]:
    """The artefacts of a clip, each with what it is about."""
    item = {"image": clip.image, "motion": clip.motion, "views": clip.views}
    for artefact in _BY_CLIP:
        yield artefact, item
    for artefact in _BY_FRAME:
        for frame in range(study.runs[clip.run].used_frames):
            yield artefact, item | {"frame": frame}


def compare(path: Path, item: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """The record that a file carries.

    Raises:
        InputError: it differs from ``item`` or ``spec``, or the file's content from it.
    """
    record = files.load_provenance(path)
    cure = "delete it and run again"
    for key, told in record["item"].items():
        if key in item and told != item[key]:
            raise InputError(f"{path}: is of {key} {told} by its record, and not of {item[key]}; {cure}")
    if record["spec"] and record["stage"] != "held-out":  # which measures, whatever the renderer is set to
        differing = [key for key in {**spec, **record["spec"]} if spec.get(key) != record["spec"].get(key)]
        if differing:
            key = differing[0]
            told, wanted = (settings.get(key, "its default") for settings in (record["spec"], spec))
            raise InputError(f"{path}: was made with {key} {told}, where the study has {wanted}; {cure}")
    if "sha256" in record and record["sha256"] != hashlib.sha256(path.read_bytes()).hexdigest():
        raise InputError(f"{path}: is not as it was written (another checksum than its record's); {cure}")
    return record
