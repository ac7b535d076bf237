"""The list of folds: a row for each fold and subject."""

import argparse
import csv
from pathlib import Path

import pytest

from rrrn.data import clips, result
from rrrn.data.clips import Clip
from rrrn.running.stage import InputError
from rrrn.stages import split

RULES = sorted((Path(__file__).resolve().parents[1] / "workflow/rules").glob("*.smk"))
TABLE = [
    Clip(database, subject, f"c{number}", 1, 2, 3, name, f"{subject}/c{number}", "recorded")
    for database, subject, names in (("a", "s1", "I II I"), ("a", "s2", "III"), ("b", "s3", "II II"))
    for number, name in enumerate(names.split())
]
CLASSES = ["I", "II", "III"]


def test_every_fold_has_its_subjects_with_their_clips():
    header, *rows = split.listed(TABLE, ["a-to-b", "b-to-a", "s1", "s3"], CLASSES)
    assert header == ["fold", "database", "subject", "n_clips", "n_I", "n_II", "n_III"]
    assert rows == [
        ["a-to-b", "b", "s3", 2, 0, 2, 0],
        ["b-to-a", "a", "s1", 3, 2, 1, 0],
        ["b-to-a", "a", "s2", 1, 0, 0, 1],
        ["s1", "a", "s1", 3, 2, 1, 0],
        ["s3", "b", "s3", 2, 0, 2, 0],
    ]


def test_groups_are_listed_with_all_their_subjects(tmp_path):
    clips.write(TABLE, tmp_path / "clips.csv")
    args = argparse.Namespace(output=tmp_path / "folds.csv", about=tmp_path / "folds.json", asked={}, settings={})
    args.clips, args.classes, args.folds = tmp_path / "clips.csv", ",".join(CLASSES), "group-1-of-2,group-2-of-2"
    split.main(args)
    with (tmp_path / "folds.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["subject"] for row in rows) == ["s1", "s2", "s3"]
    assert {row["fold"] for row in rows} == {"group-1-of-2", "group-2-of-2"}
    assert sum(int(row["n_clips"]) for row in rows) == len(TABLE)
    assert result.read(tmp_path / "folds.json")["data"] == "recorded"
    args.folds = "group-1-of-4"
    with pytest.raises(InputError, match="wants 4 groups"):
        split.main(args)


def test_no_file_is_taken_as_old_however_it_is():
    """Of a job whose input is being made Snakemake compares no settings, and an ancient input does not run it."""
    assert len(RULES) == 6 and not [path.name for path in RULES if "ancient(" in path.read_text(encoding="utf-8")]
