import fcntl
import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import warm_python
import yaml
from hypothesis import HealthCheck, settings
from scaffold import CONFIG, copy, snakemake, twin, with_machine_code

# so that the commands which tests start find the package, also where it is not installed
os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])

# The tests run beside each other, one process per core or more. Threads of libraries that wait for each other on a core
# that others use cost six times the work; they read this when they are imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")

# All tests' modules are here to stay: nobody need look through them for garbage again and again, a tenth of the work.
gc.disable()

# no test fails for the time that it takes: others may use the machine
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_configure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        warm_python.share()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what the package starts run in forks of one process that has imported the libraries."""
    monkeypatch.setattr(sys, "executable", str(warm_python.python()))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run of the tests have in common."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def reported(done: Path, shared: Path) -> Path:
    """The toy run with its report, by the first process that needs it, for all: who writes into it takes a copy.

    The toy is what its config.yaml has, as for a user who has edited that.
    """
    from rrrn.experiment import config  # when the number of threads is set

    root = shared / "reported"
    with one_at_a_time(shared):
        if not (root / "results/report.html").exists():
            shutil.rmtree(root, ignore_errors=True)
            twin(shared / "with space", root)
            told = [yaml.safe_load((root / name).read_text()) for name in ("config.yaml", "tests/config.yaml")]
            (root / "config.yaml").write_text(yaml.safe_dump(config.merge(told), sort_keys=False))
            run = snakemake(root, "--cores", "2", "--quiet", "rules", "progress", "--", "results/report.html")
            assert run.returncode == 0, run.stdout + run.stderr
    return root


@pytest.fixture(scope="session")
def done(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy run to its tables, by the first process that needs it, and copied. Who edits it puts everything back."""
    first = shared / "with space"
    with one_at_a_time(shared):
        if not (first / "results/summary.csv").exists():
            with_machine_code(copy(first))
            run = snakemake(first, "--cores", "2", "--quiet", "rules", "progress", *CONFIG, "--", "all")
            assert run.returncode == 0, run.stdout + run.stderr
    root = tmp_path_factory.mktemp("toy") / "with space"
    subprocess.run(["cp", "-RPp", first, root], check=True)
    return root
