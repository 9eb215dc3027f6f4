"""Settings as plain data: YAML files, words of the command line, and how one is laid over another."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from vid3d import journal
from vid3d.errors import InputError
from vid3d.study.validation import validated

T = TypeVar("T")
MAXIMUM_VALUES, MAXIMUM_DEPTH = 100_000, 50  # of a configuration; ours have some thousand, six deep


def merge(base: Any, overlay: Any) -> Any:
    """``overlay`` laid over ``base``: mappings key by key, everything else replaced.

    A mapping whose ``backend`` changes is replaced whole: the settings of one backend mean nothing to another.
    """
    if not isinstance(base, dict) or not isinstance(overlay, dict):
        return overlay
    if "backend" in base and "backend" in overlay and base["backend"] != overlay["backend"]:
        return overlay
    return {key: merge(base[key], overlay[key]) if key in base and key in overlay else (base | overlay)[key]
            for key in base | overlay}  # fmt: skip


def read_yaml(path: str | Path) -> dict[str, Any]:
    """A YAML file that holds a mapping.

    Raises:
        InputError: missing file, broken YAML, something else than a mapping, or what grows beyond measure by its
            aliases.
    """
    try:
        data = yaml.safe_load(journal.read(Path(path)).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; check the path") from None
    except Exception as error:  # PyYAML raises many classes for a value that is not of its tag, and for deep nesting
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: must hold a mapping of settings, not a {type(data).__name__}")
    if _grown(data, {}, 0) > MAXIMUM_VALUES:
        raise InputError(f"{path}: its aliases stand for more than {MAXIMUM_VALUES:,} values; write out what is meant")
    if odd := [key for key in data if not isinstance(key, str)]:
        raise InputError(f"{path}: {odd[0]!r} is no name of a setting; put it in quotes or take it out")
    return data


def _grown(data: Any, known: dict[int, int], depth: int) -> int:
    """How many values parsed YAML holds once aliases are written out; beyond measure for one that holds itself."""
    if depth > MAXIMUM_DEPTH:
        return MAXIMUM_VALUES + 1
    if not isinstance(data, dict | list):
        return 1
    if id(data) not in known:
        parts = data.values() if isinstance(data, dict) else data
        known[id(data)] = 1 + sum(_grown(part, known, depth + 1) for part in parts)
    return known[id(data)]


def load_yaml(path: str | Path, kind: type[T], cure: str = "") -> T:
    """A YAML file as what it is to hold (``specs.validated``).

    Raises:
        InputError: a file that is missing, is no YAML, or is not understood.
    """
    return validated(read_yaml(path), kind, path, cure)


TEXTS = (
    "benchmark_dir",
    "authors_dir",
    "image",
    "own",
    "embedder",
    "report",
    "from",
)  # settings that are one text, a path or a name
NAMES_LISTED = ("images", "licences", "external")  # settings that are names with commas between them, or a list


def read_settings(pairs: Iterable[str]) -> dict[str, Any]:
    """Single settings of the command line, KEY=VALUE: texts as they are typed, all others in YAML.

    Raises:
        InputError: no ``=``, or broken YAML.
    """
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        try:
            settings[key] = yaml.safe_load(value) if key not in TEXTS else None
        except yaml.YAMLError as error:
            raise InputError(f"--config {key}: not valid YAML: {' '.join(str(error).split())}") from None
        if not equals:
            raise InputError(f"--config {pair}: give it as KEY=VALUE")
    return as_typed(settings, pairs)


def as_typed(settings: Mapping[str, Any], words: Iterable[str]) -> dict[str, Any]:
    """Settings of the command line with their texts as they were typed.

    YAML makes a comment of what follows `` #``, a mapping of ``a: b`` and a number of ``007``, and all of these are
    names that a file may have.

    Args:
        settings: as another program parsed them.
        words: of its command line; the last KEY=VALUE counts.
    """
    typed = dict(settings)
    for word in words:
        key, equals, value = re.sub(r"^(--config=|-C=?)", "", word).partition("=")
        listed = key in NAMES_LISTED and not isinstance(settings.get(key), list)
        if equals and key in settings and (key in TEXTS or listed):
            typed[key] = _unquoted(value) or None
    return typed


def _unquoted(text: str) -> str:
    """A text without the quotes, if it has any, that YAML would take away."""
    if len(text) < 2 or text[0] not in "'\"" or text[-1] != text[0]:
        return text
    try:
        return str(yaml.safe_load(text))
    except yaml.YAMLError:
        return text[1:-1]
