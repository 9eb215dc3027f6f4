"""The subcommands of ``vid3d``, one per stage: load, call the stage's backend, save.

Each takes the parsed command line (``vid3d.cli``) and knows neither the formats of files nor what the backend does.
"""

import argparse
import importlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vid3d import __version__, cameras, files, randomness
from vid3d.errors import InputError
from vid3d.machine import gpus
from vid3d.progress import progress_bar
from vid3d.scene import Reference, SeedFrame, Views
from vid3d.study import config, specs


def _backend(spec: Any) -> Any:
    """The stage function of a Spec; only this import loads the backend's heavy library."""
    return importlib.import_module(type(spec).module).build(spec)


def reference(arguments: argparse.Namespace) -> None:
    """Benchmark image to source, foreground and subject."""
    spec = specs.parse_spec("reference", arguments.spec)
    entry = json.loads(arguments.entry)
    if entry["kind"] == "procedural":
        made = importlib.import_module("vid3d.procedural").make_reference(arguments.image, entry["object"], spec.size)
    else:
        photographs = importlib.import_module("vid3d.images.photographs")
        made = photographs.make_reference(arguments.source, arguments.image, entry["caption"], spec.size, spec.border)
    item = {"image": arguments.image, "source": entry.get("file"), "sha256": entry.get("sha256")}
    files.save_reference(arguments.output, made, files.Provenance("reference", arguments.spec, item))


def fetch(arguments: argparse.Namespace) -> None:
    """Download or copy a photograph and verify it."""
    from vid3d.weights.download import bring_photograph

    entry = config.Photograph.model_validate_json(arguments.entry)
    bring_photograph(entry, arguments.folder, arguments.output)


def _own_study(arguments: argparse.Namespace) -> tuple[config.Study, list[str]]:
    """The study as the workflow reads it with the same options, and the runs asked for (default: of its report)."""
    root = Path()
    layers = [root / "config/study.yaml", *arguments.configfile]
    study = config.load_study(layers, config.read_settings(arguments.config), root)
    names = list(arguments.run or study.reports[study.report].runs)
    for name in names:
        if name not in study.runs:
            raise InputError(f"--run: there is no run {name!r}; the study has {', '.join(study.runs)}")
    return study, names


def cost(arguments: argparse.Namespace) -> None:
    """Print jobs, GPU hours, CPU hours and disk of runs, as if nothing of them were there yet."""
    from vid3d.machine import cost
    from vid3d.weights import manifest as weights

    study, names = _own_study(arguments)
    manifest = weights.load_manifest("config/weights.yaml")
    sums = cost.total(study, names, cost.load_costs("config/costs.yaml"), manifest, Path())
    print(f"Run {' and '.join(names)}, as if nothing were there yet\n\n{cost.table(sums)}")


def doctor(arguments: argparse.Namespace) -> None:
    """Say what runs need, what of it is here, and the cure of what is missing, before any job starts."""
    from vid3d.machine import cost
    from vid3d.machine.doctor import Doctor
    from vid3d.weights import manifest as weights

    study, names = _own_study(arguments)
    manifest, costs = weights.load_manifest("config/weights.yaml"), cost.load_costs("config/costs.yaml")
    sums = cost.total(study, names, costs, manifest, Path())
    findings = Doctor(study, names, manifest, costs, Path(), arguments.checksums).examine(sums)
    print("\n".join(map(str, findings)))
    missing = sum(finding.state == "missing" for finding in findings)
    if missing:
        raise InputError(f"run {' and '.join(names)}: {missing} missing; each line above names its cure")
    print(f"run {' and '.join(names)}: nothing is missing")


def fetch_weights(arguments: argparse.Namespace) -> None:
    """Fetch files of published weights, verify them, and only then give them their names."""
    from vid3d.weights.download import bring_weights
    from vid3d.weights.manifest import load_manifest

    manifest = load_manifest(arguments.manifest)
    for path in arguments.output:
        name = manifest.owner(path.as_posix())
        if name is None:
            raise InputError(f"--output: {path} is no file of {arguments.manifest}")
        refusal = manifest.refusal(name, arguments.licences)
        if refusal is not None:
            raise InputError(f"{path}: licence not acknowledged: {refusal}")
        model = manifest.models[name]
        bring_weights(model, path.relative_to(model.folder).as_posix(), path)


