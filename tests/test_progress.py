"""``--logger rrrn``: what a run shows in a pipe and on a terminal, and how it ends when a job fails."""

import logging
import os
import pty
import re
import subprocess
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
import warm_python
from scaffold import ENVIRONMENT, HOME, command
from snakemake_interface_logger_plugins.common import LogEvent

from rrrn.running import warned
from snakemake_logger_plugin_rrrn import logs
from snakemake_logger_plugin_rrrn.count import Count, duration
from snakemake_logger_plugin_rrrn.failures import Failure
from snakemake_logger_plugin_rrrn.handler import LogHandler

MESSAGE = "error: clip 3 has no face; give another"
SNAKEFILE = """
rule all:
    input: expand("b/{n}", n=range(6))
rule a:
    output: "a/{n}"
    shell: "touch {output}"
rule b:
    input: "a/{n}"
    output: "b/{n}"
    log: "logs/b {n}.log"
    shell: '[ {wildcards.n} != "$BAD" ] || { echo "$MESSAGE" | tee "{log}" >&2; exit 1; }; touch {output}'
rule silent:
    output: "never"
    log: "logs/silent.log"
    shell: "exit 7"
rule nothing:
    output: "nothing"
    log: "logs/nothing.log"
    shell: "true"
"""
SNAKEFILE = SNAKEFILE.replace("|| { echo", "|| {{ echo").replace("exit 1; };", "exit 1; }};")
END = r"; Snakemake's log: (.snakemake/log/\S+\.snakemake\.log)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    return tmp_path


def environment(bad: str) -> dict[str, str]:
    return ENVIRONMENT | {
        "PYTHONPATH": str(HOME),
        "BAD": bad,
        "MESSAGE": MESSAGE,
        "TERM": "xterm",
    }


def run(folder: Path, *arguments: str, bad: str = "", logger: str = "rrrn") -> subprocess.CompletedProcess[str]:
    options = ("--logger", logger) if logger else ()
    words = [warm_python.python(), *command(*options, *arguments)[1:]]
    return subprocess.run(words, cwd=folder, env=environment(bad), capture_output=True, text=True)


def on_a_terminal(folder: Path, *arguments: str, bad: str = "") -> tuple[int, str]:
    """The exit status, and all that was written to the terminal."""
    ours, theirs = pty.openpty()
    words = command("--logger", "rrrn", *arguments)
    process = subprocess.Popen(words, cwd=folder, env=environment(bad), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 65536):
            written += piece
    except OSError:  # how Linux tells that nobody has the terminal open any more
        pass
    os.close(ours)
    return process.wait(), written.decode()


def screen(written: str) -> list[str]:
    """The lines that a terminal of endless height shows in the end."""
    lines, row, column = [""], 0, 0
    for piece in re.findall(r"\x1b\[K|\x1b\[1A|\r|\n|[^\x1b\r\n]+|\x1b", written):
        assert piece != "\x1b", "a control sequence that is not expected"
        if piece == "\x1b[K":
            lines[row] = lines[row][:column]
        elif piece == "\x1b[1A":
            row -= 1
        elif piece == "\r":
            column = 0
        elif piece == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        else:
            lines[row] = lines[row][:column].ljust(column) + piece + lines[row][column + len(piece) :]
            column += len(piece)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def test_a_pipe_gets_few_plain_lines_and_the_file_the_whole_log(folder):
    done = run(folder, "--cores", "2")
    assert done.returncode == 0 and done.stdout == ""
    first, *between, last = done.stderr.splitlines()
    assert first == "0 of 13 jobs done"
    assert 1 < len(between) < 10
    for line in between:
        assert re.fullmatch(r"((a|b|a, b|b, a): )?\d+ of 13 jobs done, about .+ left", line), line
    found = re.fullmatch(r"13 of 13 jobs done in .+" + END, last)
    log = (folder / found[1]).read_text()
    assert "Host: " in log and log.count("Finished jobid: ") == 13 and "rule b:\n    input: a/5" in log


def test_a_failed_job_has_the_last_word_in_a_pipe(folder):
    done = run(folder, "--cores", "1", "--keep-going", "--directory", "work", bad="3")
    *_, end, heading, message = done.stderr.splitlines()
    assert done.returncode == 1 and "\x1b" not in done.stderr and "\r" not in done.stderr
    assert re.fullmatch(r"11 of 13 jobs done in .+" + END.replace(".snake", "work/.snake", 1), end)
    assert heading == "failed: b (n=3); log: work/logs/b 3.log"
    assert message == MESSAGE
    (log,) = folder.glob("work/.snakemake/log/*.log")
    assert "Error in rule b:" in log.read_text() and "Error in rule b:" not in done.stderr


