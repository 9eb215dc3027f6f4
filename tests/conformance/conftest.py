"""The bounds that the report states are those that these tests hold the parts to."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from vid3d.report import summary


@pytest.fixture(scope="module")
def bounds(request: pytest.FixtureRequest) -> Mapping[str, float]:
    """The bounds of the part whose test file asks (``reports/conformance.yaml``)."""
    parts = summary.conformance(Path(__file__).parents[2]).values()
    return next(part.bounds for part in parts if part.test == request.path.name)
