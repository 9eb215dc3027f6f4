"""What runs need, on pretended machines: each finding names what is missing and the cure; nothing imports torch."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from vid3d import cli
from vid3d.machine import cuda, hardware

ROOT = Path(__file__).parents[3]
CARD = hardware.Gpu("NVIDIA A100 80GB PCIe", 80 * 2**30, "580.65")
TORCH = cuda.TorchCuda("13.0", [(8, 0)], ["sm_75", "sm_80", "sm_86", "sm_90"])
LICENCES = "licences=stabilityai-community,v3d-none-stated"


@pytest.fixture
def there(monkeypatch, tmp_path):
    """A machine without GPU, with what is usual, in a folder with the study and nothing else."""
    versions = dict.fromkeys(("torch", "diffusers", "transformers", "accelerate", "onnxruntime"), "1.0")
    versions |= {"open-clip-torch": "3.3.0"}
    has = {"gpus": [], "cuda": TORCH, "versions": versions, "nvcc": cuda.Compiler("/usr/bin/nvcc", "13.0")}
    has |= {"memory": 64 * 10**9, "disk": 500 * 10**9}
    monkeypatch.setattr(hardware, "gpus", lambda: has["gpus"])
    monkeypatch.setattr(cuda, "torch_cuda", lambda: has["cuda"])
    monkeypatch.setattr(hardware, "version", lambda name: has["versions"].get(name))
    monkeypatch.setattr(cuda, "compiler", lambda: has["nvcc"])
    monkeypatch.setattr(hardware, "memory", lambda: has["memory"])
    monkeypatch.setattr(hardware, "disk", lambda path: (1, has["disk"]))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: has.get("token"))
    (tmp_path / "benchmark").symlink_to(ROOT / "benchmark")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/mini-clip").symlink_to(ROOT / "weights/mini-clip")
    (tmp_path / "config").mkdir()
    for file in ("study.yaml", "weights.yaml", "costs.yaml"):
        (tmp_path / "config" / file).write_text((ROOT / "config" / file).read_text())
    monkeypatch.chdir(tmp_path)
    return has


@pytest.fixture
def doctor(there, monkeypatch, capsys):
    """`vid3d doctor`: exit code, and (part, state, rest) of each line."""

    def run(*arguments: str) -> tuple[int, list[tuple[str, str, str]]]:
        monkeypatch.setattr("sys.argv", ["vid3d", "doctor", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        assert (printed.err.count("\n"), code) in ((0, 0), (1, 2)), printed.err
        rows = [tuple(line.split(maxsplit=2)) for line in printed.out.splitlines() if not line.startswith("run ")]
        assert {state for _, state, _ in rows} <= {"ok", "missing", "note"}
        assert (code == 2) == any(state == "missing" for _, state, _ in rows)
        return code, rows

    return run


def said(rows, part, state):
    return "\n".join(what for where, how, what in rows if (where, how) == (part, state))


def fake_weights():
    """All files of the manifest, made small, and the manifest with their sizes and checksums."""
    path = Path("config/weights.yaml")
    raw = yaml.safe_load(path.read_text())
    for model in raw["models"].values():
        for name in model["files"]:
            data = f"weights of {name}".encode()
            model["files"][name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            file = Path(model["folder"], name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    path.write_text(yaml.safe_dump(raw))


def test_the_default_study_misses_nothing_here(monkeypatch, capsys):
    """On the machine that runs the tests, as it is."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.argv", ["vid3d", "doctor"])
    cli.main()
    assert capsys.readouterr().out.endswith(
        "run quick and quick-truth-views and shuffled and true-images and static and blank: nothing is missing\n"
    )


def test_the_papers_run_without_gpu_and_weights_names_each(doctor):
    code, rows = doctor("--run", "full")
    assert code == 2
    for stage in ("seed", "views", "splat", "render"):
        assert "GPU: none  ->  a node with an NVIDIA GPU" in said(rows, stage, "missing")
    assert "weights/downloads/svd-xt: 9 files, 4.51 GB, licence stabilityai-community: missing" in said(
        rows, "seed", "missing"
    )
    views = said(rows, "views", "missing")
    assert "weights/downloads/v3d/V3D.ckpt: 6.49 GB, licence v3d-none-stated: missing" in views
    assert "svd_xt.safetensors: 9.56 GB, licence stabilityai-community: missing" in views
    assert "u2net.onnx: 176 MB, licence apache-2.0: missing" in views
    assert "open_clip_model.safetensors: 605 MB, licence mit: missing" in said(rows, "score", "missing")
    assert "snakemake --cores 2 weights --config report=full" in views
    assert "gsplat: not installed  ->  python -m pip install gsplat==1.5.3" in said(rows, "splat", "missing")
    licences = said(rows, "licences", "missing")
    assert "Stability AI Community License, https://huggingface.co/stabilityai/" in licences
    assert "none stated by V3D's authors" in licences
    assert licences.count("licences: [stabilityai-community, v3d-none-stated]") == 2


