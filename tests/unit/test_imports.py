"""Who may import whom: the house's walls, read from the source (nothing is imported here)."""

import ast
import re
import sys
from pathlib import Path

import pytest

from vid3d.specs import Spec

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "vid3d"
HEAVY = {
    "torch",
    "torchvision",
    "diffusers",
    "transformers",
    "accelerate",
    "gsplat",
    "open_clip",
    "onnx",
    "onnxruntime",
}
CONTRACTS = {"cameras", "config", "specs", "errors", "randomness", "scene", "stages"}
NUMERIC = {"numpy", "scipy"}
PRESENTATION = {"jinja2", "matplotlib", "numpy", "pandas", "PIL", "scipy"}

# part of the package -> (parts of vid3d it may import, third-party libraries it may import)
WALLS = {
    "errors": (set(), set()),
    "randomness": (set(), {"numpy"}),
    "scene": (set(), {"numpy"}),
    "cameras": ({"errors", "scene"}, {"numpy"}),
    "stages": ({"scene"}, {"numpy"}),
    "specs": ({"errors"}, {"pydantic"}),
    "config": ({"errors", "specs"}, {"pydantic", "yaml"}),
    "figure_list": ({"config"}, set()),  # the rules read it
    "layout": ({"cameras", "config", "figure_list"}, set()),
    "weights": ({"config", "errors", "specs"}, {"pydantic"}),
    "cost": ({"cameras", "config", "errors", "layout", "specs", "weights"}, {"pydantic"}),
    "machine": ({"gpus"}, set()),
    "doctor": ({"config", "cost", "layout", "machine", "specs", "weights"}, {"huggingface_hub"}),
    "hub": ({"errors", "weights"}, {"huggingface_hub"}),
    "files": ({"errors", "scene"}, {"numpy", "PIL", "av"}),
    "gpus": ({"errors", "files"}, set()),  # before torch is loaded
    "foreground": ({"errors", "scene"}, {"numpy", "cv2"}),
    "preparation": ({"errors", "foreground", "scene", "specs", "stages"}, {"numpy", "cv2", "PIL"}),
    "sgm_names": (set(), set()),
    "metrics": ({"scene"}, NUMERIC),
    "indicators": ({"cameras", "metrics", "scene"}, NUMERIC),
    "protocols": ({"metrics", "scene"}, {"numpy", "pandas"}),
    "methods": ({"config", "errors", "layout", "specs"}, {"pydantic"}),  # the rules read it
    "footage": ({"errors", "files", "scene"}, {"numpy", "av"}),
    "external": (
        {"config", "errors", "files", "footage", "layout", "methods", "protocols", "scene", "specs", "stages"},
        {"numpy", "pandas", "pydantic"},
    ),
    "scores": ({"cameras", "config", "errors", "layout", "protocols"}, {"pandas"}),
    "exports": ({"errors", "files"}, set()),
    "statistics": (set(), NUMERIC),
    "claims": ({"config", "errors", "published", "specs"}, {"pydantic"}),
    "verdicts": (
        {"claims", "errors", "protocols", "published", "randomness", "statistics"},
        {"numpy", "pandas"},
    ),
    "procedural": ({"cameras", "errors", "scene"}, NUMERIC),
    "splatting": ({"errors", "scene", "stages"}, NUMERIC),
    "spz": ({"errors", "scene"}, {"numpy"}),
    "viewer": ({"cameras", "errors", "files", "scene", "splatting", "spz"}, {"numpy", "PIL"}),
    "replicates": ({"config"}, {"pandas"}),
    "intervals": ({"randomness", "statistics"}, {"numpy", "pandas"}),
    "tables": ({"config", "exports", "external", "files", "layout", "scores", "tabulation"}, {"pandas"}),
    "tabulation": (
        {"cameras", "claims", "config", "errors", "external", "files", "indicators", "intervals", "layout", "protocols"}
        | {"published", "replicates", "scene", "scores", "specs", "verdicts"},
        {"numpy", "pandas"},
    ),
    "figures": (
        {"cameras", "config", "errors", "external", "figure_list", "files", "footage", "layout", "methods", "protocols"}
        | {"published", "scene", "scores", "specs", "tabulation"},
        PRESENTATION | {"pydantic"},
    ),
    "gallery": ({"cameras", "config", "errors", "figures", "files", "layout", "scene"}, {"PIL"}),
    "report": (
        {"config", "environment", "errors", "figure_list", "figures", "files", "gallery", "layout", "machine"}
        | {"protocols", "published", "replicates", "specs", "tables", "viewer", "weights"},
        PRESENTATION | {"markupsafe", "pydantic"},
    ),
}
LIGHT_TRAINING = {"training.commands", "training.scenes", "training.schedule", "training.shards"}
BACKENDS = CONTRACTS | {"foreground", "normalisation", "procedural", "sgm_names", "splatting"}


