"""Scores of support vector machines as probabilities, and what is said of machines that were not solved."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.svm import SVC

from rrrn.data import clips
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.stages import svm
from rrrn.svm import calibration, inner, machine
from rrrn.svm import fold as one_fold
from tests.test_svm import CLASSES, DEFAULT, LABELS, SUBJECTS, TABLE, predicted, run, told, toy_features, write_features

CALIBRATED = replace(DEFAULT, C=10.0, calibrate="sigmoid")


def calibrated(rows, tested, settings=CALIBRATED, features=None, labels=LABELS):
    """What a fold that trains on some rows says of others, and its C."""
    features = toy_features(1, noise=4.0) if features is None else features
    kernel = features @ features[rows].T
    subjects = [SUBJECTS[row] for row in rows]
    found = one_fold.train(kernel[rows], labels[rows], subjects, 5, settings)
    assert not found.unsolved
    return found.probabilities(kernel[tested], 5), found.penalty


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("weight", ["none", "balanced"])
def test_probabilities_are_those_of_scikit_learn(n_classes, weight):
    features = toy_features(1, noise=4.0)
    rows = np.flatnonzero(np.isin(LABELS, range(n_classes)))
    found, _ = calibrated(rows, slice(None), replace(CALIBRATED, class_weight=weight))
    svc = SVC(kernel="linear", C=10, class_weight=None if weight == "none" else weight)
    splits = list(GroupKFold(5).split(rows, groups=np.array(SUBJECTS)[rows]))
    reference = CalibratedClassifierCV(svc, method="sigmoid", cv=splits, ensemble=False)
    expected = reference.fit(features[rows], LABELS[rows]).predict_proba(features)
    np.testing.assert_allclose(found[:, :n_classes], expected, atol=2e-5)
    assert not found[:, n_classes:].any()
    assert np.ptp(found[:, 0]) > 0.05  # and not the same of everything


def test_a_chosen_c_is_calibrated():
    rows = np.arange(36)
    chosen, penalty = calibrated(rows, slice(36, 42), replace(CALIBRATED, C="grid"))
    fixed, _ = calibrated(rows, slice(36, 42), replace(CALIBRATED, C=penalty))
    assert penalty in inner.GRID and chosen.tobytes() == fixed.tobytes()


def test_sigmoids_are_those_of_a_logistic_regression_on_platts_targets():
    draw = np.random.default_rng(0)
    labels = draw.choice([1, 3, 4], 60, p=[0.6, 0.3, 0.1])
    values = draw.normal(size=(60, 3)) + 2.0 * (labels[:, None] == [1, 3, 4])
    found = calibration.fit(values, labels, np.array([1, 3, 4]))
    for column, name in enumerate((1, 3, 4)):
        inside = labels == name
        target = np.where(inside, (inside.sum() + 1) / (inside.sum() + 2), 1 / ((~inside).sum() + 2))
        model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000)
        twice = np.tile(values[:, column], 2)[:, None]
        model.fit(twice, np.repeat([1, 0], 60), sample_weight=np.concatenate([target, 1 - target]))
        assert found.slopes[column] == pytest.approx(model.coef_.item(), rel=1e-5)
        assert found.offsets[column] == pytest.approx(model.intercept_.item(), rel=1e-5)


@pytest.mark.parametrize("ties", ["margins", "order"])
def test_calibrated_is_what_the_scores_are_without_it(ties):
    """Fitted on scores of subjects that a machine did not see, fold by fold as a loop finds them."""
    rows, features, settings = np.arange(36), toy_features(1, noise=4.0), replace(CALIBRATED, ties=ties)
    values, true = [], []
    for train, test in GroupKFold(5).split(rows, groups=SUBJECTS[:36]):
        svc = SVC(kernel="linear", C=10).fit(features[train], LABELS[train])
        one = svc.decision_function(features[test])
        values += (one if ties == "margins" else np.round(one)).tolist()
        true += LABELS[test].tolist()
    sigmoids = calibration.fit(np.array(values), np.array(true), np.arange(4))
    svc = SVC(kernel="linear", C=10).fit(features[:36], LABELS[:36])
    own = svc.decision_function(features[36:])
    own = own if ties == "margins" else np.round(own)
    each = 1 / (1 + np.exp(-own * sigmoids.slopes - sigmoids.offsets))
    found, _ = calibrated(rows, slice(36, 42), settings)
    np.testing.assert_allclose(found[:, :4], each / each.sum(axis=1, keepdims=True), rtol=1e-6)


def test_probabilities_mean_how_often():
    """Calibrated ones have a lower log loss on samples that nothing was fitted to, and than the classes' shares."""
    draw = np.random.default_rng(4)
    labels = draw.choice(4, 800, p=[0.5, 0.3, 0.15, 0.05])
    features = np.eye(4)[labels] + draw.normal(scale=0.4, size=(800, 4))  # nearly parted, which votes cannot tell
    kernel = features @ features[:400].T
    subjects = [f"s{n % 20}" for n in range(400)]
    losses = {}
    for calibrate in ("none", "sigmoid"):
        settings = replace(DEFAULT, C=1.0, calibrate=calibrate)
        found = one_fold.train(kernel[:400], labels[:400], subjects, 4, settings).probabilities(kernel[400:], 4)
        losses[calibrate] = -np.log(found[np.arange(400), labels[400:]]).mean()
    shares = np.bincount(labels[:400]) / 400
    assert losses["sigmoid"] < min(losses["none"], -np.log(shares[labels[400:]]).mean()) - 0.05


