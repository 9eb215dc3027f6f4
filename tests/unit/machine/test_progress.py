"""Time left by what jobs have taken, and what a terminal shows of a run of the workflow; no Snakemake, and no clock."""

import io
import logging
import os
import re
from pathlib import Path

import pytest

from vid3d.machine import expected, progress
from vid3d.machine.progress import End, Failure, Plan, Progress, Screen, Targets
from vid3d.machine.remaining import Left, Remaining, passed, told
from vid3d.study.parsing import load_study
from vid3d.weights.manifest import load_manifest

KINDS = {1: "seed/quick", 2: "splat/quick", 3: "splat/quick", 4: "splat/quick", 5: "report/quick"}


class Clock:
    """Seconds that a test lets pass."""

    now = 0.0

    def __call__(self):
        return self.now


# --- time left --------------------------------------------------------------------------------------------------------


def test_before_the_first_job_the_expectation_counts_shared_by_those_that_run_at_a_time():
    jobs = Remaining(KINDS, {"seed/quick": 4.0, "splat/quick": 2.0, "report/quick": 6.0}, parallel=2)
    assert jobs.left(0.0) == Left((4 + 3 * 2 + 6) / 2, True)


def test_the_longest_job_is_a_bound():
    assert Remaining({1: "a", 2: "b"}, {"a": 100.0, "b": 2.0}, parallel=2).left(0.0).seconds == 100.0


def test_a_running_job_has_only_its_rest_left():
    jobs = Remaining({1: "a"}, {"a": 10.0})
    jobs.begin(1, 5.0)
    assert jobs.left(9.0).seconds == 6.0
    assert jobs.left(99.0).seconds == 0.0


def test_a_slow_machine_is_slow_in_what_has_not_begun_too():
    """The long seed took 2.5 times what was expected; a short one that took as many times says less."""
    for expected_of_seed, splat in ((1000.0, 247.5), (10.0, 175.0)):
        jobs = Remaining({1: "seed", 2: "splat"}, {"seed": expected_of_seed, "splat": 100.0})
        jobs.begin(1, 0.0)
        jobs.end(1, 2.5 * expected_of_seed)
        assert jobs.left(9999.0).seconds == pytest.approx(splat, rel=0.01)


def test_what_jobs_of_the_kind_took_outweighs_the_expectation():
    jobs = Remaining(dict.fromkeys(range(10), "a"), {"a": 1.0})
    for job in range(9):
        jobs.begin(job, 10.0 * job)
        jobs.end(job, 10.0 * job + 10)
    assert jobs.left(90.0).seconds == pytest.approx(10.0, rel=0.06)


def test_what_is_not_known_is_said_not_guessed():
    jobs = Remaining({1: "a", 2: "b", 3: "b"}, {"a": 60.0})
    assert told(jobs.left(0.0)) == "more than 60 s"
    assert told(Remaining({1: "b"}, {}).left(0.0)) == "an unknown time"
    jobs.begin(2, 0.0)
    jobs.end(2, 30.0)
    assert jobs.left(30.0) == Left(90.0, True)


def test_a_job_that_ends_twice_counts_once():
    """As Snakemake may say of a group's."""
    jobs = Remaining({1: "a", 2: "a"}, {})
    jobs.end(1, 1.0)
    jobs.end(1, 2.0)
    jobs.end(77, 2.0)
    assert jobs.done == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "a few seconds"), (33, "about 30 s"), (100, "about 2 min"), (5000, "about 83 min"), (9000, "about 2.5 h")],
)
def test_times_left_are_round(seconds, words):
    assert told(Left(seconds, True)) == words


def test_measured_times_are_exact():
    assert [passed(s) for s in (47.6, 291, 12000)] == ["48 s", "4 min 51 s", "3 h 20 min"]


# --- expectations -----------------------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[3]


def test_every_kind_of_job_of_the_default_study_has_an_expectation():
    study = load_study([ROOT / "config/study.yaml"], {}, ROOT)
    stages = ("reference", "seed", "views", "splat", "render", "score", "indicators", "stage-embeddings")
    of = {"indicators": "score", "stage-embeddings": "score"}
    kinds = [f"{stage}/{study.owner('quick', of.get(stage, stage))}" for stage in stages]
    kinds += ["render/shuffled", "tables/quick", "report/quick", "train/x"]
    found = expected.seconds(study, load_manifest(ROOT / "config/weights.yaml"), ROOT, kinds)
    assert found.keys() >= set(kinds) - {"train/x"}
    assert "train/x" not in found
    assert found["splat/quick"] > found["render/shuffled"] > 0


