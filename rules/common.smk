# The validated study, wildcard constraints and named input functions; no rules.
#
# A stage's files live under the run that owns them (`Study.owner`): a run that extends another and leaves a stage and
# all before it unchanged reads the other run's files.

import shlex
import sys
from pathlib import Path

from vid3d.study import figure_list, layout
from vid3d.external import methods
from vid3d.study.config import STAGES, load_benchmark, load_study
from vid3d.errors import InputError
from vid3d.weights.manifest import load_manifest

ROOT = Path(workflow.basedir)


def study_of_the_command_line():
    """Configuration files and --config, laid over each other by our own rules (a changed backend replaces its Spec)."""
    settings = workflow.config_settings
    layers = [] if settings.replace_workflow_config else [ROOT / "config/study.yaml"]
    return load_study([*layers, *settings.configfiles], settings.config, ROOT)


try:
    study = study_of_the_command_line()
    MANIFEST = load_manifest(ROOT / "config/weights.yaml")
    IMAGES = {name: load_benchmark(name, study.image, ROOT) for name in ("procedural", "animate124", "own")}
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


def runs_where(condition):
    """Wildcard constraint: the runs for which ``condition(run)`` holds; matches nothing if there is none."""
    return "|".join(name for name, run in study.runs.items() if condition(run)) or "(?!)"


def spec(stage):
    """Params function: the Spec argument of a stage."""
    return lambda wildcards: study.runs[wildcards.run].spec(stage).argument()


def owned(stage, *patterns, **fixed):
    """Input function: the files of ``stage`` that an item needs, in the folders of the run that owns them."""

    def resolve(wildcards):
        named = dict(wildcards.items()) | fixed
        named["run"] = study.owner(wildcards.run, stage)
        return [pattern.format(**named) for pattern in patterns]

    return resolve


def owned_frames(stage, pattern, block=None):
    """Input function: the same for every frame that the run carries, or for those of a block."""

    def resolve(wildcards):
        named = dict(wildcards.items()) | {"run": study.owner(wildcards.run, stage)}
        wanted = layout.frames(study.runs[wildcards.run]) if block is None else block
        return [pattern.format(**named, frame=frame) for frame in wanted]

    return resolve


REFERENCE = owned("reference", layout.REFERENCE, layout.FOREGROUND, layout.SUBJECT)


def frame_blocks(condition, size):
    """{block of frame numbers: runs}: how the clips of the runs for which ``condition`` holds are cut into jobs."""
    cut = {}
    for name, run in study.runs.items():
        if condition(run):
            for block in layout.blocks(layout.frames(run), size):
                cut.setdefault(tuple(block), []).append(name)
    return cut


def gpus(stage):
    """Resource function: one GPU if the stage's backend runs on one; no job asks for more."""
    return lambda wildcards: int(study.runs[wildcards.run].spec(stage).device == "gpu")


def environment(stage):
    """Conda function: the environment of the stage's backend."""
    return lambda wildcards: f"../envs/{study.runs[wildcards.run].spec(stage).device}.yaml"


def gsplat_extension(stage):
    """Input function: the mark of gsplat's compiled kernels, if the stage draws with them; its age does not matter."""

    def resolve(wildcards):
        drawn_by = study.runs[wildcards.run].spec(stage)
        return ancient(layout.GSPLAT_EXTENSION) if drawn_by.device == "gpu" else []

    return resolve


def growing(amount):
    """Resource function: ``amount``, a number or a function of the wildcards, times the attempt.

    A job that was killed for its memory or its time is retried with more of both.
    """

    def resource(wildcards, attempt):
        return attempt * (amount(wildcards) if callable(amount) else amount)

    return resource


def inputs_of(report, *kinds):
    """What a report reads: of each run the files of the named kinds."""
    files = []
    if not any(study.runs[name].images for name in study.reports[report].runs):
        raise WorkflowError(f"report {report} has no images; for a photograph of yours: own --config image=photo.jpg")
    for name in study.reports[report].runs:
        run = study.runs[name]
        if "measures" in kinds and not run.plumbing:
            files += measures_of(name)
        for condition in layout.conditions(study, name):
            if "scores" in kinds:
                files.append(condition.path(layout.SCORES, study, "score"))
            if "held-out" in kinds and run.ground_truth:
                files.append(condition.path(layout.HELD_OUT, study, "render"))
            if "references" in kinds:
                for pattern in (layout.FOREGROUND, layout.SUBJECT):
                    files.append(condition.path(pattern, study, "reference"))
            if "renders" in kinds:
                files += [condition.path(layout.RENDERS, study, "render", frame=f) for f in layout.frames(run)]
                files += [condition.path(layout.VIDEO, study, "render", camera=c) for c in layout.cameras()]
    return list(dict.fromkeys(files))


