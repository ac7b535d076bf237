"""The report by the workflow: made of a finished run, once, and made again for what it shows."""

import re
import shutil
from pathlib import Path

from PIL import Image
from scaffold import CONFIG, snakemake

from rrrn.report.catalogue import FIGURES

TARGET = "results/report.html"


def asked(root: Path, *files: str) -> str:
    run = snakemake(root, "--dry-run", *CONFIG, *files, "--", TARGET)
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


def test_the_report_shows_what_the_tables_have(reported):
    text = (reported / TARGET).read_text(encoding="utf-8")
    assert "This report is partial" not in text and "There is nothing to see here" not in text
    printed = (reported / "results/table_iv.md").read_text(encoding="utf-8")
    cells = set(re.findall(r"\| \**(0\.[0-9]{3}(?:–0\.[0-9]{3})?)", printed))
    assert cells and all(cell in text for cell in cells)
    for name in FIGURES:
        assert (reported / f"results/figures/{name}.svg").read_text(encoding="utf-8").startswith("<svg")
        with Image.open(reported / f"results/figures/{name}.png") as picture:
            assert min(picture.size) > 100


def test_it_is_made_once_and_again_for_what_it_shows(reported, tmp_path):
    root = shutil.copytree(reported, tmp_path / "root")
    assert "Nothing to be done" in asked(root)
    (root / "faces.yaml").write_text("report: {faces: true}\n")
    again = asked(root, "faces.yaml")
    assert {
        name for name in ("answers", "strips", "figures", "report", "score", "flow") if f"rule {name}:" in again
    } == {
        *("strips", "figures"),
        "report",
    }
