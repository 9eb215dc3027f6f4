"""The stages in the order of the data's way, and which Specs each may have.

A stage's Spec is a discriminated union on ``backend``, and that union *is* the registry.  Unknown keys are refused,
saying where.
"""

from typing import Any, get_args

from vid3d.study.specs.fit import FitSpec
from vid3d.study.specs.reference import ReferenceSpec
from vid3d.study.specs.render import RenderSpec
from vid3d.study.specs.score import EmbedSpec
from vid3d.study.specs.seed import SeedSpec
from vid3d.study.specs.spec import Spec
from vid3d.study.specs.views import ViewsSpec
from vid3d.study.validation import parsed

UNIONS: dict[str, Any] = {  # in the order of the data's way
    "reference": ReferenceSpec,
    "seed": SeedSpec,
    "views": ViewsSpec,
    "splat": FitSpec,
    "render": RenderSpec,
    "score": EmbedSpec,
}
STAGES = tuple(UNIONS)


def backends(stage: str) -> dict[str, type[Spec]]:
    """The Specs that a stage may have, by the name of their backend; an empty name where there is no choice."""
    union = getattr(UNIONS[stage], "__origin__", UNIONS[stage])
    specs: tuple[type[Spec], ...] = get_args(union) or (union,)
    named = {spec: spec.model_fields.get("backend") for spec in specs}
    return {get_args(field.annotation)[0] if field else "": spec for spec, field in named.items()}


def parse_spec(stage: str, text: str) -> Any:
    """The Spec of ``stage`` from its ``argument()``.

    Raises:
        InputError: unknown backend or key, a value out of range, or a revision that this package does not know.
    """
    return parsed(text, UNIONS[stage], f"--spec of {stage}")
