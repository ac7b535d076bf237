"""Comparisons of methods, against loops, and from predictions to the table whatever the order of their rows."""

import argparse
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from rrrn.data import clips
from rrrn.data.predictions import Prediction
from rrrn.experiment import pairs
from rrrn.running import stage
from rrrn.stages import compare
from rrrn.tables import comparing, confusion, pooled
from rrrn.tables.statistics import exchange

CLASSES = ["I", "II", "III", "IV", "V"]
CONDITIONS, METHODS = ["none", "mask"], ["hog3d", "resnet18", "rrrn"]
SKILL = {"hog3d": 0.1, "resnet18": 0.65, "rrrn": 0.7}
SUBJECTS = [f"d-s{number:02}" for number in range(16)]
HOME = compare.Path(__file__).resolve().parents[1]


def table(source="synthetic", database="d"):
    rng = np.random.default_rng(0)
    return [
        clips.Clip(database, subject, f"c{k}", 1, 2, 3, CLASSES[rng.integers(5)], f"f/{subject}/{k}", source)
        for subject in SUBJECTS
        for k in range(rng.integers(2, 6))
    ]


def predicted(method, condition, seed, rows):
    """What a method of that skill says."""
    rng = np.random.default_rng([METHODS.index(method), CONDITIONS.index(condition), seed])
    found = []
    for clip in rows:
        said = CLASSES.index(clip.objective_class) if rng.random() < SKILL[method] else rng.integers(5)
        keys = (clip.database, clip.subject, clip.clip, condition, condition, clip.subject)
        share = tuple(np.where(np.arange(5) == said, 0.6, 0.1).tolist())
        found.append(Prediction(*keys, seed=seed, view=0, true=clip.objective_class, probabilities=share))
    return found


def files(folder, rows, shuffle=None):
    """Confusion matrices on disk, of predictions whose rows are in another order; descriptors have one seed."""
    paths = []
    for method in METHODS:
        for condition in CONDITIONS:
            told = [
                p for seed in range(1 if method == "hog3d" else 2) for p in predicted(method, condition, seed, rows)
            ]
            if shuffle is not None:
                np.random.default_rng(shuffle).shuffle(told)
            counted = pooled.by_seed(told, rows, SUBJECTS, method, condition, "original")
            paths.append(folder / f"{method}-{condition}.csv")
            confusion.write(counted, CLASSES, method, condition, paths[-1])
    return paths


