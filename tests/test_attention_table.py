"""The table on what region weights follow, from weights whose changes are known."""

import argparse

import pytest
import yaml

from benchmarks import attention
from rrrn.data import digested, predictions
from rrrn.data.predictions import Prediction
from rrrn.running.stage import InputError

HEADER = ["method", "condition", "seed", "n_clips", "n_folds", "n_I", "metric", "value"]
TOLD = "correlation", "low", "high", "control", "control_low", "control_high"


def weighed(condition, trained_on, fold, weight):
    return Prediction("d", "s", "c", condition, trained_on, fold, 0, 0, "I", (1.0,), (weight,) * 6)


@pytest.fixture
def root(tmp_path):
    """Two seeds of scores, and a clip that was tested by networks of several runs."""
    (tmp_path / "results/scores/iv/rrrn-fc").mkdir(parents=True)
    for condition, values in {"none": (0.5, 0.7), "mask": (0.1, 0.5), "glasses": (0.3, 0.5)}.items():
        rows = [["rrrn-fc", condition, seed, 4, 2, 4, "F1", value] for seed, value in enumerate(values)]
        digested.write(HEADER, rows, tmp_path / f"results/scores/iv/rrrn-fc/{condition}.csv")
    place = tmp_path / "results/predictions/rrrn-fc"
    for trained_on, fold, weights in (
        ("none", "one", {"none": 0.5, "mask": 0.6, "glasses": 0.2}),
        ("mixed", "one", {"none": 0.1, "mask": 0.1, "glasses": 0.1}),
        ("mask", "one", {"mask": 0.9}),
        ("glasses", "one", {"glasses": 0.3}),
        ("none", "of another run", {"none": 0.0, "mask": 0.9}),
    ):
        (place / trained_on).mkdir(parents=True, exist_ok=True)
        rows = [weighed(name, trained_on, fold, weight) for name, weight in weights.items()]
        predictions.write(rows, ["I"], place / f"{trained_on}/{fold}-0.csv")
    (tmp_path / "results/folds.csv").write_text("fold,subject\none,s\n")
    lines = [
        f"{label},{condition},{region},{number},-0.1,0.2,0.3,0.25,0.35"
        for label in ("RRRN", "attention fc")
        for condition in ("Mask", "Avg.")
        for region, number in (("whole face", 0.9), ("all six within a clip", 0.125))
    ]
    (tmp_path / "results/region_weights.csv").write_text(
        "\n".join([",".join(["method", "condition", "region", *TOLD]), *lines])
    )
    return tmp_path


@pytest.mark.parametrize(
    ("trained", "change", "mean"),
    [("clean", "0.200", "0.43"), ("mixed", "0.000", "0.1"), ("matched", "0.300", "0.57")],
)
def test_the_table(root, capsys, trained, change, mean):
    """Of clean networks weights change by 0.1 and -0.3; of matched ones by 0.4 and -0.2."""
    attention.main(argparse.Namespace(root=root, methods=None, trained=trained))
    head, _, row = ([cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines())
    assert head[:3] == ["method", "F1 un-occluded", "F1, mean of 2"]
    assert row[:3] == ["rrrn-fc", "0.600 ± 0.141", "0.350 ± 0.212"]  # 0.2, 0.5
    assert row[3:5] == ["0.12 (-0.10 to 0.20)", "0.30 (0.25 to 0.35)"]
    assert (float(row[5]), float(row[6])) == (float(change), float(mean))


def test_all_methods_of_the_configuration_have_a_name():
    told = yaml.safe_load(attention.LISTED.read_text(encoding="utf-8"))
    assert list(attention.names()) == told["methods"] and attention.names()["rrrn"] == "RRRN"


def test_what_is_not_there_is_an_error(root):
    (root / "results/scores/iv/rrrn-ran").mkdir()
    with pytest.raises(InputError, match="rrrn-ran: lacks conditions"):
        attention.scored(root, "rrrn-ran")
    with pytest.raises(InputError, match="lacks attention ran; make it again"):
        attention.rows(root, ["rrrn-ran"], "clean")


def test_scores_that_are_not_whole_are_an_error(root):
    rows = [["rrrn-fc", "mask", 0, 4, 2, 4, "F1", 0.3]]
    digested.write(HEADER, rows, root / "results/scores/iv/rrrn-fc/mask.csv")
    with pytest.raises(InputError, match="rrrn-fc: not every condition has the same seeds"):
        attention.scored(root, "rrrn-fc")
