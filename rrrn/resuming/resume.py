"""``rrrn resume``: go on after a Snakemake that was killed, with no chance that a file gets two writers.

A killed Snakemake leaves its jobs running, its directory locked, and marks of what is incomplete. A new one that is
told to go on would start each running job a second time. So first nothing may run here any more; then the lock goes.
"""

import argparse
import fcntl
import logging
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rrrn.experiment import defaults
from rrrn.resuming import orphans
from rrrn.resuming.orphans import Process, Run
from rrrn.running import arguments, stage, starts, writable
from rrrn.running.stage import InputError

SNAKEMAKE = (sys.executable, "-m", "snakemake")
_GO_ON = "--rerun-incomplete"
_GRACE = 30  # seconds that a local job has to remove its partial file
_PATIENCE = 120  # seconds for an answer of SLURM
_NO_CLUSTER = "Could not establish a configuration source"  # SLURM's programs are installed, and no more
_UNKNOWN = "unknown"
_EXAMPLE = "rrrn resume -- --cores 8 results/table_iv.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--cancel", action="store_false", dest="wait", default=False, help="cancel what still runs (the default)"
    )
    how.add_argument("--wait", action="store_true", help="wait until what still runs has ended")
    add(
        "--gone",
        metavar="HOST",
        action="append",
        default=[],
        help="say that no Snakemake runs here any more on this other host",
    )
    add(
        "--apart-from",
        metavar="JOB",
        action="append",
        default=[],
        help="say that this SLURM job in the directory is not a Snakemake, nor a job of one; it is left alone",
    )
    add("--every", metavar="SECONDS", type=stage.above_zero, default=5, help="how often to look (5)")
    add("arguments", nargs="*", metavar="-- ARGUMENTS", help="for Snakemake (those of the run that died)")
    parser.set_defaults(refuse=parser.error)


def main(args: argparse.Namespace) -> None:
    """Make sure that nothing runs, unlock, and become the Snakemake that goes on."""
    writable.check_cache()
    words: list[str] = args.arguments
    if words:
        arguments.check_snakemakes(words, args.refuse)
    directory = _working_directory(words) if words else Path.cwd().resolve()
    state = directory / ".snakemake"
    if not state.is_dir():
        raise InputError(
            f"{directory}: no Snakemake has run here; go to the directory with .snakemake, or name it before the other "
            "arguments: rrrn resume -- -d DIRECTORY …"
        )
    with _alone(state):
        locks = sorted((state / "locks").glob("*.lock"))
        runs = _holders(state, locks) if locks else _last(state)
        _check_owner(locks)
        _check_place(runs, directory)
        if not words:
            words = _arguments(runs, directory)
        if locks:
            _check_hosts(runs, args.gone)
        unknown = None in runs and (state / "slurm_logs").is_dir()
        try:
            _settle(directory, args, slurm=unknown or any(run.slurm for run in runs if run))
        except KeyboardInterrupt:
            raise SystemExit(130) from None
        if locks and subprocess.run([*SNAKEMAKE, "--unlock", *words]).returncode:
            raise InputError(f"{directory} could not be unlocked; the reason is above")
        logging.info("%s: nothing else runs; going on: snakemake %s", directory, _shown([_GO_ON, *words]))
        sys.stdout.flush()
        # becomes Snakemake, so that signals reach it and its exit status is returned
        os.execv(SNAKEMAKE[0], [*SNAKEMAKE, _GO_ON, *words])