def test_kinds_are_read_from_where_times_are_noted_and_follow_the_datas_way():
    found = expected.kinds(
        {
            1: "benchmarks/report/quick.tsv",
            2: "benchmarks/splat/quick/frog/motion-120/views-18/frames-00-05.tsv",
            3: None,
            4: "benchmarks/seed/quick/frog/motion-120.tsv",
            5: "benchmarks/gsplat-extension.tsv",
        }
    )
    assert list(found.items()) == [
        (5, "gsplat-extension"),
        (4, "seed/quick"),
        (2, "splat/quick"),
        (1, "report/quick"),
    ]


# --- the terminal -----------------------------------------------------------------------------------------------------


@pytest.fixture
def shown():
    """(progress, its clock, what was written) of a pipe."""
    stream, clock = io.StringIO(), Clock()
    return Progress(Screen(stream), clock, lambda: "12:00:00", parallel=2), clock, stream


PLAN = Plan(KINDS, {"seed/quick": 4.0, "splat/quick": 2.0, "report/quick": 6.0}, ["results/reports/quick/index.html"])


def test_the_beginning_says_what_will_be_done_and_about_how_long(shown):
    said, _, stream = shown
    said.begin(PLAN)
    first, stages, page = stream.getvalue().splitlines()
    assert first == "vid3d: 5 jobs, about 10 s, 2 at a time"
    assert stages.split() == ["jobs", "seed", "1,", "splat", "3,", "report", "1"]
    assert page.endswith("results/reports/quick/index.html")


def run_all(said, clock, jobs, seconds=1.0):
    for job in jobs:
        said.started(job, f"Job of {job}")
        clock.now += seconds
        said.finished(job)


def test_a_pipe_gets_a_line_at_every_tenth_and_nothing_is_rewritten(shown):
    said, clock, stream = shown
    said.begin(Plan(dict.fromkeys(range(1000), "splat/quick"), {"splat/quick": 1.0}))
    run_all(said, clock, range(1000))
    said.end(End(True))
    lines = stream.getvalue().splitlines()
    assert 9 <= sum("of 1000 jobs, about" in line for line in lines) <= 11
    assert len(lines) < 16
    assert "\r" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
    assert "done: 1000 jobs in 16 min 40 s" in lines


def test_long_jobs_leave_a_pipe_no_longer_silent_than_the_pace(shown):
    said, clock, stream = shown
    said.begin(Plan(dict.fromkeys(range(1000), "splat/full"), {}))
    run_all(said, clock, range(5), seconds=progress.PACE)
    assert sum("of 1000 jobs" in line for line in stream.getvalue().splitlines()[2:]) == 5


def test_a_terminals_line_is_rewritten_and_cut_to_its_width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    stream, clock = io.StringIO(), Clock()
    said = Progress(Screen(stream, live=True), clock)
    said.begin(PLAN)
    run_all(said, clock, [1, 2])
    said.started(3, "Splats of an object whose name is much too long for a line of a terminal")
    written = [line for line in re.split(r"\r\x1b\[2K|\n", stream.getvalue()) if line.startswith("[")]
    assert len(written) == 6
    assert all(len(line) < 60 for line in written)
    assert written[-1].startswith("[########............] 2 of 5 jobs, ")
    assert stream.getvalue().count("\n") == 3, "only the beginning stays"
    said.end(End(True))
    assert "\r\x1b[2Kdone: 5 jobs in 2 s\n" in stream.getvalue()


def test_a_failed_job_is_named_with_its_logs_text_and_what_it_was_to_make(shown, tmp_path):
    said, clock, stream = shown
    log = tmp_path / "splat.log"
    log.write_text("\n".join([*map(str, range(100)), "vid3d: orbit.png: is corrupt; make it anew"]))
    said.begin(PLAN)
    run_all(said, clock, [1])
    said.started(2, "Splats of frog")
    said.failed(Failure(2, "splat_cpu", "status: TIMEOUT", [str(log), "gone.log"], ["results/a.ply", "results/b.ply"]))
    said.end(End(False))
    text = stream.getvalue()
    for words in (
        "failed: Splats of frog (rule splat_cpu)",
        "  | status: TIMEOUT",
        "  | vid3d: orbit.png: is corrupt; make it anew",
        f"  | ... 61 lines more in {log}",
        "  | gone.log was not written",
        "makes  results/a.ply ...",
        "stopped: 1 of 5 jobs done",
        "failed  Splats of frog",
    ):
        assert words in text, text
    assert "done:" not in text