def seed(arguments: argparse.Namespace) -> None:
    """Reference to seed video."""
    spec = specs.parse_spec("seed", arguments.spec)
    ref = files.load_reference(arguments.reference)
    rng = randomness.generator(spec.seed, "seed", ref.name)
    clip = _backend(spec)(ref, arguments.motion, rng)
    if len(clip.images) != len(arguments.output):
        raise InputError(f"--output: the clip has {len(clip.images)} frames, but {len(arguments.output)} are named")
    item = {"image": ref.name, "motion": arguments.motion}
    files.save_clip(arguments.output, clip, files.Provenance("seed", arguments.spec, item))


def _seed_frame(path: Path, index: int, motion: int, ref: Reference) -> SeedFrame:
    image, alpha = files.load_image(path)
    return SeedFrame(image, alpha, index, motion, ref)


def views(arguments: argparse.Namespace) -> None:
    """Seed frames to orbit filmstrips."""
    spec = specs.parse_spec("views", arguments.spec)
    ref = files.load_reference(arguments.reference)
    numbered = _numbered(arguments, "seed")
    frames = [_seed_frame(source, index, arguments.motion, ref) for index, source, _ in numbered]
    if isinstance(spec, specs.V3dViews):
        frames = _prepared(spec, frames, arguments.seed, arguments.clip)
    generate = _backend(spec)
    for frame, (index, _, output) in zip(frames, numbered, strict=True):
        made = generate(frame, randomness.generator(spec.seed, "views", ref.name, index))
        item = {"image": ref.name, "motion": arguments.motion, "frame": index}
        files.save_filmstrip(output, made.images, files.Provenance("views", arguments.spec, item))


def _prepared(
    spec: specs.V3dViews, frames: Sequence[SeedFrame], seed: Sequence[Path], clip: Sequence[Path]
) -> list[SeedFrame]:
    """The frames as V3D is shown them; made before its model is loaded, so that one without an object fails early."""
    from vid3d.images import preparation

    cut_out = preparation.without_model
    if spec.cutout == "rembg":
        cut_out = importlib.import_module("vid3d.backends.cutout_u2net").build(spec)
    pixels = [{path: files.load_pixels(path) for path in paths} for paths in (seed, clip)]
    images = preparation.prepare(pixels[0], spec, cut_out, pixels[1])
    return [replace(frame, image=image, alpha=None) for frame, image in zip(frames, images, strict=True)]


def fit(arguments: argparse.Namespace) -> None:
    """Orbit filmstrips to splats."""
    spec = specs.parse_spec("splat", arguments.spec)
    run_fit = _backend(spec)
    used = cameras.view_indices(arguments.generated, arguments.views)
    reports = arguments.report or [output.with_name(f"{output.stem}-fit.json") for output in arguments.output]
    numbered = list(zip(_numbered(arguments, "orbit"), reports, strict=True))
    for start in range(0, len(numbered), arguments.batch):
        batch = numbered[start : start + arguments.batch]
        moments, rngs = [], []
        for (index, source, _), _ in batch:
            images = files.load_filmstrip(source, arguments.generated)
            moments.append(Views(images[used], cameras.orbit(arguments.generated, images.shape[1]).select(used)))
            rngs.append(randomness.generator(spec.seed, "splat", arguments.image, index))
        with progress_bar(" ".join(["frame", *(str(index) for (index, _, _), _ in batch)])) as progress:
            fitted = run_fit(moments, rngs, progress)
        for ((index, _, output), report_path), (splats, report) in zip(batch, fitted, strict=True):
            item = {"image": arguments.image, "frame": index, "views": arguments.views}
            provenance = files.Provenance("splat", arguments.spec, item)
            files.save_splats(output, splats, provenance)
            files.save_fit_report(report_path, report, provenance)


def render(arguments: argparse.Namespace) -> None:
    """Splats (or, for a control, the reference) to filmstrips of the evaluation cameras and one video per camera."""
    spec = specs.parse_spec("render", arguments.spec)
    ref = files.load_reference(arguments.reference)
    draw, evaluation = _backend(spec), cameras.orbit(cameras.EVALUATION_CAMERAS, spec.size)
    sources = arguments.splats or [None] * len(arguments.output)
    frames = []
    for index, (source, output) in enumerate(zip(sources, arguments.output, strict=True)):
        images = draw(None if source is None else files.load_splats(source), evaluation, ref)
        item = {"image": ref.name, "motion": arguments.motion, "views": arguments.views, "frame": index}
        files.save_filmstrip(output, images, files.Provenance("render", arguments.spec, item))
        frames.append(files.to_uint8(images))
    for camera, path in enumerate(arguments.videos):
        files.save_video(path, np.stack([frame[camera] for frame in frames]))


