"""The tests on SLURM are left out only where a machine can have none, and are part of make test-slurm alone."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from scaffold import HANGS

from tests.slurm import toy

HOME = Path(__file__).resolve().parents[1]

# A machine for cluster.sh, as functions that bash inherits: root, loopback, no SLURM but with an apt-get.
MACHINE = {
    "id": "echo 0",
    "getent": "echo 127.0.0.1",
    "readlink": "echo /var/lib/rrrn-slurm/slurm.conf",
    "command": '[ "$2" = apt-get ]',
    "apt-get": "true",
}


def prepare(**changed: str) -> subprocess.CompletedProcess[str]:
    machine = MACHINE | {name.replace("_", "-"): body for name, body in changed.items()}
    functions = {f"BASH_FUNC_{name}%%": f"() {{ {body}\n}}" for name, body in machine.items()}
    return subprocess.run(
        ["bash", str(toy.CLUSTER), "prepare"], env=os.environ | functions, capture_output=True, text=True, timeout=HANGS
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id": "echo 1000"}, "needs root"),
        ({"getent": "echo 192.0.2.1"}, "does not mean loopback"),
        ({"command": "false"}, "needs Debian or Ubuntu"),
    ],
)
def test_a_machine_that_can_have_no_cluster_says_so(changed, said):
    done = prepare(**changed)
    assert done.returncode == 3 and said in done.stderr


def test_packages_that_cannot_be_installed_are_an_error():
    assert prepare().returncode == 0
    done = prepare(apt_get="echo E: no such host; return 100")
    assert done.returncode == 1 and "apt-get cannot install slurmctld" in done.stderr and "no such host" in done.stderr


def ci(folder: Path, status: int, make: str = "true") -> subprocess.CompletedProcess[str]:
    """Run .ci/run where all that it calls does nothing: cluster.sh ends with a status, make as told."""
    called = ("make", "python3", "pip", "rrrn", "snakemake", "python")
    commands = (".venv/bin/python", *(f"bin/{name}" for name in called))
    for name in (".ci/run", "tests/slurm/cluster.sh", *commands):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    for name in (".ci/run", "tests/clips.csv"):
        shutil.copy(HOME / name, folder / name)
    (folder / "bin/make").write_text(f'#!/bin/sh\necho "made $*"\n{make}\n')
    (folder / "bin/rrrn").write_text('#!/bin/sh\nmkdir "$2"\n')
    (folder / "tests/slurm/cluster.sh").write_text(f"#!/bin/sh\necho the reason >&2\nexit {status}\n")
    return subprocess.run(
        [str(folder / ".ci/run")],
        env=os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=HANGS,
    )


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (3, 0), (1, 1), (127, 1)])
def test_what_ci_makes_of_it(tmp_path, status, expected):
    done = ci(tmp_path, status)
    assert done.returncode == expected
    assert ("made test-slurm" in done.stdout) == (status == 0)
    assert ("NOT RUN: the tests on SLURM. the reason" in done.stdout) == (status == 3)
    assert ("the reason" in done.stdout) == (status != 0)


@pytest.mark.parametrize("part", ["test", "lint", "test-slurm"])
def test_any_part_that_fails_fails_the_run_and_is_said_last(tmp_path, part):
    done = ci(tmp_path, 0, make=f'[ "$1" != {part} ]')
    said = done.stdout.splitlines()
    assert done.returncode == 1 and said[-1].endswith(f"failed: {part.removeprefix('test-')}")
    made = {name: f"made {name}" for name in ("test", "test-slurm")} | {"lint": "made lint docs"}
    assert said.index(made[part]) > len(said) - 4 and set(made.values()) <= set(said)


# In the place of a cluster: a file. What is started holds its descriptors, as daemons do.
FILE = """
prepare() { :; }
runs_jobs() { [ -e "$DIR/up" ]; }
start_munge() { sleep 3600 & echo $! >>"$DIR.daemons"; }
start_accounts() { :; }
start_ctld() { touch "$DIR/up"; }
configure() { touch $LINK; }
install() { mkdir -p "$DIR"; }
slurmd() { :; }
down() { echo down >>"$DIR.said"; rm -f "$DIR/up"; }
"""


def test_two_runs_take_turns_and_only_the_one_that_started_the_cluster_ends_it(tmp_path):
    text = toy.CLUSTER.read_text().replace("/var/lib", str(tmp_path)).replace("/etc/slurm", str(tmp_path))
    script, said = tmp_path / "cluster.sh", tmp_path / "rrrn-slurm.said"
    script.write_text(text.replace('\ncase "${1:-}"', f'{FILE}\ncase "${{1:-}}"'))
    during = ["bash", str(script), "during", "sh", "-c"]
    begun = 'echo "begin $0" >>"$1"; sleep 0.5; echo "end $0" >>"$1"; exit 4'
    both = [subprocess.Popen([*during, begun, name, str(said)], stderr=subprocess.DEVNULL) for name in ("one", "two")]
    try:
        assert [process.wait(HANGS) for process in both] == [4, 4]  # a daemon that held the lock would keep one waiting
        lines = [line.split()[0] for line in said.read_text().splitlines()]
        assert lines == ["down", "begin", "end", "down"] * 2  # down before a start clears what is left
        subprocess.run(["bash", str(script), "up"], check=True, timeout=HANGS)
        said.unlink()
        assert subprocess.run([*during, begun, "three", str(said)], timeout=HANGS).returncode == 4
        assert said.read_text() == "begin three\nend three\n"
    finally:
        for number in (tmp_path / "rrrn-slurm.daemons").read_text().split():
            os.kill(int(number), signal.SIGKILL)


def test_without_a_cluster_tests_are_skipped_unless_they_are_demanded(monkeypatch):
    monkeypatch.setattr(toy, "runs", lambda: False)
    monkeypatch.delenv("RRRN_SLURM", raising=False)
    with pytest.raises(pytest.skip.Exception, match="make test-slurm starts one"):
        toy.need_cluster()
    monkeypatch.setenv("RRRN_SLURM", "required")
    with pytest.raises(pytest.fail.Exception, match="no test cluster runs"):
        toy.need_cluster()


def test_make_tests_on_slurm_when_it_says_so_and_not_otherwise():
    rules = {}
    for text in (HOME / "Makefile").read_text().split("\n\n"):
        rules[text.partition(":")[0]] = text
    assert '-m "not slurm"' in rules["test"]
    assert "RRRN_SLURM=required" in rules["test-slurm"] and "pytest tests/slurm" in rules["test-slurm"]