def test_a_retry_that_does_well_is_no_failure(shown):
    said, clock, stream = shown
    said.begin(Plan({1: "a"}, {}))
    said.started(1, "Seed")
    said.failed(Failure(1, "seed"))
    said.started(1, "Seed")
    clock.now += 3
    said.finished(1)
    said.end(End(True))
    assert "done: 1 job in 3 s" in stream.getvalue()


# --- Snakemake's records ----------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def handler(monkeypatch, stream=None, **changed):
    """The plugin as Snakemake makes it, with the profile's settings."""
    from snakemake.settings.enums import Quietness
    from snakemake.settings.types import OutputSettings

    from vid3d.machine.snakemake_logger import LogHandler

    stream = io.StringIO() if stream is None else stream
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("sys.stdout", stream)
    settings = {"quiet": {Quietness.HOST, Quietness.REASON}, "show_failed_logs": True} | changed
    return LogHandler(OutputSettings(**settings), None), stream


def record(message="", **extra):
    found = logging.LogRecord("snakemake", logging.INFO, "", 0, message, None, None)
    found.__dict__.update(extra)
    return found


def test_records_of_snakemake_become_lines(monkeypatch):
    from snakemake_interface_logger_plugins.common import LogEvent

    plugin, stream = handler(monkeypatch)
    plugin.handle(record("Building DAG of jobs..."))
    plugin.handle(record("Provided cores: 3", event=LogEvent.RESOURCES_INFO, cores=3))
    plugin.handle(record(vid3d=Plan({1: "seed/quick", 2: "seed/quick"}, {"seed/quick": 30.0})))
    of_job = {"jobid": 1, "rule_msg": "Seed of frog", "rule_name": "seed_14"}
    plugin.handle(record(event=LogEvent.JOB_INFO, **of_job))
    plugin.handle(record(event=LogEvent.JOB_FINISHED, job_id=1))
    plugin.handle(record("Nothing to be done"))
    error = {"jobid": 2, "rule_msg": None, "rule_name": "seed_14", "log": [], "output": ["x.png"], "aux": {"id": 7}}
    plugin.handle(record(event=LogEvent.JOB_ERROR, **error))
    plugin.handle(record(vid3d=End(False)))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "vid3d: 2 jobs, about 30 s, 3 at a time"
    assert "Nothing to be done" in lines
    assert "failed: seed_14 (rule seed_14)" in lines
    assert "  | id: 7" in lines
    assert any(line.startswith("stopped: 1 of 2 jobs done") for line in lines)
    assert not any("Building" in line for line in lines)


def test_an_error_of_ours_is_one_line(monkeypatch):
    from snakemake_interface_logger_plugins.common import LogEvent

    text = "InputFunctionException in rule page:\n  WorkflowError:\n    vid3d: own: no photograph\nTraceback:\n x"
    for changed in ({}, {"dryrun": True}):
        plugin, stream = handler(monkeypatch, **changed)
        plugin.handle(record(text, event=LogEvent.ERROR))
        assert stream.getvalue() == "vid3d: own: no photograph\n"


def test_a_misspelt_target_gets_the_closest_names(monkeypatch):
    from snakemake_interface_logger_plugins.common import LogEvent

    plugin, stream = handler(monkeypatch)
    plugin.handle(record(vid3d=Targets(["quick", "truth", "table1"])))
    for name in ("quik", "xyzzy"):
        text = f"MissingRuleException:\nNo rule to produce {name} (if you use input functions make sure ...)."
        plugin.handle(record(text, event=LogEvent.ERROR))
    assert stream.getvalue().splitlines() == [
        "vid3d: quik: nothing makes it; did you mean quick?",
        "vid3d: xyzzy: nothing makes it; snakemake --list-target-rules lists all names",
    ]


@pytest.mark.parametrize("changed", [{"dryrun": True}, {"verbose": True}, {"quiet": set()}, {"printshellcmds": True}])
def test_who_asks_for_snakemakes_words_gets_them(monkeypatch, changed):
    from snakemake_interface_logger_plugins.common import LogEvent

    plugin, stream = handler(monkeypatch, **changed)
    plugin.handle(record(vid3d=Plan({1: "seed/quick"}, {})))
    plugin.handle(record(event=LogEvent.PROGRESS, done=3, total=4))
    assert stream.getvalue() == "3 of 4 steps (75%) done\n"


@pytest.mark.parametrize(("variable", "red"), [("", True), ("1", False)])
def test_colour_is_for_terminals_that_want_it(monkeypatch, variable, red):
    monkeypatch.setattr(os, "environ", {"NO_COLOR": variable, "TERM": "xterm"})
    plugin, _ = handler(monkeypatch, Terminal())
    assert plugin._screen.live
    assert plugin._screen.coloured is red