def score(arguments: argparse.Namespace) -> None:
    """Renders and reference to embeddings and unaggregated cosines with each reference."""
    from vid3d.measures.protocols import compare

    spec = specs.parse_spec("score", arguments.spec)
    ref = files.load_reference(arguments.reference)
    strips = [files.load_filmstrip(path, cameras.EVALUATION_CAMERAS) for path in arguments.renders]
    embed = _backend(spec)
    # one call per frame: a matrix product rounds differently in batches of another size, and a frame's score must not
    # depend on how many frames there are
    renders = np.stack([embed(list(files.to_uint8(strip))) for strip in strips])
    source, foreground = (embed([files.to_uint8(image)])[0] for image in (ref.image, ref.foreground))
    condition = {"image": ref.name, "motion": arguments.motion, "views": arguments.views}
    provenance = files.Provenance("score", arguments.spec, condition)
    files.save_embeddings(arguments.embeddings, provenance, renders=renders, reference=source, foreground=foreground)
    compared = compare(renders, source, foreground)
    rows = [
        condition | {"frame": f, "camera": c} | {column: table[f, c] for column, table in compared.items()}
        for f in range(len(strips))
        for c in range(cameras.EVALUATION_CAMERAS)
    ]
    files.save_rows(arguments.scores, rows, provenance)


def embed_stages(arguments: argparse.Namespace) -> None:
    """Embeddings of a clip's seed frames and generated views and, of a procedural object, of its truth."""
    spec = specs.parse_spec("score", arguments.spec)
    ref = files.load_reference(arguments.reference)
    frames = list(zip(arguments.seed, arguments.orbit, strict=True))
    embed = _backend(spec)

    def embedded(images: np.ndarray) -> np.ndarray:  # a call per moment, as when scores are made
        return np.asarray(embed(list(files.to_uint8(images))))

    arrays = {
        "seed": np.concatenate([embedded(files.load_image(seed)[0][None]) for seed, _ in frames]),
        "views": np.stack([embedded(files.load_filmstrip(orbit, arguments.generated)) for _, orbit in frames]),
    }
    if ref.procedural is not None:
        truth = _truth(ref.procedural, len(frames), arguments.motion, arguments.size)
        arrays["truth"] = np.stack([embedded(moment) for moment in truth])
    item = {"image": ref.name, "motion": arguments.motion}
    files.save_embeddings(arguments.output, files.Provenance("stages", arguments.spec, item), **arrays)


def _truth(described: dict[str, Any], frames: int, motion: int, size: int) -> Iterator[np.ndarray]:
    """What the evaluation cameras see of a procedural object: (cameras, size, size, 3) of each moment."""
    from vid3d import procedural

    orbit = cameras.orbit(cameras.EVALUATION_CAMERAS, size)
    for frame in range(frames):
        yield procedural.render(procedural.ObjectSpec.from_dict(described), frame, motion, orbit)[0]


def indicators(arguments: argparse.Namespace) -> None:
    """Renders, embeddings and, where it is what they show, the seed to the indicators of a clip."""
    from vid3d.indicators import of_clip, reduced

    ref = files.load_reference(arguments.reference)
    if arguments.truth and ref.procedural is None:
        raise InputError(f"{arguments.reference[2]}: not a procedural object, so there is no truth; leave --truth out")
    renders, size = [], 0
    for path in arguments.renders:  # reduced one by one: renders of the paper's size take 800 MB
        images = files.load_filmstrip(path, cameras.EVALUATION_CAMERAS)
        renders.append(reduced(images))
        size = images.shape[1]
    seed = [reduced(files.load_image(path)[0][None])[0] for path in arguments.seed]
    truth = _truth(ref.procedural, len(renders), arguments.motion, size) if arguments.truth and ref.procedural else ()
    true = [reduced(moment) for moment in truth]
    embeddings = files.load_embeddings(arguments.embeddings, "renders")["renders"]
    try:
        found = of_clip(
            np.stack(renders), np.stack(seed) if seed else None, embeddings, np.stack(true) if true else None
        )
    except ValueError as error:
        raise InputError(f"{arguments.renders[0].parent}: {error}; delete what is incomplete and run again") from None
    item = {"image": ref.name, "motion": arguments.motion, "views": arguments.views}
    rows = [item | {"indicator": name, "camera": "", "value": value} for name, value in found.clip.items()]
    for name, values in found.cameras.items():
        rows += [item | {"indicator": name, "camera": camera, "value": value} for camera, value in enumerate(values)]
    files.save_rows(arguments.output, rows, files.Provenance("indicators", "{}", item))


