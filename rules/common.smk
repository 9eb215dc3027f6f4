# The validated study, wildcard constraints and named input functions; no rules.
#
# A job takes one core, as Snakemake has it, unless its rule says otherwise (`threads`).
# A stage's files live under the run that owns them (`Study.owner`): a run that extends another and leaves a stage and
# all before it unchanged reads the other run's files.

import json
import shlex
import sys
from pathlib import Path

from vid3d.checking.restoring import restored
from vid3d.errors import InputError
from vid3d.external import methods
from vid3d.study import figure_list, hypothesis, layout, table_list
from vid3d.study.benchmark import load_benchmark
from vid3d.study.parsing import load_study, notices
from vid3d.study.reading import as_typed
from vid3d.study.registry import STAGES
from vid3d.weights.contents import Record, content, identified, known
from vid3d.weights.manifest import load_manifest

ROOT = Path(workflow.basedir)


def study_of_the_command_line():
    """Configuration files and --config, laid over each other by our own rules (a changed backend replaces its Spec)."""
    settings = workflow.config_settings
    layers = [] if settings.replace_workflow_config else [ROOT / "config/study.yaml"]
    given = restored(as_typed(settings.config, sys.argv), Path())
    # what jobs are told: Snakemake would quote texts without regard to the quotes in them
    settings.config_args = [f"{key}={'' if value is None else json.dumps(value)}" for key, value in given.items()]
    return load_study([*layers, *settings.configfiles], given, ROOT)


try:
    RECORD = Record(Path(layout.CONTENTS))
    MANIFEST = load_manifest(ROOT / "config/weights.yaml")
    study = identified(study_of_the_command_line(), MANIFEST, RECORD, Path())
    IMAGES = {name: load_benchmark(name, study.image, ROOT) for name in ("procedural", "animate124", "own")}
    IMAGES["own"] = known(IMAGES["own"], RECORD)
    EXPERIMENT = hypothesis.planned(study, IMAGES["procedural"], ROOT, lambda s: content(s, MANIFEST, RECORD, Path()))
    RECORD.save()
    if workflow.is_main_process:
        for notice in notices(study, sys.argv):
            print(f"vid3d: {notice}", file=sys.stderr)
except InputError as error:
    print(f"vid3d: {error}", file=sys.stderr)
    sys.exit(2)


wildcard_constraints:
    run="|".join(study.runs),
    report="|".join(study.reports),
    image="[a-z0-9-]+",
    motion="[0-9]+",
    views="[0-9]+",
    frame="[0-9]{2}",
    camera="[0-9]{2}",
    method="[a-z0-9-]+",
    kind="views|seed",


def runs_where(condition):
    """Wildcard constraint: the runs for which ``condition(run)`` holds; matches nothing if there is none."""
    return "|".join(name for name, run in study.runs.items() if condition(run)) or "(?!)"


def spec(stage, run=None):
    """Params function: the Spec argument of a stage, of the rule's item or of a run that is named."""
    return lambda wildcards: study.runs[run or wildcards.run].spec(stage).argument()


def logs(job):
    """Where a job's messages go."""
    return f"logs/{job}.log"


def benchmarks(job):
    """Where Snakemake notes the time and the memory of a job; the report reads them."""
    return f"benchmarks/{job}.tsv"


def gpu_records(job):
    """Where a job notes its use of a GPU: a second log, which lies beside the benchmark and is empty if there is no use."""
    return f"benchmarks/{job}-gpu.json"


def owned_path(artefact, wildcards, **more):
    """The path of one of an item's artefacts, in the folder of the run that owns it."""
    item = dict(wildcards.items()) | more
    return artefact.format(**item | {"run": study.owner(item["run"], artefact.stage)})


def owned(*artefacts, clips=({},)):
    """Input function: artefacts of the rule's item, or of those clips of it that further wildcards name."""
    return lambda wildcards: [owned_path(artefact, wildcards, **clip) for clip in clips for artefact in artefacts]


def owned_frames(artefact, block=None, clips=({},)):
    """Input function: an artefact of every frame that the run carries, or of those of a block, clip by clip."""

    def resolve(wildcards):
        run = study.runs[clips[0].get("run") or wildcards.run]
        wanted = layout.frames(run) if block is None else block
        return [owned_path(artefact, wildcards, **clip, frame=frame) for clip in clips for frame in wanted]

    return resolve


