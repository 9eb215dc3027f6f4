"""The plan of the paper's study, and refusals before the first job."""

import re

import pytest


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
    assert total("score") == 120


def test_the_full_report_with_cpu_splats_plans_one_job_per_frame(fresh):
    (fresh.folder / "overlay.yaml").write_text("runs: {full: {splat: {backend: cpu}}}")
    planned = fresh.planned("full", "--configfile", "tiny.yaml", "overlay.yaml")
    assert planned["splat"] == 3000


def test_fewer_frames_per_job_cut_more_jobs(fresh):
    (fresh.folder / "overlay.yaml").write_text("execution: {frames_per_job: {views: 10}}")
    planned = fresh.planned("full", "--configfile", "tiny.yaml", "overlay.yaml")
    assert sum(count for rule, count in planned.items() if rule.startswith("views")) == 72 * 3  # 10 + 10 + 5


@pytest.mark.parametrize("recentre", ["frame", "clip"])
def test_one_box_for_the_clip_makes_views_wait_for_all_its_seed_frames(fresh, recentre):
    (fresh.folder / "overlay.yaml").write_text(f"runs: {{full: {{views: {{recentre: {recentre}}}}}}}")
    target = "results/full/fish/motion-120/orbit/frame-01.png"
    done = fresh.run(
        "-n", target, "--config", "benchmark_dir=nowhere", "frames=2", "--configfile", "tiny.yaml", "overlay.yaml"
    )
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
