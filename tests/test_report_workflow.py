"""The report by the workflow: made of a finished run, once, and made again for what it shows."""

import json
import re
import shutil
from pathlib import Path

from PIL import Image
from scaffold import CONFIG, snakemake, twin

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


def test_snakemakes_own_report_has_tables_and_figures_with_captions(reported, tmp_path):
    root = twin(reported, tmp_path / "root")
    run = snakemake(root, "--report", str(tmp_path / "own.html"), "--", "results/figures/figures.json")
    assert run.returncode == 0, run.stderr
    text = (tmp_path / "own.html").read_text(encoding="utf-8")
    categories, files = (
        json.JSONDecoder().raw_decode(text, re.search(f"var {name} = (?={{)", text).end())[0]
        for name in ("categories", "results")
    )
    listed = {name: {Path(path).name for own in parts.values() for path in own} for name, parts in categories.items()}
    assert listed["Figures"] == {f"{name}.{form}" for name in FIGURES for form in ("svg", "png")}
    assert "table_iv.csv" in listed["Tables"]
    for path, said in {
        "figures/robustness.svg": "What each figure shows",
        "table_iv.csv": "Table iv: all folds pooled",
    }.items():
        caption = files[f"results/{path}"]["caption"]
        assert said in caption and "SYNTHETIC" in caption
    assert files["results/figures/robustness.svg"]["labels"] == {"figure": "robustness", "form": "svg"}


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
