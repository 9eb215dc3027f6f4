"""Who may import whom: the house's walls, read from the source (nothing is imported here)."""

import ast
import re
import sys
from pathlib import Path

import pytest

from vid3d.study.specs.spec import Spec

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
NUMERIC = {"numpy", "scipy"}
PRESENTATION = {"jinja2", "markupsafe", "matplotlib", "numpy", "pandas", "PIL", "pydantic"}

# part of the package -> (parts of vid3d it may import, third-party libraries it may import), lowest first
WALLS = {
    "errors": (set(), set()),
    "journal": ({"errors"}, set()),
    "randomness": (set(), {"numpy"}),
    "scene": (set(), {"numpy"}),
    "cameras": ({"errors", "scene"}, {"numpy"}),
    "loading": (set(), set()),
    "stages": ({"loading", "scene", "study"}, {"numpy"}),
    "ply": ({"errors", "scene"}, {"numpy"}),
    "files": ({"errors", "journal", "ply", "scene"}, {"numpy", "PIL", "av"}),
    "study": ({"cameras", "errors", "journal"}, {"pandas", "pydantic", "yaml"}),
    "images": ({"errors", "journal", "procedural", "scene", "stages", "study"}, {"numpy", "cv2", "PIL"}),
    "procedural": ({"cameras", "errors", "scene"}, NUMERIC | {"cv2"}),
    "splatting": ({"errors", "scene", "stages"}, NUMERIC),
    "splatting.torch": ({"cameras", "errors", "scene", "splatting", "stages"}, {"numpy", "torch", "gsplat"}),
    "recorded": ({"errors", "files", "study"}, set()),
    "measures": ({"randomness", "scene"}, NUMERIC | {"cv2", "flip_evaluator", "pandas"}),
    "indicators": ({"cameras", "measures", "scene"}, NUMERIC | {"cv2"}),
    "hypothesis": (
        {
            "cameras",
            "errors",
            "files",
            "indicators",
            "measures",
            "procedural",
            "randomness",
            "scene",
            "stages",
            "study",
        },
        {"numpy"},
    ),
    "weights": ({"errors", "files", "study"}, {"huggingface_hub", "pydantic"}),
    "machine": (
        {"cameras", "errors", "files", "splatting", "study", "weights"},
        {"huggingface_hub", "pydantic", "snakemake", "snakemake_interface_logger_plugins"},
    ),
    "claims": ({"errors", "measures", "randomness", "study"}, {"numpy", "pandas", "pydantic"}),
    "external": (
        {"errors", "files", "indicators", "journal", "measures", "randomness", "scene", "stages", "study"},
        {"numpy", "pandas", "pydantic", "av"},
    ),
    "tables": (
        {"cameras", "claims", "errors", "external", "files", "indicators", "measures", "scene", "study"},
        {"numpy", "pandas"},
    ),
    "checking": ({"claims", "errors", "files", "journal", "recorded", "study", "tables", "weights"}, {"pandas"}),
    "figures": (
        {"cameras", "claims", "errors", "external", "files", "indicators", "measures", "procedural", "scene", "study"}
        | {"tables"},
        PRESENTATION,
    ),
    "report": (
        {"cameras", "claims", "errors", "external", "figures", "files", "indicators", "journal", "machine", "measures"}
        | {"hypothesis", "scene", "splatting", "study", "tables", "weights"},
        PRESENTATION,
    ),
}
# besides the backends, the fit by automatic differentiation and the training of models of ours, what makes,
# converts or loads weights needs their libraries
HEAVY_MODULES = {
    *("weights.clip_tower", "weights.open_clip_models"),
    *("weights.convert_v3d", "weights.idle_blocks", "weights.pipelines", "weights.tiny"),
}
LIGHT_TRAINING = {"training.scenes", "training.schedule", "training.shards"}
AUTODIFF = {
    "backends.compile_gsplat",
    "backends.fit_autodiff",
    "backends.render_autodiff",
}  # alone load vid3d.splatting.torch
BACKENDS = {
    "cameras",
    "errors",
    "images",
    "procedural",
    "randomness",
    "scene",
    "splatting",
    "stages",
    "study",
    "weights",
}
FOR_RULES = {
    *("vid3d.checking.restoring", "vid3d.errors", "vid3d.external.methods"),
    *("vid3d.machine.expected", "vid3d.machine.progress"),
    *("vid3d.weights.contents", "vid3d.weights.manifest"),
}


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