def test_a_job_that_went_well_when_tried_again_has_not_failed(folder):
    (folder / "Snakefile").write_text(SNAKEFILE.replace('"$BAD" ]', '"$BAD" ] || [ -e again ] || ! touch again'))
    done = run(folder, "--cores", "1", "--retries", "1", bad="3")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(MESSAGE) == 1, "as the job itself wrote it"
    assert re.search(r"\n13 of 13 jobs done in .+\n$", done.stderr)


def test_a_terminal_has_one_line_that_vanishes(folder):
    status, written = on_a_terminal(folder, "--cores", "1", "--keep-going", bad="3")
    lines = screen(written)
    assert status == 1
    assert re.search(r"b: \d+ of 13 jobs done, about .+ left", written)
    assert lines[-1] == MESSAGE and lines[-2] == "failed: b (n=3); log: logs/b 3.log"
    assert lines.count(MESSAGE) == 2, "once when the job wrote it, whole"
    assert not any("left" in line for line in lines)
    assert len(lines) < 8


def test_a_job_without_a_word_is_told_of_by_its_command_and_not_by_an_older_log(folder):
    log = folder / "logs/silent.log"
    log.parent.mkdir()
    log.write_text("error: of another day\n")
    os.utime(log, (0, 0))
    done = run(folder, "--cores", "1", "never")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("exit 7' returned non-zero exit status 7.")
    assert "failed: silent; log: logs/silent.log" in done.stderr and "another day" not in done.stderr


def test_what_snakemake_says_of_no_job_is_last_too(folder):
    done = run(folder, "--cores", "1", "--latency-wait", "1", "nothing")
    assert done.returncode == 1 and "MissingOutputException" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("nothing (missing locally")


@pytest.mark.parametrize("options", [["--dry-run"], ["--unlock"]])
def test_what_runs_nothing_is_shown_as_without(folder, options):
    def shown(logger: str) -> str:
        done = run(folder, *options, logger=logger)
        assert done.returncode == 0, done.stderr
        return re.sub(r"^\[.*\]$|^  (Date|Workflow ID|Command): .*$", "", done.stdout + done.stderr, flags=re.M)

    assert shown("rrrn") == shown("") != ""


def test_nothing_to_be_done_is_said(folder):
    (folder / "a").mkdir()
    (folder / "a/0").touch()
    done = run(folder, "--cores", "1", "a/0")
    assert done.returncode == 0 and "Nothing to be done" in done.stderr


def test_time_left_is_by_rule_and_by_how_many_ran_at_a_time():
    count = Count.of({"short": 4, "long": 3, "total": 7}, 100)
    assert count.seconds_left(100) is None
    for job, rule, took in ((1, "short", 2), (2, "short", 4), (3, "long", 30)):
        count.start(job, rule, 100)
        count.finish(job, 100 + took)
    # two of 3 s and two of 30 s are left; 36 s of work were done in 18
    assert count.seconds_left(118) == pytest.approx((2 * 3 + 2 * 30) * 18 / 36)
    count.start(4, "long", 118)
    # 10 s later that one has 20 s left
    assert count.seconds_left(128) == pytest.approx((2 * 3 + 30 + 20) * 28 / 46)
    assert count.left == Counter(short=2, long=2)
    count.fail(4)
    assert not count.running and count.left == Counter(short=2, long=2)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59, "59 s"), (59.7, "1 min"), (100, "2 min"), (3599, "1 h 0 min"), (8000, "2 h 13 min")],
)
def test_a_time_is_told_in_what_matters(seconds, text):
    assert duration(seconds) == text


def test_the_error_is_found_among_a_groups_logs(tmp_path):
    (tmp_path / "good.log").write_text("all is well\n")
    (tmp_path / "bad.log").write_text(f"starting\n{MESSAGE}\nending\n")
    failure = Failure(frozenset({1, 2}), "occlude, flow", ("good.log", "bad.log", "none.log"), "hint")
    assert failure.message(tmp_path, 0) == MESSAGE
    assert Failure(frozenset({1}), "flow", ("good.log",), "hint").message(tmp_path, 0) == "all is well"
    assert Failure(frozenset({1}), "flow", ("none.log",), "hint").message(tmp_path, 0) == "hint"