def fetch_external(arguments: argparse.Namespace) -> None:
    """Download a video of another method, and verify it or say that there is nothing to verify it with."""
    from vid3d.weights.download import bring_video

    found = bring_video(arguments.url, arguments.sha256, arguments.output)
    if found is not None:
        print(f"{arguments.output}: UNVERIFIED, no checksum is pinned; this download has sha256 {found}")


def score_external(arguments: argparse.Namespace) -> None:
    """Renders of another method, and references, to unaggregated cosines with each reference."""
    from vid3d.external import methods, scoring

    name, spec, root = arguments.method, specs.parse_spec("score", arguments.spec), Path()
    method = methods.load(name, root) if arguments.entry is None else methods.parse(arguments.entry)
    methods.clips(name, method, root)  # what is wrong with the layout is said before a model is loaded
    rows, scored = scoring.score(name, method, root, arguments.references, _backend(spec))
    files.save_rows(arguments.output, rows, files.Provenance("external", arguments.spec, scored.model_dump()))
    print("\n".join(scoring.summary(rows, scored)))


def held_out_truth(arguments: argparse.Namespace) -> None:
    """Ground truth of a procedural object at the cameras that no view count trains on."""
    from vid3d import procedural

    ref = files.load_reference(arguments.reference)
    if ref.procedural is None:
        raise InputError(f"{arguments.reference[2]}: not a procedural object, so there is no ground truth")
    described = procedural.ObjectSpec.from_dict(ref.procedural)
    unseen, _ = cameras.held_out(arguments.size)
    for index, output in zip(arguments.frames, arguments.output, strict=True):
        images, _ = procedural.render(described, index, arguments.motion, unseen)
        item = {"image": ref.name, "motion": arguments.motion, "frame": index}
        files.save_filmstrip(
            output, images, files.Provenance("held-out-truth", json.dumps({"size": arguments.size}), item)
        )


def held_out(arguments: argparse.Namespace) -> None:
    """PSNR and SSIM of the splats against the ground truth at the held-out cameras."""
    from vid3d.measures.metrics import psnr, ssim

    spec = specs.parse_spec("render", arguments.spec)
    ref = files.load_reference(arguments.reference)
    draw, rows = _backend(spec), []
    angles = cameras.held_out(16)[1]
    condition = {"image": ref.name, "motion": arguments.motion, "views": arguments.views}
    for index, (source, truth_path) in enumerate(zip(arguments.splats, arguments.truth, strict=True)):
        truth = files.load_filmstrip(truth_path, len(angles))
        unseen, _ = cameras.held_out(truth.shape[1])
        # as in the renders' files: quantised to 8 bits before it is compared
        images = files.to_uint8(draw(files.load_splats(source), unseen, ref)).astype(np.float32) / np.float32(255)
        pairs = zip(angles, psnr(images, truth), ssim(images, truth), strict=True)
        rows += [
            condition | {"frame": index, "camera": c, "azimuth": a, "elevation": e, "psnr": p, "ssim": s}
            for c, ((a, e), p, s) in enumerate(pairs)
        ]
    files.save_rows(arguments.output, rows, files.Provenance("held-out", arguments.spec, condition))


def gsplat_extension(arguments: argparse.Namespace) -> None:
    """Compile gsplat's CUDA kernels, once for all later jobs, and compare a picture of theirs with the CPU's."""
    with gpus.held():
        checked = importlib.import_module("vid3d.backends.render_autodiff").check()
    files.save_json(arguments.output, checked)


def _numbered(arguments: argparse.Namespace, source: str) -> Sequence[tuple[int, Path, Path]]:
    """(frame number, input, output) triples, which must be equally many."""
    inputs = getattr(arguments, source)
    if not len(arguments.frames) == len(inputs) == len(arguments.output):
        raise InputError(f"--frames, --{source} and --output must name equally many items")
    return list(zip(arguments.frames, inputs, arguments.output, strict=True))


