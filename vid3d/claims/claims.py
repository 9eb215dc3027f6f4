"""The paper's checkable claims, read from ``benchmark/published/claims.yaml``.

Each claim says that a weighted sum of mean scores lies in a region.  The kinds of test differ in the region only.
"""

import math
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from vid3d.claims.published import Published
from vid3d.errors import InputError
from vid3d.study.config import MotionScore
from vid3d.study.reading import load_yaml
from vid3d.study.validation import NAME, Strict

CLAIMS = "benchmark/published/claims.yaml"
Margin = Annotated[float, Field(gt=0, le=1)]  # of CLIP-I, SSIM or dB
Sentence = Annotated[str, Field(min_length=1)]


class Term(Strict):
    """One mean score under one condition, and its weight in the sum.

    Attributes:
        measure: CLIP-I; or, at cameras that were not trained on, PSNR (dB) or SSIM against the truth.
        of: the run's renders, or the true images in their place.
        cameras: all; the reference's (camera 0, the reference view); or the others.  The last two leave frame 0 out,
            whose camera 0 is itself the reference under protocol ``self_reference``.
    """

    motion: MotionScore
    views: Annotated[int, Field(ge=1)]
    weight: Annotated[float, Field(allow_inf_nan=False)]
    measure: Literal["clip-i", "psnr", "ssim"] = "clip-i"
    of: Literal["run", "truth"] = "run"
    cameras: Literal["all", "reference", "others"] = "all"

    @property
    def of_clips(self) -> bool:
        """Whether it is the CLIP-I of whole clips, of which the paper publishes means."""
        return (self.measure, self.of, self.cameras) == ("clip-i", "run", "all")


class _Claim(Strict):
    """A claim of the paper.

    Attributes:
        place: where the paper makes it.
        sentence: the claim in our words.
        terms: what is summed; the sum of the weights is ``weights``.
        note: what to know before believing a verdict.
        leading: the claim in a few words, if it stands on a report's first screen.
    """

    name: ClassVar[str]  # of the test, for readers
    weights: ClassVar[int] = 0

    id: Annotated[str, Field(pattern=f"^{NAME}$")]
    place: Sentence
    sentence: Sentence
    terms: Annotated[tuple[Term, ...], Field(min_length=1)]
    note: str = ""
    leading: str = ""

    @model_validator(mode="after")
    def _weighed(self) -> Self:
        total = math.fsum(term.weight for term in self.terms)
        if abs(total - self.weights) > 1e-9:
            raise ValueError(f"terms: the weights sum to {total:g}, not {self.weights}")
        return self

    @property
    def quotes(self) -> tuple[str, ...]:
        """The methods whose published scores the claim compares with."""
        return ()

    @property
    def largest(self) -> float:
        """No sum with these weights is larger, nor smaller than minus it: of cosines and SSIM; PSNR has no end."""
        if any(term.measure == "psnr" for term in self.terms):
            return math.inf
        return math.fsum(abs(term.weight) for term in self.terms)

    @property
    def in_units_of_clip_i(self) -> bool:
        """Whether the sum, and so the margin, is of CLIP-I."""
        return all(term.measure == "clip-i" for term in self.terms)

    @property
    def slack(self) -> float:
        """The margin, 0 without one."""
        return 0.0

    @property
    def slack_reason(self) -> str:
        """Why the margin is what it is, nothing without one."""
        return ""

    def region(self, published: Published, scale: float = 1.0) -> tuple[float, float]:
        """The open interval in which the sum lies if the claim is true; one end may be infinite.

        Args:
            scale: by which margins, which are in the paper's units, are multiplied.
        """
        raise NotImplementedError


class Difference(_Claim):
    """The sum is above 0."""

    name: ClassVar[str] = "paired studentised bootstrap"
    test: Literal["difference"]

    def region(self, published: Published, scale: float = 1.0) -> tuple[float, float]:
        return 0.0, math.inf


