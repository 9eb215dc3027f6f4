"""Numbers that were measured and committed before the experiment's runs, each with what it was measured of."""

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vid3d.errors import InputError

Size = Annotated[float, Field(ge=0, allow_inf_nan=False)]
T = TypeVar("T", bound="Committed")


class Origin(BaseModel):
    """The record of a committed file, of which only this is read.

    Attributes:
        spec: of all that was measured, with the checksums of the weights (``content``).
    """

    model_config = ConfigDict(frozen=True)

    spec: dict[str, Any]


class Committed(BaseModel):
    """A file of numbers; what else stands in it is for people.

    Attributes:
        provenance: what they were measured of.
    """

    model_config = ConfigDict(frozen=True)

    provenance: Origin


class Calibration(Committed):
    """Sizes of the faults of generated views, as ``JitteredViews`` has them."""

    colour: Size
    texture: Size
    grain: Size
    shift: Size
    scale: Size


class Choice(Committed):
    """Strengths of the arms that model time, as ``JointFit`` and ``TrajectoriesFit`` have them.

    Its ``Origin.spec`` has the Spec of the ``views`` and those of the ``fits`` by the names of their cells.
    """

    smoothness: Size
    waves: Annotated[int, Field(ge=1)]


def load(path: Path, kind: type[T], target: str, made: str) -> T:
    """A committed file.

    Args:
        path: of the file.
        kind: what it holds.
        target: of Snakemake, which makes it.
        made: where that writes it.

    Raises:
        InputError: it is not there or not understood.
    """
    cure = f"`snakemake {target}` and copy {made} there"
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is none yet; run {cure}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        told = f"{where}: {first['msg']}" if where else first["msg"]
        raise InputError(f"{path}: {told}; make it anew with {cure}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); make it anew with {cure}") from None


def confirm(found: Committed, now: dict[str, Any], path: Path, target: str, made: str) -> None:
    """Refuse numbers that were measured of something else than is used now.

    Args:
        found: what ``path`` holds.
        now: Specs as ``Origin.spec`` has them.
        path, target, made: as of ``load``.

    Raises:
        InputError: one line that says whether weights differ or which setting does, and the cure.
    """
    then = found.provenance.spec
    if then == now:
        return
    way, *values = _difference(then, now, ())
    one, other = map(_told, values)
    changed = f"other weights ({one}, now {other})"
    if way[-1:] != ("content",):
        changed = f"other settings ({'.'.join(way)}: {one}, now {other})"
    raise InputError(
        f"{path}: was measured with {changed} than the experiment has; run `snakemake {target}` and copy {made} there"
    )


def _difference(then: Any, now: Any, way: tuple[str, ...]) -> tuple[tuple[str, ...], Any, Any]:
    """Where two values first differ, and both there; weights before settings, since they change more often."""
    if not (isinstance(then, dict) and isinstance(now, dict)):
        return way, then, now
    differing = [key for key in {**then, **now} if then.get(key) != now.get(key)]
    found = [_difference(then.get(key), now.get(key), (*way, str(key))) for key in differing]
    return min(found, key=lambda each: each[0][-1:] != ("content",))


def _told(value: Any) -> str:
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return f"{text[:12]}..." if len(text) > 15 else text
