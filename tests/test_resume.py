"""Going on after a killed Snakemake: what counts as left over, what is done about it, and when nothing may be done."""

import dataclasses
import fcntl
import itertools
import json
import os
import platform
import shlex
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import warm_python

from rrrn import cli
from rrrn.resuming import orphans, resume
from rrrn.resuming.orphans import Process, Run
from rrrn.running import starts
from rrrn.running.stage import InputError
from rrrn.running.starts import Start

HOME = Path(__file__).resolve().parents[1]
EVERY = 0.0125  # seconds
RUN = "rrrn_0f8fad5b-d9cb-469f-a165-70867728950e"

# ---- what counts as left over


def test_jobs_of_a_directory():
    text = f"12 /data/a {RUN}\n13 /data/ab {RUN}\n14 /data/a/b {RUN}\n15 /data/a my head job\n"
    assert orphans.jobs(text, "/data/a") == {"12": RUN, "15": "my head job"}
    assert orphans.jobs("", "/data/a") == {}
    assert orphans.jobs("7 /data/a b x y\n", "/data/a b") == {"7": "x y"}


@pytest.mark.parametrize(
    "line", ["squeue: error: Unable to contact slurm controller", "12", "12 (null) x", "JOBID /a b"]
)
def test_what_is_no_list_of_jobs_is_an_error(line):
    with pytest.raises(InputError, match="squeue says"):
        orphans.jobs(f"12 /data/a {RUN}\n{line}\n", "/data/a")


def test_names_that_snakemake_gives():
    assert orphans.of_snakemake(RUN) and orphans.of_snakemake(RUN.removeprefix("rrrn_"))
    assert not any(map(orphans.of_snakemake, ["rrrn", "bash", f"{RUN}x", f"my job {RUN}"]))


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("/venv/bin/python /venv/bin/snakemake --cores 2", "snakemake"),
        ("python3.11 -m snakemake --cores 2 all", "snakemake"),
        ("/usr/bin/snakemake -n", "snakemake"),
        ("python -W error -P -m snakemake --cores 2", "snakemake"),
        ("python -m snakemake --snakefile S --mode remote --cores 1", "job"),
        ("python -m rrrn.stages.flow a.h5 p.csv b.h5", "job"),
        ("bash -c|set -euo pipefail; python -m rrrn.stages.flow a.h5 p.csv b.h5", "job"),
        ("python -m rrrn resume", ""),
        ("/venv/bin/python /venv/bin/rrrn resume", ""),
        ("bash", ""),
        ("vim rrrn/stages/flow.py snakemake", ""),
        ("tail -f .snakemake/log/1.snakemake.log", ""),
        ("python", ""),
        ("", ""),
    ],
)
def test_kinds_of_processes(command, kind):
    words = tuple(word for part in command.split("|")[:1] for word in part.split(" ")) + tuple(command.split("|")[1:])
    processes = [Process(7, words, "/data/a"), Process(8, words, "/srv/b")]
    assert [process.pid for process in orphans.snakemakes(processes, "/data/a")] == [7] * (kind == "snakemake")
    assert [process.pid for process in orphans.local_jobs(processes, "/data/a")] == [7] * (kind == "job")


def log(directory: Path, command="--cores 1 -- a.txt", host=None, name="2026-01-01T000000.1", slurm="", header=True):
    """What Snakemake and the workflow write at their start."""
    path = directory / f".snakemake/log/{name}.snakemake.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    host, words = host or platform.node(), shlex.split(command)
    path.write_text(
        f"Assuming unrestricted shared filesystem usage.\n\nSNAKEMAKE\n  Host: {host}\n"
        f"  Command: /venv/bin/snakemake {' '.join(words)}\n  Run directory: {directory}\n"
        f"  Working directory: {directory}\n\n{slurm}"
        if header
        else ""
    )
    start = Start(host, tuple(words), str(directory), str(directory), silent=not header)
    starts.record(path).write_text(json.dumps(dataclasses.asdict(start)))
    return path


