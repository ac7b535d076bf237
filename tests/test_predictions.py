from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrrn import predictions
from rrrn.predictions import Prediction
from rrrn.stage import InputError

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


def test_damaged_file_is_named(tmp_path):
    path = tmp_path / "p.csv"
    predictions.write([ROW, ROW], CLASSES, path)
    whole = path.read_text()
    for damage in (
        whole[:-20],
        whole.replace("0.5", "half", 1),
        whole.replace("p_III", "p_IV"),
        whole.replace("seed", ""),
    ):
        path.write_text(damage)
        with pytest.raises(InputError, match=r"p\.csv"):
            predictions.read(path, CLASSES)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=120))
def test_any_bytes_give_rows_or_a_message(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(data)
    try:
        assert predictions.read(path, CLASSES) == []
    except InputError as error:
        assert "fuzz.csv" in str(error)
