"""The table of reproductions, rebuilt from bundles of drawn clips: the command that docs/reproductions.md names."""

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

import made_run
import pytest
from test_bundle import pack

from rrrn.running import resources
from rrrn.running.stage import InputError
from rrrn.sharing import beside, reproductions, run
from rrrn.sharing.reproductions import BEGIN, END

PAGE = resources.HOME / "docs/reproductions.md"
PAPER = resources.path("data/paper")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    found = tmp_path_factory.mktemp("bundles")
    for number, name in enumerate(("mine_1", "other")):
        pack(made_run.make(found / f"run{number}", drawn=number).parent, found / f"{name}.zip", hashed=bool(number))
    return found


def rebuilt(folder: Path, page: Path) -> str:
    reproductions.main(argparse.Namespace(folder=folder, output=page))
    return page.read_text(encoding="utf-8")


def test_drawn_clips_come_into_a_table_of_their_own_and_are_called_none(folder, tmp_path):
    text = rebuilt(folder, tmp_path / "page.md")
    before, _, after = text.partition("### No reproductions")
    assert "the paper" not in text.replace("the paper's results", "") and "mine\\_1" in before
    assert after.count("SYNTHETIC faces") == 2 and "Table IV, F1, un-occluded / mean over conditions" in after
    values = beside.values(run.read(folder / "mine_1.zip").tables["iv"].counts["rrrn"])["F1"]
    assert f"{values[0]:.3f} / {values[-1]:.3f} (" in after
    assert rebuilt(folder, tmp_path / "page.md") == text


def test_endings_in_capitals_are_bundles_too(folder, tmp_path):
    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles/LOUD.ZIP").write_bytes((folder / "other.zip").read_bytes())
    (tmp_path / "bundles/notes.txt").write_text("no bundle")
    assert "| LOUD" in rebuilt(tmp_path / "bundles", tmp_path / "page.md")


def test_recorded_ones_stand_beside_the_paper(folder, monkeypatch):
    one = replace(run.read(folder / "mine_1.zip"), name="a/theirs.zip")
    monkeypatch.setattr(beside, "unlike_paper", lambda *told: "")
    text = reproductions.text([one], PAPER)
    own = text.partition("### Table IV")[2].partition("###")[0]
    lines = {line.split("|")[1].strip(): line for line in own.splitlines() if "|" in line}
    assert "0.663 / 0.538" in lines["the paper"] and " / " in lines["theirs"] and "No reproductions" not in text


def test_holdouts_stand_beside_those_of_the_same_direction(folder, monkeypatch):
    """A run that trains on the second database first has the paper's Table III b under the name iii_a."""
    one = run.read(folder / "mine_1.zip")
    tasks = {"iii_a": "HDE SAMM->CASME2", "iii_b": "HDE CASME2->SAMM", "iv": "CDE"}
    turned = replace(one, tables={name: replace(own, task=tasks[name]) for name, own in one.tables.items()})
    monkeypatch.setattr(beside, "unlike_paper", lambda *told: "")
    text = reproductions.text([turned], PAPER)
    for title, name in (("### Table III a", "iii_b"), ("### Table III b", "iii_a")):
        values = beside.values(one.tables[name].counts["rrrn"])["UAR"]
        assert f"{values[0]:.3f} / {values[-1]:.3f}" in text.partition(title)[2].partition("###")[0]


def test_only_what_stands_between_the_marks_is_written(folder, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"above\n{BEGIN}\nof earlier\n{END}\nbelow\n")
    text = rebuilt(folder, page)
    assert (
        text.startswith(f"above\n{BEGIN}\n\n| Bundle") and text.endswith(f"{END}\nbelow\n") and "of earlier" not in text
    )
    page.write_text("nothing")
    with pytest.raises(InputError, match="between which the table belongs"):
        rebuilt(folder, page)
    with pytest.raises(InputError, match="is no folder"):
        rebuilt(tmp_path / "gone", page)


def test_the_page_of_the_repository_is_that_of_its_bundles(folder, tmp_path):
    """And is not, if a bundle was put beside them without making the page again, or taken away."""
    text, shared = PAGE.read_text(encoding="utf-8"), resources.HOME / "data/reproductions"
    assert {path.suffix for path in shared.iterdir()} <= {".md", ".zip"}  # of a bundle of another name no row is made
    page, more = Path(shutil.copy(PAGE, tmp_path)), shutil.copytree(shared, tmp_path / "more")
    assert rebuilt(shared, page) == text
    shutil.copy(folder / "mine_1.zip", more)
    assert "| mine\\_1 |" in rebuilt(more, page) != text
    assert rebuilt(shared, page) == text
