"""What runs need and what is there, before any job starts: one finding per line, with the cure of what is missing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from vid3d.errors import InputError
from vid3d.machine import cuda, hardware
from vid3d.machine.cost import Costs, Sum, gigabytes, nearest
from vid3d.splatting import mark
from vid3d.study import layout
from vid3d.study.benchmark import load_benchmark
from vid3d.study.config import Run, Study
from vid3d.study.registry import STAGES
from vid3d.weights.manifest import Manifest

LIBRARIES = {
    "vid3d.backends.seed_svd": ("torch", "diffusers", "transformers", "accelerate"),
    "vid3d.backends.views_v3d": ("torch", "diffusers", "transformers", "accelerate"),
    "vid3d.backends.embed_clip": ("torch", "open-clip-torch"),
    "vid3d.backends.fit_autodiff": ("torch",),
    "vid3d.backends.render_autodiff": ("torch",),
}
CPP = ("vid3d.backends.fit_cpu", "vid3d.backends.render_cpu")
INSTALL = "make environment, or python -m pip install -r requirements.lock"


@dataclass(frozen=True)
class Finding:
    """One line: of a stage or of the machine, what is there or missing, and the cure."""

    part: str
    state: Literal["ok", "missing", "note"]
    what: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.part:10} {self.state:8} {self.what}" + (f"  ->  {self.cure}" if self.cure else "")


@dataclass(frozen=True)
class Doctor:
    """Examines runs of a study.

    Attributes:
        root: the folder of the study.
        hashed: read the weights' files through and compare their checksums, not only their sizes.
    """

    study: Study
    names: Sequence[str]
    manifest: Manifest
    costs: Costs
    root: Path
    hashed: bool = False

    def examine(self, sums: dict[str, Sum]) -> list[Finding]:
        """All findings, each once, stage by stage.

        Args:
            sums: what the runs cost, for the disk.

        Raises:
            InputError: a GPU's driver does not answer.
        """
        found: list[Finding] = []
        for stage in STAGES:
            for name in self.names:
                found += self._stage(stage, name)
        found += self._licences()
        found += self._memory()
        found += self._disk(sums)
        return list(dict.fromkeys(found))

    # --- stages ------------------------------------------------------------------------------------------------------

    def _stage(self, stage: str, name: str) -> Iterator[Finding]:
        run = self.study.runs[name]
        if stage == "reference":
            yield from self._benchmark(name)
        elif stage in _reading(run):
            spec = run.spec(stage)
            found = [] if spec.device == "cpu" else list(self._gpu(stage, spec))
            found += _libraries(stage, spec)
            if getattr(spec, "rasterizer", None) == "gsplat":
                found += self._gsplat(stage)
            found += self._weights(stage, spec)
            yield from found or [Finding(stage, "ok", "needs nothing")]

    def _benchmark(self, name: str) -> Iterator[Finding]:
        run = self.study.runs[name]
        entries = load_benchmark(run.benchmark, self.study.image, self.root)
        photographs = {image: entries[image] for image in run.images or () if entries[image].kind == "photograph"}
        if not run.images:
            yield Finding("reference", "missing", f"run {name} has no images", "--config image=photo.jpg")
        if len(photographs) < len(run.images or ()):
            yield Finding("reference", "ok", f"{len(run.images or ()) - len(photographs)} procedural objects")
        if not photographs:
            return
        folder = self.study.benchmark_dir
        absent = []
        for photograph in photographs.values():
            file = getattr(photograph, "file", "")
            fetched = layout.SOURCE.format(benchmark=run.benchmark, file=file)
            place = file if run.benchmark == "own" else fetched if folder is None else f"{folder}/{file}"
            if not (self.root / place).is_file() and not (self.root / fetched).is_file():
                absent.append(place)
        there = f"{len(photographs) - len(absent)} of {len(photographs)} photographs are here"
        if not absent:
            yield Finding("reference", "ok", there)
        elif run.benchmark == "own" or folder is not None:
            yield Finding("reference", "missing", f"{there}; the first that is not: {absent[0]}", "check the path")
        else:
            yield Finding("reference", "note", f"{there}; the run downloads the others", "offline: set benchmark_dir")

    @cached_property
    def gpus(self) -> list[hardware.Gpu]:
        """The devices that jobs may use."""
        return hardware.gpus()

    @cached_property
    def torch_cuda(self) -> cuda.TorchCuda:
        """For which CUDA and GPUs torch is built, and what it finds; asked only where there is a GPU."""
        return cuda.torch_cuda()

    def _gpu(self, stage: str, spec: Any) -> Iterator[Finding]:
        if not self.gpus:
            if getattr(spec, "rasterizer", None) == "gsplat":
                yield Finding(stage, "missing", "GPU: none", f"a node with an NVIDIA GPU, or {stage}: {{backend: cpu}}")
            elif spec.processor == "gpu":
                slow = f"or {stage}: {{processor: cpu}}, which takes hours for a clip"
                yield Finding(stage, "missing", "GPU: none", f"a node with an NVIDIA GPU, {slow}")
            else:
                yield Finding(stage, "note", "GPU: none; the model runs on the CPU")
            return
        for gpu in dict.fromkeys(self.gpus):
            size = "" if gpu.memory is None else f", {gigabytes(gpu.memory)}, driver {gpu.driver}"
            yield Finding(stage, "ok", f"GPU: {self.gpus.count(gpu)} x {gpu.name}{size}")
            wanted = nearest(self.costs.gpu_memory, stage, spec, {})
            if wanted is not None and gpu.memory is not None and gpu.memory < wanted.amount * 1e9:
                settings = f"{stage}: {{offload: model}}, then a smaller decode_chunk"
                cure = settings if stage in ("seed", "views") else "execution: {frames_per_batch: 1}"
                yield Finding(
                    stage, "note", f"GPU memory: perhaps too little, about {wanted.amount:.0f} GB wanted", cure
                )
        yield from self._torch(stage)

    def _torch(self, stage: str) -> Iterator[Finding]:
        """Whether torch, the driver and the GPUs fit together."""
        torch = self.torch_cuda
        if torch.built is None:
            yield Finding(stage, "missing", "torch: built without CUDA", "install PyPI's torch of requirements.lock")
            return
        oldest = cuda.oldest_driver(torch.built)
        for driver in sorted({gpu.driver for gpu in self.gpus if gpu.driver}):
            if oldest is not None and int(driver.split(".")[0]) < oldest:
                what = f"driver {driver}: torch is built for CUDA {torch.built}, which needs {oldest} or later"
                yield Finding(stage, "missing", what, "a newer driver, or a torch for an older CUDA")
        if not torch.capabilities:
            yield Finding(stage, "missing", f"torch: built for CUDA {torch.built}, finds no GPU", "a newer driver")
            return
        yield Finding(stage, "ok", f"torch: built for CUDA {torch.built}, finds the GPU")
        for major, minor in torch.capabilities:
            if not torch.runs_on((major, minor)):
                kernels = f"torch has kernels for {torch.lowest} and later ({' '.join(torch.architectures)})"
                what = f"GPU of compute capability {major}.{minor}: {kernels}"
                yield Finding(stage, "missing", what, "another GPU, or hide this one by CUDA_VISIBLE_DEVICES")

    def _gsplat(self, stage: str) -> Iterator[Finding]:
        pin = hardware.required("gsplat", "gpu")
        version = hardware.version("gsplat")
        if version is None or f"gsplat=={version}" != pin:
            is_there = "not installed" if version is None else f"version {version}, tested with {pin}"
            yield Finding(stage, "missing", f"gsplat: {is_there}", f"python -m pip install {pin}")
        else:
            yield Finding(stage, "ok", pin)
        if (self.root / layout.GSPLAT_EXTENSION).is_file():
            yield self._kernels(stage)
        else:
            yield from self._compiler(stage)

    def _kernels(self, stage: str) -> Finding:
        """Whether gsplat's compiled kernels are for what is here."""
        try:
            compiled = mark.read(self.root / layout.GSPLAT_EXTENSION)
        except InputError as error:
            return Finding(stage, "missing", str(error), f"delete {layout.GSPLAT_EXTENSION}")
        here = {name: hardware.version(name) or "none" for name in ("gsplat", "torch")}
        if self.gpus:
            here["CUDA"] = str(self.torch_cuda.built)
        problem = compiled.problem(here, self.torch_cuda.capabilities if self.gpus else ())
        for_which = " ".join(compiled.architectures)
        if problem is None:
            return Finding(stage, "ok", f"gsplat's CUDA kernels: compiled for {for_which}")
        return Finding(stage, "missing", f"gsplat's CUDA kernels: {problem}", f"delete {layout.GSPLAT_EXTENSION}")

    @cached_property
    def compiler(self) -> cuda.Compiler | None:
        """CUDA's compiler."""
        return cuda.compiler()

    def _compiler(self, stage: str) -> Iterator[Finding]:
        """Whether gsplat's kernels can be compiled for torch's CUDA."""
        built = self.torch_cuda.built if self.gpus else None
        wanted = f"the CUDA toolkit {built}" if built else "the CUDA toolkit of torch's CUDA version"
        nvcc = self.compiler
        if nvcc is None:
            what = "nvcc, to compile gsplat's CUDA kernels: not found"
            yield Finding(stage, "missing", what, f"install {wanted}, or set CUDA_HOME")
            return
        yield Finding(stage, "note", "gsplat's CUDA kernels: compiled by the run before the first fit")
        if built and nvcc.version and nvcc.version != built:
            same = nvcc.version.split(".")[0] == built.split(".")[0]
            what = f"nvcc: {nvcc.path} is of CUDA {nvcc.version}, torch of {built}" + "; untested" * same
            yield Finding(stage, "note" if same else "missing", what, f"set CUDA_HOME to {wanted}")

    def _weights(self, stage: str, spec: Any) -> Iterator[Finding]:
        models: dict[str, None] = {}
        for path in spec.checkpoints:
            owner, made_of = self.manifest.owner(path), self.manifest.converted.get(path)
            if owner is not None:
                models[owner] = None
            elif (self.root / path).is_file():
                yield Finding(stage, "ok", path)
            elif made_of is not None:
                how = f"makes it of {' and '.join(made_of)}" if made_of else "draws it at random"
                yield Finding(stage, "note", f"{path}: not here; the run {how}")
                models |= dict.fromkeys(made_of)
            else:
                yield Finding(stage, "missing", f"{path}: not here", "check the path in the study")
        for name in models:
            yield from self._model(stage, name)

    def _model(self, stage: str, name: str) -> Iterator[Finding]:
        model = self.manifest.models[name]
        problems = {path: file.problem(self.root / path, self.hashed) for path, file in model.paths.items()}
        faulty = {path: problem for path, problem in problems.items() if problem is not None}
        whole = gigabytes(sum(file.size for file in model.files.values()))
        if not faulty:
            checked = "sizes and checksums" if self.hashed else "sizes"
            yield Finding(stage, "ok", f"{model.folder}: {len(problems)} files, {whole}, {checked} right")
        elif len(problems) > 1 and set(problems.values()) == {"missing"}:
            what = f"{model.folder}: {len(problems)} files, {whole}, licence {model.licence}: missing"
            yield Finding(stage, "missing", what, self._fetch())
        else:
            for path, problem in faulty.items():
                what = f"{path}: {gigabytes(model.paths[path].size)}, licence {model.licence}: {problem}"
                yield Finding(stage, "missing", what, self._fetch() if problem == "missing" else "delete and fetch it")
        if faulty and model.gated and not _token():
            cure = f"accept the terms at https://huggingface.co/{model.repository}, then hf auth login, or set HF_TOKEN"
            yield Finding(stage, "missing", f"a token of the hub for {model.repository}", cure)

    def _fetch(self) -> str:
        """The command that fetches what the runs need."""
        reports = self.study.reports.items()
        named = next((report for report, found in reports if set(self.names) <= set(found.runs)), self.study.report)
        whose = f" own={self.study.own}" if named == "own" and self.study.own else ""
        return f"with internet: snakemake --cores 2 weights --config report={named}{whose}"

    def _licences(self) -> Iterator[Finding]:
        """Those under which something is still to be fetched."""
        needed: dict[str, None] = {}
        for name in self.names:
            for stage in _reading(self.study.runs[name]):
                for model in self._to_fetch(self.study.runs[name].spec(stage)):
                    needed[self.manifest.models[model].licence] = None
        licences = {name: self.manifest.licences[name] for name in needed}
        accepted = self.study.licences
        lacking = [name for name, licence in licences.items() if licence.acknowledge and name not in accepted]
        for name, licence in licences.items():
            what = f"{name}: {licence.title}, {licence.url}"
            cure = f"read it; if you accept, add to the study: licences: [{', '.join([*accepted, *lacking])}]"
            yield _checked("licences", name not in lacking, what + ": not acknowledged" * (name in lacking), cure)

    def _to_fetch(self, spec: Any) -> Iterator[str]:
        """The models of which the Spec needs files that are not here; what is converted already needs none."""
        for path in spec.checkpoints:
            if self.manifest.owner(path) is not None or not (self.root / path).is_file():
                for name in self.manifest.sources(path):
                    files = self.manifest.models[name].paths
                    if any(file.problem(self.root / place, hashed=False) for place, file in files.items()):
                        yield name

    # --- machine -----------------------------------------------------------------------------------------------------

    def _memory(self) -> Iterator[Finding]:
        there = hardware.memory()
        wanted: dict[str, float] = {}
        for name in self.names:
            for stage in _reading(self.study.runs[name]):
                spec = self.study.runs[name].spec(stage)
                unit = nearest(self.costs.memory, stage, spec, {})
                if unit is not None and (not spec.learned or list(self.manifest.needed(spec))):
                    wanted[stage] = max(wanted.get(stage, 0.0), unit.amount * 1e9)
        stage = max(wanted, key=lambda name: wanted[name])
        what = f"main memory: {gigabytes(there)}; a job of stage {stage} asks for {gigabytes(wanted[stage])}"
        yield _checked("machine", there >= wanted[stage], what, "a node with more memory")

    def _disk(self, sums: dict[str, Sum]) -> Iterator[Finding]:
        places = {"weights": ("weights", "convert"), "results": tuple(set(sums) - {"weights", "convert"})}
        disks: dict[int, _Disk] = {}
        for place, stages in places.items():
            number, free = hardware.disk(self.root / place)
            disk = disks.setdefault(number, _Disk(free))
            wanted = sum(sums[stage].disk for stage in stages if stage in sums)
            there = sum(_occupied(self.root / folder) for folder in self._folders(place))
            disk.folders.append(f"{place}/")
            disk.needed += max(wanted - there, 0.0)
        for disk in disks.values():
            needed = f"{gigabytes(disk.free)} free, about {gigabytes(disk.needed)} more needed"
            what = f"disk of {' and '.join(disk.folders)}: {needed}"
            enough = disk.free >= disk.needed
            yield _checked("machine", enough, what, "make room, or link the folders to a larger disk")

    def _folders(self, place: str) -> Iterable[str]:
        if place == "weights":
            specs = [run.spec(stage) for run in map(self.study.runs.get, self.names) if run for stage in _reading(run)]
            named = {path for spec in specs for path in spec.checkpoints}
            made = {str(Path(path).parent) for path in named & self.manifest.converted.keys()}
            return made | {self.manifest.models[model].folder for spec in specs for model in self.manifest.needed(spec)}
        owners = {self.study.owner(name, stage) for name in self.names for stage in STAGES}
        return [f"results/{owner}" for owner in sorted(owners)]


