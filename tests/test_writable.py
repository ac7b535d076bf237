import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import warm_python

from rrrn import cli
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


OUTPUTS = {  # each command with something to write, from what is not there; PLACE stands for where
    "bundle": ["gone", "-o", "PLACE.zip"],
    "compare": ["gone.zip", "paper", "-o", "PLACE.csv"],
    "describe": ["gone", "--descriptor", "hog3d", "-o", "PLACE.npy"],
    "describe --picture": ["gone", "--descriptor", "hog3d", "--picture", "PLACE.png"],
    "fit": ["--method", "rrrn", "-o", "PLACE.safetensors"],
    "flow": ["gone.png", "gone.png", "-o", "PLACE.flo"],
    "flow --picture": ["gone.png", "gone.png", "-o", "x.flo", "--picture", "PLACE.png"],
    "import": ["table", "gone.csv", "-o", "PLACE.csv"],
    "occlude": ["gone", "PLACE"],
    "plan": ["--configfile", "gone.yaml", "--write-rates", "PLACE.csv"],
    "predict --picture": ["gone", "--model", "gone.safetensors", "--picture", "PLACE.png"],
    "predict --video": ["gone", "--model", "gone.safetensors", "--video", "PLACE.mp4"],
    "synthesize": ["PLACE", "--short"],
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_place_that_cannot_be_written_is_told_before_anything_is_read(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    command = name.partition(" ")[0]
    for folder, why in (("file", "file: is no folder"), ("/proc/none", "/proc: cannot be written")):
        words = [word.replace("PLACE", f"{folder}/x") for word in OUTPUTS[name]]
        with pytest.raises(SystemExit) as stopped:
            cli.main([command, *words])
        error = capsys.readouterr().err
        assert stopped.value.code == 1 and "/x" in error and f"{why}" in error and len(error.splitlines()) == 1
        assert "name another place, or correct the permissions" in error
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


READ = {  # paths that commands read; one that is new stands here or among OUTPUTS
    *((name, "configfile") for name in ("doctor", "flow", "occlude", "describe", "fit", "plan", "verify")),
    *((name, "clip") for name in ("occlude", "describe", "predict", "spot")),
    *(("doctor", "profile"), ("import", "overrides"), ("import", "sheets"), ("flow", "a"), ("flow", "b")),
    *(("predict", "model"), ("predict", "plugin"), ("plan", "rates"), ("show", "table"), ("bundle", "results")),
}
AT_ONCE = {("init", "directory")}  # written by a command that does nothing else before


def test_all_commands_that_write_are_asked():
    parsers = cli.parsers(cli.COMMANDS)[1]
    paths = {(name, one.dest) for name, parser in parsers.items() for one in parser._actions if one.type is Path}
    assert paths >= READ | AT_ONCE
    found = paths - READ - AT_ONCE
    asked = {(name.partition(" ")[0], name.partition(" --")[2]) for name in OUTPUTS}
    usual = {"occlude": "out", "synthesize": "out", "plan": "write_rates"}
    assert found == {(name, option or usual.get(name, "output")) for name, option in asked}


def test_an_output_replaces_nothing_that_is_read_and_lies_among_no_frames(tmp_path):
    for folder in ("clip", "new.png"):
        (tmp_path / folder).mkdir()
    clip, image = tmp_path / "clip", tmp_path / "clip/1.PNG"
    image.write_bytes(b"")
    writable.check_output(tmp_path / "not/yet/x.PNG", [".png"], [clip, image])
    assert not (tmp_path / "not").exists()
    for path, message in (
        (tmp_path / "x.gif", r"x\.gif: its name must end in \.png or \.npy"),
        (tmp_path / "new.png", "new.png: is a folder; name a file"),
        (image, "1.PNG: would take the place of what is read"),
        (clip / "2.png", "2.png: lies among the frames of .*clip, as one of them"),
    ):
        with pytest.raises(InputError, match=message):
            writable.check_output(path, [".png", ".npy"], [image, clip])


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
    words = [warm_python.python(), "-m", "rrrn", *command]
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