def unless_control(files, run=None):
    """Input function: what another one gives; nothing for a control, which does not show what the seed shows."""
    return lambda wildcards: [] if study.runs[run or wildcards.run].render.control else files(wildcards)


def if_drawn(files):
    """Input function: what another one gives; nothing for a control that draws no splats."""
    return lambda wildcards: files(wildcards) if study.runs[wildcards.run].render.draws_splats else []


REFERENCE = owned(layout.REFERENCE, layout.FOREGROUND, layout.SUBJECT)


def gpus(stage):
    """Resource function: one GPU if the stage's backend runs on one; no job asks for more."""
    return lambda wildcards: int(study.runs[wildcards.run].spec(stage).device == "gpu")


def environment(stage):
    """Conda function: the environment of the stage's backend."""
    return lambda wildcards: f"../envs/{study.runs[wildcards.run].spec(stage).device}.yaml"


def gsplat_extension(stage):
    """Input function: the mark of gsplat's compiled kernels, if the stage draws with them; its age does not matter."""
    return lambda wildcards: ancient(layout.GSPLAT_EXTENSION) if gpus(stage)(wildcards) else []


def growing(amount):
    """Resource function: ``amount``, a number or a function of the wildcards, times the attempt.

    A job that was killed for its memory or its time is retried with more of both.
    """
    return lambda wildcards, attempt: attempt * (amount(wildcards) if callable(amount) else amount)


def entry(wildcards):
    """The manifest entry of a run's image."""
    return IMAGES[study.runs[wildcards.run].benchmark][wildcards.image]


def refusing(function):
    """``function`` with its InputError as one line of the workflow's."""

    def call(*arguments):
        try:
            return function(*arguments)
        except InputError as error:
            raise WorkflowError(f"vid3d: {error}")

    return call


def checkpoints(stage, run=None):
    """Input function: the files of learned models that the stage's Spec needs, where there are any.

    The age of what nothing here makes does not matter. The Spec has its checksum, and in a fresh clone it is younger
    than results that were brought along.
    """

    def resolve(wildcards):
        files = MANIFEST.inputs(study.runs[run or wildcards.run].spec(stage))
        return [path if MANIFEST.makes(path) else ancient(path) for path in files]

    return resolve


def reported(paths, suffix, kind, name):
    """A report's outputs, those of one format with what Snakemake's own report says of them."""
    comparisons = [f"figure{number}" for number in figure_list.COMPARISONS]

    def noted(path):
        stem = Path(path).stem
        caption = f"../reports/captions/{'comparison' if stem in comparisons else stem}.rst"
        labels = {kind: {"figure": figure_list, "table": table_list}[kind].label(stem)}
        if kind == "table":  # of whose formats Snakemake's report shows the first by the alphabet, and can switch
            labels["format"] = {".html": "HTML", ".csv": "data (CSV)"}[suffix]
        return report(path, caption=caption, category=f"{kind.capitalize()}s", subcategory=name, labels=labels)

    return [noted(path) if path.endswith(suffix) else path for path in paths]


def study_of(report):
    """The resolved study, restricted to the report, as JSON without defaults: a new setting re-makes nothing."""
    return study.only(report).model_dump_json(exclude_defaults=True)


@refusing
def read_by(report, *kinds):
    """What a report reads of its runs: files of the named kinds."""
    return layout.read_by(study, report, *kinds)


def of_method(function):
    """Input or params function: ``function`` of the wildcards and of another method's entry in benchmark/external."""
    return refusing(lambda wildcards: function(wildcards, methods.load(wildcards.method, ROOT)))


@refusing
def external_clips(name):
    """The files of another method's clips."""
    return methods.files(methods.clips(name, methods.load(name, ROOT), ROOT), ROOT)


@refusing
def external_scores(name, runs=None):
    """A method's scores, made like those of the first of ``runs`` that is on its benchmark; none if none is.

    If no runs are given, they are all, those with the paper's embedder first.
    """
    runs = runs or sorted(study.runs, key=lambda run: not study.runs[run].score.published)
    benchmark = methods.load(name, ROOT).benchmark
    fitting = [run for run in runs if benchmark in (None, study.runs[run].benchmark) and not study.runs[run].plumbing]
    return [layout.EXTERNAL_SCORES.format(method=name, run=run) for run in fitting[:1]]


def external_scores_of(report):
    """The scores of the methods that a report's Table 1 shows."""
    return [path for name in study.external for path in external_scores(name, study.reports[report].runs)]