def test_a_failed_group_of_a_cluster_is_told_once_by_the_job_whose_log_has_the_error(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ("dryrun", "verbose", "printshellcmds", "debug_dag", "quiet", "stdout")
    handler = LogHandler(SimpleNamespace(**dict.fromkeys(options)), None)
    (tmp_path / "flow.log").write_text(f"{MESSAGE}\n")
    os.utime(tmp_path / "flow.log", (2**32, 2**32))  # later than now, whatever a file system's clock says

    def log(event: LogEvent | None, level: int = logging.INFO, text: str = "", **told: object) -> None:
        record = logging.makeLogRecord({"levelno": level, "msg": text, "event": event, **told})
        handler.handle(record)

    jobs = [
        {"jobid": number, "rule_name": rule, "log": [f"{rule}.log"]} for number, rule in ((1, "occlude"), (2, "flow"))
    ]
    log(None, text="SLURM run ID: 8")
    log(LogEvent.RUN_INFO, stats={"occlude": 1, "flow": 1, "total": 2})
    for job in jobs:
        log(LogEvent.JOB_INFO, wildcards={"subject": "s1"}, **job)
    log(None, text="Job 1 has been submitted with SLURM jobid 17")
    log(None, logging.WARNING, "squeue does not answer")
    log(LogEvent.GROUP_ERROR, logging.ERROR, job_error_info=jobs, aux_logs=["slurm.log"])
    for job in jobs:
        log(LogEvent.JOB_ERROR, logging.ERROR, indent=True, **job)
    log(None, text="Complete log(s): " + str(tmp_path / "whole.log"))
    handler.close()
    handler.close()
    heading = "failed: occlude (subject=s1), flow (subject=s1); log: occlude.log, flow.log, slurm.log"
    assert capsys.readouterr().err.splitlines() == [
        "0 of 2 jobs done",
        "squeue does not answer",
        heading,
        "0 of 2 jobs done in 1 s; Snakemake's log: whole.log",
        heading,
        MESSAGE,
    ]


def test_warnings_of_jobs_that_went_well_come_at_the_end(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ("dryrun", "verbose", "printshellcmds", "debug_dag", "quiet", "stdout")
    handler = LogHandler(SimpleNamespace(**dict.fromkeys(options)), None)

    def log(event: LogEvent, **told: object) -> None:
        handler.handle(logging.makeLogRecord({"levelno": logging.INFO, "event": event, **told}))

    log(LogEvent.RUN_INFO, stats={"svm": 13, "total": 13})
    for number in range(13):
        path = tmp_path / f"svm {number}.log"
        path.write_text(f"fold s1: C = 10\nwarning: the SVM of {number} did not end\nas ever\n")
        os.utime(path, (0, 0) if number == 12 else (2**32, 2**32))  # one is of another day
        log(LogEvent.JOB_INFO, jobid=number, rule_name="svm", wildcards={}, log=[path.name])
        log(LogEvent.JOB_FINISHED, job_id=number)
    handler.close()
    shown = capsys.readouterr().err.splitlines()
    *before, end, counted = shown[:-10]
    assert "warning" not in "".join(before) and end.startswith("0 of 13 jobs done in")
    assert counted == "12 warnings, of which the last 10 follow"
    assert shown[-10:] == [f"warning: the SVM of {n} did not end; log: svm {n}.log" for n in range(2, 12)]


def test_a_warning_in_a_log_is_as_a_stage_writes_it(tmp_path, caplog):
    warned.warn("it did not end", None)
    (tmp_path / "job.log").write_text(caplog.messages[0] + "\n")
    assert logs.warnings([tmp_path / "job.log"], 0) == ["warning: it did not end"]


def test_a_log_that_cannot_be_read_takes_no_other_message_away(tmp_path):
    (tmp_path / "folder.log").mkdir()
    (tmp_path / "good.log").write_text("error: the other one\n")
    failure = Failure(frozenset({1}), "x", ("folder.log", "gone.log", "good.log"), "hint")
    assert failure.message(tmp_path, 0) == "error: the other one"
    assert Failure(frozenset({1}), "x", ("folder.log",), "hint").message(tmp_path, 0) == "hint"
