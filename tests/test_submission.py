"""Jobs go to SLURM with their names as they are, or not at all; nothing of a name runs. SLURM is played by a script."""

import subprocess
from pathlib import Path

import played_slurm
import pytest
import yaml
from scaffold import bare

from rrrn.data import clips
from rrrn.data.clips import Clip
from rrrn.running import submission
from rrrn.running.stage import InputError

RENDER = """
import sys
from pathlib import Path

Path(sys.argv[1]).mkdir()
"""


def submitted(root: Path, folder: Path, subject: str, *files: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the rule render of a copy by the shipped profile in a folder; return what came of it and sbatch's calls."""
    bare(root)
    (root / "rrrn/stages/render.py").write_text(RENDER)
    folder.mkdir(parents=True)
    (folder / "data").mkdir()
    rows = [Clip("d", name, "c", 1, 3, 4, "I", f"data/synthetic/{name}/c", "synthetic") for name in (subject, "other")]
    clips.write(rows, folder / "clips.csv")
    for name in files:
        (folder / name).write_text(yaml.safe_dump({"methods": ["lbp_top"]}))
    laid_over = [str(root / "config.yaml"), *(str(folder / name) for name in files)]
    words = ["--configfile", *laid_over, "--config", "clips=clips.csv", "--", f"data/synthetic/{subject}"]
    done = played_slurm.run(root, folder, *words)
    return done, played_slurm.calls(root)


def ran(root: Path) -> list[Path]:
    """What names have run."""
    return [path for path in root.rglob("PWNED*")]


def test_names_that_a_shell_would_read_are_refused_before_anything_is_submitted(tmp_path):
    root, folder = tmp_path / "it's here", tmp_path / "work $(touch PWNED_WD)"
    subject = "s $(touch PWNED_SUBJ) `touch PWNED_BT`"
    done, calls = submitted(root, folder, subject, "over $(touch PWNED_CFG).yaml")
    assert not ran(tmp_path)
    assert done.returncode == 1 and not calls
    said = done.stdout + done.stderr
    assert f"subject {subject!r} holds $ `" in said and "rename it, or run without a cluster" in said
    assert f"working directory {str(folder)!r} holds $" in said
    assert f"configuration file {str(folder / 'over $(touch PWNED_CFG).yaml')!r} holds $" in said
    assert f"Snakefile {str(root / 'Snakefile')!r} holds '" in said
    assert "Traceback" not in said


def test_other_names_reach_the_stage_as_they_are(tmp_path):
    """Through sbatch, the Snakemake of the job, srun and the Snakemake of the step."""
    folder, subject = tmp_path / "work; touch PWNED & (a) #é", "s; touch PWNED | <é> *?~ [a] = b:c"
    done, calls = submitted(tmp_path / "copy & touch PWNED", folder, subject, "over; touch PWNED.yaml")
    assert done.returncode == 0, done.stdout + done.stderr + played_slurm.said(tmp_path / "copy & touch PWNED")
    assert not ran(tmp_path)
    assert (folder / "data/synthetic" / subject).is_dir()
    assert calls.count("\n") == 1 and "--wrap" not in calls


@pytest.mark.parametrize("character", ["'", '"', "$", "`", "\\", "!", "%", "\n", "\u2028"])
def test_each_character_that_would_not_arrive_is_refused(character):
    with pytest.raises(InputError, match=r"^subject .* holds"):
        submission.check([("database", "a b;&|"), ("subject", f"a{character}b")])


def test_names_that_arrive_are_not_refused():
    submission.check([("subject", "a; b & (c) | *?~#[x] = é 漢 😀"), ("database", "-to-")])


def test_texts_are_found_at_any_depth():
    value = {"a": ["b", {"c": 1}], "d": {"e": "f"}, "g": None}
    assert sorted(submission.texts(value)) == list("abcdefg")
