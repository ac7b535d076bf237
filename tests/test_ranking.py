"""The ranking under occlusion: by hand, by a naive loop, beside the summary, and from predictions to the file."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from rrrn.data import clips, predictions
from rrrn.data.predictions import Prediction
from rrrn.experiment import labels, metrics
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.stages import ranking, score, summary
from rrrn.tables import cells, robustness
from rrrn.tables.statistics import intervals, resampling

CONDITIONS = ["none", "mask", "glasses"]
SUBJECTS = [f"s{number}" for number in range(7)]


def right(*shares: int) -> np.ndarray:
    """Matrices of one subject with 20 clips of each of two classes, of which so many are named rightly."""
    return np.array([[[[[hit, 20 - hit], [20 - hit, hit]]]] for hit in shares])


def drawn(seed: int, n_seeds: int = 2, n_classes: int = 3) -> np.ndarray:
    """Matrices at random of the same clips under all conditions and seeds; one subject lacks a class."""
    clips_of = np.random.default_rng(0).integers(1, 5, (len(SUBJECTS), n_classes))
    clips_of[2, 1] = 0
    rng = np.random.default_rng(seed)
    size = (len(CONDITIONS), n_seeds, *clips_of.shape)
    return rng.multinomial(clips_of, np.full(n_classes, 1 / n_classes), size)


@pytest.fixture(scope="module")
def many() -> dict[str, np.ndarray]:
    return {name: drawn(seed) for seed, name in enumerate(("rrrn", "resnet18", "vgg16"))}


def test_by_hand():
    counts = {"resnet18": right(16, 10, 12), "rrrn": right(18, 15, 18), "vgg16": right(16, 4, 20)}
    found = robustness.ranked(counts, CONDITIONS, ["s"], ["WAR"]).set_index("method")
    # errors of ResNet18 1/2 and 2/5; of RRRN 1/4 and 1/10, of VGG16 4/5 and none
    assert found["mean_relative_degradation"].to_dict() == pytest.approx(
        {"rrrn": (1 / 2 + 1 / 4) / 2, "vgg16": (8 / 5 + 0) / 2, "resnet18": 1}
    )
    assert list(found.index) == ["rrrn", "vgg16", "resnet18"]
    assert found["unoccluded"].to_dict() == pytest.approx({"rrrn": 0.9, "vgg16": 0.8, "resnet18": 0.8})
    assert found["maximal_degradation"].to_dict() == pytest.approx({"rrrn": 0.15, "vgg16": 0.6, "resnet18": 0.3})
    assert set(found["worst_condition"]) == {"mask"}
    assert found["mean_degradation"].to_dict() == pytest.approx({"rrrn": 0.075, "vgg16": 0.2, "resnet18": 0.25})
    ends = [name for name in found if name.endswith(("low", "high"))]
    assert found[ends].isna().all(axis=None)  # there is one subject


def test_the_area_is_the_mean_height_of_the_curve_over_percentages():
    conditions = ["random-50", "none", "random-05", "mask", "random-20"]
    counts = {"rrrn": right(4, 20, 16, 1, 12)}
    row = robustness.ranked(counts, conditions, ["s"], ["WAR"]).iloc[0]
    # 0.8 at 5 %, 0.6 at 20 % and 0.2 at 50 %: trapezoids of 15 and 30 points
    assert row["area_under_curve"] == pytest.approx((15 * 0.7 + 30 * 0.4) / 45)
    assert (row["curve_from"], row["curve_to"]) == (5, 50)
    assert row["mean_degradation"] == pytest.approx(1 - (0.2 + 0.8 + 0.05 + 0.6) / 4)
    one = robustness.ranked({"rrrn": right(4, 20)}, conditions[:2], ["s"], ["WAR"]).iloc[0]
    assert one[["area_under_curve", "curve_from"]].isna().all() and one["mean_degradation"] == pytest.approx(0.8)


def test_an_interval_is_that_of_numbers_that_are_computed_one_by_one(many, monkeypatch):
    monkeypatch.setattr(resampling.weights, "__defaults__", (200,))

    def error(of_seeds, often):
        """Subject by subject."""
        pooled = [sum(n * matrix for n, matrix in zip(often, matrices, strict=True)) for matrices in of_seeds]
        return 1 - np.mean([metrics.scores(matrix)["F1"] for matrix in pooled])

    found = robustness.ranked(many, CONDITIONS, SUBJECTS, ["F1"]).set_index("method")
    numbers, clear = {name: [] for name in many}, {name: [] for name in many}
    for often in resampling.weights(SUBJECTS):
        errors = {name: [error(of_seeds, often) for of_seeds in counts] for name, counts in many.items()}
        for name, (unoccluded, *own) in errors.items():
            numbers[name].append(sum(a / b for a, b in zip(own, errors["resnet18"][1:], strict=True)) / 2)
            clear[name].append(1 - unoccluded)
    for name, values in numbers.items():
        row = found.loc[name]
        assert row["mean_relative_degradation"] == pytest.approx(values[0])
        for low, high, told in (("low", "high", values), ("unoccluded_low", "unoccluded_high", clear[name])):
            expected = intervals.ends(np.array(told), len(SUBJECTS))
            assert (row[low], row[high]) == pytest.approx((float(expected.low), float(expected.high)))
    assert found.loc["rrrn", "low"] < found.loc["rrrn", "mean_relative_degradation"] < found.loc["rrrn", "high"]
    assert tuple(found.loc["resnet18", ["low", "mean_relative_degradation", "high"]]) == (1, 1, 1)


def test_infinite_draws_leave_an_interval(many):
    """A draw in which ResNet18 makes no error, and the other one does."""
    perfect = np.zeros_like(many["rrrn"])
    perfect[..., range(3), range(3)] = many["rrrn"].sum(axis=-1)
    perfect[:, :, 0] = many["rrrn"][:, :, 0]  # but of one subject
    found = robustness.ranked({"resnet18": perfect, "rrrn": many["rrrn"]}, CONDITIONS, SUBJECTS, ["WAR"])
    row = found.set_index("method").loc["rrrn"]
    assert row["low"] < row["mean_relative_degradation"] < row["high"] == np.inf


def test_one_subject_has_no_interval_where_a_number_is_infinite():
    counts = {"resnet18": right(16, 20), "rrrn": right(18, 15)}
    row = robustness.ranked(counts, ["none", "mask"], ["s"], ["WAR"]).set_index("method").loc["rrrn"]
    assert row["mean_relative_degradation"] == np.inf and row[["low", "high"]].isna().all()


def test_draws_are_of_the_subjects_alone(many):
    together = robustness.ranked(many, CONDITIONS, SUBJECTS, ["F1", "WF1"]).set_index(["metric", "method"])
    few = {name: many[name] for name in ("resnet18", "vgg16")}
    alone = robustness.ranked(few, CONDITIONS, SUBJECTS, ["F1"]).set_index(["metric", "method"])
    pd.testing.assert_frame_equal(alone.sort_index(), together.loc[alone.index].sort_index())
    other = robustness.ranked(few, CONDITIONS, [*SUBJECTS[1:], "x"], ["F1"]).set_index(["metric", "method"])
    assert (other["unoccluded"] == alone["unoccluded"]).all() and (other["low"] != alone["low"]).any()


def test_maximal_degradations_are_those_of_the_summary(many):
    rows = [
        {"method": method, "condition": condition, "seed": seed, "metric": metric, "value": value}
        for method, counts in many.items()
        for condition, of_seeds in zip(CONDITIONS, counts, strict=True)
        for seed, matrices in enumerate(of_seeds)
        for metric, value in metrics.scores(matrices.sum(axis=0)).items()
    ]
    values = ranking_labels(cells.by_seed(pd.DataFrame(rows), list(many), CONDITIONS))
    falls = summary.degradations(values, ["F1", "WF1"]).mean(axis=1)
    found = robustness.ranked(many, CONDITIONS, SUBJECTS, ["F1", "WF1"])
    ours = {
        (labels.condition(row["worst_condition"]), row["method"], row["metric"]): row["maximal_degradation"]
        for _, row in found.iterrows()
    }
    assert ours == pytest.approx(falls.to_dict()) and len(ours) == 6


def ranking_labels(values: pd.DataFrame) -> pd.DataFrame:
    return values.rename(index=lambda name: labels.condition(name) if name in CONDITIONS else name, level="condition")


def test_what_is_missing_is_empty():
    counts = {"rrrn": right(18, 15), "vgg16": right(16, 4)}
    found = robustness.ranked(counts, ["none", "mask"], ["s"], ["WAR"])
    assert found["method"].tolist() == ["rrrn", "vgg16"]  # as they are given
    assert found[["mean_relative_degradation", "low", "high"]].isna().all(axis=None)
    assert found["maximal_degradation"].tolist() == pytest.approx([0.15, 0.6])
    with_reference = counts | {"resnet18": right(16, 10)}
    found = robustness.ranked(with_reference, ["mask", "glasses"], ["s"], ["WAR"]).set_index("method")
    assert found[["unoccluded", "maximal_degradation"]].isna().all(axis=None) and set(found["worst_condition"]) == {""}
    assert found.loc["rrrn", "mean_relative_degradation"] == pytest.approx((0.1 / 0.2 + 0.25 / 0.5) / 2)
    one = {name: own[:1] for name, own in with_reference.items()}
    found = robustness.ranked(one, ["none"], ["s"], ["WAR"])
    assert found["unoccluded"].notna().all()
    assert found[["mean_relative_degradation", "maximal_degradation"]].isna().all(axis=None)


def test_without_an_error_of_resnet18_another_is_infinitely_worse():
    counts = {"resnet18": right(16, 20, 10), "rrrn": right(18, 20, 15), "vgg16": right(16, 19, 20)}
    found = robustness.ranked(counts, CONDITIONS, ["s"], ["WAR"]).set_index("method")["mean_relative_degradation"]
    assert found.to_dict() == pytest.approx({"rrrn": (1 + 1 / 2) / 2, "resnet18": 1, "vgg16": np.inf})


# ---- from predictions to the file

CLASSES = ["I", "II"]
TABLE = [
    clips.Clip("a", f"s{n}", f"c{k}", 1, 2, 3, CLASSES[(n + k) % 2], f"frames/{n}/{k}", "synthetic")
    for n in range(4)
    for k in range(3)
]
FOLDS = [f"s{n}" for n in range(4)]


def scored(folder, method, seeds=(0,), table=TABLE) -> list[str]:
    """What the stage score leaves of predictions at random, under all conditions."""
    clips.write(table, folder / "clips.csv")
    rng = np.random.default_rng(len(method))
    rows = [
        Prediction(
            *(clip.database, clip.subject, clip.clip, condition, "none", clip.subject, seed, 0, clip.objective_class),
            tuple(rng.dirichlet(np.ones(2)).tolist()),
        )
        for clip in table
        for condition in CONDITIONS
        for seed in seeds
    ]
    predictions.write(rows, CLASSES, folder / f"{method}.csv")
    paths = []
    for condition in CONDITIONS:
        args = stage.command("").parse_args([])
        args.predictions, args.clips = [folder / f"{method}.csv"], folder / "clips.csv"
        args.output, args.confusion = folder / "scores.csv", folder / method / f"{condition}.csv"
        args.classes, args.method, args.condition, args.view = "I,II", method, condition, "original"
        args.folds = ",".join(sorted({clip.subject for clip in table}))
        score.main(args)
        paths.append(str(args.confusion))
    return paths


def run(folder, methods, paths):
    args = stage.command("").parse_args([])
    args.output, args.about, args.clips = folder / "ranking.csv", folder / "ranking.json", folder / "clips.csv"
    args.confusion = [["iv", "CDE", *paths]]
    args.classes, args.methods, args.conditions, args.labels = "I,II", ",".join(methods), ",".join(CONDITIONS), None
    ranking.main(args)
    return pd.read_csv(args.output)


def test_from_predictions_to_the_file(tmp_path):
    paths = [*scored(tmp_path, "rrrn", (0, 1)), *scored(tmp_path, "resnet18")]
    found = run(tmp_path, ["rrrn", "resnet18"], paths)
    assert list(found.columns) == list(ranking.COLUMNS)
    assert set(found["method"]) == {"RRRN", "ResNet18"} and set(found["worst_condition"]) <= {"Mask", "Glass"}
    assert found["metric"].tolist() == ["F1", "F1", "WF1", "WF1"] and set(found["n_subjects"]) == {4}
    assert found.set_index("method").loc["RRRN", "n_seeds"].tolist() == [2, 2]
    assert set(found["task"]) == {"CDE"} and set(found["data"]) == {"synthetic"}
    scores = []
    for seed in (0, 1):
        rows = [row for row in predictions.read(tmp_path / "rrrn.csv", CLASSES) if row.seed == seed]
        rows = [row for row in rows if row.condition == "none"]
        said = [CLASSES[int(np.argmax(row.probabilities))] for row in rows]
        scores.append(f1_score([row.true for row in rows], said, average="macro"))
    rrrn = found[(found["method"] == "RRRN") & (found["metric"] == "F1")].iloc[0]
    assert rrrn["unoccluded"] == pytest.approx(np.mean(scores), rel=1e-5)
    assert json.loads((tmp_path / "ranking.json").read_text())["notes"] == []


def test_without_resnet18_it_is_said(tmp_path):
    found = run(tmp_path, ["rrrn"], scored(tmp_path, "rrrn"))
    assert found["mean_relative_degradation"].isna().all() and found["unoccluded"].notna().all()
    assert json.loads((tmp_path / "ranking.json").read_text())["notes"] == [
        "Without ResNet18 there is no mean relative degradation; add 'resnet18' to 'methods'"
    ]


def test_matrices_of_other_clips_seeds_or_classes_are_refused(tmp_path):
    paths = scored(tmp_path, "rrrn")
    with pytest.raises(InputError, match=r"vgg16/none\.csv: other clips were tested"):
        run(tmp_path, ["rrrn", "vgg16"], [*paths, *scored(tmp_path, "vgg16", table=TABLE[:-1])])
    with pytest.raises(InputError, match=r"glasses\.csv: other seeds than under other conditions"):
        run(tmp_path, ["rrrn"], [*paths[:2], scored(tmp_path, "vgg16", (0, 1))[2]])
    with pytest.raises(InputError, match="holds no matrices of the classes I, II, III"):
        ranking.rows({"iv": {"rrrn": {"none": tmp_path / "rrrn/none.csv"}}}, {"iv": "CDE"}, ["I", "II", "III"], None)
