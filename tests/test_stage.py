import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scaffold import HANGS

from rrrn.running import stage


def test_replacing_leaves_the_old_file_when_the_block_fails(tmp_path):
    path = tmp_path / "deep" / "a.csv"
    with stage.replacing(path) as partial:
        partial.write_text("old")
    with pytest.raises(RuntimeError), stage.replacing(path) as partial:
        partial.write_text("new, half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["a.csv"]


def test_a_file_without_room_is_named(tmp_path):
    with pytest.raises(OSError) as caught, stage.replacing(tmp_path / "a.csv") as partial:
        partial.touch()
        raise OSError(28, "No space left on device")
    assert caught.value.filename == str(tmp_path / "a.csv")


def test_replacing_a_directory_replaces_all_of_it(tmp_path):
    path = tmp_path / "frames"
    for name in ("old", "new"):
        with stage.replacing(path) as partial:
            partial.mkdir()
            (partial / name).touch()
    assert [p.name for p in path.iterdir()] == ["new"]


def test_leftovers_of_a_killed_writer_go_and_a_late_writer_cannot_win(tmp_path):
    path = tmp_path / "a [1].csv"
    with pytest.raises(FileNotFoundError), stage.replacing(path) as late:
        late.write_text("of a run that was given up")
        with stage.replacing(path) as partial:
            partial.write_text("right")
        assert not late.exists()
    assert path.read_text() == "right"
    assert [p.name for p in tmp_path.iterdir()] == ["a [1].csv"]


MODULE = """
import os
import time
from pathlib import Path
from rrrn.running import stage

def main(args):
    with stage.replacing(args.output) as partial:
        partial.write_text("half")
        if args.settings.get("slow"):
            print("ready", flush=True)
            time.sleep(3600)
        if args.settings.get("user"):
            raise stage.InputError("clips.csv, line 3: no")
        if number := args.settings.get("errno"):
            raise OSError(number, os.strerror(number), "results/a.h5")
        if args.settings.get("defect"):
            raise ZeroDivisionError

parser = stage.command("A stage. More.")
parser.add_argument("output", type=Path)
stage.run(main, parser)
"""


def command(tmp_path, settings: str) -> list[str]:
    (tmp_path / "module.py").write_text(MODULE)
    log = tmp_path / "logs" / "a.log"
    return [
        sys.executable,
        str(tmp_path / "module.py"),
        str(tmp_path / "out"),
        "--settings",
        settings,
        "--log",
        str(log),
    ]


def test_users_mistake_is_one_line_on_the_terminal_and_in_the_log(tmp_path):
    done = subprocess.run(command(tmp_path, '{"user": true}'), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: clips.csv, line 3: no\n"
    assert (tmp_path / "logs" / "a.log").read_text() == done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "make room"),
        *((number, "its file system refuses it") for number in (errno.EFBIG, errno.EIO, errno.ESTALE)),
    ],
)
def test_a_file_system_that_fails_is_no_defect(tmp_path, number, remedy):
    done = subprocess.run(command(tmp_path, f'{{"errno": {number}}}'), capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: results/a.h5: {os.strerror(number)}; {remedy}")
    assert "Traceback" not in (tmp_path / "logs" / "a.log").read_text()


def test_defect_has_its_traceback_in_the_log(tmp_path):
    done = subprocess.run(command(tmp_path, '{"defect": true}'), capture_output=True, text=True)
    assert done.returncode == 1
    assert "ZeroDivisionError" in (tmp_path / "logs" / "a.log").read_text()


def test_settings_that_are_not_an_object_are_refused(tmp_path):
    done = subprocess.run(command(tmp_path, "[1]"), capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_cancelled_job_removes_its_partial_file(tmp_path):
    job = subprocess.Popen(command(tmp_path, '{"slow": true}'), stdout=subprocess.PIPE, text=True)
    assert job.stdout.readline() == "ready\n"
    time.sleep(0.05)
    job.terminate()
    assert job.wait(HANGS) == 143
    assert sorted(p.name for p in tmp_path.iterdir()) == ["logs", "module.py"]


def test_ctrl_c_is_one_line_and_removes_the_partial_file(tmp_path):
    job = subprocess.Popen(
        command(tmp_path, '{"slow": true}'),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a background shell ignores it
    )
    assert job.stdout.readline() == "ready\n"
    time.sleep(0.05)
    job.send_signal(signal.SIGINT)
    assert job.communicate(timeout=HANGS) == ("", "interrupted\n") and job.returncode == 130
    assert (tmp_path / "logs" / "a.log").read_text() == "interrupted\n"
    assert not list(tmp_path.glob("*out*"))


def test_a_mistake_is_said_once(tmp_path):
    words = command(tmp_path, '{"user": true}')[:-2]  # without a log file
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "error: clips.csv, line 3: no\n")


HOME = str(Path(__file__).resolve().parents[1])
HERE = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"} | {"PYTHONPATH": HOME}


def run_unread(words, folder, both=False):
    """Run with a standard output that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    error = writer if both else subprocess.PIPE
    try:
        return subprocess.run(words, stdout=writer, stderr=error, text=True, timeout=HANGS, cwd=folder, env=HERE)
    finally:
        os.close(writer)


TALKING = """
import logging, subprocess, sys
from pathlib import Path
from rrrn.running import stage

def main(args):
    with stage.replacing(Path("out")) as partial:
        partial.write_text("half")
        if "print" in sys.argv:
            print("a line")
        if "flush" in sys.argv:
            print("a line", flush=True)
        if "log" in sys.argv:
            logging.info("a line")
            Path("after").touch()
        if "mistake" in sys.argv:
            raise stage.InputError("no")
        if "other" in sys.argv:
            raise BrokenPipeError(32, "Broken pipe")

parser = stage.command("A stage.")
parser.add_argument("how")
stage.run(main, parser)
"""


@pytest.mark.parametrize("how", ["print", "flush", "log", "--help"])
def test_output_that_nobody_reads_ends_it_quietly(tmp_path, how):
    (tmp_path / "talking.py").write_text(TALKING)
    done = run_unread([sys.executable, "talking.py", how], tmp_path)
    assert (done.returncode, done.stderr) == (141, "")
    assert not list(tmp_path.glob(".out*")) and not (tmp_path / "after").exists()


def test_a_message_that_nobody_reads_is_no_defect_either(tmp_path):
    (tmp_path / "talking.py").write_text(TALKING)
    words = [sys.executable, "talking.py", "mistake"]
    done = run_unread(words, tmp_path, both=True)
    assert done.returncode == 141


def test_a_broken_pipe_of_its_own_is_a_defect(tmp_path):
    (tmp_path / "talking.py").write_text(TALKING)
    words = [sys.executable, "talking.py", "other"]
    done = subprocess.run(words, cwd=tmp_path, env=HERE, capture_output=True, text=True)
    assert done.returncode == 1 and "BrokenPipeError" in done.stderr and "a defect of rrrn" in done.stdout


def test_the_command_rrrn_that_nobody_reads(tmp_path):
    done = run_unread([sys.executable, "-m", "rrrn", "--help"], tmp_path)
    assert (done.returncode, done.stderr) == (141, "")