def measures_of(name):
    """What tables read of a run beside its scores: indicators, and embeddings by stage at the base condition."""
    run, files = study.runs[name], []
    for condition in layout.conditions(study, name):
        files.append(condition.path(layout.INDICATORS, study, "score"))
        if not run.render.control and (condition.motion, condition.views) == run.conditions[0]:
            files += [condition.path(p, study, "score") for p in (layout.STAGE_EMBEDDINGS, layout.EMBEDDINGS)]
    return files


def turned(report):
    """The splats that a page may show in its viewer: those of runs that mean something."""
    files = []
    for name in figure_list.scored(study, report):
        for clip in layout.conditions(study, name):
            files += [clip.path(layout.SPLATS, study, "splat", frame=f) for f in layout.frames(study.runs[name])]
    return list(dict.fromkeys(files))


def page(report):
    """The entry page of a report."""
    return layout.PAGE.format(report=report)


# --- weights ----------------------------------------------------------------------------------------------------------


def checkpoints(stage):
    """Input function: the files of learned models that the stage's Spec needs, where there are any."""
    return lambda wildcards: MANIFEST.inputs(study.runs[wildcards.run].spec(stage))


def checkpoints_of(report):
    """The same for all stages and runs of a report."""
    runs = [study.runs[name] for name in study.reports[report].runs]
    files = [file for run in runs for stage in STAGES for file in MANIFEST.inputs(run.spec(stage))]
    return list(dict.fromkeys(files))


LICENCES = " ".join(study.licences)


def checksum(wildcards):
    """What a file of the manifest must be.  It is all that a job depends on: other words of the manifest, and the
    licences, make nothing anew."""
    path = layout.DOWNLOADED.format(file=wildcards.file)
    return MANIFEST.models[MANIFEST.owner(path)].paths[path].sha256


# --- benchmark --------------------------------------------------------------------------------------------------------


def entry(wildcards):
    """An image's manifest entry as JSON."""
    return IMAGES[study.runs[wildcards.run].benchmark][wildcards.image].model_dump_json()


def source(wildcards):
    """The photograph behind a reference image; nothing for a procedural object."""
    benchmark = study.runs[wildcards.run].benchmark
    image = IMAGES[benchmark][wildcards.image]
    if image.kind == "procedural":
        return []
    return image.file if benchmark == "own" else layout.SOURCE.format(benchmark=benchmark, file=image.file)


def photograph(wildcards):
    """The manifest entry of a photograph by its file name."""
    found = [i for i in IMAGES[wildcards.benchmark].values() if i.kind == "photograph" and i.file == wildcards.file]
    return found[0].model_dump_json() if found else "{}"


# --- train ------------------------------------------------------------------------------------------------------------


def training_budget(share):
    """Params function: the option that gives a training its ``share`` of the budget, if there is one."""

    def option(wildcards):
        minutes = study.training.minutes
        return "" if minutes is None else f"--budget {round(share * minutes, 2)}"

    return option


def of_truth(pattern, stage):
    """Input function: an artefact of every clip of run `truth`."""
    return lambda wildcards: [clip.path(pattern, study, stage) for clip in layout.conditions(study, "truth")]


# --- views ------------------------------------------------------------------------------------------------------------


def whole_clip(wildcards):
    """All seed frames of the clip, also those that the run does not carry on, where a frame's views depend on them."""
    run = study.runs[wildcards.run]
    every = [layout.two(frame) for frame in range(run.seed.frames)] if run.views.whole_clip else []
    return owned_frames("seed", layout.SEED, every)(wildcards)


# --- splat ------------------------------------------------------------------------------------------------------------


SPLAT_BLOCKS = {"gpu": study.execution.frames_per_job.splat("gpu")}  # device: frames per job
if study.execution.frames_per_job.splat("cpu") > 1:
    SPLAT_BLOCKS["cpu"] = study.execution.frames_per_job.splat("cpu")


def generated(wildcards):
    """How many views a filmstrip holds."""
    return study.runs[wildcards.run].views.count


# --- render -----------------------------------------------------------------------------------------------------------


def splats(wildcards):
    """The clip's splats; nothing for a control."""
    if study.runs[wildcards.run].render.control:
        return []
    return owned_frames("splat", layout.SPLATS)(wildcards)


# --- indicators -------------------------------------------------------------------------------------------------------


def shown_seed(wildcards):
    """The seed frames that the renders show; nothing for a control."""
    if study.runs[wildcards.run].render.control:
        return []
    return owned_frames("seed", layout.SEED)(wildcards)


# --- external ---------------------------------------------------------------------------------------------------------

EXTERNAL = study.external  # methods that Table 1 shows


def refusing(function):
    """``function`` with its InputError as one line of the workflow's."""

    def call(*arguments):
        try:
            return function(*arguments)
        except InputError as error:
            raise WorkflowError(f"vid3d: {error}")

    return call


