"""Outcomes that are kept in the repository, so that a grid can be completed on machines that lose their files."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vid3d.errors import InputError


def is_kept(path: Path, made_of: Mapping[str, Any]) -> bool:
    """Whether outcomes are kept that are of what is asked for.

    Args:
        path: of their CSV file, beside which their record lies.
        made_of: settings, with the checksums of weights.

    Raises:
        InputError: the file is not what was recorded of it, or has no record.
    """
    record = path.with_suffix(".json")
    if not path.exists() and not record.exists():
        return False
    try:
        told = json.loads(record.read_text(encoding="utf-8"))
        same = told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        kept = told["item"]["made_of"]
    except (OSError, ValueError, KeyError, TypeError):
        same, kept = False, None
    if not same:
        raise InputError(f"{path}: is not as {record.name} records it; restore both, or delete both to make them anew")
    return bool(kept == made_of)
