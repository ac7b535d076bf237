from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrrn.data import digested, predictions
from rrrn.data.predictions import Prediction
from rrrn.running.stage import InputError

CLASSES = ["I", "II", "III"]
ROW = Prediction("a", "a-s1", "x, y", "none", "mask", "a-s1", 0, 3, "II", (0.25, 0.5, 0.25), (0.1,) * 6)


def test_round_trip(tmp_path):
    rows = [ROW, replace(ROW, clip="z", probabilities=(1 / 3, 1e-9, 2 / 3))]
    predictions.write(rows, CLASSES, tmp_path / "p.csv")
    read = predictions.read(tmp_path / "p.csv", CLASSES)
    assert read[0] == rows[0]
    assert read[1].probabilities == pytest.approx(rows[1].probabilities, rel=1e-8)
    predictions.write([replace(ROW, alpha=())], CLASSES, tmp_path / "p.csv")
    assert predictions.read(tmp_path / "p.csv", CLASSES)[0].alpha == ()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", ["probabilities", "alpha"])
def test_what_is_not_finite_is_neither_written_nor_read(tmp_path, number, place):
    row = replace(ROW, **{place: (0.5, number, 0.5)})
    with pytest.raises(InputError, match=r"p\.csv: the prediction of clip a-s1/x, y, condition none, is not finite"):
        predictions.write([ROW, row], CLASSES, tmp_path / "p.csv")
    assert not list(tmp_path.iterdir())
    header = [*predictions.KEYS, *(f"p_{name}" for name in CLASSES), "alpha_0"]
    cells = [getattr(ROW, key) for key in predictions.KEYS] + [0.5, 0.25, 0.25, 0.5]
    cells[-1 if place == "alpha" else -2] = number
    digested.write(header, [cells], tmp_path / "p.csv")
    with pytest.raises(InputError, match=r"p\.csv: .*not finite.*delete it and run again"):
        predictions.read(tmp_path / "p.csv", CLASSES)


def test_programs_read_it_without_options(tmp_path):
    predictions.write([ROW, replace(ROW, seed=1)], CLASSES, tmp_path / "p.csv")
    table = pd.read_csv(tmp_path / "p.csv")
    assert table.columns.tolist() == [
        *predictions.KEYS,
        "p_I",
        "p_II",
        "p_III",
        *(f"alpha_{k}" for k in range(6)),
        "made",
        "digest",
    ]
    assert table["seed"].tolist() == [0, 1] and table["p_II"].tolist() == [0.5, 0.5]
    assert table["digest"].nunique() == 1


def test_other_classes(tmp_path):
    predictions.write([ROW], CLASSES, tmp_path / "p.csv")
    with pytest.raises(InputError, match=r"p\.csv: holds no predictions of the classes I, II, IV"):
        predictions.read(tmp_path / "p.csv", ["I", "II", "IV"])


@settings(max_examples=100)
@given(st.binary(max_size=120))
def test_any_other_bytes_give_a_message(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"fuzz\.csv"):
        predictions.read(path, CLASSES)
