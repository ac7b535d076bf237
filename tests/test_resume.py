"""Going on after a killed Snakemake: what counts as left over, what is done about it, and when nothing may be done."""

import fcntl
import os
import platform
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rrrn import cli, orphans, resume
from rrrn.orphans import Process, Run
from rrrn.stage import InputError

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
        ("python -m rrrn.flow a.h5 p.csv b.h5", "job"),
        ("bash -c|set -euo pipefail; python -m rrrn.flow a.h5 p.csv b.h5", "job"),
        ("python -m rrrn resume", ""),
        ("/venv/bin/python /venv/bin/rrrn resume", ""),
        ("bash", ""),
        ("vim rrrn/flow.py snakemake", ""),
        ("tail -f .snakemake/log/1.snakemake.log", ""),
        ("python", ""),
        ("", ""),
    ],
)
def test_kinds_of_processes(command, kind):
    words = tuple(word for part in command.split("|")[:1] for word in part.split(" ")) + tuple(command.split("|")[1:])
    processes = [Process(7, words, "/data/a"), Process(8, words, "/work/b")]
    assert [process.pid for process in orphans.snakemakes(processes, "/data/a")] == [7] * (kind == "snakemake")
    assert [process.pid for process in orphans.local_jobs(processes, "/data/a")] == [7] * (kind == "job")


def log(directory: Path, command="snakemake --cores 1 -- a.txt", host=None, name="2026-01-01T000000.1", slurm=""):
    """What Snakemake writes at its start."""
    path = directory / f".snakemake/log/{name}.snakemake.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"Assuming unrestricted shared filesystem usage.\n\nSNAKEMAKE\n  Host: {host or platform.node()}\n"
        f"  Command: /venv/bin/{command}\n  Run directory: {directory}\n  Working directory: {directory}\n\n{slurm}"
    )
    return path


def test_what_a_log_says(tmp_path):
    text = log(tmp_path, host="login1", slurm=f"SLURM run ID: {RUN}\n").read_text()
    assert orphans.run(text) == Run(
        "login1", "/venv/bin/snakemake --cores 1 -- a.txt", str(tmp_path), str(tmp_path), slurm=True
    )
    assert orphans.run(text.partition("  Run")[0]) is None and orphans.run("") is None
    assert orphans.arguments("/venv/bin/snakemake --cores 1 -- results/a.csv") == [
        "--cores",
        "1",
        "--",
        "results/a.csv",
    ]
    with pytest.raises(InputError, match="without its quotes"):
        orphans.arguments("snakemake --cores 1 --config x={a: 1}")


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
    parser = cli._parser()
    args = parser.parse_args(["resume", "--every", str(EVERY), *arguments])
    args.run(args)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_looking_needs_a_time_between(capsys, seconds):
    with pytest.raises(SystemExit) as stopped:
        cli._parser().parse_args(["resume", f"--every={seconds}"])
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
    log(place / "work", "snakemake --rerun-incomplete --cores 1 -- a.txt")
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
    log(place / "work", "snakemake --unlock", name="2026-01-02T000000.1")
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
    tool(place / "bin/squeue", "exec sleep 20")
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
    log(place / "work", "snakemake --cores 3", name="2026-01-02T000000.1")  # found the directory locked
    refused(place, "--gone login2")
    call("--gone", "login2")
    assert lines(place / "started") == GOES_ON


def test_earlier_run_of_another_host_does_not_matter(place):
    earlier = log(place / "work", host="login2", name="2025-01-01T000000.1")
    os.utime(earlier, (1e9, 1e9))
    call()
    assert lines(place / "started") == GOES_ON


def test_quiet_run_does_not_say_its_host(place):
    path = log(place / "work")
    path.write_text("")
    os.utime(path, (1e9, 1e9))
    log(place / "work", "snakemake --cores 3", name="2026-01-02T000000.1")
    refused(place, "give Snakemake's arguments")
    refused(place, "does not say which.*--gone unknown", "--", "--cores", "1")
    call("--gone", "unknown", "--", "--cores", "1")
    assert lines(place / "started") == ["--unlock --cores 1", "--rerun-incomplete --cores 1"]


def test_copied_directory_and_one_without_snakemake(place, monkeypatch):
    path = log(place / "work")
    path.write_text(path.read_text().replace(f"Working directory: {place}/work", "Working directory: /mnt/work"))
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

SNAKEFILE = """
rule a:
    output: "a.txt"
    shell: "export PYTHONPATH=.; {python} -m rrrn.slow {{output}}; true"
"""
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
for _ in range(6000 if len(log.read_text().splitlines()) == 1 else 1):  # the first takes minutes
    time.sleep(0.05)
pathlib.Path(sys.argv[1]).write_text("whole")
say("end")
"""


@pytest.fixture
def killed(tmp_path):
    """A directory in which a Snakemake was killed, and the environment of its machine, whose SLURM has no jobs."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(python=sys.executable))
    (tmp_path / "rrrn").mkdir()
    (tmp_path / "rrrn/slow.py").write_text(SLOW)
    (tmp_path / "bin").mkdir()
    tool(tmp_path / "bin/squeue", "exit 0")
    environment = {**os.environ, "PYTHONSAFEPATH": "1", "PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "a.txt"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as snakemake:
        wait_for(lambda: (tmp_path / "writers.txt").exists())
        alive = orphans.snakemakes(resume._processes(), str(tmp_path))
        assert [process.pid for process in alive] == [snakemake.pid]
        snakemake.send_signal(signal.SIGKILL)
    yield tmp_path, environment | {"PYTHONPATH": str(HOME)}
    for line in lines(tmp_path / "writers.txt"):
        pid = int(line.split()[1])
        if Path(f"/proc/{pid}/cwd").exists() and Path(f"/proc/{pid}/cwd").readlink() == tmp_path:
            os.kill(pid, signal.SIGKILL)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="needs /proc")
def test_killed_snakemake_is_resumed_and_no_file_has_two_writers(killed):
    directory, environment = killed
    first = int(lines(directory / "writers.txt")[0].split()[1])
    assert Path(f"/proc/{first}").exists() and (directory / ".snakemake/locks").is_dir()
    command = [sys.executable, "-m", "rrrn", "resume", "--every", "0.2"]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line.split()[0] for line in lines(directory / "writers.txt")]
    assert told == ["start", "ended", "start", "end"]
    assert (directory / "a.txt").read_text() == "whole"
    assert f"process {first}" in done.stdout
