import argparse
import csv
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, cross_val_predict
from sklearn.svm import SVC

from rrrn.data import clips, store
from rrrn.data.clips import Clip
from rrrn.running.stage import InputError
from rrrn.stages import svm
from rrrn.svm import fold as one_fold
from rrrn.svm import inner, machine
from rrrn.svm.settings import Settings

CLASSES = ["I", "II", "III", "IV", "V"]
TABLE = [
    Clip(
        "ab"[subject // 4],
        f"s{subject}",
        f"c{n}",
        1,
        2,
        3,
        CLASSES[(subject * n + n) % 4],
        f"{subject}/{n}",
        "synthetic",
    )
    for subject in range(7)
    for n in range(6)
]
SUBJECTS = [clip.subject for clip in TABLE]
EVERY = [f"s{n}" for n in range(7)]
LABELS = np.array([CLASSES.index(clip.objective_class) for clip in TABLE])
DEFAULT = Settings(C=10000, class_weight="none", ties="margins", calibrate="none")


def with_c(penalty):
    return replace(DEFAULT, C=penalty)


def toy_features(seed, noise=1.0, dims=40):
    """Normalised histograms whose mean depends on the class."""
    prototypes = np.random.default_rng(0).gamma(2, size=(5, dims))
    values = prototypes[LABELS] + noise * np.random.default_rng(seed).gamma(2, size=(len(TABLE), dims))
    return values / values.sum(axis=1, keepdims=True)


def told(parts, tested, folds, settings=DEFAULT, table=TABLE):
    """The rows of the folds, none of which was left unsolved."""
    rows, unsolved = svm.predict(parts, tested, table, CLASSES, folds, settings)
    assert not unsolved
    return rows


def predicted(rows, fold):
    return np.array([row for name, _, _, row in rows if name == fold])


@pytest.mark.parametrize("penalty", [0.1, 10, 10000])
def test_folds_agree_with_a_linear_svc(penalty):
    features = toy_features(1)
    rows = told([features], {"mask": features}, EVERY, with_c(penalty))
    for n, (train, test) in enumerate(LeaveOneGroupOut().split(features, LABELS, SUBJECTS)):
        machine = SVC(kernel="linear", C=penalty, break_ties=True).fit(features[train], LABELS[train])
        found = predicted(rows, f"s{n}")
        assert np.array_equal(found.argmax(axis=1), machine.predict(features[test]))
        score = np.exp(machine.decision_function(features[test]))
        np.testing.assert_allclose(found[:, machine.classes_], score / score.sum(axis=1, keepdims=True), rtol=1e-9)
        assert (found[:, 4] == 0).all()  # no clip has class V
        np.testing.assert_allclose(found.sum(axis=1), 1)


def test_ties_of_votes_go_to_the_larger_margins_or_to_the_first_class():
    features, said = toy_features(1, noise=8.0), {}
    for ties, break_ties in (("margins", True), ("order", False)):
        rows = told([features], {"mask": features}, EVERY, replace(DEFAULT, ties=ties))
        said[ties], expected = [], []
        for n, (train, test) in enumerate(LeaveOneGroupOut().split(features, LABELS, SUBJECTS)):
            machine = SVC(kernel="linear", C=10000, break_ties=break_ties).fit(features[train], LABELS[train])
            expected += machine.predict(features[test]).tolist()
            said[ties] += predicted(rows, f"s{n}").argmax(axis=1).tolist()
        assert said[ties] == expected
    assert said["margins"] != said["order"]


def test_holdout_trains_on_one_database_and_tests_on_the_other():
    features, other = toy_features(1), toy_features(2)
    rows = told([features], {"mask": other}, ["b-to-a"], with_c(100))
    a = np.array([clip.database == "a" for clip in TABLE])
    assert [clip for _, _, clip, _ in rows] == [clip for clip in TABLE if clip.database == "a"]
    expected = SVC(kernel="linear", C=100, break_ties=True).fit(features[~a], LABELS[~a]).predict(other[a])
    assert np.array_equal(predicted(rows, "b-to-a").argmax(axis=1), expected)


def test_several_conditions_train_together():
    parts, tested = [toy_features(n) for n in (1, 2, 3)], toy_features(4)
    rows = told(parts, {"mask": tested}, ["s2"], with_c(10))
    test = np.array([subject == "s2" for subject in SUBJECTS])
    known = np.concatenate([part[~test] for part in parts])
    machine = SVC(kernel="linear", C=10).fit(known, np.tile(LABELS[~test], 3))
    score = np.exp(machine.decision_function(tested[test]))
    np.testing.assert_allclose(predicted(rows, "s2")[:, :4], score / score.sum(axis=1, keepdims=True), rtol=1e-9)


@pytest.mark.parametrize("penalty", [100, "grid"])
def test_nothing_of_the_tested_subject_is_trained_on(penalty):
    parts, tested = [toy_features(1), toy_features(2)], toy_features(3)
    before = predicted(told(parts, {"mask": tested}, ["s5"], with_c(penalty)), "s5")
    own = np.array([subject == "s5" for subject in SUBJECTS])
    for part in parts:
        part[own] = 7.0
    assert np.array_equal(predicted(told(parts, {"mask": tested}, ["s5"], with_c(penalty)), "s5"), before)
    relabelled = [
        Clip(
            *(
                c.database,
                c.subject,
                c.clip,
                c.onset,
                c.apex,
                c.offset,
                "V" if c.subject == "s5" else c.objective_class,
                "f",
                "synthetic",
            )
        )
        for c in TABLE
    ]
    assert np.array_equal(predicted(told(parts, {"mask": tested}, ["s5"], with_c(penalty), relabelled), "s5"), before)
    parts[1][0] += 0.5  # but what is trained on does matter
    assert not np.array_equal(predicted(told(parts, {"mask": tested}, ["s5"], with_c(penalty)), "s5"), before)


def test_a_tested_clip_is_judged_on_its_own():
    features, tested = toy_features(1), toy_features(2)
    before = predicted(told([features], {"mask": tested}, ["s5"], with_c(10)), "s5")
    tested[0:35] = 3.0  # all but the last clip of s5
    assert np.array_equal(
        predicted(told([features], {"mask": tested}, ["s5"], with_c(10)), "s5")[-1],
        before[-1],
    )


def as_before(kernel, labels, tested, n_classes, penalty, ties):
    """What the default gave before there were class weights, calibration and a limit of steps, word for word."""
    result = np.zeros((len(tested), n_classes))
    present = np.unique(labels)
    if len(present) == 1:
        result[:, present] = 1
        return result
    machine = SVC(kernel="precomputed", C=penalty, decision_function_shape="ovr")
    decision = machine.fit(kernel, labels).decision_function(tested)
    if decision.ndim == 1:
        decision = np.stack([np.zeros_like(decision), decision], axis=1)
    elif ties == "order":
        decision = np.round(decision)
    score = np.exp(decision - decision.max(axis=1, keepdims=True))
    result[:, present] = score / score.sum(axis=1, keepdims=True)
    return result


@pytest.mark.parametrize("ties", ["margins", "order"])
@pytest.mark.parametrize("n_classes", [1, 2, 4])
def test_the_default_gives_the_bytes_that_it_gave(ties, n_classes):
    features = toy_features(1, noise=8.0)
    kernel, chosen = features @ features.T, np.flatnonzero(np.isin(LABELS, range(n_classes)))
    subjects = np.array(SUBJECTS)[chosen]
    known, asked, labels = kernel[np.ix_(chosen, chosen)], kernel[:, chosen], LABELS[chosen]
    for penalty in (0.1, 10000):
        told = replace(DEFAULT, C=penalty, ties=ties)
        found = one_fold.train(known, labels, subjects, 5, told)
        expected = as_before(known, labels, asked, 5, penalty, ties)
        assert found.probabilities(asked, 5).tobytes() == expected.tobytes()
        assert found.penalty == penalty and not found.unsolved


def test_two_classes():
    features = toy_features(5)
    chosen = LABELS < 2
    kernel = features @ features.T
    known = kernel[np.ix_(chosen, chosen)]
    found = one_fold.train(known, LABELS[chosen] + 2, [], 5, with_c(10)).probabilities(kernel[:, chosen], 5)
    machine = SVC(kernel="linear", C=10).fit(features[chosen], LABELS[chosen] + 2)
    assert np.array_equal(found.argmax(axis=1), machine.predict(features))
    np.testing.assert_allclose(found[:, 3], 1 / (1 + np.exp(-machine.decision_function(features))), rtol=1e-9)
    assert found[:, [0, 1, 4]].sum() == 0


@pytest.mark.parametrize("calibrate", ["none", "sigmoid"])
def test_one_class_is_certain(calibrate):
    told = replace(DEFAULT, calibrate=calibrate)
    found = one_fold.train(np.eye(3), np.array([2, 2, 2]), ["s1"] * 3, 5, told)
    assert found.probabilities(np.ones((2, 3)), 5).tolist() == [[0, 0, 1, 0, 0]] * 2


@pytest.mark.parametrize("ties", ["margins", "order"])
def test_a_balanced_class_weight_is_that_of_scikit_learn(ties):
    features, rows = toy_features(1, noise=8.0), np.flatnonzero((LABELS > 0) | (np.arange(len(LABELS)) % 3 == 0))
    asked = features @ features[rows].T
    told = replace(DEFAULT, C=10, ties=ties, class_weight="balanced")
    found = one_fold.train(asked[rows], LABELS[rows], [], 5, told).probabilities(asked, 5)
    svc = SVC(kernel="linear", C=10, break_ties=ties == "margins", class_weight="balanced")
    svc.fit(features[rows], LABELS[rows])
    assert np.array_equal(found.argmax(axis=1), svc.predict(features))
    counts = np.bincount(LABELS[rows])
    by_hand = {name: len(rows) / len(counts) / count for name, count in enumerate(counts)}
    weighted = SVC(kernel="linear", C=10, class_weight=by_hand).fit(features[rows], LABELS[rows])
    values = weighted.decision_function(features)
    values = values if ties == "margins" else np.round(values)
    score = np.exp(values)
    np.testing.assert_allclose(found[:, :4], score / score.sum(axis=1, keepdims=True), rtol=1e-9)
    plain = one_fold.train(asked[rows], LABELS[rows], [], 5, replace(told, class_weight="none"))
    assert not np.array_equal(plain.probabilities(asked, 5), found)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("weight", ["none", "balanced"])
def test_grid_is_a_cross_validation_by_subject(seed, weight):
    features, penalties = toy_features(seed, noise=4.0), (0.1, 1, 10, 100, 1e3, 1e4)
    scores = []
    for penalty in penalties:
        svc = SVC(kernel="linear", C=penalty, break_ties=True, class_weight=None if weight == "none" else weight)
        guess = cross_val_predict(svc, features, LABELS, groups=SUBJECTS, cv=GroupKFold(5))
        scores.append(f1_score(LABELS, guess, labels=range(5), average="macro", zero_division=0))
    assert len(set(scores)) > 1
    best = penalties[scores.index(max(scores))]
    told = replace(DEFAULT, class_weight=weight)
    found, unsolved = inner.choose_penalty(features @ features.T, LABELS, inner.splits(SUBJECTS), 5, told)
    assert found == best and not unsolved


def test_of_equal_values_of_c_the_smallest_is_chosen():
    parted = np.repeat(np.eye(2), 6, axis=0)  # whatever C is
    labels, subjects = np.repeat([0, 1], 6), ["s1", "s2", "s3"] * 4
    assert inner.choose_penalty(parted @ parted.T, labels, inner.splits(subjects), 2, DEFAULT) == (0.1, [])
    alike = np.ones((6, 6))  # one class alone: every C is as good
    assert inner.choose_penalty(alike, np.ones(6, int), inner.splits(subjects[:6]), 2, DEFAULT) == (0.1, [])


def test_a_class_that_one_subject_has_is_no_hindrance_to_the_grid():
    features, labels = toy_features(0, noise=4.0), LABELS.copy()
    labels[[subject == "s6" for subject in SUBJECTS]] = 4
    guesses = []
    for penalty in inner.GRID:
        svc = SVC(kernel="linear", C=penalty, break_ties=True)
        guess = cross_val_predict(svc, features, labels, groups=SUBJECTS, cv=GroupKFold(5))
        assert not {labels[n] for n in np.flatnonzero(guess == 4)} & {4}  # whom no other subject's machine knows
        guesses.append(f1_score(labels, guess, labels=range(5), average="macro", zero_division=0))
    assert len(set(guesses)) > 1
    found, _ = inner.choose_penalty(features @ features.T, labels, inner.splits(SUBJECTS), 5, DEFAULT)
    assert found == inner.GRID[guesses.index(max(guesses))]


@pytest.mark.parametrize("n_subjects", [2, 4, 5, 12])
def test_inner_folds_split_no_subject_and_test_each_once(n_subjects):
    draw = np.random.default_rng(n_subjects)
    subjects = [f"s{n}" for n in draw.permutation([*range(n_subjects), *draw.integers(0, n_subjects, 30)])]
    parts = inner.splits(subjects)
    assert len(parts) == min(5, n_subjects)
    for train, test in parts:
        assert not {subjects[n] for n in train} & {subjects[n] for n in test}
        assert sorted([*train, *test]) == list(range(len(subjects)))
    assert sorted(n for _, test in parts for n in test) == list(range(len(subjects)))


def test_grid_never_splits_a_subject(monkeypatch):
    number = np.random.default_rng(0).permutation([int(subject[1:]) for subject in SUBJECTS])
    tested_subjects = []

    def scores(kernel, labels, tested, penalty, settings):
        rows, columns = np.unique(tested // 100), np.unique(tested % 100)
        assert not set(rows) & set(columns) and len(rows) + len(columns) == 7
        tested_subjects.extend(rows)
        return machine.Scores(np.arange(1), np.zeros((len(tested), 1)), True)

    monkeypatch.setattr(machine, "scores", scores)
    pairs = 100 * number[:, None] + number  # a kernel that says whose samples meet
    inner.choose_penalty(pairs, LABELS, inner.splits([f"s{n}" for n in number]), 5, DEFAULT)
    assert sorted(tested_subjects) == sorted([*range(7)] * 6)


def test_grid_sees_the_training_subjects_of_each_fold_only(monkeypatch):
    seen = []

    def choose(kernel, labels, splits, n_classes, settings):
        seen.append((kernel.shape, len(labels), len(splits)))
        return 10.0, []

    monkeypatch.setattr(inner, "choose_penalty", choose)
    monkeypatch.setattr(inner, "splits", lambda subjects: sorted(set(subjects)))
    features = toy_features(1)
    rows = told([features, features], {"mask": features}, ["s0", "a-to-b"], with_c("grid"))
    assert seen == [((72, 72), 72, 6), ((48, 48), 48, 4)]
    monkeypatch.undo()
    fixed = told([features, features], {"mask": features}, ["s0", "a-to-b"], with_c(10))
    assert all(np.array_equal(a[3], b[3]) for a, b in zip(rows, fixed, strict=True))


@pytest.mark.parametrize("changed", [{"C": "grid"}, {"calibrate": "sigmoid"}])
def test_inner_folds_need_two_subjects(changed):
    features = toy_features(1)
    table = [clip for clip in TABLE if clip.subject in ("s0", "s1")]
    with pytest.raises(InputError, match=r"^fold s0: svm\.C 'grid' and svm\.calibrate 'sigmoid' need two"):
        svm.predict([features[:12]], {"mask": features[:12]}, table, CLASSES, ["s0"], replace(DEFAULT, **changed))


@pytest.fixture
def project(tmp_path):
    clips.write(TABLE, tmp_path / "clips.csv")
    for name, seed in [("none", 1), ("mask", 2)]:
        write_features(tmp_path / f"{name}.h5", toy_features(seed).astype(np.float32))
    return tmp_path


def write_features(path, features, rows=TABLE):
    with store.create(path) as file:
        store.put(file, "features", features)
        store.put_names(file, "subject", [clip.subject for clip in rows])
        store.put_names(file, "clip", [clip.clip for clip in rows])


def run(project, **changed):
    given = {
        "train": [project / "none.h5"],
        "test": [("mask", project / "mask.h5")],
        "trained_on": "none",
        "method": "lbp_top",
        "clips": project / "clips.csv",
        "classes": ",".join(CLASSES),
        "folds": "s3,a-to-b",
        "output": project / "out.csv",
        "settings": {"svm": vars(DEFAULT)},
        "asked": {},
    }
    svm.main(argparse.Namespace(**(given | changed)))
    return (project / "out.csv").read_text()


def test_table_of_predictions(project):
    text = run(project)
    header = "database,subject,clip,condition,trained_on,fold,seed,view,true,p_I,p_II,p_III,p_IV,p_V,made,digest\n"
    assert text.startswith(header)
    assert "\r" not in text and text.endswith("\n")
    rows = list(csv.DictReader(text.splitlines()))
    expected = [("s3", c) for c in TABLE if c.subject == "s3"] + [("a-to-b", c) for c in TABLE if c.database == "b"]
    assert [(r["fold"], r["database"], r["subject"], r["clip"], r["true"]) for r in rows] == [
        (fold, c.database, c.subject, c.clip, c.objective_class) for fold, c in expected
    ]
    assert {(r["condition"], r["trained_on"], r["seed"], r["view"]) for r in rows} == {("mask", "none", "0", "0")}
    features = [toy_features(n).astype(np.float32).astype(np.float64) for n in (1, 2)]
    known = told([features[0]], {"mask": features[1]}, ["s3", "a-to-b"], with_c(10000))
    for row, (_, _, _, found) in zip(rows, known, strict=True):
        assert [row[f"p_{name}"] for name in CLASSES] == [f"{value:.9g}" for value in found]
    assert run(project) == text


def test_conditions_that_are_tested_together_are_as_each_alone(project):
    """Byte for byte, and with its own numbers for each."""
    both = run(project, test=[("none", project / "none.h5"), ("mask", project / "mask.h5")])
    rows = [line.rpartition(",")[0] for line in both.splitlines()]  # the digest is of a whole file
    alone = [run(project, test=[(name, project / f"{name}.h5")]) for name in ("none", "mask")]
    parts = [[line.rpartition(",")[0] for line in text.splitlines()][1:] for text in alone]
    assert sorted(rows[1:]) == sorted(parts[0] + parts[1]) and parts[0] != parts[1]
    assert [row.split(",")[3] for row in rows[1:]] == ["none"] * 6 + ["mask"] * 6 + ["none"] * 18 + ["mask"] * 18


def test_rows_of_features_may_stand_in_any_order(project):
    text = run(project)
    order = np.random.default_rng(0).permutation(len(TABLE))
    write_features(project / "none.h5", toy_features(1).astype(np.float32)[order], [TABLE[n] for n in order])
    assert run(project) == text


def test_rows_of_the_clip_table_may_stand_in_any_order(project):
    text = run(project, settings={"svm": vars(DEFAULT) | {"C": "grid"}})
    clips.write([TABLE[n] for n in np.random.default_rng(1).permutation(len(TABLE))], project / "clips.csv")
    assert run(project, settings={"svm": vars(DEFAULT) | {"C": "grid"}}) == text


def test_a_clip_without_features_is_named(project):
    write_features(project / "mask.h5", toy_features(2)[:-1], TABLE[:-1])
    with pytest.raises(InputError, match=r"mask\.h5: clip s6/c5 is not in it; delete the file"):
        run(project)
    assert not (project / "out.csv").exists()


def test_features_without_a_row_are_named(project):
    clips.write(TABLE[1:], project / "clips.csv")
    with pytest.raises(InputError, match=r"none\.h5: clip s0/c0 is not in the clip table"):
        run(project)


def test_features_of_unequal_length_are_refused(project):
    write_features(project / "none.h5", toy_features(1)[:, :30])
    with pytest.raises(InputError, match=r"mask\.h5: 40 numbers per clip, but 30"):
        run(project)


def test_unknown_class_and_fold_are_refused(project):
    with pytest.raises(InputError, match="s0/c3 has class 'IV', which is none of I, II, III"):
        run(project, classes="I,II,III")
    with pytest.raises(InputError, match="'s9'"):
        run(project, folds="s3,s9")
