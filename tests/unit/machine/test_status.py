"""How far runs are, by real files in a folder with the committed study and nothing else."""

from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from vid3d import cli
from vid3d.machine import interrupted
from vid3d.study import layout
from vid3d.study.parsing import load_study

ROOT = Path(__file__).parents[3]
RUN = "quick-truth-views"  # which has files of its own and shares those of `quick`
ONE = ("--config", "images=frog-green", "frames=2")


@pytest.fixture
def there(monkeypatch, tmp_path):
    """The folder."""
    (tmp_path / "benchmark").symlink_to(ROOT / "benchmark")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/study.yaml").write_text((ROOT / "config/study.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def status(there, monkeypatch, capsys):
    """`vid3d status`: its lines."""

    def run(*arguments: str) -> list[str]:
        monkeypatch.setattr("sys.argv", ["vid3d", "status", *arguments])
        cli.main()
        printed = capsys.readouterr()
        assert not printed.err
        return printed.out.splitlines()

    return run


def small(there):
    """The study that ``ONE`` restricts."""
    return load_study([there / "config/study.yaml"], {"images": ["frog-green"], "frames": 2}, there)


def write(there, *paths):
    for path in paths:
        (there / path).parent.mkdir(parents=True, exist_ok=True)
        (there / path).touch()


def mark(there, path):
    """As Snakemake marks what a job is making."""
    name = urlsafe_b64encode(path.encode()).decode()
    parts = [name[start : start + 254] for start in range(0, len(name), 254)]
    write(there, Path(".snakemake/incomplete", *(f"@{part}" for part in parts[:-1]), parts[-1]))


@pytest.mark.parametrize("report", ["quick", "mini", "truth", "full-one", "tiny-full"])
def test_what_a_report_reads_is_among_what_its_runs_need(there, report):
    study = load_study([there / "config/study.yaml"], {}, there)
    kinds = ("scores", "held-out", "measures", "references", "renders", "views", "splats")
    needed = {
        path for run in study.reports[report].runs for files in layout.needed(study, run).values() for path in files
    }
    assert set(layout.read_by(study, report, *kinds)) <= needed


def test_files_are_counted_by_stage_those_of_a_shared_stage_in_the_folder_of_their_run(status, there):
    needed = layout.needed(small(there), RUN)
    assert {path.split("/")[1] for path in needed["seed"]} == {"mini"}
    assert {path.split("/")[1] for path in needed["views"]} == {RUN}
    assert len(needed["views"]) == 2 * 2  # two frames, and the truth of each at cameras that are held out
    write(there, *needed["seed"], *needed["views"][:3], *needed["splat"][:1])
    head, row, follows = status("--run", RUN, *ONE)
    assert head.split() == ["files", "of", "reference", "seed", "views", "splat", "render", "score"]
    assert row.split() == [RUN, "0/3", "all", str(len(needed["seed"])), "3/4", "1/2", "0/13", "0/4"]
    assert follows.split(maxsplit=1) == ["next", "snakemake --cores all quick --config images=frog-green frames=2"]


def test_runs_of_which_something_is_there_are_told_of_else_those_of_the_default_report(status, there):
    assert [line.split()[0] for line in status()[1:-1]] == [*small(there).reports["quick"].runs]
    write(there, "results/truth/frog-green/reference.png", "results/ruler/frog-green/reference.png")
    (there / "results/own").mkdir()  # of a photograph, which has to be named
    lines = status()
    assert [line.split()[0] for line in lines] == ["files", "ruler", "truth", "next", "next"]
    assert [line.rsplit(maxsplit=1)[1] for line in lines[-2:]] == ["ruler", "truth"]


def test_many_runs_take_a_dozen_lines(status, there):
    study = small(there)
    for name in study.runs:
        write(there, f"results/{name}/frog-green/reference.png")
    write(there, *(path for files in layout.needed(study, "blank").values() for path in files))
    write(there, ".snakemake/locks/0.output.lock")
    lines = status(*ONE)
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 160
    assert [line for line in lines if line.startswith("complete")] == ["complete           blank"]
    assert any(line.startswith("not complete ") and line.endswith(" more") for line in lines)


def test_a_run_that_is_complete_lacks_its_page_or_is_to_be_opened(status, there):
    study = load_study([there / "config/study.yaml"], {"images": ["frog-green"]}, there)
    settings = ("--run", "truth", "--config", "images=frog-green")
    write(there, *(path for files in layout.needed(study, "truth").values() for path in files))
    complete, follows = status(*settings)
    assert complete.split() == ["complete", "truth"]
    assert "snakemake --cores all truth --config images=frog-green" in follows
    write(there, layout.PAGE.format(report="truth"))
    assert "vid3d open --report truth" in status(*settings)[-1]
    (there / layout.needed(study, "truth")["splat"][5]).unlink()
    assert "snakemake --cores all truth" in status(*settings)[-1]


def test_a_file_that_a_job_has_begun_is_not_there(status, there):
    views = layout.needed(small(there), RUN)["views"]
    write(there, *views)
    assert "all 4" in status("--run", RUN, *ONE)[1]
    mark(there, views[0])
    _, row, killed, _ = status("--run", RUN, *ONE)
    assert "3/4" in row
    assert killed == "snakemake          was killed while it made 1 of its files, which it will make anew"


def test_a_lock_is_of_a_snakemake_that_runs_or_was_killed(status, there):
    views = layout.needed(small(there), RUN)["views"]
    write(there, views[0])
    locks = there / ".snakemake/locks"
    locks.mkdir(parents=True)
    (locks / "0.input.lock").write_text("config/study.yaml\n")
    (locks / "0.output.lock").write_text("".join(f"{path}\n" for path in views))
    _, _, locked, follows = status("--run", RUN, *ONE)
    assert (
        "locked by a running Snakemake or one that was killed; of the 4 files that it set out to make 1 are" in locked
    )
    assert "if no Snakemake runs: snakemake --unlock; then snakemake --cores all quick" in follows


def test_marks_of_long_paths_are_read_and_what_else_lies_there_is_not(tmp_path):
    long = f"results/{'x' * 300}/frame-00.png"
    mark(tmp_path, long)
    write(tmp_path, ".snakemake/incomplete/migration_underway", ".snakemake/incomplete/ä")
    assert long in interrupted.noted(tmp_path).begun
    assert all(path.isprintable() for path in interrupted.noted(tmp_path).begun)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--run", "quik"], "there is no run 'quik'; the study has mini,"), (["--run", "own"], "image=photo.jpg")],
)
def test_a_run_that_there_is_not_or_that_has_no_images_is_refused(there, monkeypatch, capsys, arguments, said):
    monkeypatch.setattr("sys.argv", ["vid3d", "status", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