class _WithMargin(_Claim):
    """A claim that says nothing without a margin, whose reason is told."""

    margin: Margin
    margin_reason: Sentence

    @property
    def slack(self) -> float:
        return self.margin

    @property
    def slack_reason(self) -> str:
        return self.margin_reason


class Superiority(_WithMargin):
    """The sum is above the margin."""

    name: ClassVar[str] = "superiority by a margin, paired studentised bootstrap"
    test: Literal["superiority"]

    def region(self, published: Published, scale: float = 1.0) -> tuple[float, float]:
        return scale * self.margin, math.inf


class NonInferiority(_WithMargin):
    """The sum is not below 0 by as much as the margin."""

    name: ClassVar[str] = "non-inferiority, paired studentised bootstrap"
    test: Literal["non-inferiority"]

    def region(self, published: Published, scale: float = 1.0) -> tuple[float, float]:
        return -scale * self.margin, math.inf


class Equivalence(_WithMargin):
    """The sum is not away from 0 by as much as the margin."""

    name: ClassVar[str] = "two one-sided tests, paired studentised bootstrap"
    test: Literal["equivalence"]

    def region(self, published: Published, scale: float = 1.0) -> tuple[float, float]:
        return -scale * self.margin, scale * self.margin


class Constant(_Claim):
    """The sum lies above one quoted score, below another, or both; ``margin`` loosens either bound."""

    name: ClassVar[str] = "studentised bootstrap against quoted constants"
    weights: ClassVar[int] = 1
    test: Literal["constant"]
    above: str | None = None
    below: str | None = None
    margin: Margin | None = None
    margin_reason: str = ""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not self.quotes:
            raise ValueError("name a method of Table 1 with `above`, `below` or both")
        if self.margin is not None and not self.margin_reason:
            raise ValueError("margin_reason: a margin needs one")
        return self

    @property
    def quotes(self) -> tuple[str, ...]:
        return tuple(method for method in (self.above, self.below) if method is not None)

    @property
    def slack(self) -> float:
        return self.margin or 0.0

    @property
    def slack_reason(self) -> str:
        return self.margin_reason

    def region(self, published: Published, scale: float = 1.0) -> tuple[float, float]:
        slack = scale * self.slack
        low = -math.inf if self.above is None else _quoted(published)[self.above] - slack
        high = math.inf if self.below is None else _quoted(published)[self.below] + slack
        return low, high


class Untested(_Claim):
    """Nothing that this study measures tells; the reason says what would."""

    name: ClassVar[str] = "none"
    test: Literal["none"]
    terms: tuple[Term, ...] = ()
    reason: Sentence

    def region(self, published: Published, scale: float = 1.0) -> tuple[float, float]:
        return -math.inf, math.inf


Claim = Annotated[
    Difference | Superiority | NonInferiority | Equivalence | Constant | Untested, Field(discriminator="test")
]


class Claims(Strict):
    """All claims, in the paper's order."""

    claims: Annotated[tuple[Claim, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [claim.id for claim in self.claims]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"claims: {name} is there twice")
        return self


def _quoted(published: Published) -> dict[str, float]:
    """Scores that the paper quotes for other methods, by method."""
    return {row.method: row.value for table in published.tables.values() for row in table.rows if row.quoted}


def load_claims(root: Path, published: Published) -> tuple[Claim, ...]:
    """The claims of ``benchmark/published/claims.yaml``.

    Args:
        root: the folder that holds ``benchmark/``.
        published: the paper's tables, which hold the scores that claims compare with.

    Raises:
        InputError: names the file and the key: not readable, not understood, or a method that no table quotes.
    """
    path = root / CLAIMS
    claims = load_yaml(path, Claims).claims
    known = _quoted(published)
    for claim in claims:
        for method in claim.quotes:
            if method not in known:
                raise InputError(f"{path}: {claim.id}: no table quotes {method!r}; choose one of {sorted(known)}")
    return claims