@refusing
def external_method(name):
    """A method of benchmark/external."""
    return methods.load(name, ROOT)


def external_clip(wildcards):
    """The clip behind a download."""
    clips = external_method(wildcards.method).clips or ()
    found = [clip for clip in clips if clip.url and clip.file == wildcards.file]
    if not found:
        raise WorkflowError(f"{methods.MANIFEST}: {wildcards.method} has no clip {wildcards.file}")
    return found[0]


@refusing
def external_clips(wildcards):
    """The files of a method's clips."""
    return methods.files(methods.clips(wildcards.method, external_method(wildcards.method), ROOT), ROOT)


def external_reference_folder(wildcards):
    """The option that names the folder of the references; nothing for a method without source images."""
    if external_method(wildcards.method).benchmark is None:
        return ""
    return f"--references {Path(layout.IMAGE.format(run=study.owner(wildcards.run, 'reference'), image='')).as_posix()}"


@refusing
def external_references(wildcards):
    """The reference files of a method's images, as the run has them."""
    method = external_method(wildcards.method)
    if method.benchmark is None:
        return []
    run = study.owner(wildcards.run, "reference")
    return [
        pattern.format(run=run, image=image)
        for image in methods.clips(wildcards.method, method, ROOT)
        for pattern in (layout.REFERENCE, layout.FOREGROUND, layout.SUBJECT)
    ]


def external_scores(name, runs):
    """A method's scores, made like those of the first of ``runs`` that is on its benchmark; none if none is."""
    benchmark = external_method(name).benchmark
    fitting = [run for run in runs if benchmark in (None, study.runs[run].benchmark) and not study.runs[run].plumbing]
    return [layout.EXTERNAL_SCORES.format(method=name, run=run) for run in fitting[:1]]


def all_external_scores():
    """Input function: the scores of every method, by the paper's embedder if any fitting run has it."""
    runs = sorted(study.runs, key=lambda name: not study.runs[name].score.published)
    return lambda wildcards: [path for name in methods.names(ROOT) for path in external_scores(name, runs)]


def external_scores_of(report):
    """The scores of the methods that a report's Table 1 shows."""
    return [path for name in EXTERNAL for path in external_scores(name, study.reports[report].runs)]


@refusing
def external_clips_of(report):
    """The renders of those methods."""
    shown = [name for name in EXTERNAL if external_scores(name, study.reports[report].runs)]
    clips = [methods.clips(name, external_method(name), ROOT) for name in shown]
    return [path for found in clips for path in methods.files(found, ROOT)]


# --- tables -----------------------------------------------------------------------------------------------------------


def tables_of(report):
    """All tables of a report, their exports and the macros."""
    return layout.tables(report) + layout.exports(report)


def noted(path, caption, kind, name):
    """An output with what Snakemake's own report says of it."""
    words = {"category": f"{kind.capitalize()}s", "subcategory": name, "labels": {kind: Path(path).stem}}
    return report(path, caption=f"../reports/captions/{caption}.rst", **words)


def reported_tables():
    """A report's tables as outputs, those in CSV for Snakemake's own report, too."""
    paths = tables_of("{report}")
    return [noted(path, Path(path).stem, "table", "{report}") if path.endswith(".csv") else path for path in paths]


def study_of(wildcards):
    """The resolved study, restricted to the report, as JSON without defaults: a new setting re-makes nothing."""
    return study_of_report(wildcards.report)


def study_of_report(report):
    """The same for a report that no wildcard names."""
    return study.only(report).model_dump_json(exclude_defaults=True)


# --- figures ----------------------------------------------------------------------------------------------------------


def figures_of(report):
    """The figures that a report can have, in all formats, and their list."""
    return layout.figures(study, report)


def reported_figures(name):
    """A report's figures as outputs, those in SVG for Snakemake's own report, too."""
    captions = {figure: figure for figure in figure_list.NAMES}
    captions |= {f"figure{number}": "comparison" for number in figure_list.COMPARISONS}
    return [
        noted(path, captions[Path(path).stem], "figure", name) if path.endswith(".svg") else path
        for path in figures_of(name)
    ]


def figure_inputs(report):
    """Input function: what a report's figures show, and what chooses it."""
    return lambda wildcards: inputs_of(report, "renders", "references", "scores", "held-out", "measures") + [
        path for name in list(figure_list.drawn(study, report))[:1] for path in intermediates(name)
    ]


def intermediates(name):
    """Seed frames, views and splats of a run's first clip, for Figure 1."""
    run = study.runs[name]
    clip = next(layout.conditions(study, name))
    stages = {"seed": layout.SEED, "views": layout.ORBIT, "splat": layout.SPLATS}
    return [
        clip.path(pattern, study, stage, frame=frame)
        for stage, pattern in stages.items()
        for frame in layout.frames(run)
    ]