def test_acknowledged_licences_are_no_longer_missing(doctor):
    rows = doctor("--run", "full", "--config", LICENCES)[1]
    assert not said(rows, "licences", "missing")
    assert "stabilityai-community: Stability AI Community License" in said(rows, "licences", "ok")
    one = doctor("--run", "full", "--config", "licences=v3d-none-stated")[1]
    assert "licences: [v3d-none-stated, stabilityai-community]" in said(one, "licences", "missing")


def test_a_gpu_node_with_everything_misses_nothing(doctor, there):
    fake_weights()
    there["gpus"] = [CARD, CARD]
    there["versions"]["gsplat"] = "1.5.3"
    code, rows = doctor("--run", "full")
    assert code == 0
    assert "GPU: 2 x NVIDIA A100 80GB PCIe, 85.9 GB, driver 580.65" in said(rows, "seed", "ok")
    assert "torch: built for CUDA 13.0, finds the GPU" in said(rows, "splat", "ok")
    assert "weights/downloads/svd-xt: 9 files" in said(rows, "seed", "ok")
    assert not said(rows, "licences", "missing")  # nothing is left to fetch
    assert "compiled by the run before the first fit" in said(rows, "splat", "note")


def test_compiled_kernels_must_be_for_what_is_here(doctor, there):
    there["gpus"], there["versions"]["gsplat"], there["nvcc"] = [CARD], "1.5.3", None
    mark = Path("build/gsplat-extension.json")
    mark.parent.mkdir()
    made = {"gsplat": "1.5.3", "torch": "1.0", "CUDA": "13.0", "Python": "3.11"}
    contents = {"library": "gsplat_cuda.so", "versions": made, "architectures": ["sm_80"], "checked": {}}
    mark.write_text(json.dumps(contents))
    Path("build/gsplat_cuda.so").touch()
    assert "CUDA kernels: compiled for sm_80" in said(doctor("--run", "full")[1], "splat", "ok")
    assert "nvcc" not in said(doctor("--run", "full")[1], "splat", "missing")  # which is needed no more
    there["cuda"] = replace(TORCH, capabilities=[(9, 0)])
    missing = said(doctor("--run", "full")[1], "splat", "missing")
    assert "compiled for sm_80, and here is a GPU of 9.0" in missing
    assert "->  delete build/gsplat-extension.json" in missing
    mark.write_text("{}")
    assert "is no mark of gsplat's compiled kernels" in said(doctor("--run", "full")[1], "splat", "missing")


def test_wrong_weights_are_named_by_size_and_when_asked_by_checksum(doctor):
    fake_weights()
    file = Path("weights/downloads/svd-xt/unet/diffusion_pytorch_model.fp16.safetensors")
    right = file.read_bytes()
    file.write_bytes(right[:-3])
    rows = doctor("--run", "full", "--config", LICENCES)[1]
    wrong = said(rows, "seed", "missing")
    assert f"{file}: " in wrong
    assert f"wrong size, {len(right) - 3} bytes instead of {len(right)}  ->  delete and fetch it" in wrong
    file.write_bytes(b"x" + right[1:])
    assert "svd-xt: 9 files" in said(doctor("--run", "full")[1], "seed", "ok")
    assert "wrong checksum" in said(doctor("--run", "full", "--checksums")[1], "seed", "missing")
    file.write_bytes(right)
    assert "sizes and checksums right" in said(doctor("--run", "full", "--checksums")[1], "seed", "ok")


def test_what_is_converted_needs_its_sources_no_more(doctor):
    made = Path("weights/v3d-diffusers/model_index.json")
    made.parent.mkdir(parents=True)
    made.write_text("{}")
    rows = doctor("--run", "full", "--config", "licences=stabilityai-community")[1]
    assert str(made) in said(rows, "views", "ok")
    assert "V3D.ckpt" not in said(rows, "views", "missing")
    assert not said(rows, "licences", "missing")


