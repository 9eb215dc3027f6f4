"""The reference of all settings as Markdown (``config/README.md``), read from the study's model and the Specs.

Names, types, ranges and defaults come from the models' own schema, meanings from the ``Attributes`` of their
docstrings; a setting without a meaning is an error, so that none can be added without one.
"""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from vid3d.study.config import Report, Run, Study
from vid3d.study.execution import ClipsPerJob, Execution, FramesPerJob, Training
from vid3d.study.registry import STAGES, backends
from vid3d.study.validation import Strict

_HEAD = """# Settings

Every key that `config/study.yaml`, a file of yours (`--configfile`) or `--config KEY=VALUE` may hold. Unknown keys are
refused, saying where. A file is laid over those before it key by key; a stage whose `backend` changes is replaced
whole. Top-level keys that begin with `x-` may hold YAML anchors and mean nothing by themselves. On the command line,
lists are comma-separated: `--config report=relief images=fish,panda-dance frames=4`. A run that `extends` another
states only what differs. Each stage of a run names its `backend` and may set what stands below it here, for example
`splat: {backend: cpu, splats: 2000, iterations: 1500}`.

<!-- Made by `vid3d settings`; a test holds it up to date. Do not edit. -->
"""
_ENTRY = re.compile(r"^ {4}(?P<names>\w+(?:, \w+)*): +(?P<meaning>.*(?:\n {8}.*)*)", re.MULTILINE)
_SECTIONS: tuple[tuple[str, str, type[Strict]], ...] = (
    ("Of the study", "at the top level", Study),
    ("How jobs are cut", "below `execution`; no result depends on it", Execution),
    ("Frames per job", "below `execution.frames_per_job`", FramesPerJob),
    ("Clips per job", "below `execution.clips_per_job`", ClipsPerJob),
    ("Training of the mini models", "below `training`; read by `make train` alone", Training),
    ("Of a run", "below `runs.NAME`", Run),
    ("Of a report", "below `reports.NAME`", Report),
)


def reference() -> str:
    """The text of ``config/README.md``."""
    sections = [section(title, where, model) for title, where, model in _SECTIONS]
    for stage in STAGES:
        for name, spec in backends(stage).items():
            title = f"Stage `{stage}`" + (f", backend `{name}`" if name else "")
            sections.append(section(title, f"below `runs.NAME.{stage}`", spec))
    return "\n".join([_HEAD, *sections])


def section(title: str, where: str, model: type[Strict]) -> str:
    """A heading, what the model's docstring says first, and a table of its settings."""
    first = inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].replace("``", "`")
    rows = [f"| `{name}` | {kind} | {default} | {meaning} |" for name, kind, default, meaning in settings(model)]
    table = ["| setting | values | default | meaning |", "|---|---|---|---|", *rows]
    return "\n".join([f"## {title}", "", f"{' '.join(first.split())} ({where})", "", *table, ""])


def settings(model: type[Strict]) -> Iterator[tuple[str, str, str, str]]:
    """(name, values, default, meaning) of each setting that a user may give.

    Raises:
        ValueError: a setting has no meaning in the docstring of the model or of a class that it derives from.
    """
    schema = model.model_json_schema()
    described = meanings(model)
    for name, field in model.model_fields.items():
        if name in ("backend", "revision"):  # the section's title; raised by the program, not by a user
            continue
        if name not in described:
            raise ValueError(f"{model.__name__}.{name}: no meaning in the docstring; add it to its Attributes")
        default = "" if field.is_required() else _literal(field.get_default(call_default_factory=True))
        yield name, values(schema["properties"][name], schema), default or "required", described[name]


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """The ``Attributes`` of a model's docstring and of those that it derives from, each as one line."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        text = inspect.cleandoc(vars(base).get("__doc__") or "")
        if issubclass(base, BaseModel) and "Attributes:" in text:
            for entry in _ENTRY.finditer(text.partition("Attributes:")[2]):
                meaning = " ".join(entry["meaning"].split()).replace("``", "`").replace("None", "null")
                found |= dict.fromkeys(entry["names"].split(", "), meaning)
    return found


def values(schema: dict[str, Any], of: dict[str, Any]) -> str:
    """What a JSON schema allows, in words; ``of`` is the whole schema, which holds the definitions."""
    if "$ref" in schema:
        return values(of["$defs"][schema["$ref"].rpartition("/")[2]], of)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return " or ".join(dict.fromkeys(values(choice, of) for choice in choices))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{choice}`" for choice in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {values(schema['items'], of)}"
    if schema.get("type") == "object":
        return "mapping"
    word = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true`, `false`"}
    limits = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    ends = (f"{words} {schema[key]}" for key, words in limits.items() if key in schema)
    return " ".join([word.get(schema.get("type", ""), "none"), *ends])


def _literal(value: Any) -> str:
    """A default as YAML would have it."""
    if isinstance(value, BaseModel):
        return "as below"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value}`" if isinstance(value, str) and value else f"`{json.dumps(value)}`"
