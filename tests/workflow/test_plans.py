"""The plan of the paper's study, and refusals before the first job."""

import os
import re
import subprocess

import pytest
from PIL import Image

from vid3d.weights.manifest import load_manifest


def test_the_full_report_plans_the_papers_jobs(fresh):
    planned = fresh.planned("full", "--config", "benchmark_dir=nowhere")

    def total(prefix: str) -> int:
        return sum(count for rule, count in planned.items() if rule.startswith(prefix))

    assert total("fetch") == 24
    assert total("reference") == 24
    assert total("seed") == 72  # 24 images x 3 motion scores
    assert total("views") == 72 * 25 // 25  # frames_per_job is 25
    assert total("splat") == 3000 // 25  # blocks of 25 frames on a GPU
    assert total("render") == 120
    assert total("score") == 24  # five clips each
    assert total("gsplat_extension") == 1  # once, before the jobs that need it
    assert total("convert_v3d") == 1


@pytest.mark.parametrize("rasterizer", ["gsplat", "cpp"])
def test_only_gsplats_own_rasterizer_wants_a_gpu_and_compiled_kernels(fresh, rasterizer):
    backend = f"{{backend: autodiff, rasterizer: {rasterizer}}}"
    overlay = f"runs: {{tiny: {{splat: {backend}, render: {backend}}}}}\nexecution: {{frames_per_batch: 2}}"
    (fresh.folder / "overlay.yaml").write_text(overlay)
    planned = fresh.planned("--configfile", "tiny.yaml", "overlay.yaml")
    cuda = rasterizer == "gsplat"
    assert planned.get("gsplat_extension", 0) == int(cuda)
    assert planned.get("splat_cpu_00_01", 0) == (0 if cuda else 4)  # two images, two view counts
    assert planned.get("splat_gpu_00_01", 0) == (4 if cuda else 0)
    commands = fresh.run("-n", "-p", "--configfile", "tiny.yaml", "overlay.yaml").stdout
    assert (" --batch 2 " in commands) == cuda
    clip = "tiny/frog-green/motion-120"
    recorded = set(re.findall(rf"--gpu-record benchmarks/(\S+/{clip}\S*)-gpu.json", commands))
    expected = {f"seed/{clip}", f"views/{clip}/frames-00-01"}
    for views in (3, 18):
        expected |= {f"render/{clip}/views-{views}", f"held-out/{clip}/views-{views}"}
        expected |= {f"splat/{clip}/views-{views}/frames-00-01"}
    assert recorded == expected


@pytest.mark.parametrize(("frames", "rule", "jobs"), [(1, "splat", 3000), (25, "splat_cpu_00_24", 120)])
def test_cpu_splats_are_cut_into_jobs_as_asked(fresh, frames, rule, jobs):
    execution = f"execution: {{frames_per_job: {{splat_cpu: {frames}}}}}"
    (fresh.folder / "overlay.yaml").write_text(f"runs: {{full: {{splat: {{backend: cpu}}}}}}\n{execution}")
    planned = fresh.planned("full", "--configfile", "tiny.yaml", "overlay.yaml")
    assert planned[rule] == jobs


def total(planned: dict[str, int], prefix: str) -> int:
    return sum(count for rule, count in planned.items() if rule.startswith(prefix))


def test_ones_own_image_at_paper_scale_is_one_job_per_stage(fresh):
    """An unknown run is refused in one line, with those that there are."""
    Image.new("RGB", (64, 64)).save(fresh.folder / "photo.jpg")
    planned = fresh.planned("own", "--config", "image=photo.jpg", "own=full")
    for prefix in ("reference", "seed_25", "views_00_24", "splat_gpu_00_24", "render_25", "score", "convert_v3d"):
        assert total(planned, prefix) == 1, prefix
    refused = fresh.run("--dry-run", "own", "--config", "image=photo.jpg", "own=fulll")
    assert refused.returncode == 2
    assert re.search("^vid3d: own: 'fulll' is no other run .*; choose one of", refused.stdout, re.MULTILINE)


def test_one_image_at_paper_scale_is_one_job_per_stage(fresh):
    planned = fresh.planned("full-one", "--config", "benchmark_dir=nowhere")
    stages = ("fetch", "reference", "seed", "views_00_04", "splat_gpu_00_04", "render", "score")
    assert [total(planned, stage) for stage in stages] == [1] * len(stages)


def test_one_image_and_the_whole_study_share_the_seed_only(fresh):
    planned = fresh.planned("full", "full-one", "--config", "images=panda-dance")
    assert [total(planned, stage) for stage in ("fetch", "reference", "seed", "views")] == [1, 1, 3, 3 + 1]


def test_splats_on_cpus_share_seeds_and_views_with_the_whole_study(fresh):
    planned = fresh.planned("full", "full-cpu-splats", "--config", "images=fish")
    assert [total(planned, stage) for stage in ("fetch", "reference", "seed", "views")] == [1, 1, 3, 3]
    assert total(planned, "splat_cpu") == 5  # conditions: three motion scores, and 9 and 3 views
    assert total(planned, "splat_gpu") == 5
    assert total(planned, "render") == 2 * 5