def is_package(name: str) -> bool:
    return ROOT.joinpath(*name.split(".")).is_dir()


def inside(path: Path) -> set[str]:
    """The modules of the package that a file imports, as dotted names below vid3d."""
    return {name.removeprefix("vid3d.") for name in imports(path.read_text()) if name[:6] == "vid3d." and exists(name)}


def outside(path: Path) -> set[str]:
    """The third-party libraries that a file imports."""
    top = {name.split(".")[0] for name in imports(path.read_text())}
    return top - set(sys.stdlib_module_names) - {"vid3d"}


def part(module: str) -> str:
    """The row of WALLS that a module belongs to; splatting has a room of its own for what needs torch."""
    return "splatting.torch" if f"{module}.".startswith("splatting.torch.") else module.split(".")[0]


@pytest.mark.parametrize("module", [m for m in MODULES if part(m) in WALLS and m not in HEAVY_MODULES])
def test_walls(module):
    allowed, libraries = WALLS[part(module)]
    reached = {part(name) for name in inside(MODULES[module])} - {part(module)}
    assert reached <= allowed, f"{module} imports {sorted(reached - allowed)}"
    assert outside(MODULES[module]) <= libraries


def heavy(module):
    """Backends, their torch fit, what makes weights, and training but for its data."""
    trains = module.startswith("training.") and module not in LIGHT_TRAINING
    return part(module) in ("backends", "splatting.torch") or trains or module in HEAVY_MODULES


@pytest.mark.parametrize("module", [m for m in MODULES if not heavy(m)])
def test_heavy_libraries_stay_in_the_backends_and_in_training(module):
    assert not outside(MODULES[module]) & HEAVY


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("backends.")])
def test_backends_stand_alone(module):
    reached = inside(MODULES[module])
    beyond = {name for name in reached if name.split(".")[0] not in BACKENDS and name != "backends"}
    assert not beyond, f"{module} imports {sorted(beyond)}"


def test_the_torch_fit_is_loaded_by_the_backends_that_need_it_alone():
    """Else the fused fit, which starts in well under half a second, would load torch."""
    loading = {m for m in MODULES if any(part(name) == "splatting.torch" for name in inside(MODULES[m]))}
    assert {m for m in loading if part(m) != "splatting.torch"} == AUTODIFF


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("commands.")])
def test_commands_stand_alone(module):
    """A subcommand is understood by itself, and computes by parts that have walls of their own."""
    assert not {part(name) for name in inside(MODULES[module])} & {"commands", "cli"}
    assert outside(MODULES[module]) <= {"numpy", "tqdm"}


@pytest.mark.parametrize("module", [m for m in MODULES if not m.startswith("backends")])
def test_backends_are_imported_by_name_only(module):
    """Else a job of a CPU backend would load the libraries of all."""
    assert not {name for name in inside(MODULES[module]) if name.startswith("backends")}


@pytest.mark.parametrize("path", [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))], ids=lambda p: p.name)
def test_rules_know_the_configuration_only(path):
    lines = [line for line in path.read_text().splitlines() if re.match(r"\s*(import|from)\s+\S+", line)]
    reached = imports("\n".join(line.strip() for line in lines))
    ours = {name for name in reached if name.split(".")[0] == "vid3d" and exists(name) and not is_package(name)}
    assert all(name in FOR_RULES or name.startswith("vid3d.study.") for name in ours), sorted(ours)
    assert {name.split(".")[0] for name in reached} <= set(sys.stdlib_module_names) | {"snakemake", "vid3d"}


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


def test_snakemake_is_known_to_its_logger_alone():
    knowing = {m for m in MODULES if {"snakemake", "snakemake_interface_logger_plugins"} & outside(MODULES[m])}
    assert knowing == {"machine.snakemake_logger"}
