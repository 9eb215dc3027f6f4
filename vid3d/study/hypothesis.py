"""The experiment of docs/hypothesis.md as data: inputs, arms, cells, and where its files live.

A cell is one arm at one budget on one input: a CSV with one row per object.  ``config/hypothesis.yaml`` lists blocks of
cells, each a product of a few names and numbers.
"""

import hashlib
import itertools
import json
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from vid3d.errors import InputError
from vid3d.study.committed import Calibration, Choice, confirm, load
from vid3d.study.config import Study
from vid3d.study.kept import is_kept
from vid3d.study.layout import numbers
from vid3d.study.reading import load_yaml
from vid3d.study.specs.fit import FitSpec
from vid3d.study.specs.score import ClipEmbed
from vid3d.study.specs.views import JitteredViews, ViewsSpec
from vid3d.study.validation import Name, Strict

CONFIG = "config/hypothesis.yaml"
FOLDER = "results/hypothesis"
OBJECTS = FOLDER + "/objects.json"
TRUTH = FOLDER + "/truth/{scene}/{object}.npz"  # images, and where points go
VIEWS = FOLDER + "/views/{source}/{scene}/{object}/frame-{frame}.png"
SPLATS = FOLDER + "/fits/{fit}/{object}/frame-{frame}.ply"
FIT_REPORT = FOLDER + "/fits/{fit}/{object}/frame-{frame}-fit.json"
CELL = FOLDER + "/cells/{cell}.csv"
COMMITTED = "docs/results/hypothesis"  # by docs/results/hypothesis.py
KEPT = COMMITTED + "/cells/{cell}.csv"  # committed: outcomes of earlier sittings, which are not made again
CALIBRATION = FOLDER + "/calibration.json"  # to be committed as Experiment.calibration
CHOICE = FOLDER + "/choice.json"  # to be committed as Experiment.choice
VERDICTS = FOLDER + "/verdicts.json"
TABLE = FOLDER + "/table4.csv"
DOSES = FOLDER + "/figure11.csv"
FIGURE = FOLDER + "/figure11.{suffix}"
FILM = FOLDER + "/films/{object}.mp4"  # truth, independent, low-rank
FILMED, FILMED_ARMS, FILMED_SCENE = 4, ("independent", "low-rank"), "motion-120"  # the first of Experiment.few
SCENE = "motion-[0-9]+(-events)?"  # a wildcard
TRAINING = tuple(f"training-{number}" for number in range(1, 7))  # objects on which strengths are chosen
FAULTS = {"colour": ("colour",), "texture": ("texture", "grain"), "recentring": ("shift", "scale")}
OUTCOMES_SHA256 = hashlib.sha256((Path(__file__).parents[1] / "hypothesis/outcomes.py").read_bytes()).hexdigest()
LEVELLED = ("colour", "texture", "shift", "scale")  # what a level multiplies; the grain stays


class Input(Strict):
    """Views that are fitted: those of a Spec, or true ones with a measured fault.

    Attributes:
        views: the Spec; None for a fault.
        fault: which, of ``FAULTS``.
        level: how many times its measured size.
    """

    views: ViewsSpec | None = None
    fault: Literal["colour", "texture", "recentring"] | None = None
    level: Annotated[float, Field(ge=0)] = 1.0


class Arm(Strict):
    """A way of fitting and of showing.

    Attributes:
        splat: settings of the fit but its number of iterations, and but the number that was chosen, if there is one.
        chosen: the setting whose number is read from the choice.
        reach: of the renders' median over time, frames to either side; 0 for none.
        frozen: whether the first moment's renders are shown at all moments: a control.
    """

    splat: dict[str, Any]
    chosen: Literal["smoothness", "waves"] | None = None
    reach: Annotated[int, Field(ge=0)] = 0
    frozen: bool = False


class Block(Strict):
    """Cells: every input with every arm, budget, motion score and replicate.

    Attributes:
        inputs, arms: names of ``Experiment.inputs`` and ``Experiment.arms``.
        budgets: in units of ``Experiment.iterations``.
        motions: scores.
        events: whether a part appears or comes off.
        views: how many are fitted.
        replicates: how many there are, with other noise and other fits.
        few: on ``Experiment.few`` objects instead of all.
    """

    inputs: tuple[Name, ...]
    arms: tuple[Name, ...]
    budgets: tuple[float, ...] = (4,)
    motions: tuple[int, ...] = (120,)
    events: bool = False
    views: int = 18
    replicates: int = 1
    few: bool = False


