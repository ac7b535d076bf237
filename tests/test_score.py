import csv
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from rrrn.data import clips, predictions
from rrrn.data.predictions import Prediction
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.stages import score

CLASSES = ["I", "II", "III"]
TABLE = [
    clips.Clip(
        "a",
        f"a-s{subject}",
        f"c{number}",
        1,
        2,
        3,
        CLASSES[(subject + number) % 3],
        f"frames/{subject}/{number}",
        "synthetic",
    )
    for subject in (1, 2)
    for number in range(4)
]


def predicted(seed: int, views: int = 1) -> list[Prediction]:
    generator = np.random.default_rng(seed)
    return [
        Prediction(
            *(c.database, c.subject, c.clip, "mask", "none", c.subject),
            seed=seed,
            view=view,
            true=c.objective_class,
            probabilities=tuple(generator.dirichlet(np.ones(3)).tolist()),
        )
        for c in TABLE
        for view in range(views)
    ]


def run(tmp_path, rows, view="original"):
    clips.write(TABLE, tmp_path / "clips.csv")
    files = []
    for fold in ("a-s1", "a-s2"):
        files.append(tmp_path / f"{fold}.csv")
        predictions.write([row for row in rows if row.fold == fold], CLASSES, files[-1])
    args = stage.command("").parse_args([])
    args.predictions, args.output, args.clips = files, tmp_path / "score.csv", tmp_path / "clips.csv"
    args.confusion = tmp_path / "confusion.csv"
    args.classes, args.method, args.condition, args.folds, args.view = "I,II,III", "rrrn", "mask", "a-s1,a-s2", view
    score.main(args)
    with args.output.open() as file:
        return list(csv.DictReader(file))


def test_folds_are_pooled_before_scoring(tmp_path):
    rows = predicted(0) + predicted(1)
    result = run(tmp_path, rows)
    assert [(row["seed"], row["metric"]) for row in result[:4]] == [("0", m) for m in ("WAR", "UAR", "F1", "WF1")]
    for seed in (0, 1):
        mine = [row for row in rows if row.seed == seed]
        said = [CLASSES[int(np.argmax(row.probabilities))] for row in mine]
        expected = f1_score([row.true for row in mine], said, labels=CLASSES, average="macro", zero_division=0)
        value = next(float(row["value"]) for row in result if row["seed"] == str(seed) and row["metric"] == "F1")
        assert value == pytest.approx(expected)
    assert {(row["n_clips"], row["n_folds"]) for row in result} == {("8", "2")}
    assert [result[0][f"n_{name}"] for name in CLASSES] == ["2", "3", "3"]


def test_views_are_averaged_or_each_counted(tmp_path):
    rows = predicted(0, views=3)
    mean = run(tmp_path, rows, "tta_mean")
    assert sum(int(mean[0][f"n_{name}"]) for name in CLASSES) == 8
    hits = 0
    for c in TABLE:
        mine = [row.probabilities for row in rows if (row.subject, row.clip) == (c.subject, c.clip)]
        hits += CLASSES[int(np.mean(mine, axis=0).argmax())] == c.objective_class
    assert float(mean[0]["value"]) == pytest.approx(hits / 8)
    pooled = run(tmp_path, rows, "augmented_pool")
    assert sum(int(pooled[0][f"n_{name}"]) for name in CLASSES) == 24 and pooled[0]["n_clips"] == "8"


def test_lost_doubled_or_relabelled_prediction_stops(tmp_path):
    rows = predicted(0)
    for damaged in (rows[1:], [*rows, rows[0]], [replace(rows[0], clip="c9"), *rows[1:]]):
        with pytest.raises(InputError, match="rrrn under mask, seed 0"):
            run(tmp_path, damaged)
    with pytest.raises(InputError, match="a-s1/c0 is not as in the clip table"):
        run(tmp_path, [replace(rows[0], true="III"), *rows[1:]])