def test_splats_on_cpus_after_the_whole_study_need_no_gpu(fresh):
    """With one image, whose seeds, views and weights lie there as empty files."""
    manifest = load_manifest(fresh.folder / "config/weights.yaml")
    weights = [path for model in manifest.models.values() for path in model.paths]
    converted = ["model_index.json", "conversion.json", "image_encoder/model.safetensors"]
    converted += [f"{part}/diffusion_pytorch_model.safetensors" for part in ("unet", "vae")]
    fish = "results/full/fish"
    clips = [f"{fish}/motion-{motion}/{stage}/frame-{frame:02d}.png"
             for stage in ("seed", "orbit") for motion in (120, 160, 200) for frame in range(25)]  # fmt: skip
    finished = [
        *weights,
        *(f"weights/v3d-diffusers/{name}" for name in converted),
        "results/sources/animate124/fish.jpg",
        *(f"{fish}/{name}" for name in ("reference.png", "reference-foreground.png", "subject.json")),
        *clips,
    ]
    for second, name in enumerate(finished):  # in the order in which they would have been made
        path = fresh.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (second, second))
    planned = fresh.planned("full-cpu-splats", "--config", "images=fish")
    assert planned.pop("splat_cpu_00_24") == 5
    assert planned.pop("render_25_frames") == 5
    for stage in ("score", "indicators"):  # all five clips in one job
        (rule,) = [rule for rule in planned if re.fullmatch(rf"{stage}_\d+", rule)]
        assert planned.pop(rule) == 1
    assert planned.pop("stage_embeddings") == 1
    assert planned == {"tables": 1, "figures_of_full_cpu_splats": 1, "page": 1, "full-cpu-splats": 1}


def sampled(planned: dict[str, int]) -> dict[str, int]:
    """Jobs of seeds and views by rule."""
    return {rule: count for rule, count in planned.items() if rule.startswith(("seed", "views"))}


def test_a_motion_score_behind_the_others_is_a_job_of_its_own(fresh):
    """Also where another run asks for it: its seeds and views lie in the folder of the run that it extends."""
    clips = "{motion_scores: [120, 160, 200, 80], images: [frog-green]}"
    more = "{extends: mini, title: More, images: [frog-green], motion_scores: [120, 40], splat: {splats: 500}}"
    (fresh.folder / "overlay.yaml").write_text(
        f"runs: {{mini: {clips}, more: {more}}}\nreports: {{more: {{title: More, runs: [more]}}}}"
    )
    at = ["motion_120_160_200", "motion_80"]
    planned = fresh.planned("mini", "--configfile", "overlay.yaml", "--config", "images=frog-green", "frames=2")
    of_mini = {rule: count for rule, count in sampled(planned).items() if "motion" in rule}
    assert of_mini.keys() >= {f"{stage}_{motions}" for stage in ("seed_14_frames", "views_00_01") for motions in at}
    planned = sampled(fresh.planned("more", "--configfile", "overlay.yaml", "--config", "frames=2"))
    assert planned == {f"{stage}_{motions}": 1 for stage in ("seed_14_frames", "views_00_01")
                       for motions in (at[0], "motion_40")}  # fmt: skip


def test_fewer_frames_per_job_cut_more_jobs(fresh):
    (fresh.folder / "overlay.yaml").write_text("execution: {frames_per_job: {views: 10}}")
    planned = fresh.planned("full", "--configfile", "tiny.yaml", "overlay.yaml")
    assert sum(count for rule, count in planned.items() if rule.startswith("views")) == 72 * 3  # 10 + 10 + 5


@pytest.mark.parametrize("recentre", ["frame", "clip"])
def test_one_box_for_the_clip_makes_views_wait_for_all_its_seed_frames(fresh, recentre):
    (fresh.folder / "overlay.yaml").write_text(f"runs: {{full: {{views: {{recentre: {recentre}}}}}}}")
    target = "results/full/fish/motion-120/orbit/frame-01.png"
    settings = ("--config", "benchmark_dir=nowhere", "frames=2", "--configfile", "tiny.yaml", "overlay.yaml")
    done = fresh.run("-n", target, "--quiet", "host", *settings)
    job = re.search(r"Views of fish at motion 120, frames 0 1\n\s*Reason: (.*)", done.stdout)
    assert job, done.stdout
    assert ("seed/frame-24.png" in job[1]) == (recentre == "clip")


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ("runs: {tiny: {splat: {iteratons: 5}}}", "iteratons: unknown key"),
        ("runs: {tiny: {splat: {backend: magic}}}", "magic"),
        ("runs: {tiny: {view_counts: [7]}}", "7 does not divide the 18 generated views"),
        ("runs: {tiny: {images: [unicorn]}}", "unicorn"),
        ("reports: {tiny: {runs: [nothing]}}", "nothing"),
        ("runs: {tiny: {extends: tiny-refit}}", "extends itself"),
    ],
)
def test_a_wrong_study_is_refused_in_one_line_before_the_first_job(fresh, overlay, message):
    (fresh.folder / "overlay.yaml").write_text(overlay)
    done = fresh.run("--dry-run", "--configfile", "tiny.yaml", "overlay.yaml")
    assert done.returncode == 2, done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("vid3d: ")]
    assert len(lines) == 1, done.stdout
    assert message in lines[0]
    assert "Traceback" not in done.stdout


def test_another_folder_is_refused_with_the_way_to_the_right_one(fresh, tmp_path):
    words = fresh.command("-n", "--snakefile", str(fresh.folder / "Snakefile"))
    elsewhere = subprocess.run(
        [word for word in words if word not in ("--configfile", "tiny.yaml")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert elsewhere.returncode == 2
    assert f"vid3d: run Snakemake in the folder of its Snakefile: cd {fresh.folder}" in elsewhere.stderr