def rewritten(path: Path, **changes) -> None:
    """Change the record of a log's run."""
    starts.record(path).write_text(json.dumps(dataclasses.asdict(replace(starts.read(path), **changes))))


def test_what_a_log_says(tmp_path):
    path = log(tmp_path, host="login1", slurm=f"SLURM run ID: {RUN}\n")
    text, start = path.read_text(), starts.read(path)
    run = Run("login1", ("--cores", "1", "--", "a.txt"), str(tmp_path), str(tmp_path), slurm=True)
    assert orphans.run(text, start) == run
    assert orphans.run(text, None) == replace(run, arguments=None)  # another workflow's
    for ended in (text.partition("  Run")[0], ""):
        assert orphans.run(ended, None) is None
    assert orphans.run("", start) is None  # failed before it could lock
    assert orphans.run("", replace(start, silent=True)) == replace(run, slurm=False)


def test_a_log_that_is_misread_is_not_believed_over_the_record(tmp_path):
    """A directory, or an argument, of several lines."""
    folder = tmp_path / "a\n  Working directory: b"
    path = log(folder, "--config 'x=\n  Host: elsewhere'")
    run = orphans.run(path.read_text(), starts.read(path))
    assert run == Run(platform.node(), ("--config", "x=\n  Host: elsewhere"), str(folder), str(folder), slurm=False)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '{"host": "a"}', '{"arguments": 3}', "\xff"])
def test_damaged_record_is_named(place, text):
    path = place / "work/.snakemake/log/2026-01-01T000000.1.snakemake.json"
    path.write_bytes(text.encode("latin-1"))
    refused(place, f"{path.name}: is damaged; remove it")
    path.unlink()
    call("--", "--cores", "1", "--", "a.txt")
    assert lines(place / "started") == GOES_ON