def _study(arguments: argparse.Namespace) -> config.Study:
    return config.Study.model_validate_json(arguments.study)


def tables(arguments: argparse.Namespace) -> None:
    """Scores of a report's runs to its tables, in CSV, LaTeX and Markdown, and to macros of their numbers."""
    importlib.import_module("vid3d.tables").write(_study(arguments), arguments.report, Path(), arguments.external)


def figures(arguments: argparse.Namespace) -> None:
    """Pictures and scores of a report's runs to its figures, in SVG, PDF and WebP, and to their captions."""
    importlib.import_module("vid3d.figures").write(_study(arguments), arguments.report, Path(), arguments.external)


def report(arguments: argparse.Namespace) -> None:
    """Tables, figures and videos to the HTML report."""
    study = _study(arguments)
    times = [] if arguments.times is None else _times(study, arguments.times)
    importlib.import_module("vid3d.report").write(study, arguments.report, Path(), times)


def _times(study: config.Study, folder: Path) -> list[Path]:
    """Snakemake's benchmark files of a restricted study's jobs, in the order of the stages.

    What was not run lately has none; the folder is read for the report's times only and decides nothing.
    """
    after = {
        "views": ["held-out-truth"],
        "score": ["stage-embeddings", "indicators", "held-out"],
    }  # stages of the workflow that have no Spec of their own
    found = []
    for stage in specs.STAGES:
        owners = dict.fromkeys(study.owner(run, stage) for run in study.runs)
        for name in [stage, *after.get(stage, [])]:
            found += [path for owner in owners for path in sorted((folder / name / owner).rglob("*.tsv"))]
    return found


def convert(arguments: argparse.Namespace) -> None:
    """A checkpoint in its authors' (sgm) layout, such as V3D's, to a diffusers folder."""
    configuration = {} if arguments.config is None else files.load_json(arguments.config)
    backend = importlib.import_module("vid3d.weights.convert_v3d")
    with files.atomic_folder(arguments.output) as folder:
        account = backend.convert(arguments.checkpoint, arguments.svd, folder, configuration)
        files.save_json(folder / "conversion.json", account | {"vid3d": __version__})


def tiny_weights(arguments: argparse.Namespace) -> None:
    """Random weights in the formats of the published ones, small enough for a CPU."""
    with files.atomic_folder(arguments.output) as folder:
        importlib.import_module("vid3d.weights.tiny").make(folder, arguments.seed)


def train(arguments: argparse.Namespace) -> None:
    """Train a model of ours anew."""
    importlib.import_module("vid3d.training.clip").train(arguments.output, arguments.seed, arguments.budget)


def _mini_clip(folder: Path) -> tuple[Any, specs.ClipEmbed]:
    """The backend of a mini CLIP's folder and its Spec."""
    model, weights = str(folder / "config.json"), str(folder / "model.safetensors")
    spec = specs.ClipEmbed(backend="clip", model=model, weights=weights)
    return importlib.import_module(type(spec).module), spec


def ruler(arguments: argparse.Namespace) -> None:
    """Measure whether a mini CLIP is a usable ruler, on held-out procedural objects."""
    from vid3d import procedural
    from vid3d.training.clip_judge import evaluate

    clip, spec = _mini_clip(arguments.model)
    named = procedural.load_objects(config.read_yaml(arguments.objects)).values()
    measured = evaluate(named, clip.build(spec), clip.build_captions(spec, arguments.model / "vocabulary.txt"))
    files.save_json(arguments.output, measured)


def agreement(arguments: argparse.Namespace) -> None:
    """Rank correlation of CLIP-I with PSNR at held-out cameras over the conditions of a run."""
    from vid3d import procedural
    from vid3d.training.clip_judge import agreement as compare
    from vid3d.training.clip_judge import ceilings

    clip, spec = _mini_clip(arguments.model)
    objects = procedural.load_objects(config.read_yaml(arguments.objects))
    ceiling = ceilings(objects, arguments.scores, clip.build(spec))
    files.save_json(arguments.output, compare(arguments.scores, arguments.held_out, ceiling))


def card(arguments: argparse.Namespace) -> None:
    """Write the model card of a mini CLIP from its measured files."""
    importlib.import_module("vid3d.training.clip_card").write(arguments.model)