def test_a_class_that_one_subject_has_is_hardly_ever_likely():
    labels = LABELS.copy()
    labels[np.array(SUBJECTS) == "s2"] = 4
    rows = np.arange(36)
    features = toy_features(1, noise=4.0)
    found, _ = calibrated(rows, slice(None), features=features, labels=labels)
    assert found[:, 4].max() < 0.1 and found[:36].argmax(axis=1).max() < 4
    # the inner fold without it is left out: the others' scores alone count
    splits = [(train, test) for train, test in inner.splits(SUBJECTS[:36]) if 4 in labels[train]]
    assert len(splits) == 4
    values, true, _ = inner.out_of_fold(
        features[:36] @ features[:36].T, labels[:36], inner.splits(SUBJECTS[:36]), 10.0, CALIBRATED
    )
    assert values.shape == (sum(len(test) for _, test in splits), 5) and 4 not in true


def test_inner_folds_that_all_lack_a_class_are_told():
    table = [replace(clip, objective_class=CLASSES[int(clip.subject[1:])]) for clip in TABLE if clip.subject < "s3"]
    features = toy_features(1)[: len(table)]
    with pytest.raises(InputError, match=r"^fold s0: svm\.calibrate 'sigmoid' needs an inner fold.*to none$"):
        svm.predict([features], {"mask": features}, table, CLASSES, ["s0"], CALIBRATED)


@pytest.mark.parametrize("penalty", [10, "grid"])
def test_poisoned_rows_of_the_tested_subject_change_no_byte(penalty):
    settings = replace(CALIBRATED, C=penalty, class_weight="balanced")
    parts, tested = [toy_features(1), toy_features(2)], {"mask": toy_features(3)}
    before = predicted(told(parts, tested, ["s5"], settings), "s5").tobytes()
    own = np.array(SUBJECTS) == "s5"
    for part in parts:
        part[own] = 1e6
    table = [replace(clip, objective_class="V") if clip.subject == "s5" else clip for clip in TABLE]
    assert predicted(told(parts, tested, ["s5"], settings, table), "s5").tobytes() == before
    parts[0][0] += 0.5  # another subject's clip
    assert predicted(told(parts, tested, ["s5"], settings), "s5").tobytes() != before


def test_the_stage_writes_calibrated_probabilities(tmp_path):
    clips.write(TABLE, tmp_path / "clips.csv")
    for name, seed in [("none", 1), ("mask", 2)]:
        write_features(tmp_path / f"{name}.h5", toy_features(seed).astype(np.float32))
    texts = {
        calibrate: run(tmp_path, settings={"svm": vars(replace(CALIBRATED, calibrate=calibrate))}, folds="s3")
        for calibrate in ("none", "sigmoid")
    }
    parts = [toy_features(seed).astype(np.float32).astype(np.float64) for seed in (1, 2)]
    rows = told([parts[0]], {"mask": parts[1]}, ["s3"], CALIBRATED)
    for line, (_, _, clip, shares) in zip(texts["sigmoid"].splitlines()[1:], rows, strict=True):
        assert line.split(",")[2] == clip.clip and line.split(",")[9:14] == [f"{share:.9g}" for share in shares]
    assert texts["none"] != texts["sigmoid"]


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(machine, "STEPS", 3)


def test_a_machine_that_is_not_solved_is_known(impatient, recwarn):
    rows = np.arange(36)
    features = toy_features(1, noise=4.0)[rows]
    kernel = features @ features.T

    def unsolved(settings):
        return one_fold.train(kernel, LABELS[rows], SUBJECTS[:36], 5, settings).unsolved

    assert unsolved(DEFAULT) == ["C = 10000"]
    assert unsolved(CALIBRATED) == ["C = 10", "the calibration at C = 10"]
    of_grid = unsolved(replace(DEFAULT, C="grid"))
    assert of_grid[0] == "the choice among C = 0.1, 1, 10, 100, 1000, 10000"
    assert not recwarn  # scikit-learn's own, which name nothing


def test_what_was_not_solved_is_said_once_in_the_log_and_on_the_terminal(tmp_path, impatient, capsys, monkeypatch):
    clips.write(TABLE, tmp_path / "clips.csv")
    for name, seed in [("none", 1), ("mask", 2)]:
        write_features(tmp_path / f"{name}.h5", toy_features(seed).astype(np.float32))
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    parser = stage.command("")
    parser.set_defaults(**arguments(tmp_path), log=tmp_path / "svm.log")
    stage.run(svm.main, parser, [])
    expected = (
        "warning: the SVM of lbp_top, trained on none, stopped short of its tolerance after 3 steps in 2 of 2 folds "
        "(fold s3: C = 10000; fold a-to-b: C = 10000), so that these predictions are not those that its settings mean; "
        "set svm.C to a smaller number, which takes fewer steps"
    )
    logged = (tmp_path / "svm.log").read_text().splitlines()
    assert [line for line in logged if "warning" in line] == [expected]
    assert capsys.readouterr().err.splitlines() == [expected]
    assert (tmp_path / "out.csv").exists()


def arguments(folder):
    return {
        "train": [folder / "none.h5"],
        "test": [("mask", folder / "mask.h5")],
        "trained_on": "none",
        "method": "lbp_top",
        "clips": folder / "clips.csv",
        "classes": ",".join(CLASSES),
        "folds": "s3,a-to-b",
        "output": folder / "out.csv",
        "settings": {"svm": vars(DEFAULT)},
    }