# ---- what is done about it


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A directory that a killed run has locked, fake squeue, scancel and Snakemake, and no processes but given ones."""
    tools, directory = tmp_path / "bin", tmp_path / "work"
    for folder in (tools, directory / ".snakemake/locks"):
        folder.mkdir(parents=True)
    (directory / ".snakemake/locks/0.output.lock").write_text("a.txt\n")
    log(directory)
    tool(tools / "squeue", f'cat "{tmp_path}/queue"; cat "{tmp_path}/error" >&2; exit $(cat "{tmp_path}/status")')
    tool(tools / "scancel", f'echo "$@" >> "{tmp_path}/cancelled"; : > "{tmp_path}/queue"')
    tool(tools / "snakemake", f'echo "$@" >> "{tmp_path}/started"')
    for name, text in (("queue", ""), ("error", ""), ("status", "0"), ("started", ""), ("cancelled", "")):
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setattr(resume, "SNAKEMAKE", (str(tools / "snakemake"),))
    monkeypatch.setattr(resume, "_processes", list)
    monkeypatch.setattr(os, "execv", lambda path, words: subprocess.run(words, check=True))
    monkeypatch.chdir(directory)
    return tmp_path


def tool(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def call(*arguments):
    parser, _ = cli.parsers(["resume"])
    args = parser.parse_args(["resume", "--every", str(EVERY), *arguments])
    args.run(args)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_looking_needs_a_time_between(capsys, seconds):
    with pytest.raises(SystemExit) as stopped:
        cli.parsers(["resume"])[0].parse_args(["resume", f"--every={seconds}"])
    assert stopped.value.code == 2 and "is not a number above 0" in capsys.readouterr().err


def queue(place: Path, *jobs: str) -> None:
    (place / "queue").write_text("".join(f"{job}\n" for job in jobs))


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


GOES_ON = ["--unlock --cores 1 -- a.txt", "--rerun-incomplete --cores 1 -- a.txt"]


def test_unlocks_and_goes_on_with_the_command_of_the_run_that_died(place):
    call()
    assert lines(place / "started") == GOES_ON
    assert lines(place / "cancelled") == []


def test_run_that_was_resumed_before(place):
    log(place / "work", "--rerun-incomplete --cores 1 -- a.txt")
    call()
    assert lines(place / "started") == GOES_ON


def test_other_arguments(place):
    call("--", "--cores", "2", "--", "b.txt")
    assert lines(place / "started") == ["--unlock --cores 2 -- b.txt", "--rerun-incomplete --cores 2 -- b.txt"]


def test_directory_of_the_arguments_is_the_one_that_is_resumed(place, monkeypatch):
    monkeypatch.chdir(place)
    queue(place, f"12 {place}/work {RUN}", f"13 {place} {RUN}")
    call("--", "--cores", "2", "-d", "work")
    assert lines(place / "cancelled") == ["12"]
    assert lines(place / "started")[1] == "--rerun-incomplete --cores 2 -d work"


def test_without_a_lock_nothing_is_unlocked(place):
    (place / "work/.snakemake/locks/0.output.lock").unlink()
    log(place / "work", "--unlock", name="2026-01-02T000000.1")
    call()
    assert lines(place / "started") == GOES_ON[1:]


def test_orphans_are_cancelled_before_anything_else(place):
    queue(place, f"12 {place}/work {RUN}", f"13 {place}/work {RUN}", f"14 {place}/other {RUN}")
    call()
    assert lines(place / "cancelled") == ["12 13"]
    assert lines(place / "started") == GOES_ON


def test_orphans_are_waited_for(place, monkeypatch):
    jobs, looks = [f"{number} {place}/work {RUN}" for number in (12, 13, 14)], []
    queue(place, *jobs)

    def sleep(seconds):
        if seconds == EVERY:  # and not one of subprocess
            assert lines(place / "started") == []
            looks.append(seconds)
            queue(place, *jobs[len(looks) :])

    monkeypatch.setattr(time, "sleep", sleep)
    call("--wait")
    assert len(looks) == 3 and lines(place / "cancelled") == [] and lines(place / "started") == GOES_ON


def test_job_that_is_slow_to_end_is_waited_for(place, monkeypatch):
    """SLURM shows it until its node has cleaned up, and until then it may write."""
    tool(place / "bin/scancel", f'echo "$@" >> "{place}/cancelled"')
    queue(place, f"12 {place}/work {RUN}")
    looks = []

    def sleep(seconds):
        if seconds == EVERY:
            looks.append(seconds)
            if len(looks) == 3:
                queue(place)

    monkeypatch.setattr(time, "sleep", sleep)
    call()
    assert len(looks) == 3 and lines(place / "started") == GOES_ON


# ---- when nothing may be done


def refused(place, match, *arguments):
    with pytest.raises(InputError, match=match):
        call(*arguments)
    assert lines(place / "started") == [] and lines(place / "cancelled") == []


def test_squeue_that_does_not_answer_stops(place):
    (place / "error").write_text("slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n")
    (place / "status").write_text("1")
    refused(place, "Unable to contact slurm controller.*cannot be told")
    (place / "error").write_text("")
    refused(place, "exit status 1")


def test_squeue_that_hangs_stops(place, monkeypatch):
    monkeypatch.setattr(resume, "_PATIENCE", 0.2)
    tool(place / "bin/squeue", "exec sleep 3600")
    refused(place, r"no answer in 0\.2 s")


def test_scancel_that_fails_stops(place):
    tool(place / "bin/scancel", "echo 'scancel: error: Access/permission denied' >&2; exit 1")
    queue(place, f"12 {place}/work {RUN}")
    refused(place, "scancel 12: .*permission denied")


def test_job_that_may_be_a_snakemake_stops(place, monkeypatch):
    queue(place, f"20 {place}/work head")
    refused(place, r"SLURM job 20 \(head\) .* may itself run a Snakemake.*--apart-from 20")
    monkeypatch.setenv("SLURM_JOB_ID", "20")  # the one that this runs in
    call()
    monkeypatch.delenv("SLURM_JOB_ID")
    call("--apart-from", "20")
    assert lines(place / "started") == 2 * GOES_ON and lines(place / "cancelled") == []


def test_run_on_slurm_and_no_squeue_here(place, monkeypatch):
    (place / "bin/squeue").unlink()
    monkeypatch.setenv("PATH", str(place / "bin"))
    log(place / "work", slurm=f"SLURM run ID: {RUN}\n")
    refused(place, "no squeue here; resume on a login node")


def test_no_slurm_at_all(place, monkeypatch):
    (place / "bin/squeue").unlink()
    monkeypatch.setenv("PATH", str(place / "bin"))
    call()
    assert lines(place / "started") == GOES_ON


def test_slurm_installed_and_no_cluster(place):
    (place / "error").write_text("squeue: fatal: Could not establish a configuration source\n")
    (place / "status").write_text("1")
    log(place / "work", slurm=f"SLURM run ID: {RUN}\n")
    refused(place, "configuration source; what still runs cannot be told")
    log(place / "work")
    call()
    assert lines(place / "started") == GOES_ON


def test_snakemake_that_still_runs_stops(place, monkeypatch):
    alive = Process(77, ("python", "-m", "snakemake", "--cores", "1"), str(place / "work"))
    monkeypatch.setattr(resume, "_processes", lambda: [alive])
    refused(place, "a Snakemake still runs in .* .process 77.")


def test_snakemake_that_starts_while_orphans_end_stops(place, monkeypatch):
    queue(place, f"12 {place}/work {RUN}")
    processes = iter([[], [Process(77, ("snakemake",), str(place / "work"))]])
    monkeypatch.setattr(resume, "_processes", lambda: next(processes))
    with pytest.raises(InputError, match="still runs"):
        call()
    assert lines(place / "started") == []


def test_run_of_another_host_must_be_said_to_be_gone(place):
    log(place / "work", host="login2")
    refused(place, "started here on login2.*--gone login2")
    refused(place, "--gone login2", "--gone", "login1")
    call("--gone", "login2")
    assert lines(place / "started") == GOES_ON


def test_later_attempt_on_this_host_does_not_hide_the_run_of_another(place):
    log(place / "work", host="login2")
    log(place / "work", "--cores 3", name="2026-01-02T000000.1")  # found the directory locked
    refused(place, "--gone login2")
    call("--gone", "login2")
    assert lines(place / "started") == GOES_ON


def test_earlier_run_of_another_host_does_not_matter(place):
    earlier = log(place / "work", host="login2", name="2025-01-01T000000.1")
    os.utime(earlier, (1e9, 1e9))
    call()
    assert lines(place / "started") == GOES_ON


def test_quiet_run_without_a_record_does_not_say_its_host(place):
    path = log(place / "work")
    path.write_text("")
    starts.record(path).unlink()
    os.utime(path, (1e9, 1e9))
    log(place / "work", "--cores 3", name="2026-01-02T000000.1")
    refused(place, "give Snakemake's arguments")
    refused(place, "does not say which.*--gone unknown", "--", "--cores", "1")
    call("--gone", "unknown", "--", "--cores", "1")
    assert lines(place / "started") == ["--unlock --cores 1", "--rerun-incomplete --cores 1"]


def test_quiet_run_says_all_in_its_record(place):
    path = log(place / "work", host="login2", header=False)
    os.utime(path, (1e9, 1e9))
    log(place / "work", "--cores 3", name="2026-01-02T000000.1")
    refused(place, "started here on login2.*--gone login2")
    call("--gone", "login2")
    assert lines(place / "started") == GOES_ON


def test_run_without_a_record_needs_arguments(place):
    starts.record(log(place / "work")).unlink()
    refused(place, "no record says what to go on with; give Snakemake's arguments")
    call("--", "--cores", "1", "--", "a.txt")
    assert lines(place / "started") == GOES_ON


def test_folder_of_the_start_that_is_gone(place):
    rewritten(log(place / "work"), folder=str(place / "gone"))
    refused(place, f"{place}/gone: the run that died was started here, and this is gone; give its arguments")


ODD = [
    "a b.txt",
    "it's",
    'say "it"',
    "façade/ö.txt",
    "back\\slash\\",
    "two\nlines",
    "$(touch PWNED)",
    "*",
    "",
    "caf\udce9",
]


@pytest.mark.parametrize("word", ODD)
def test_arguments_are_kept_as_they_are_from_one_resume_to_the_next(place, word, capsys):
    """What is started is recorded as the workflow does it, and resumed again and again."""
    command = ["--cores", "1", "--config", "x=1", "--", word, "--rerun-incomplete"]
    started = place / "words"
    tool(place / "bin/snakemake", f"printf '%s\\0' \"$@\" > '{started}'")
    words, number = tuple(command), itertools.count()
    for _ in range(3):
        rewritten(log(place / "work", name=f"2026-01-02T000000.{next(number)}"), arguments=words)
        (place / "work/.snakemake/locks/0.output.lock").unlink(missing_ok=True)
        call()
        words = tuple(os.fsdecode(started.read_bytes()).split("\0")[:-1])
        assert words == ("--rerun-incomplete", *command)


def test_copied_directory_and_one_without_snakemake(place, monkeypatch):
    rewritten(log(place / "work"), directory="/mnt/work")
    refused(place, r"worked in /mnt/work")
    monkeypatch.chdir(place)
    refused(place, r"no Snakemake has run here; .*: rrrn resume -- -d DIRECTORY …")


def test_second_resume_stops(place):
    with (place / "work/.snakemake/resume.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        refused(place, "another rrrn resume")


@pytest.mark.parametrize("words", [("-n",), ("--unlock",)])
def test_what_is_no_run_is_refused(place, words):
    refused(place, "call it by its name", "--", "--cores", "1", *words)


def test_directory_that_cannot_be_unlocked(place):
    tool(place / "bin/snakemake", f'echo "$@" >> "{place}/started"; exit 1')
    with pytest.raises(InputError, match="could not be unlocked"):
        call()
    assert lines(place / "started") == GOES_ON[:1]


# ---- the real thing, on this machine

TARGET = "a 'b' \\ \"ü\".txt"
SNAKEFILE = """
from rrrn.running import starts
starts.note(workflow)
rule a:
    output: {target!r}
    shell: "export PYTHONPATH=jobs; {python:q} -m rrrn.slow {{output:q}}; true"