def test_a_gated_repository_wants_a_token(doctor, there):
    path = Path("config/weights.yaml")
    path.write_text(path.read_text().replace("gated: false", "gated: true", 1))
    assert "a token of the hub for stabilityai/" in said(doctor("--run", "full")[1], "seed", "missing")
    there["token"] = "hf_secret"
    assert "a token of the hub" not in said(doctor("--run", "full")[1], "seed", "missing")


def test_a_small_card_is_told_what_to_set(doctor, there):
    there["gpus"] = [hardware.Gpu("NVIDIA RTX 4090", 24564 * 2**20, "580.65")]
    rows = doctor("--run", "full")[1]
    assert "about 32 GB wanted  ->  views: {offload: model}" in said(rows, "views", "note")
    assert "GPU memory" not in said(rows, "seed", "note")
    assert "GPU memory" not in said(doctor("--run", "full-one")[1], "views", "note")


@pytest.mark.parametrize(
    ("cuda", "message"),
    [
        (cuda.TorchCuda(None), "torch: built without CUDA"),
        (replace(TORCH, capabilities=[]), "torch: built for CUDA 13.0, finds no GPU"),
        (
            replace(TORCH, capabilities=[(7, 0)]),
            "GPU of compute capability 7.0: torch has kernels for 7.5 and later (sm_75 sm_80 sm_86 sm_90)",
        ),
    ],
)
def test_a_torch_that_cannot_use_the_gpu_is_named(doctor, there, cuda, message):
    there["gpus"], there["cuda"] = [CARD], cuda
    assert message in said(doctor("--run", "full")[1], "seed", "missing")


def test_a_driver_too_old_for_torchs_cuda_is_named(doctor, there):
    there["gpus"] = [replace(CARD, driver="570.1")]
    there["cuda"] = replace(TORCH, capabilities=[])
    missing = said(doctor("--run", "full")[1], "seed", "missing")
    assert "driver 570.1: torch is built for CUDA 13.0, which needs 580 or later  ->  a newer driver" in missing


@pytest.mark.parametrize(("version", "state"), [("12.8", "missing"), ("13.2", "note")])
def test_a_compiler_of_another_cuda_is_named(doctor, there, version, state):
    there["gpus"], there["nvcc"] = [CARD], cuda.Compiler("/opt/cuda/bin/nvcc", version)
    found = said(doctor("--run", "full")[1], "splat", state)
    assert f"nvcc: /opt/cuda/bin/nvcc is of CUDA {version}, torch of 13.0" in found
    assert "set CUDA_HOME to the CUDA toolkit 13.0" in found


@pytest.mark.parametrize(
    ("capability", "runs"),
    [((7, 0), False), ((7, 5), True), ((8, 9), True), ((10, 0), False), ((12, 0), True), ((13, 0), True)],
)
def test_kernels_run_on_their_generation_and_ptx_on_later_ones(capability, runs):
    assert cuda.TorchCuda("13.0", (), ["sm_75", "sm_80", "sm_86", "compute_120"]).runs_on(capability) == runs


def test_gsplat_must_be_the_tested_version_and_needs_a_compiler(doctor, there):
    there["versions"]["gsplat"], there["nvcc"] = "1.4.0", None
    missing = said(doctor("--run", "full")[1], "splat", "missing")
    assert "gsplat: version 1.4.0, tested with gsplat==1.5.3" in missing
    assert "nvcc, to compile gsplat's CUDA kernels: not found" in missing


def test_a_package_that_is_not_installed_is_named(doctor, there):
    del there["versions"]["diffusers"], there["versions"]["onnxruntime"]
    rows = doctor("--run", "full")[1]
    assert "diffusers: not installed" in said(rows, "seed", "missing")
    assert "onnxruntime: not installed" in said(rows, "views", "missing")


def test_too_little_disk_and_memory_are_named(doctor, there):
    there["disk"], there["memory"] = 50 * 10**9, 16 * 10**9
    missing = said(doctor("--run", "full")[1], "machine", "missing")
    assert "50 GB free, about 60.6 GB more needed" in missing
    assert "main memory: 16 GB; a job of stage views asks for 32 GB" in missing
    results = Path("results/full/fish/orbit.png")
    results.parent.mkdir(parents=True)
    with results.open("wb") as stream:
        stream.truncate(20 * 10**9)  # of no blocks: what is there already is not needed again
    assert "disk" not in said(doctor("--run", "full")[1], "machine", "missing")


