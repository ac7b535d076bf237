"""What is edited between a submission and its job: the job stops, and says why where its log is. SLURM is played."""

import shlex
import sys
from pathlib import Path

import played_slurm
import pytest
from scaffold import CONFIG, copy, distribution, snakemake

from rrrn.provenance import promised

SUBJECT = "syncasme2-sub01"
RENDERED = f"data/synthetic/{SUBJECT}"
WHY = "since this run started; run again when they stay as they are"
RENDER = """
import sys
from pathlib import Path

Path(sys.argv[1]).mkdir()
"""


def run(root: Path, target: str, path: str, old: str, new: str) -> tuple[int, str, str]:
    """Submit what a target needs, and let a text in a file be another before the job starts.

    Returns the exit status, what Snakemake printed and what the job did.
    """
    assert old in (root / path).read_text()
    edit = f"import pathlib; path = pathlib.Path({str(root / path)!r}); path.write_text(path.read_text()"
    meanwhile = shlex.join([sys.executable, "-c", f"{edit}.replace({old!r}, {new!r}))"])
    done = played_slurm.run(root, root, *CONFIG, "over.yaml", "--", target, meanwhile=meanwhile)
    assert played_slurm.calls(root).count("\n") == 1
    return done.returncode, done.stdout + done.stderr, played_slurm.said(root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the toy whose first stage is quick."""
    root = copy(tmp_path / "copy")
    (root / "rrrn/stages/render.py").write_text(RENDER)
    (root / "data/synthetic").mkdir()
    (root / "over.yaml").write_text("render: {seed: 3}\n")
    return root


@pytest.mark.parametrize(
    "edit",
    [("over.yaml", "seed: 3", "seed: 4"), ("rrrn/stages/render.py", "import sys\n", "import sys\n\nADDED = 1\n")],
)
def test_a_job_stops_if_configuration_or_code_were_edited_after_its_submission(root, edit):
    path, old, new = edit
    status, printed, said = run(root, RENDERED, *edit)
    assert status == 1 and not (root / RENDERED).exists()
    message = f"error: {RENDERED}: configuration, clip table or code were edited {WHY}"
    assert said.splitlines().count(message) == 1 and "Traceback" not in said
    assert message in printed.splitlines()
    if path == "over.yaml":  # put back, it goes on
        (root / path).write_text((root / path).read_text().replace(new, old))
        (root / "calls").unlink()
        status, printed, said = run(root, RENDERED, path, old, old)
        assert status == 0 and (root / RENDERED).is_dir(), printed + said


def test_a_job_stops_if_a_name_in_its_files_is_gone(root):
    status, _, said = run(root, RENDERED, "tests/clips.csv", SUBJECT, "another")
    assert status == 1 and not (root / RENDERED).exists()
    message = f"error: subject {SUBJECT}: configuration, clip table or what is installed were changed {WHY}"
    assert said.splitlines().count(message) == 1 and "Traceback" not in said


def test_a_job_stops_where_other_libraries_are_installed(root):
    """In the job's folder, which Python looks into first, NumPy seems to be upgraded."""
    distribution(root, "numpy", "77.7.0")
    file = "numpy-77.7.0.dist-info/METADATA"
    status, _, said = run(root, RENDERED, file, "Version: 77.7.0", "Version: 77.8.0")
    assert status == 1 and not (root / RENDERED).exists()
    message = f"error: library numpy-77.7: configuration, clip table or what is installed were changed {WHY}"
    assert said.splitlines().count(message) == 1 and "Traceback" not in said
    (root / "calls").unlink()
    assert run(root, RENDERED, file, "Version: 77.8.0", "Version: 77.8.1")[0] == 0


def test_a_job_of_no_run_compares_nothing(root, monkeypatch):
    monkeypatch.delenv(promised.VARIABLE, raising=False)
    job = ["--target-jobs", f"render:subject={SUBJECT}", "--allowed-rules", "render", "--force", "--mode", "remote"]
    done = snakemake(root, "--cores", "1", "--nolock", *job, *CONFIG, "over.yaml")
    assert done.returncode == 0 and (root / RENDERED).is_dir(), done.stdout + done.stderr