""".replace("{python:q}", shlex.quote(sys.executable).replace('"', '\\"'))
SLOW = """
import os, pathlib, signal, sys, time
log = pathlib.Path("writers.txt")
def say(word):
    with log.open("a") as file:
        file.write(f"{word} {os.getpid()}\\n")
def leave(number, frame):
    say("ended")
    sys.exit(1)
signal.signal(signal.SIGTERM, leave)
say("start")
while log.read_text().count("start") <= 2:  # the first two never end by themselves
    time.sleep(0.05)
pathlib.Path(sys.argv[1]).write_text("whole")
say("end")
"""
ODD_FOLDER = "a 'quoted' \"döuble\" façade\\"
SCRIPT = str(Path(sys.executable).with_name("snakemake"))


class Directory:
    """A directory with a workflow, on a machine whose SLURM has no jobs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "jobs/rrrn").mkdir(parents=True)
        (path / "jobs/rrrn/__init__.py").touch()  # a whole package, which is found before an installed one
        (path / "Snakefile").write_text(SNAKEFILE.format(target=TARGET))
        (path / "jobs/rrrn/slow.py").write_text(SLOW)
        (path / "bin").mkdir()
        tool(path / "bin/squeue", "exit 0")
        self.environment = {**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": str(HOME)}
        self.environment["PATH"] = f"{path}/bin:/usr/bin:/bin"

    def said(self) -> list[list[str]]:
        return (
            [line.split() for line in lines(self.path / "writers.txt")] if (self.path / "writers.txt").exists() else []
        )

    def killed(self, *arguments: str) -> None:
        """Start a Snakemake and kill it when its job has started."""
        begun = len(self.said())
        with self.started(*arguments) as snakemake:
            while ["start"] not in [line[:1] for line in self.said()[begun:]]:
                assert snakemake.poll() is None, snakemake.communicate()[0]
                time.sleep(0.05)
            alive = orphans.snakemakes(resume._processes(), str(self.path))
            assert [process.pid for process in alive] == [snakemake.pid]
            snakemake.send_signal(signal.SIGKILL)

    def started(self, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, *arguments]
        return subprocess.Popen(
            command, cwd=self.path, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


@pytest.fixture
def directory(tmp_path, request):
    made = Directory(tmp_path / request.param)
    yield made
    for _, pid in made.said():
        if Path(f"/proc/{pid}/cwd").exists() and Path(f"/proc/{pid}/cwd").readlink() == made.path:
            os.kill(int(pid), signal.SIGKILL)


RESUME = ("-m", "rrrn", "resume", "--every", "0.2")


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("directory", "command"),
    [(ODD_FOLDER, (SCRIPT, "--cores", "1", "--", TARGET))],
    indirect=["directory"],
)
def test_killed_snakemake_is_resumed_again_and_again_and_no_file_has_two_writers(directory, command):
    directory.killed(*command)
    first = int(directory.said()[0][1])
    assert Path(f"/proc/{first}").exists() and (directory.path / ".snakemake/locks").is_dir()
    directory.killed(*RESUME)
    for _ in range(2):
        with directory.started(*RESUME) as resumed:
            said, _ = resumed.communicate()
        assert resumed.returncode == 0, said
    assert "Nothing to be done" in said
    assert [word for word, _ in directory.said()] == ["start", "ended", "start", "ended", "start", "end"]
    assert (directory.path / TARGET).read_text() == "whole"


def test_the_workflow_keeps_a_record(tmp_path):
    words = ["--snakefile", str(HOME / "Snakefile"), "--directory", "in here", "--list-rules"]
    words += ["--configfile", str(HOME / "config.yaml"), "--config", f"clips={HOME / 'data/clips.csv'}"]
    (tmp_path / "in here").mkdir()
    done = subprocess.run(
        [warm_python.python(), "-m", "snakemake", *words], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("in here/.snakemake/log/*.snakemake.log")
    assert starts.read(path) == Start(platform.node(), tuple(words), str(tmp_path), f"{tmp_path}/in here", silent=False)


@pytest.mark.parametrize(("quiet", "silent"), [(None, False), ({"rules"}, False), ({"host"}, True), ({"all"}, True)])
def test_only_the_snakemake_that_directs_a_run_keeps_a_record(tmp_path, monkeypatch, quiet, silent):
    monkeypatch.setattr(sys, "argv", ["snakemake", *ODD])
    path = tmp_path / "1.snakemake.log"
    workflow = SimpleNamespace(
        logger_manager=SimpleNamespace(get_logfile=lambda: ["/nowhere/plugin.log", str(path)]),
        is_main_process=True,
        output_settings=SimpleNamespace(quiet=quiet),
        rundir="/a",
        workdir_init="/b",
    )
    for changed in (
        {"is_main_process": False},
        {"logger_manager": SimpleNamespace(get_logfile=lambda: ["/nowhere/plugin.log"])},
    ):
        starts.note(SimpleNamespace(**{**vars(workflow), **changed}))
    assert not list(tmp_path.iterdir())
    starts.note(workflow)
    assert starts.read(path) == Start(platform.node(), tuple(ODD), "/a", "/b", silent)