def _working_directory(words: list[str]) -> Path:
    """Return where Snakemake works with these arguments; it says itself, and exits with 2, if they are wrong."""
    from snakemake.cli import parse_args  # costs a second

    _, told = parse_args(words)
    defaults.overlays(told.configfile)
    if told.dryrun or told.unlock:
        raise InputError("resume runs Snakemake; call it by its name for -n (--dry-run) and --unlock")
    return Path(told.directory or ".").resolve()


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Keep every other ``rrrn resume`` out, until the Snakemake that this one becomes has ended."""
    with (state / "resume.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"another rrrn resume, or the run that it started, is at work in {state.parent}") from None
        except OSError as error:
            logging.info("%s (%s): another rrrn resume cannot be seen here; start no second one", state, error.strerror)
        os.set_inheritable(file.fileno(), True)
        yield


def _holders(state: Path, locks: list[Path]) -> list[Run | None]:
    """Return the runs that may have set the locks, oldest first; None for one of which nothing is known.

    They logged something after that, or nothing at all. All times are the file server's, so that the clocks of several
    hosts do not matter. A log with text, but not of a run, is of one that failed before it could lock.
    """
    locked = min(path.stat().st_mtime for path in locks)
    logs = _logs(state)
    later = [path for path in logs if path.stat().st_mtime >= locked]
    before = sorted(set(logs) - set(later), key=lambda path: path.stat().st_mtime)[-1:]
    quiet = [path for path in before if not path.stat().st_size]
    runs = {path: _run(path) for path in (*quiet, *later)}
    return [run for path, run in runs.items() if run or not path.stat().st_size] or [None]


def _last(state: Path) -> list[Run | None]:
    """Return the last run, if a log tells."""
    runs = [run for run in map(_run, _logs(state)) if run and "--unlock" not in (run.arguments or ())]
    return [*runs[-1:]]


def _logs(state: Path) -> list[Path]:
    return sorted((state / "log").glob("*.snakemake.log"))  # names are times


def _run(log: Path) -> Run | None:
    return orphans.run(log.read_text(encoding="utf-8", errors="replace"), starts.read(log))


def _arguments(runs: list[Run | None], directory: Path) -> list[str]:
    """Return the arguments of the run that died, and go where they were given."""
    if not runs or runs[0] is None or runs[0].arguments is None:
        raise InputError(f"{directory}: no record says what to go on with; give Snakemake's arguments: {_EXAMPLE}")
    words = list(runs[0].arguments)
    if words[:1] == [_GO_ON]:  # of a run that was resumed itself
        del words[0]
    if not Path(runs[0].folder).is_dir():
        raise InputError(
            f"{runs[0].folder}: the run that died was started here, and this is gone; give its arguments: {_EXAMPLE}"
        )
    os.chdir(runs[0].folder)
    _working_directory(words)  # checks them
    return words


def _shown(words: list[str]) -> str:
    """Return arguments as one would type them; what is no text is shown by its bytes."""
    return os.fsencode(shlex.join(words)).decode("utf-8", "backslashreplace")


def _check_owner(locks: list[Path]) -> None:
    for path in locks:
        if (owner := path.stat().st_uid) != os.getuid():
            raise InputError(f"{path}: locked by a run of user {owner}, whose processes cannot be seen; ask them")


def _check_place(runs: list[Run | None], directory: Path) -> None:
    """Raise InputError if jobs and processes know the directory by another name, and would not be found."""
    for run in runs:
        if run and run.directory != str(directory):
            raise InputError(
                f"{directory}: the run that died worked in {run.directory}; if that is the same place, go there by "
                f"that name and resume; if this is a copy, remove {directory}/.snakemake/locks and run Snakemake"
            )


def _check_hosts(runs: list[Run | None], gone: list[str]) -> None:
    """Raise InputError if a Snakemake may run where this host cannot see it."""
    here = platform.node()
    for host in dict.fromkeys(run.host if run else _UNKNOWN for run in runs):
        if host not in (here, *gone):
            where = "some host, the log does not say which" if host == _UNKNOWN else host
            raise InputError(
                f"a Snakemake was started here on {where}, and this host, {here}, cannot see whether it still runs; "
                f"resume there, or make sure that it is gone and say so: --gone {host}"
            )


def _settle(directory: Path, args: argparse.Namespace, slurm: bool) -> None:
    """Return when no job of the directory is left; raises InputError if a Snakemake runs, or if that cannot be told."""
    asked: dict[int, float] = {}
    said: set[Any] = set()
    refused = ""
    while True:
        processes = _processes()
        if alive := orphans.snakemakes(processes, str(directory)):
            raise InputError(
                f"a Snakemake still runs in {directory} (process {alive[0].pid}); stop it, or let it go on"
            )
        jobs = _jobs(directory, args.apart_from, slurm)
        local = orphans.local_jobs(processes, str(directory))
        if not jobs and not local:
            return
        if jobs and refused:
            raise InputError(f"scancel {' '.join(jobs)}: {refused}; end these jobs and run again")
        news = {*jobs, *(process.pid for process in local)} - said
        if news:
            names = [*(f"SLURM job {job}" for job in jobs), *(f"process {process.pid}" for process in local)]
            logging.info("%s: %s", "waiting for" if args.wait else "ending", ", ".join(names))
            said |= news
        if not args.wait:
            if jobs:
                refused = _answer(["scancel", *jobs])[1]
            else:  # what is left of SLURM jobs on this host ends by itself
                _end(local, asked)
        time.sleep(args.every)


def _jobs(directory: Path, apart_from: Collection[str], slurm: bool) -> list[str]:
    """Return the SLURM jobs of the directory; raises InputError if they, or what they are, cannot be told."""
    if shutil.which("squeue") is None:
        if slurm:
            raise InputError("the run that died had SLURM jobs, and there is no squeue here; resume on a login node")
        return []
    text, error = _answer(["squeue", "-h", "-o", "%A %Z %j"])
    if _NO_CLUSTER in error and not slurm:
        return []
    if error:
        raise InputError(f"squeue: {error}; what still runs cannot be told. Run again when SLURM answers")
    own = os.environ.get("SLURM_JOB_ID", "")
    found = orphans.jobs(text, str(directory))
    found = {job: name for job, name in found.items() if job not in (own, *apart_from)}
    for job, name in found.items():
        if not orphans.of_snakemake(name):
            raise InputError(
                f"SLURM job {job} ({name}) in {directory} may itself run a Snakemake; end it (scancel {job}), or if it "
                f"does not, say so: --apart-from {job}"
            )
    return list(found)


def _answer(command: list[str]) -> tuple[str, str]:
    """Return what a command of SLURM prints, and the error if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        return "", f"no answer in {_PATIENCE} s"
    except OSError as error:
        return "", str(error.strerror)
    return done.stdout, (done.stderr.strip() or f"exit status {done.returncode}") if done.returncode else ""


def _processes() -> list[Process]:
    """Return the processes of this host whose directory may be seen: the user's own."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            try:
                words = (folder / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
                found.append(Process(int(folder.name), tuple(words), str((folder / "cwd").readlink())))
            except OSError:  # ended, a kernel's thread, or of another user
                continue
    return found


def _end(processes: list[Process], asked: dict[int, float]) -> None:
    """Ask processes to end, once; those that were asked long ago have to."""
    now = time.monotonic()
    for process in processes:
        with suppress(ProcessLookupError):
            if process.pid not in asked:
                os.kill(process.pid, signal.SIGTERM)
            elif now - asked[process.pid] > _GRACE:
                os.kill(process.pid, signal.SIGKILL)
        asked.setdefault(process.pid, now)
