"""Where the machine code of TV-L1 is kept, what is done where it cannot be, and who compiles."""

import errno
import fcntl
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import numba
import pytest

from rrrn.flow.numba import compiled, level

TESTS = Path(__file__).parent
SMALL = (
    "from rrrn.flow.numba import compiled; from test_compiled import SIGNATURE, twice; "
    "compiled._PATIENCE = 3600; code = compiled.machine_code(twice, SIGNATURE, nogil=True); "
    "print(code(21.0), sum(code.stats.cache_misses.values()))"
)
SIGNATURE = numba.float64(numba.float64)


def twice(number):
    return 2 * number


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch) -> Path:
    """The folder that code is kept in."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "chosen"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return compiled.directory()


def make():
    """Compile or load; return whether that was loaded."""
    code = compiled.machine_code(twice, SIGNATURE, nogil=True)
    assert code(21.0) == 42.0
    return bool(code.stats.cache_hits)


def warnings(caplog) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


def children(count: int, **environment: str) -> list[tuple[float, int]]:
    """Return for each of ``count`` processes, started at once, what its code found and how often it compiled."""
    environment = os.environ | environment | {"PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"}
    started = [
        subprocess.Popen([sys.executable, "-c", SMALL], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    told = [process.communicate()[0].split() for process in started]
    return [(float(total), int(compilations)) for total, compilations in told]


def kept_in(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.nbc")}


def test_code_is_kept_where_it_was_said_and_compiled_by_one_of_many(tmp_path):
    chosen = tmp_path / "chosen"
    totals, compilations = zip(*children(2, NUMBA_CACHE_DIR=str(chosen)), strict=True)
    kept = kept_in(chosen)
    assert len(kept) == 1 and sorted(compilations) == [0, 1]
    assert children(1, NUMBA_CACHE_DIR=str(chosen)) == [(totals[0], 0)] == [(totals[1], 0)]
    assert kept_in(chosen) == kept


def test_the_code_of_optical_flow_is_kept_so(monkeypatch):
    asked = []
    monkeypatch.setattr(compiled, "machine_code", lambda *told, **options: asked.append(told[0]))
    level.solver.__wrapped__()
    assert asked == [level.refine]


def test_kept_code_falls_back_from_folder_to_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert compiled.directory().parent == tmp_path / "cache" / "rrrn"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "chosen"))
    assert compiled.directory().parent == tmp_path / "chosen"
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert compiled.directory().parent == tmp_path / "home" / ".cache" / "rrrn"
    # a file stands where a folder must be: like a home that cannot be written, also for root
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert compiled.directory().parent == tmp_path / f"rrrn-{os.getuid()}"
    assert (tmp_path / f"rrrn-{os.getuid()}").stat().st_mode & 0o777 == 0o700
    (tmp_path / f"rrrn-{os.getuid()}").chmod(0o777)  # others could put code there
    assert compiled.directory() is None


def test_folder_of_kept_code_is_of_this_processor(tmp_path):
    code = "from rrrn.flow.numba import compiled; print(compiled.directory().name)"
    names = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)} | extra,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for extra in ({}, {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""})
    }
    assert len(names) == 2


def test_what_was_kept_is_loaded(place, caplog):
    assert [make(), make(), make()] == [False, True, True]
    assert not warnings(caplog) and str(place) != numba.config.CACHE_DIR


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
@pytest.mark.parametrize("length", [0, 20, -9])
def test_damaged_files_are_made_anew(place, caplog, kind, length):
    make()
    (other,) = place.rglob("*.nbi")
    other = other.with_name("level.another-1.nbi")
    other.write_bytes(b"of another function")
    (file,) = place.rglob(f"*twice*.{kind}")
    file.write_bytes(file.read_bytes()[:length])
    assert [make(), make()] == [False, True]
    assert other.read_bytes() == b"of another function" and not warnings(caplog)


def test_faults_of_the_sources_are_not_taken_for_damage():
    with pytest.raises(numba.TypingError):
        compiled.machine_code(lambda text: text.nothing, SIGNATURE)


@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
def test_a_full_disk_costs_one_warning(place, caplog, monkeypatch, ending):
    replace = os.replace

    def full(old, new):
        if str(new).endswith(ending):
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(old, new)

    monkeypatch.setattr(os, "replace", full)
    assert not make()
    (warning,) = warnings(caplog)
    assert "compiled in every process" in warning and "No space left" in warning
    monkeypatch.setattr(os, "replace", replace)
    assert [make(), make()] == [False, True]


def test_no_folder_costs_one_warning(caplog, monkeypatch):
    monkeypatch.setattr(compiled, "directory", lambda: None)
    assert [make(), make()] == [False, False]
    assert len(warnings(caplog)) == 2 and "set NUMBA_CACHE_DIR" in warnings(caplog)[0]


def test_code_that_others_may_have_put_there_is_not_loaded(place, monkeypatch):
    for mode in (0o770, 0o707):
        place.chmod(mode)
        assert compiled.directory().parent != place.parent
    place.chmod(0o755)
    assert compiled.directory() == place
    monkeypatch.setattr(os, "getuid", lambda: place.stat().st_uid + 1)  # the folder is another user's
    assert compiled.directory() is None


def test_a_link_to_a_folder_is_no_folder_of_ones_own(place):
    place.rename(place.with_name("moved"))
    place.symlink_to(place.with_name("moved"))
    assert compiled.directory().parent != place.parent


def test_one_compiles_while_others_wait(place):
    loaded = []
    with (place / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        thread = threading.Thread(target=lambda: loaded.append(make()))
        thread.start()
        thread.join(1.0)
        assert thread.is_alive() and not loaded
    thread.join()
    assert loaded == [False]


def test_nobody_waits_forever_nor_for_locks_that_do_not_work(place, monkeypatch):
    monkeypatch.setattr(compiled, "_PATIENCE", 0.2)
    with (place / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert not make()

    def missing(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", missing)
    assert make()
