"""How Snakemake is told to start jobs."""

import pytest
from scaffold import bare, snakemake

RENDER = """
import sys
from pathlib import Path

Path(sys.argv[1]).mkdir(parents=True)
"""
TABLE = """\
database,subject,clip,onset,apex,offset,objective_class,frames,source
d,s,c,1,3,4,I,data/synthetic/s/c,synthetic
d,t,c,1,3,4,I,data/synthetic/t/c,synthetic
"""


@pytest.mark.parametrize(("asked", "said"), [([], "None"), (["--max-jobs-per-timespan", "7/1s"], "is kept")])
def test_jobs_here_are_started_at_any_rate_unless_one_was_asked_for(tmp_path, asked, said):
    root = bare(tmp_path)
    with (root / "Snakefile").open("a") as file:
        file.write(
            'onsuccess:\n    print("LIMIT", workflow.scheduler.job_rate_limiter and "is kept", file=sys.stderr)\n'
        )
    (root / "rrrn/stages/render.py").write_text(RENDER)
    (root / "clips.csv").write_text(TABLE)
    words = ["--cores", "1", *asked, "--config", "clips=clips.csv", "--", "data/synthetic/s"]
    done = snakemake(root, *words)
    assert done.returncode == 0 and (root / "data/synthetic/s").is_dir(), done.stderr
    assert f"LIMIT {said}\n" in done.stderr
