"""What all settings are made of: models that refuse unknown keys, names, and complaints in one line."""

from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from vid3d.errors import InputError

RENAMED = {"gsplat": "autodiff"}  # backends that had another name
T = TypeVar("T")
NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"  # of runs, reports and images, as they stand in paths
Name = Annotated[str, Field(pattern=f"^{NAME}$")]


class Strict(BaseModel):
    """Immutable, and unknown keys are an error; built when it is first used, since a job reads one Spec of many."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def parsed(text: str, kind: Any, where: str) -> Any:
    """JSON of the command line as what it is to be: a model, or one of a union of models.

    Raises:
        InputError: one line that begins with ``where`` and names the first setting that is not understood.
    """
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        raise InputError(f"{where}: {first_problem(error)}") from None


def validated(data: Any, kind: type[T], where: str | Path, cure: str = "") -> T:
    """Parsed data as what it is to be.

    Args:
        kind: a model, or a container of models.
        where: what errors begin with: the file, or the setting as the user gave it.
        cure: what errors end with, unless the complaint says enough.

    Raises:
        InputError: one line that names the first setting that is not understood.
    """
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        raise InputError(f"{where}: {first_problem(error)}{cure and f'; {cure}'}") from None


def first_problem(error: ValidationError) -> str:
    """The first of pydantic's complaints as one line: where, and what."""
    problem = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in problem["loc"]) or "study"
    what = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        what = "unknown key; remove it or check its spelling"
    given = problem["input"]
    if problem["type"] == "union_tag_invalid" and str(given.get("backend")) in RENAMED:
        what = f"backend {given['backend']} is now called {RENAMED[given['backend']]}"
    shown = f" (given: {given!r})" if isinstance(given, str | int | float) else ""
    more = len(error.errors()) - 1
    return f"{where}: {what}{shown}" + (f" (and {more} more)" if more else "")
