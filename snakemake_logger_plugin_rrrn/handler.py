"""Snakemake's log on a terminal: progress, and at the end warnings and why jobs failed. Its file has the whole log."""

import logging
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_rrrn import logs
from snakemake_logger_plugin_rrrn.count import Count, duration
from snakemake_logger_plugin_rrrn.failures import Failure
from snakemake_logger_plugin_rrrn.screen import Screen

_FAILURES, _WARNINGS = 10, 10  # shown at the end
_COMPLETE_LOG = "Complete log(s): "
# of no use beside the messages, which are below
_LOOK_ABOVE = "Exiting because a job execution failed."
_NOT_ALL = "At least one job did not complete successfully."
# how a run that is told to end goes on, which Snakemake tells among what is of no use here
_ENDING = ("Will exit after finishing", "Terminating processes", "Shutting down", "Cancelling")


class LogHandler(LogHandlerBase):
    """What ``--logger rrrn`` shows. Dry runs, verbose and quiet ones are left to what Snakemake shows by itself.

    What comes before the first job is held back, and shown if none is run: then it is the answer to what was asked.
    """

    writes_to_file = False
    has_filter = False
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        told = self.common_settings
        self._screen = Screen(sys.stdout if told.stdout else sys.stderr)
        self._other = bool(told.dryrun or told.verbose or told.printshellcmds or told.debug_dag or told.quiet)
        self._folder = Path.cwd()  # Snakemake goes to its working directory later
        self._began = time.time()
        self._count: Count | None = None
        self._held: list[str] = []
        self._errors: list[str] = []  # exceptions that Snakemake tells, before it tells whose they are
        self._names: dict[int, str] = {}
        self._logs: dict[int, list[str]] = {}
        self._failures: list[Failure] = []
        self._warnings: list[str] = []
        self._log = ""
        self._over = threading.Event()
        self._turn = threading.RLock()
        if self._screen.live and self.writes_to_stream:
            threading.Thread(target=self._tick, daemon=True).start()

    @property
    def writes_to_stream(self) -> bool:
        """Whether this is to be shown in the place of what Snakemake shows."""
        return not self._other

    def emit(self, record: logging.LogRecord) -> None:
        """Show or keep what a record says."""
        if self._other:
            return
        try:
            with self._turn:
                self._take(record, vars(record))
        except Exception:  # must not end the thread that Snakemake logs by
            self.handleError(record)

    def _take(self, record: logging.LogRecord, told: Mapping[str, Any]) -> None:
        now = time.monotonic()
        event = told.get("event")
        if event == LogEvent.RUN_INFO:
            self._count = Count.of(told["stats"], now)
            self._held.clear()
            self._show()
        elif event == LogEvent.ERROR:
            self._errors.append(self.format(record))
        elif event == LogEvent.GROUP_ERROR:
            self._fail(told["job_error_info"], told["aux_logs"])
        elif event == LogEvent.JOB_ERROR:
            if not told["indent"]:  # of a group, which has been told
                self._fail([told], [])
        elif event is None:
            self._hear(record)
        elif self._count:
            self._follow(self._count, event, told, now)

    def _follow(self, count: Count, event: LogEvent, told: Mapping[str, Any], now: float) -> None:
        if event == LogEvent.JOB_INFO:
            count.start(told["jobid"], told["rule_name"], now)
            values = ", ".join(f"{name}={value}" for name, value in told["wildcards"].items())
            self._names[told["jobid"]] = told["rule_name"] + (f" ({values})" if values else "")
            self._logs[told["jobid"]] = told["log"]
        elif event == LogEvent.JOB_FINISHED:
            count.finish(told["job_id"], now)
            self._failures = [failure for failure in self._failures if told["job_id"] not in failure.jobs]
            paths = self._logs.pop(told["job_id"], [])
            found = logs.warnings(map(Path, paths), self._began)
            self._warnings += [f"{text}; log: {', '.join(map(self._seen, paths))}" for text in found]
        elif event == LogEvent.PROGRESS:
            count.done, count.total = told["done"], told["total"]
        self._show()

    def _hear(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if text.startswith(_COMPLETE_LOG):
            self._log = text.removeprefix(_COMPLETE_LOG)
        elif record.levelno >= logging.WARNING:
            if not ((self._failures or self._errors) and text.startswith(_LOOK_ABOVE)):
                self._screen.say(text)
        elif not self._count:
            self._held.append(text)
        elif text.startswith(_ENDING):
            self._screen.say(text)

    def _fail(self, jobs: list[Mapping[str, Any]], more_logs: list[str]) -> None:
        numbers = [job["jobid"] for job in jobs]
        if self._count:
            for number in numbers:
                self._count.fail(number)
        name = ", ".join(self._names.get(job["jobid"], job["rule_name"]) for job in jobs)
        paths = dict.fromkeys(map(self._seen, [*(log for job in jobs for log in job["log"]), *more_logs]))
        hint = self._errors.pop() if self._errors else ""
        self._failures = [failure for failure in self._failures if failure.jobs.isdisjoint(numbers)]
        self._failures.append(Failure(frozenset(numbers), name, tuple(paths), hint))
        self._screen.say(self._failures[-1].heading())
        self._show()

    def _seen(self, path: str) -> str:
        """Return where a path of the working directory is from where Snakemake was started, if it is below."""
        whole = Path.cwd() / path
        return str(whole.relative_to(self._folder) if whole.is_relative_to(self._folder) else whole)

    def _show(self) -> None:
        if not self._count:
            self._screen.show("looking what is to be done", -1)
        else:
            self._screen.show(self._count.text(time.monotonic()), self._count.done / max(1, self._count.total))

    def _tick(self) -> None:
        while not self._over.wait(1):
            with self._turn:
                if not self._over.is_set():
                    self._show()

    def close(self) -> None:
        """Say how it ended, and last why jobs failed."""
        with self._turn:
            if not self._over.is_set():
                self._over.set()
                self._screen.end()
                self._end()
        super().close()

    def _end(self) -> None:
        say = self._screen.say
        for text in self._held:
            say(text)
        if self._count:
            passed = duration(time.monotonic() - self._count.began)
            told = f"; Snakemake's log: {', '.join(map(self._seen, self._log.split(', ')))}" if self._log else ""
            say(f"{self._count.done} of {self._count.total} jobs done in {passed}{told}")
        if len(self._warnings) > _WARNINGS:
            say(f"{len(self._warnings)} warnings, of which the last {_WARNINGS} follow")
        for text in self._warnings[-_WARNINGS:]:
            say(text)
        only = not self._failures and len(self._errors) == 1
        for text in self._errors:
            if only or not text.endswith(_NOT_ALL):
                say(text)
        if len(self._failures) > _FAILURES:
            say(f"{len(self._failures)} failed, of which the last {_FAILURES} follow")
        for failure in self._failures[-_FAILURES:]:
            say(failure.heading())
            say(failure.message(self._folder, self._began))