def test_photographs_are_downloaded_or_must_be_where_they_are_said_to_be(doctor):
    assert "0 of 24 photographs are here; the run downloads" in said(doctor("--run", "relief")[1], "reference", "note")
    Path("photos").mkdir()
    code, rows = doctor("--run", "relief", "--config", "benchmark_dir=photos")
    assert code == 2
    assert "0 of 24 photographs are here; the first that is not: photos/" in said(rows, "reference", "missing")
    own = doctor("--run", "own", "--config", "image=cat.jpg")[1]
    assert "the first that is not: cat.jpg" in said(own, "reference", "missing")
    assert "run own has no images" in said(doctor("--run", "own")[1], "reference", "missing")
    Path("cat.jpg").write_bytes(b"")
    assert "1 of 1 photographs are here" in said(
        doctor("--run", "own", "--config", "image=cat.jpg")[1], "reference", "ok"
    )


def test_random_weights_need_neither_gpu_nor_files(doctor):
    (Path("tests/data/rembg")).mkdir(parents=True)
    Path("tests/data/rembg/tiny_u2net.onnx").write_bytes(b"")
    code, rows = doctor("--run", "tiny-full")
    assert code == 0
    assert "the model runs on the CPU" in said(rows, "seed", "note")
    assert "the run draws it at random" in said(rows, "seed", "note")


def test_a_folder_of_ones_own_must_be_there(doctor):
    Path("mine.yaml").write_text("runs: {full: {seed: {model: my/svd}}}")
    rows = doctor("--run", "full", "--configfile", "mine.yaml")[1]
    assert "my/svd/model_index.json: not here  ->  check the path" in said(rows, "seed", "missing")
    assert "svd-xt: 9 files" not in said(rows, "seed", "missing")


def test_torch_is_not_imported_without_a_gpu():
    program = (
        "import sys; sys.argv = ['vid3d', 'doctor', '--run', 'full']\n"
        "from vid3d import cli\n"
        "from vid3d.machine import hardware\n"
        "hardware.gpus = lambda: []\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


# --- the machine -----------------------------------------------------------------------------------------------------


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """A driver with two cards."""
    program = tmp_path / "bin/nvidia-smi"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = -L ]; then\n'
        "echo 'GPU 0: NVIDIA A100 (UUID: GPU-aa)'; echo 'GPU 1: NVIDIA L4 (UUID: GPU-bb)'\n"
        "else echo 'GPU-aa, NVIDIA A100, 81920, 570.1'; echo 'GPU-bb, NVIDIA L4, 23034, 570.1'; fi\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_cards_are_those_that_jobs_may_use(nvidia_smi, monkeypatch):
    assert hardware.gpus() == [
        hardware.Gpu("NVIDIA A100", 81920 * 2**20, "570.1"),
        hardware.Gpu("NVIDIA L4", 23034 * 2**20, "570.1"),
    ]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert [gpu.name for gpu in hardware.gpus()] == ["NVIDIA L4"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert hardware.gpus() == []


def test_without_a_driver_there_are_no_cards(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hardware.gpus() == []


def test_the_rest_of_the_machine(tmp_path, monkeypatch):
    assert hardware.version("numpy")
    assert hardware.version("no-such-package") is None
    assert hardware.required("gsplat", "gpu") == "gsplat==1.5.3"
    assert hardware.memory() > 10**8
    assert hardware.disk(tmp_path / "not" / "yet") == hardware.disk(tmp_path)


def test_the_compiler_is_looked_for_where_torch_does(tmp_path, monkeypatch):
    def nvcc(folder, version):
        program = tmp_path / folder / "bin/nvcc"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho 'Cuda compilation tools, release {version}, V{version}.88'\n")
        program.chmod(0o755)
        return cuda.Compiler(str(program), version)

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(cuda, "DEFAULT_HOME", str(tmp_path / "usual"))
    for name in ("CUDA_HOME", "CUDA_PATH"):
        monkeypatch.delenv(name, raising=False)
    assert cuda.compiler() is None
    usual, on_path, named = nvcc("usual", "13.2"), nvcc("path", "12.8"), nvcc("named", "13.0")
    assert cuda.compiler() == usual
    monkeypatch.setenv("PATH", str(tmp_path / "path/bin"))
    assert cuda.compiler() == on_path
    monkeypatch.setenv("CUDA_PATH", str(tmp_path / "named"))
    assert cuda.compiler() == named


def test_torch_says_what_it_was_built_for():
    """The one that is installed here: there are GPUs for it only if it knows their kinds."""
    import torch

    found = cuda.torch_cuda()
    assert found.built == torch.version.cuda
    assert bool(found.capabilities) == bool(torch.cuda.device_count())
    assert found.built is None or found.runs_on((8, 6))