def imports(source: str) -> set[str]:
    """Full names that a source imports; of ``from a import b`` both ``a`` and ``a.b`` count."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def sources():
    """(dotted name below vid3d, path) of every module."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__") or "vid3d", path


MODULES = dict(sources())


def exists(name: str) -> bool:
    target = ROOT.joinpath(*name.split("."))
    return target.is_dir() or target.with_suffix(".py").is_file()


def inside(path: Path) -> set[str]:
    """The modules of the package that a file imports, as dotted names below vid3d."""
    return {name.removeprefix("vid3d.") for name in imports(path.read_text()) if name[:6] == "vid3d." and exists(name)}


def outside(path: Path) -> set[str]:
    """The third-party libraries that a file imports."""
    top = {name.split(".")[0] for name in imports(path.read_text())}
    return top - set(sys.stdlib_module_names) - {"vid3d"}


@pytest.mark.parametrize("module", [m for m in MODULES if m.split(".")[0] in WALLS])
def test_walls(module):
    part = module.split(".")[0]
    allowed, libraries = WALLS[part]
    reached = {name.split(".")[0] for name in inside(MODULES[module])} - {part}
    assert reached <= allowed, f"{module} imports {sorted(reached - allowed)}"
    assert outside(MODULES[module]) <= libraries


def heavy(module):
    """Backends, and training but for what the command line loads at its start."""
    return module.startswith("backends") or (module.startswith("training.") and module not in LIGHT_TRAINING)


@pytest.mark.parametrize("module", [m for m in MODULES if not heavy(m)])
def test_heavy_libraries_stay_in_the_backends_and_in_training(module):
    assert not outside(MODULES[module]) & HEAVY


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("backends.")])
def test_backends_stand_alone(module):
    reached = inside(MODULES[module])
    beyond = {name for name in reached if name.split(".")[0] not in BACKENDS and name != "backends"}
    assert not beyond, f"{module} imports {sorted(beyond)}"


@pytest.mark.parametrize("module", [m for m in MODULES if not m.startswith("backends")])
def test_backends_are_imported_by_name_only(module):
    """Else a job of a CPU backend would load the libraries of all."""
    assert not {name for name in inside(MODULES[module]) if name.startswith("backends")}


@pytest.mark.parametrize("path", [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))], ids=lambda p: p.name)
def test_rules_know_the_configuration_only(path):
    lines = [line for line in path.read_text().splitlines() if re.match(r"\s*(import|from)\s+\S+", line)]
    reached = imports("\n".join(line.strip() for line in lines))
    ours = {name for name in reached if name.split(".")[0] == "vid3d"} - {"vid3d"}
    assert {name.split(".")[1] for name in ours} <= {"config", "errors", "figure_list", "layout", "methods", "weights"}
    assert {name.split(".")[0] for name in reached} <= set(sys.stdlib_module_names) | {"vid3d"}


def specs():
    """Every Spec class of every stage."""
    pending, found = [Spec], []
    while pending:
        spec = pending.pop()
        pending += spec.__subclasses__()
        if "module" in vars(spec):
            found.append(spec)
    return found


@pytest.mark.parametrize("spec", [s for s in specs() if "backend" in s.model_fields], ids=lambda spec: spec.__name__)
def test_every_spec_has_a_module_that_builds_it(spec):
    tree = ast.parse((ROOT / Path(*spec.module.split(".")).with_suffix(".py")).read_text())
    (build,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "build"]
    (argument,) = build.args.args
    assert argument.arg == "spec"
    assert argument.annotation is not None
    assert ast.unparse(argument.annotation) == spec.__name__