@dataclass
class _Disk:
    free: int
    needed: float = 0.0
    folders: list[str] = field(default_factory=list)


def _checked(part: str, right: bool, what: str, cure: str) -> Finding:
    return Finding(part, "ok", what) if right else Finding(part, "missing", what, cure)


def _reading(run: Run) -> tuple[str, ...]:
    """The stages that a run goes through after the reference."""
    return tuple(stage for stage in STAGES if stage != "reference") if run.render.draws_splats else ("render", "score")


def _libraries(stage: str, spec: Any) -> Iterator[Finding]:
    if spec.module in CPP or getattr(spec, "rasterizer", None) == "cpp":
        if find_spec("vid3d.splatting._portable") is None:
            yield Finding(stage, "missing", "C++ core: not built", "make environment")
        else:
            yield Finding(stage, "ok", "C++ core")
    names = LIBRARIES.get(spec.module, ())
    if getattr(spec, "cutout", None) == "rembg":
        names = (*names, "onnxruntime")
    versions = {name: hardware.version(name) for name in names}
    if there := [f"{name} {version}" for name, version in versions.items() if version is not None]:
        yield Finding(stage, "ok", ", ".join(there))
    for name in [name for name, version in versions.items() if version is None]:
        yield Finding(stage, "missing", f"{name}: not installed", INSTALL)


def _token() -> bool:
    from huggingface_hub import get_token

    return get_token() is not None


def _occupied(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