class Experiment(Strict):
    """All of it.

    Attributes:
        frames, size: of every clip and image.
        splats, iterations: one budget, per frame.
        calibration, choice: files with the measured faults and the chosen numbers.
        few: objects for the budgets' cells.
        objects: all; None for the benchmark's.
        smoothness, waves: numbers to choose from.
        score: the embedder of CLIP-I.
        inputs, arms, cells: see above.
    """

    frames: Annotated[int, Field(ge=3)] = 10
    size: int = 64
    splats: int = 2000
    iterations: int = 300
    calibration: str = "benchmark/hypothesis/calibration.json"
    choice: str = "benchmark/hypothesis/choice.json"
    few: tuple[Name, ...]
    objects: tuple[Name, ...] | None = None
    smoothness: tuple[float, ...]
    waves: tuple[int, ...]
    score: ClipEmbed
    inputs: dict[Name, Input]
    arms: dict[Name, Arm]
    cells: tuple[Block, ...]


@dataclass(frozen=True)
class Cell:
    """One arm at one budget on one input.

    Attributes:
        number: of the setting that is tried, for cells by which it is chosen; None takes the chosen one.
    """

    input: str
    arm: str
    budget: float
    motion: int
    events: bool
    views: int
    replicate: int
    objects: tuple[str, ...]
    number: float | None = None

    @property
    def source(self) -> str:
        """Which views: input and replicate."""
        return self.input + (f"-{self.replicate}" if self.replicate > 1 else "")

    @property
    def scene(self) -> str:
        """Which clips."""
        return f"motion-{self.motion}" + ("-events" if self.events else "")

    def _named(self, arm: str) -> str:
        number = "" if self.number is None else f"-{self.number:g}"
        few = "" if self.views == 18 else f"_views-{self.views}"
        training = "training_" if self.objects == TRAINING else ""
        return f"{training}{self.source}_{self.scene}_{arm}{number}_x{self.budget:g}{few}"

    @property
    def name(self) -> str:
        """Of its file."""
        return self._named(self.arm)

    def fit(self, experiment: Experiment) -> str:
        """Of the folder of its splats: an arm that changes renders only shares those of the first with its fit."""
        splat = experiment.arms[self.arm].splat
        return self._named(next(name for name, arm in experiment.arms.items() if arm.splat == splat))

    def condition(self) -> dict[str, Any]:
        """What every row of its file begins with."""
        return {
            "input": self.input, "arm": self.arm, "budget": self.budget, "motion": self.motion,
            "events": int(self.events), "views": self.views, "replicate": self.replicate,
            "number": "" if self.number is None else self.number,
        }  # fmt: skip


def load_experiment(root: Path) -> Experiment:
    """The experiment of ``config/hypothesis.yaml``.

    Raises:
        InputError: one line that names the file and the setting.
    """
    path = root / CONFIG
    experiment = load_yaml(path, Experiment)
    for number, block in enumerate(experiment.cells):
        for kind, known in (("inputs", experiment.inputs), ("arms", experiment.arms)):
            for name in getattr(block, kind):
                if name not in known:
                    raise InputError(
                        f"{path}: cells.{number}.{kind}: there is no {name!r}; choose of {', '.join(known)}"
                    )
    return experiment


def cells(experiment: Experiment, benchmark: tuple[str, ...]) -> list[Cell]:
    """All cells once.  One that is listed for all objects and for few is made for all."""
    every = experiment.objects or benchmark
    few = tuple(name for name in experiment.few if name in every) or every
    found: dict[str, Cell] = {}
    for block in sorted(experiment.cells, key=lambda block: block.few):
        factors = (block.inputs, block.arms, block.budgets, block.motions, range(1, block.replicates + 1))
        for given, arm, budget, motion, replicate in itertools.product(*factors):
            objects = few if block.few else every
            cell = Cell(given, arm, budget, motion, block.events, block.views, replicate, objects)
            found.setdefault(cell.name, cell)
    return list(found.values())


def tuning(experiment: Experiment) -> Iterator[Cell]:
    """Cells on training objects by which the numbers are chosen, and the independent one that they are held against."""
    base = ("mini", "independent", 4, 120, False, 18, 1, TRAINING)
    yield Cell(*base)
    for name, arm in experiment.arms.items():
        if arm.chosen:
            for number in getattr(experiment, arm.chosen):
                yield Cell("mini", name, *base[2:], number=number)


