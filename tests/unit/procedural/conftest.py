from pathlib import Path

import pytest
import yaml

from vid3d.procedural import ObjectSpec, load_objects

LIST = Path(__file__).parents[3] / "benchmark" / "procedural" / "objects.yaml"


@pytest.fixture(scope="session")
def benchmark() -> dict[str, ObjectSpec]:
    return load_objects(yaml.safe_load(LIST.read_text()))
