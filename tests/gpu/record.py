"""What the checks found: each figure with its bound, printed as it is found and written as one JSON at the end."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One number and what is asked of it.

    Attributes:
        most, least: bounds, None for none; with neither the number is told only.
        aim: what was expected, of numbers that depend on the card; a number beyond it fails nothing.
    """

    name: str
    value: float
    most: float | None = None
    least: float | None = None
    aim: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is within its bounds; what is no number is within none."""
        above = self.most is None or self.value <= self.most
        return above and (self.least is None or self.value >= self.least)

    def written(self) -> dict[str, Any]:
        """As JSON has it, which knows no infinity."""
        value = self.value if math.isfinite(self.value) else str(self.value)
        return asdict(self) | {"value": value, "holds": self.holds}

    def __str__(self) -> str:
        bounds = [] if self.most is None else [f"at most {self.most:.6g}"]
        bounds += [] if self.least is None else [f"at least {self.least:.6g}"]
        bounds += [f"expected {self.aim}"] if self.aim else []
        asked = f" ({', '.join(bounds)})" if bounds else ""
        return f"{self.name}: {self.value:.6g}{asked}" + " FAILS" * (not self.holds)


@dataclass
class Check:
    """One of the twelve checks under way."""

    name: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def tell(self, name: str, value: float, **asked: Any) -> None:
        """A figure; the check goes on whether or not it holds."""
        figure = Figure(name, float(value), **asked)
        self.figures.append(figure)
        print(f"{self.name}: {figure}", flush=True)

    def bounded(self, found: dict[str, float], bounds: dict[str, float], where: str = "") -> None:
        """Figures by name, each with its bound."""
        for name, bound in bounds.items():
            self.tell(where + name, found[name], most=bound)

    def note(self, text: str) -> None:
        """What is no number."""
        self.notes.append(text)
        print(f"{self.name}: {text}", flush=True)


@dataclass
class Record:
    """All checks of a session on one device."""

    told: dict[str, Any]
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)

    @contextmanager
    def check(self, name: str) -> Iterator[Check]:
        """A check; what it found stands in the record whatever becomes of it.

        Raises:
            AssertionError: after the check, a figure of it does not hold.
        """
        check, started = Check(name), time.monotonic()
        outcome = "failed"
        try:
            yield check
            wrong = [str(figure) for figure in check.figures if not figure.holds]
            assert check.figures, f"{name}: found nothing"
            assert not wrong, f"{name}: " + "; ".join(wrong)
            outcome = "holds"
        finally:
            figures = [figure.written() for figure in check.figures]
            seconds = round(time.monotonic() - started, 1)
            self.checks[name] = {"outcome": outcome, "seconds": seconds, "figures": figures, "notes": check.notes}

    def contents(self) -> dict[str, Any]:
        """What is written."""
        return self.told | {"checks": self.checks}