@dataclass(frozen=True)
class Plan:
    """Which jobs there are, and what they are told.

    Attributes:
        experiment: what to run.
        benchmark: names of its objects, of which the experiment takes all or some.
        root: the folder that ``benchmark/`` lies in.
        content: checksum of the weights that a Spec reads.
    """

    experiment: Experiment
    benchmark: tuple[str, ...]
    root: Path
    content: Callable[[Any], str | None]

    @cached_property
    def cells(self) -> list[Cell]:
        """Those that the verdicts read."""
        return cells(self.experiment, self.benchmark)

    @cached_property
    def trials(self) -> list[Cell]:
        """Those that the choice reads."""
        return list(tuning(self.experiment))

    @cached_property
    def _named(self) -> dict[str, Cell]:
        return {cell.name: cell for cell in (*self.cells, *self.trials)}

    @cached_property
    def _sources(self) -> dict[str, Cell]:
        return {cell.source: cell for cell in (*self.cells, *self.trials)}

    @cached_property
    def _fitted(self) -> dict[str, Cell]:
        return {cell.fit(self.experiment): cell for cell in (*self.cells, *self.trials)}

    def identified(self, spec: Any) -> Any:
        """A Spec with the checksum of the weights that it reads, so that other ones are another setting."""
        return spec.model_copy(update={"content": self.content(spec)}) if spec.learned else spec

    @cached_property
    def calibration(self) -> Calibration:
        """Measured sizes of the faults.

        Raises:
            InputError: they were not measured yet, or of views of another model or other settings than input mini's.
        """
        path = self.root / self.experiment.calibration
        told = ("hypothesis_calibration", CALIBRATION)
        found = load(path, Calibration, *told)
        confirm(found, json.loads(self.views("mini").argument()), path, *told)
        return found

    @cached_property
    def choice(self) -> Choice:
        """Chosen strengths.

        Raises:
            InputError: they were not chosen yet, or with views of another model, other fits or other settings.
        """
        path = self.root / self.experiment.choice
        found = load(path, Choice, "hypothesis_choice", CHOICE)
        confirm(found, self.chosen_by, path, "hypothesis_choice", CHOICE)
        return found

    @property
    def chosen_by(self) -> dict[str, Any]:
        """Specs of all that strengths are chosen by: of the views, and of the fits by the names of their cells."""
        fits = {cell.name: json.loads(self.fit(cell).argument()) for cell in self.trials}
        return {"views": json.loads(self.views(self.trials[0].source).argument()), "fits": fits}

    def views(self, source: str) -> Any:
        """The Spec of views.

        Raises:
            InputError: as of ``calibration``.
        """
        cell = self._sources[source]
        given = self.experiment.inputs[cell.input]
        if given.views is not None:
            return _replicated(self.identified(given.views), cell.replicate)
        sizes = {name: getattr(self.calibration, name) for name in FAULTS[given.fault or "colour"]}
        levels = {name: size * (given.level if name in LEVELLED else 1.0) for name, size in sizes.items()}
        rounded = {name: float(f"{size:.4g}") for name, size in levels.items()}
        spec = {"backend": "jittered", "size": self.experiment.size, **rounded}
        return _replicated(JitteredViews.model_validate(spec), cell.replicate)

    def fit(self, cell: Cell) -> Any:
        """The Spec of a cell's fits.

        Raises:
            InputError: as of ``choice``, if the arm's number is chosen.
        """
        arm = self.experiment.arms[cell.arm]
        steps = round(self.experiment.iterations * cell.budget)
        settings = {"preset": "fast", **arm.splat, "splats": self.experiment.splats, "iterations": steps}
        if arm.chosen:
            number = getattr(self.choice, arm.chosen) if cell.number is None else cell.number
            settings[arm.chosen] = int(number) if arm.chosen == "waves" else number
        return _replicated(TypeAdapter(FitSpec).validate_python(settings), cell.replicate)

    def of_fit(self, fit: str) -> Cell:
        """A cell that has these fits."""
        return self._fitted[fit]

    def of_cell(self, name: str) -> Cell:
        """The cell of a file."""
        return self._named[name]

    def orbits(self, fit: str, name: str) -> list[str]:
        """The filmstrips that a fit reads."""
        cell = self.of_fit(fit)
        return self._frames(VIEWS, source=cell.source, scene=cell.scene, object=name)

    @cached_property
    def _filmed_cells(self) -> list[Cell]:
        wanted = {"source": "mini", "scene": FILMED_SCENE, "budget": 4, "views": 18}
        found = {cell.arm: cell for cell in self.cells if all(getattr(cell, key) == v for key, v in wanted.items())}
        return [found[arm] for arm in FILMED_ARMS] if found.keys() >= set(FILMED_ARMS) else []

    @property
    def filmed(self) -> tuple[str, ...]:
        """Objects of which a film shows two arms beside the truth: the first of ``few``; none if an arm is not run."""
        run = set.intersection(*(set(cell.objects) for cell in self._filmed_cells)) if self._filmed_cells else set()
        return tuple(name for name in self.experiment.few if name in run)[:FILMED]

    def filmed_splats(self, name: str) -> list[str]:
        """The splats of an object's film, arm by arm."""
        fits = [cell.fit(self.experiment) for cell in self._filmed_cells]
        return [path for fit in fits for path in self._frames(SPLATS, fit=fit, object=name)]

    def truths(self, name: str) -> list[str]:
        """The truth of a cell's objects."""
        cell = self.of_cell(name)
        return [TRUTH.format(scene=cell.scene, object=each) for each in cell.objects]

    def splats(self, name: str) -> list[str]:
        """The splats of a cell, object by object."""
        cell = self.of_cell(name)
        fit = cell.fit(self.experiment)
        return [path for each in cell.objects for path in self._frames(SPLATS, fit=fit, object=each)]

    def told(self, name: str) -> str:
        """Options of a cell's job, but for files."""
        cell = self.of_cell(name)
        stored = self.fit(cell).stored(self.experiment.frames, self.experiment.splats)
        arm = self.experiment.arms[cell.arm]
        condition, made_of = (shlex.quote(_compact(told)) for told in (cell.condition(), self.made_of(cell)))
        shown = f"--reach {arm.reach}" + (" --frozen" if arm.frozen else "")
        objects = " ".join(cell.objects)
        return f"--condition {condition} --made-of {made_of} --objects {objects} --stored {stored} {shown}"

    def made_of(self, cell: Cell) -> dict[str, Any]:
        """All that a cell's outcomes depend on, but for the revision of what no Spec is about.

        Raises:
            InputError: as of ``views`` and ``fit``.
        """
        arm = self.experiment.arms[cell.arm]
        specs = {"views": self.views(cell.source), "fit": self.fit(cell), "score": self.score}
        return {
            **{name: json.loads(spec.argument()) for name, spec in specs.items()},
            "scene": cell.scene,
            "count": cell.views,
            "objects": list(cell.objects),
            "frames": self.experiment.frames,
            "size": self.experiment.size,
            "reach": arm.reach,
            "frozen": arm.frozen,
            "outcomes": OUTCOMES_SHA256,
        }

    @cached_property
    def score(self) -> Any:
        """The embedder's Spec, with the checksum of its weights."""
        return self.identified(self.experiment.score)

    @cached_property
    def outcomes(self) -> list[str]:
        """The files that the verdicts read: of each cell the kept one, if it is of what there is now.

        Raises:
            InputError: as of ``made_of`` and ``is_kept``.
        """
        return [self.outcome(cell) for cell in self.cells]

    def outcome(self, cell: Cell) -> str:
        """The file of one cell, as of ``outcomes``."""
        path = KEPT.format(cell=cell.name)
        return path if is_kept(self.root / path, self.made_of(cell)) else CELL.format(cell=cell.name)

    def _frames(self, pattern: str, **wildcards: str) -> list[str]:
        return [pattern.format(frame=frame, **wildcards) for frame in numbers(self.experiment.frames)]


def planned(study: Study, benchmark: Iterable[str], root: Path, content: Callable[[Any], str | None]) -> Plan:
    """The plan of the experiment, narrowed by the study's ``images`` and ``frames`` to a trial.

    Raises:
        InputError: as of ``load_experiment``.
    """
    trial = {"objects": study.images, "frames": study.frames}
    narrowed = {key: value for key, value in trial.items() if value is not None}
    return Plan(load_experiment(root).model_copy(update=narrowed), tuple(benchmark), root, content)


def committed(root: Path) -> list[str]:
    """What is committed of the experiment when it was run in full, relative to ``root``; nothing before that."""
    folder = root / COMMITTED
    files = [*folder.glob("*.*"), *folder.glob("films/*.mp4")] if (folder / "verdicts.json").is_file() else []
    return sorted(path.relative_to(root).as_posix() for path in files)


def scene_options(scene: str) -> str:
    """What a job of a scene is told."""
    motion, _, events = scene.removeprefix("motion-").partition("-")
    return f"--motion {motion}" + (" --events" if events else "")


def _compact(data: dict[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def _replicated(spec: Any, replicate: int) -> Any:
    return spec if replicate == 1 else spec.model_copy(update={"seed": spec.seed + replicate - 1})