def run(folder, rows, paths, changes=None, draws=400):
    """The comparisons with RRRN; of an ablation, the paper's values aside, those of ``changes``."""
    clips.write(rows, folder / "clips.csv")
    args = stage.command("").parse_args([])
    args.output, args.about = folder / "comparisons.csv", folder / "comparisons.json"
    name = "iv" if changes is None else "ablation"
    args.confusion, args.clips = [[name, "CDE", *map(str, paths)]], folder / "clips.csv"
    args.paper = HOME / "data/paper" if changes is None else None
    args.pairs = pairs.of_tables(METHODS, "rrrn") if changes is None else changes
    args.classes, args.methods, args.conditions = map(",".join, (CLASSES, METHODS, CONDITIONS))
    args.labels, args.settings = None, {"compare": {"draws": draws}}
    compare.main(args)
    return pd.read_csv(args.output), json.loads(args.about.read_text())["notes"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared")
    rows = table()
    return run(folder, rows, files(folder, rows))


def test_each_condition_and_their_mean_is_compared_for_each_pair_and_metric(made):
    found, _ = made
    assert len(found) == 2 * 3 * 2 and set(found["data"]) == {"synthetic"}
    assert set(found["condition"]) == {"Un-occ", "Mask", "Avg."} and set(found["metric"]) == {"F1", "WF1"}
    assert set(zip(found["method"], found["other"], strict=True)) == {("RRRN", "3DHOG"), ("RRRN", "ResNet18")}
    assert found["n_tests"].tolist() == [4 if name == "Avg." else 8 for name in found["condition"]]
    assert set(found["n_subjects"]) == {16} and set(found["n_seeds"]) == {2} and found["paper"].isna().all()


def test_values_are_those_of_the_predictions(made):
    found, rows = made[0].set_index(["condition", "other", "metric"]), table()
    true = [clip.objective_class for clip in rows]

    def f1(method, condition):
        of_seeds = []
        for seed in range(1 if method == "hog3d" else 2):
            told = predicted(method, condition, seed, rows)
            said = [CLASSES[int(np.argmax(row.probabilities))] for row in told]
            of_seeds.append(f1_score(true, said, average="macro", labels=CLASSES, zero_division=0))
        return np.mean(of_seeds)

    for other, label in (("hog3d", "3DHOG"), ("resnet18", "ResNet18")):
        for condition, name in (("none", "Un-occ"), ("mask", "Mask")):
            row = found.loc[(name, label, "F1")]
            assert row["value"] == pytest.approx(f1("rrrn", condition), abs=1e-6)
            assert row["other_value"] == pytest.approx(f1(other, condition), abs=1e-6)
        average = found.loc[("Avg.", label, "F1"), "difference"]
        assert average == pytest.approx(np.mean([f1("rrrn", c) - f1(other, c) for c in CONDITIONS]), abs=1e-6)
    assert ((found["low"] <= found["difference"]) & (found["difference"] <= found["high"])).all()


def test_p_of_a_large_difference_is_small_and_of_a_small_one_is_not(made):
    found, notes = made
    average = found[(found["condition"] == "Avg.") & (found["metric"] == "F1")].set_index("other")
    assert average.loc["3DHOG", "p"] == pytest.approx(1 / 401, abs=1e-5) and average.loc["3DHOG", "low"] > 0.2
    assert average.loc["ResNet18", "p"] > 0.05 and average.loc["ResNet18", "low"] < 0 < average.loc["ResNet18", "high"]
    for _, family in found.groupby(found["condition"] == "Avg."):
        assert family["p_holm"].to_numpy() == pytest.approx(exchange.holm(family["p"]), abs=1e-5)
    assert notes[0].startswith(
        "Table IV, F1 averaged over conditions, p corrected for 4 tests: RRRN differs from 3DHOG"
    )
    assert "RRRN and ResNet18 cannot be told apart" in notes[0] and len(notes) == 2


def test_the_order_of_rows_changes_no_byte(tmp_path):
    texts = []
    for number, order in enumerate((slice(None), slice(None, None, -1))):
        folder = tmp_path / str(number)
        folder.mkdir()
        rows = table()
        paths = files(folder, rows, shuffle=number)
        run(folder, rows[order], paths)
        texts.append((folder / "comparisons.csv").read_bytes())
    assert texts[0] == texts[1]


def test_any_two_are_compared_if_asked_or_if_the_one_is_not_there():
    assert pairs.of_tables(METHODS, "resnet18") == [("resnet18", "hog3d"), ("resnet18", "rrrn")]
    two = [("resnet18", "hog3d"), ("rrrn", "hog3d"), ("rrrn", "resnet18")]
    assert sorted(pairs.of_tables(METHODS, "all")) == two == sorted(pairs.of_tables(METHODS, "vgg16"))
    assert pairs.of_tables(["rrrn"], "rrrn") == [] == pairs.of_tables(["rrrn"], "all")


def test_one_method_gives_an_empty_table(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "METHODS", ["rrrn"])
    rows = table()
    found, notes = run(tmp_path, rows, files(tmp_path, rows))
    assert found.empty and list(found.columns) == list(compare.COLUMNS) and notes == []


def test_the_papers_differences_stand_beside_and_those_within_the_noise_are_named(tmp_path):
    """RRRN is 0.663 and ResNet18 0.641 un-occluded; their averages are of thirteen conditions, which these are not."""
    rows = [clip for name in ("casme2", "samm") for clip in table("recorded", name)]
    half = len(rows) // 2  # a subject is of one database
    rows = [clip for clip in rows[:half] if clip.subject < SUBJECTS[8]] + [
        clip for clip in rows[half:] if clip.subject >= SUBJECTS[8]
    ]
    found, notes = run(tmp_path, rows, files(tmp_path, rows))
    own = found[(found["other"] == "ResNet18") & (found["metric"] == "F1")].set_index("condition")
    assert own["paper"].to_dict() == pytest.approx(
        {"Un-occ": 0.022, "Mask": 0.377 - 0.316, "Avg.": np.nan}, nan_ok=True
    )
    (said,) = [note for note in notes if note.startswith("Table IV, F1: ") and "from ResNet18" in note]
    assert "of the paper's 2 differences of RRRN from ResNet18 are within the noise" in said
    width = (own.loc["Un-occ", "high"] - own.loc["Un-occ", "low"]) / 2
    assert f"+0.022 un-occluded, where other subjects may move it by {width:.3f}" in said


# ---- the ablation


LIKE = {"rrrn": "rrrn", "rrrn-fc": "rrrn", "rrrn-no-ri": "rrrn", "resnet18": "resnet18", "vgg16-uvm": "vgg16"}
CHANGES = [("rrrn-fc", "rrrn"), ("rrrn-no-ri", "rrrn"), ("vgg16-uvm", "vgg16")]


def test_a_change_is_compared_with_its_base_wherever_that_stands_in_the_list():
    assert pairs.of_ablation(LIKE, LIKE) == CHANGES
    assert pairs.of_ablation(reversed(LIKE), LIKE) == CHANGES[::-1]
    assert pairs.of_ablation(["rrrn", "resnet18"], LIKE) == [] == pairs.of_ablation([], LIKE)
    assert pairs.among(CHANGES, list(LIKE)) == (CHANGES[:2], CHANGES[2:])
    assert pairs.among(CHANGES, ["rrrn-fc"]) == ([], CHANGES) and pairs.among([], ["rrrn"]) == ([], [])


@pytest.fixture
def ablation(tmp_path, monkeypatch):
    """Clips and confusion matrices of the methods of ``LIKE``."""
    monkeypatch.setitem(globals(), "METHODS", list(LIKE))
    monkeypatch.setitem(globals(), "SKILL", {name: 0.2 if name == "rrrn-no-ri" else 0.7 for name in LIKE})
    rows = table()
    return rows, files(tmp_path, rows)


def test_rows_of_an_ablation_are_compared_with_their_bases_alone(ablation, tmp_path):
    rows, paths = ablation
    found, notes = run(tmp_path, rows, paths, CHANGES)
    assert list(found.columns) == [name for name in compare.COLUMNS if name != "paper"]
    subjects, counts = confusion.read(confusion.by_method(list(LIKE), CONDITIONS, paths), CLASSES)
    wanted = comparing.compared(counts, CONDITIONS, subjects, ("F1", "WF1"), CHANGES[:2], 400)
    for name in ("value", "other_value", "difference", "low", "high", "p", "p_holm"):
        assert found[name].to_numpy() == pytest.approx(wanted[name].to_numpy(), abs=1e-6), name
    named = {"rrrn-fc": "rrrn-fc", "rrrn-no-ri": "RRRN no RI"}  # the variant's label is the configuration's
    assert found["method"].tolist() == wanted["method"].map(named).tolist() and set(found["other"]) == {"RRRN"}
    assert set(found["table"]) == {"ablation"} and set(found["task"]) == {"CDE"}
    assert found["n_tests"].tolist() == [4 if name == "Avg." else 8 for name in found["condition"]]
    first = "Ablation, F1 averaged over conditions, p corrected for 4 tests: rrrn-fc and RRRN cannot be told apart"
    assert notes[0].startswith(first) and "RRRN no RI differs from RRRN by -0." in notes[0] and len(notes) == 3
    assert notes[2] == "vgg16-uvm is not compared: it is a change of vgg16, which 'ablation' does not list"


def test_an_ablation_in_which_nothing_can_be_compared_is_an_empty_table_that_says_why(ablation, tmp_path):
    rows, paths = ablation
    found, notes = run(tmp_path, rows, paths, [("resnet18", "deep"), *CHANGES[2:], ("rrrn", "deep")])
    assert found.empty and list(found.columns) == [name for name in compare.COLUMNS if name != "paper"]
    assert notes == [
        "Nothing is compared: no method of 'ablation' is a change of another that it lists",
        "ResNet18, RRRN are not compared: they are changes of deep, which 'ablation' does not list",
        "vgg16-uvm is not compared: it is a change of vgg16, which 'ablation' does not list",
    ]


@pytest.mark.parametrize("text", ["rrrn", "=rrrn", "rrrn="])
def test_what_is_no_pair_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is not METHOD=OTHER"):
        compare.pair(text)
    assert compare.pair("rrrn-fc=rrrn") == ("rrrn-fc", "rrrn")


@pytest.mark.parametrize(
    ("n_subjects", "n_tests", "draws", "said"),
    [
        (4, 1, 1000, "no p is below 0.12, so no methods can be told apart; it takes more subjects"),
        (47, 60, 1000, "no p is below 0.06, so no methods can be told apart; raise compare.draws"),
        (47, 60, 10_000, None),
        (8, 2, 1000, None),
    ],
)
def test_a_table_in_which_nothing_can_differ_says_so(n_subjects, n_tests, draws, said):
    row = {"table": "iv", "metric": "F1", "condition": "Avg.", "method": "A", "other": "B", "difference": 0.1}
    row |= {"low": 0.0, "high": 0.2, "p_holm": 0.5, "n_tests": n_tests, "n_subjects": n_subjects, "paper": np.nan}
    notes = comparing.notes(pd.DataFrame([row, {**row, "metric": "WF1"}]), draws)
    assert [said in note for note in notes].count(True) == 1 if said else len(notes) == 2


def test_an_ablation_in_which_nothing_can_differ_says_what_helps_it():
    row = {"table": "ablation", "metric": "F1", "condition": "Avg.", "method": "A", "other": "B", "difference": 0.1}
    row |= {"low": 0.0, "high": 0.2, "p_holm": 0.5, "n_tests": 60, "n_subjects": 47, "paper": np.nan}
    assert "raise compare.draws, or list fewer methods (ablation)" in comparing.notes(pd.DataFrame([row]), 1000)[1]


def test_one_subject_has_no_interval_and_no_noise():
    row = {"table": "iv", "metric": "F1", "condition": "Avg.", "method": "A", "other": "B", "difference": 0.1}
    row |= {"low": np.nan, "high": np.nan, "p_holm": 1.0, "n_tests": 1, "n_subjects": 1, "paper": 0.01}
    first, second = comparing.notes(pd.DataFrame([row]))
    assert "A and B cannot be told apart (+0.100, no interval of one subject, p 1)" in first
    assert "of 1 subjects and 1 tests no p is below 1" in second
