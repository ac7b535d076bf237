"""The table of controls, from scores whose means and deviations are known."""

import argparse

import pytest

from benchmarks import controls
from rrrn.data import digested
from rrrn.running.stage import InputError

HEADER = ["method", "condition", "seed", "n_clips", "n_folds", "n_I", "metric", "value"]
SCORES = {"rrrn": {"none": (0.5, 0.7), "mask": (0.1, 0.5)}, "backbone": {"none": (0.4, 0.4), "mask": (0.3, 0.5)}}


@pytest.fixture
def folder(tmp_path):
    for method, conditions in SCORES.items():
        (tmp_path / method).mkdir()
        for condition, values in conditions.items():
            head = [[method, condition, seed, 4, 2, 4] for seed in range(len(values))]
            rows = [[*one, "F1", value] for one, value in zip(head, values, strict=True)]
            rows += [[*one, "WAR", 1.0] for one in head]
            digested.write(HEADER, rows, tmp_path / method / f"{condition}.csv")
    return tmp_path


def test_deviations_are_of_each_seeds_own_mean_over_conditions(folder, capsys):
    controls.main(argparse.Namespace(scores=folder, methods=["backbone", "rrrn"]))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["F1", "un-occluded", "mean of 2 conditions", "seeds"]
    assert rows[2] == ["Backbone", "0.400 ± 0.000", "0.400 ± 0.071", "2"]  # 0.35, 0.45
    assert rows[3] == ["RRRN", "0.600 ± 0.141", "0.450 ± 0.212", "2"]  # 0.3, 0.6


def test_scores_that_are_not_whole_are_an_error(folder):
    with pytest.raises(InputError, match="crops: lacks conditions"):
        controls.read(folder, ["rrrn", "crops"])
    (folder / "backbone/mask.csv").unlink()
    with pytest.raises(InputError, match="backbone: lacks conditions"):
        controls.read(folder, ["rrrn", "backbone"])
    digested.write(HEADER, [["backbone", "mask", 0, 4, 2, 4, "F1", 0.3]], folder / "backbone/mask.csv")
    with pytest.raises(InputError, match="backbone: not every condition has the same seeds"):
        controls.summary(controls.read(folder, ["rrrn", "backbone"]), ["rrrn", "backbone"])
