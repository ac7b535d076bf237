"""Poison for machines: noise in vectors of tested clips, a fit that tells nothing of it, and leaks that are found."""

import argparse
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from rrrn.data import clips, digested
from rrrn.experiment import folds
from rrrn.running.stage import InputError
from rrrn.stages import poison_svm, svm
from rrrn.svm import machines, poison
from tests.test_svm import CLASSES, DEFAULT, TABLE, toy_features, write_features


def test_noise_stands_in_the_rows_of_tested_clips_alone():
    parts = [toy_features(1), 50 * toy_features(2), np.zeros((len(TABLE), 40))]
    found = poison.features(parts, TABLE, folds.split(TABLE, "s5")[1])
    own = np.array([clip.subject == "s5" for clip in TABLE])
    for old, new, scale in zip(parts, found, [parts[0].max(), parts[1].max(), 1], strict=True):
        assert (old == new)[~own].all() and not (old == new)[own].any()
        assert 0.95 * scale < abs(new[own]).max() <= scale and abs(new[own].mean()) < 0.1 * scale
    assert not np.allclose(found[0][own] / parts[0].max(), found[1][own] / parts[1].max())  # two conditions of a clip
    turned = poison.features([part[::-1] for part in parts], TABLE[::-1], folds.split(TABLE, "s5")[1])
    assert all((one[::-1] == other).all() for one, other in zip(turned, found, strict=True))


@pytest.fixture
def project(tmp_path):
    clips.write(TABLE, tmp_path / "clips.csv")
    for name, seed in [("none", 1), ("mask", 2)]:
        write_features(tmp_path / f"{name}.h5", toy_features(seed, noise=4.0).astype(np.float32))
    return tmp_path


def arguments(project, fold="s3", trained_on="none", **settings) -> argparse.Namespace:
    files = {name: project / f"{name}.h5" for name in ("none", "mask")}
    return argparse.Namespace(
        train=[files["none"]] if trained_on == "none" else list(files.values()),
        test=list(files.items()),
        trained_on=trained_on,
        method="lbp_top",
        clips=project / "clips.csv",
        classes=",".join(CLASSES),
        fold=fold,
        predictions=project / "all.csv",
        output=project / "verdict.csv",
        settings={"svm": vars(replace(DEFAULT, **settings))},
        asked={},
    )


def poisoned(args: argparse.Namespace) -> dict[str, str]:
    """Fit all machines as the workflow does, then that of a fold with poison; return the row of the verdict."""
    svm.main(argparse.Namespace(**vars(args) | {"folds": f"s0,{args.fold},s6", "output": args.predictions}))
    poison_svm.main(args)
    (row,) = digested.read(args.output)
    return row


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"C": "grid", "class_weight": "balanced", "fold": "a-to-b"},
        {"C": 10, "calibrate": "sigmoid", "fold": "group-2-of-3", "trained_on": "mixed"},
    ],
    ids=str,
)
def test_a_machine_says_the_same_with_poison(project, monkeypatch, told):
    args, fitted = arguments(project, **told), []
    fit = machines.fit
    monkeypatch.setattr(machines, "fit", lambda *given: fitted.append(given) or fit(*given))
    row = poisoned(args)
    tested = folds.split(TABLE, args.fold)[1]
    assert {name: row[name] for name in ("method", "trained_on", "fold", "seed", "conditions", "poisoned")} == {
        **{"method": "lbp_top", "trained_on": args.trained_on, "fold": args.fold, "seed": "0"},
        **{"conditions": "none mask", "poisoned": "same"},
    }
    assert (int(row["n_clips"]), int(row["n_numbers"])) == (len(tested), 2 * len(tested) * len(CLASSES))
    plain, noisy = fitted  # no third one was needed
    assert not any((one == other).all() for one, other in zip(plain[0], noisy[0], strict=True))
    assert (plain[1] == noisy[1]) == args.fold.startswith("group")  # groups are made by classes, which stay there


def scaled(monkeypatch, whose):
    """All vectors are standardised, by mean and deviation of the clips that ``whose`` picks."""
    fit = machines.fit

    def own(train_features, table, classes, fold_names, settings):
        (fold,) = fold_names[-2:-1] or fold_names  # of three machines that of the fold in the middle
        rows = [row for row, clip in enumerate(table) if clip in whose(table, fold)]
        scaler = StandardScaler().fit(np.concatenate([part[rows] for part in train_features]))
        made = fit([scaler.transform(part) for part in train_features], table, classes, fold_names, settings)

        def ask(test_features, table):
            return made.ask({name: scaler.transform(part) for name, part in test_features.items()}, table)

        return SimpleNamespace(of_folds=made.of_folds, ask=ask)

    monkeypatch.setattr(machines, "fit", own)


def by_scale(monkeypatch):
    scaled(monkeypatch, lambda table, fold: table)


def among_them(monkeypatch):
    """A tested clip is learnt from."""

    def leaky(table, fold):
        training, tested = folds.split(table, fold)
        return [*training, tested[0]], tested

    monkeypatch.setattr(machines, "folds", SimpleNamespace(split=leaky))


def by_classes(monkeypatch):
    """C hangs on how many clips, tested ones as well, are of the second class."""
    fit = machines.fit

    def leaky(train_features, table, classes, fold_names, settings):
        count = sum(clip.objective_class == classes[1] for clip in table)
        return fit(train_features, table, classes, fold_names, replace(settings, C=0.1 * count))

    monkeypatch.setattr(machines, "fit", leaky)


@pytest.mark.parametrize("leak", [by_scale, among_them, by_classes])
def test_a_leak_is_found_out(monkeypatch, project, leak):
    leak(monkeypatch)
    assert poisoned(arguments(project, C=1.0))["poisoned"] == "differs"


def test_a_scale_of_training_clips_is_no_leak(monkeypatch, project):
    scaled(monkeypatch, lambda table, fold: folds.split(table, fold)[0])
    assert poisoned(arguments(project, C=1.0))["poisoned"] == "same"


def test_mistakes_are_said_before_anything_is_fitted(monkeypatch, project):
    args = arguments(project)
    poisoned(args)
    args.output.unlink()

    def never(*given):
        raise AssertionError("is fitted")

    monkeypatch.setattr(machines, "fit", never)
    for changed in ({"fold": "s1"}, {"test": args.test[:1]}):  # of which there is no prediction, and too many
        with pytest.raises(InputError, match=r"all\.csv: is of other clips or conditions than are tested"):
            poison_svm.main(argparse.Namespace(**vars(args) | changed))
    write_features(project / "mask.h5", toy_features(2)[:, :30])
    with pytest.raises(InputError, match=r"mask\.h5: 30 numbers per clip, but 40"):
        poison_svm.main(args)
    others = [replace(clip, objective_class="VI") if clip.subject == "s3" else clip for clip in TABLE]
    clips.write(others, args.clips)
    with pytest.raises(InputError, match="has class 'VI', which is none of I, II, III, IV, V"):
        poison_svm.main(args)
    assert not args.output.exists()
