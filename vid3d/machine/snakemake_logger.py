"""Snakemake's logger plugin ``vid3d``: tells ``vid3d.machine.progress`` what happened.

It is installed as ``snakemake_logger_plugin_vid3d``, the name by which Snakemake finds it (``CMakeLists.txt``), and
asked for in ``profiles/default``.  What the options ask for in Snakemake's own words (dry runs, ``--verbose``,
``-p``, another ``--quiet`` than the profile's) is left to Snakemake's own handler.
"""

import os
import re
import sys
from logging import LogRecord

from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from vid3d.machine.progress import End, Failure, Plan, Progress, Screen, Targets

ATTRIBUTE = "vid3d"  # of a record: a Plan or an End, from the hooks of rules/snakemake.smk, or the Targets
# what Snakemake says of itself; the file of its log has it
_UNTOLD = (
    *("Assuming unrestricted shared", "Building DAG", "Using shell", "Provided ", "Rules claiming", "Group jobs: ina"),
    *("Conda environments: ign", "Singularity containers: ign", "Select jobs to execute", "Execute ", "Complete log"),
    *("Elapsed", "Removing output files of failed", "Config file "),
)
_OURS = re.compile(r"^\s*(?:\w+: )?(vid3d: .+)$", re.MULTILINE)
_UNKNOWN = re.compile(r"^No rule to produce (\S+)", re.MULTILINE)
_SPOKEN = {Quietness.ALL, Quietness.RULES, Quietness.PROGRESS}


class LogHandler(LogHandlerBase):
    """The handler that Snakemake makes and hands its records to, one after the other."""

    def __post_init__(self) -> None:
        """Choose between a line of progress and Snakemake's own words."""
        asked = self.common_settings
        quiet = set() if asked.quiet is None else asked.quiet
        stream = sys.stdout if asked.stdout else sys.stderr
        terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        plain = asked.nocolor or bool(os.environ.get("NO_COLOR"))
        usual = DefaultFilter(quiet, asked.debug_dag, asked.verbose, asked.dryrun, asked.printshellcmds)
        words = DefaultFormatter(quiet, asked.show_failed_logs)
        self._usual = ColorizingTextHandler(nocolor=plain, stream=stream, formatter=words, filter=usual)
        self._screen = Screen(stream, live=terminal, coloured=terminal and not plain)
        self._progress = Progress(self._screen)
        self._targets = Targets(())
        spoken = asked.dryrun or asked.printshellcmds or asked.verbose or asked.debug_dag
        self._own = not spoken and Quietness.REASON in quiet and not _SPOKEN & set(quiet)

    def emit(self, record: LogRecord) -> None:
        """Show what a record says, or leave it out."""
        try:
            if isinstance(told := getattr(record, ATTRIBUTE, None), Plan | End | Targets):
                if isinstance(told, Targets):
                    self._targets = told
                elif self._own:
                    self._progress.begin(told) if isinstance(told, Plan) else self._progress.end(told)
            elif ours := self._error_of_ours(record):
                self._screen.say(ours, alarm=True)
            elif not self._own or not self._tell(record):
                with self._screen.aside():
                    self._usual.handle(record)
        except Exception:
            self.handleError(record)

    def _tell(self, record: LogRecord) -> bool:
        """Tell the progress what happened; whether there is nothing more to say of it."""
        given, progress = record.__dict__, self._progress
        event = given.get("event")
        if event == LogEvent.JOB_INFO:
            progress.started(given["jobid"], given["rule_msg"] or given["rule_name"])
        elif event == LogEvent.JOB_FINISHED:
            progress.finished(given["job_id"])
        elif event == LogEvent.JOB_ERROR:
            reason = "\n".join(filter(None, [given["rule_msg"], *(f"{k}: {v}" for k, v in given["aux"].items())]))
            told = Failure(given["jobid"], given["rule_name"], reason, given["log"], given["output"])
            progress.failed(told)
        elif event == LogEvent.RESOURCES_INFO:
            progress.parallel = given.get("cores") or given.get("nodes") or progress.parallel
        elif event == LogEvent.ERROR:
            return "CalledProcessError" in str(given["msg"])  # of a job that was told of as failed
        elif event in (None, LogEvent.GROUP_ERROR):
            return event is None and str(given["msg"]).startswith(_UNTOLD)
        return True

    def _error_of_ours(self, record: LogRecord) -> str:
        """One line for an InputError that Snakemake wraps in its own error, and for a misspelt target; else nothing."""
        if getattr(record, "event", None) != LogEvent.ERROR:
            return ""
        if found := _UNKNOWN.search(str(record.msg)):
            return self._targets.unknown(found[1])
        found = _OURS.search(str(record.msg))
        return found[1] if found else ""

    def close(self) -> None:
        """Leave no half line behind."""
        self._screen.clear()
        super().close()

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False
