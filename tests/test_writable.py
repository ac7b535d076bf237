import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rrrn.doctor import storage
from rrrn.planning import jobs
from rrrn.running import writable
from rrrn.running.stage import InputError

HOME = Path(__file__).resolve().parents[1]


def test_a_folder_is_tried_and_left_as_it_was(tmp_path):
    (tmp_path / "results").mkdir()
    writable.check([tmp_path / "results", tmp_path / "not/yet", tmp_path])
    assert [path.name for path in tmp_path.iterdir()] == ["results"] and not list((tmp_path / "results").iterdir())


def test_what_cannot_be_written_is_named(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"^/proc: cannot be written \(.*\); make room or correct the permissions"):
        writable.check([tmp_path, Path("/proc/none/results")])
    monkeypatch.chdir("/proc")
    with pytest.raises(InputError, match=r"^/proc: cannot be written"):
        writable.check([Path("none/results")])
    (tmp_path / "results").write_text("a file")
    with pytest.raises(InputError, match="results: is no folder"):
        writable.check([tmp_path / "results"])
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(InputError, match="link: is no folder"):
        writable.check([tmp_path / "link"])

    def full(path, data):
        path.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    (tmp_path / "full").mkdir()
    with pytest.raises(InputError, match=r"full: cannot be written \(No space left on device\); make room"):
        writable.check([tmp_path / "full"])
    assert not list((tmp_path / "full").iterdir())


def test_the_cache_is_where_snakemake_keeps_it(tmp_path):
    code = """
from pathlib import Path
from snakemake.common import get_appdirs
from rrrn.running import writable
assert writable.cache() == Path(get_appdirs().user_cache_dir) / "snakemake/source-cache", writable.cache()
"""
    for variables in ({"HOME": "/some/home"}, {"HOME": "/x", "XDG_CACHE_HOME": str(tmp_path)}, {"XDG_CACHE_HOME": ""}):
        environment = {"PATH": os.environ["PATH"], **variables}
        done = subprocess.run([sys.executable, "-c", code], cwd=HOME, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME"])
def test_a_cache_that_cannot_be_written_is_told_with_the_remedy(monkeypatch, variable):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv(variable, "/proc/none")
    found = storage.cache(writable.objection(writable.cache()))
    assert found.state == "error" and "/proc: cannot be written" in found.text and "XDG_CACHE_HOME" in found.remedy
    with pytest.raises(InputError, match="XDG_CACHE_HOME"):
        jobs.dry_run({}, ["all"], left=False)


@pytest.mark.parametrize("command", [["resume", "--", "--cores", "1"], ["plan", "--no-calibration"]])
def test_commands_that_start_snakemake_say_so_in_one_line(tmp_path, command):
    environment = os.environ | {"HOME": "/proc/none", "XDG_CACHE_HOME": "", "PYTHONPATH": str(HOME)}
    words = [sys.executable, "-m", "rrrn", *command]
    done = subprocess.run(words, cwd=HOME, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1 and "XDG_CACHE_HOME" in done.stderr, done.stderr


def test_a_cache_that_can_be_written_is_well(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert storage.cache(writable.objection(writable.cache())).state == "ok"
    writable.check_cache()


@pytest.mark.parametrize("target", ["demo", "test", "lint"])
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HOME": "/proc/none"}, "{root}/.cache"),
        ({"HOME": "{root}", "XDG_CACHE_HOME": "/proc/none"}, "{root}/.cache"),
        ({"HOME": "/proc/none", "XDG_CACHE_HOME": "{root}/mine"}, "{root}/mine"),
        ({"HOME": "{root}"}, "none"),
    ],
)
def test_make_gives_snakemake_a_place_for_its_cache_where_it_has_none(tmp_path, target, variables, expected):
    """With a Python that tells what it was given."""
    root = tmp_path / "with space"
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "pyproject.toml", "rrrn/__init__.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HOME / name, root / name)
    shutil.copytree(HOME / "rrrn/running", root / "rrrn/running")
    python = root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "given ${XDG_CACHE_HOME:-none}"\n')
    python.chmod(0o755)
    for name in ("installed", "installed-dev"):
        (root / ".venv" / name).touch()
    environment = {name: value.format(root=root) for name, value in variables.items()}
    command = ["make", f"PYTHON={sys.executable}", target]
    done = subprocess.run(
        command, cwd=root, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    told = {line for line in done.stdout.splitlines() if line.startswith("given")}
    assert told == {f"given {expected.format(root=root)}"}
