"""Whether region weights follow what is visible, against SciPy and weights that are known to follow it or not."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rrrn.data import clips, digested, predictions, store
from rrrn.data.predictions import Prediction
from rrrn.face.region_names import REGIONS
from rrrn.occlusion import truth
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.stages import attention, faithfulness, visible
from rrrn.tables import faithful
from rrrn.tables.faithful import UNITS, VISIBLE, WITHIN, Hidden

RNG = np.random.default_rng(1)
SUBJECTS = [f"s{number:02}" for number in range(12) for _ in range(1 + number % 4)]
N = len(SUBJECTS)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(faithful, "DRAWS", 300)
    monkeypatch.setattr(faithful, "CONTROLS", 100)


def hidden(visible=None):
    return Hidden(RNG.uniform(size=(N, 6)) if visible is None else visible, RNG.integers(0, 24, N) / 23)


def keyed(found):
    return found.set_index(["condition", "held_against", "region"])


def test_correlations_are_scipys_and_means_over_seeds_clips_and_conditions():
    change = {name: RNG.normal(size=(2, N, 6)) for name in ("mask", "glasses")}
    seen = {name: hidden() for name in change}
    found = keyed(faithful.rows(change, seen, SUBJECTS))
    assert len(found) == 3 * 13 and found["n_clips"].eq(N).all() and found["n_subjects"].eq(12).all()
    within = {}
    for name, own in change.items():
        each = [[stats.spearmanr(a, b).statistic for a, b in zip(s, seen[name].visible, strict=True)] for s in own]
        within[name] = np.mean(each)
        assert found.loc[(name, VISIBLE, WITHIN), "correlation"] == pytest.approx(within[name])
        for k, region in enumerate(REGIONS):
            for against, values in ((VISIBLE, seen[name].visible[:, k]), (UNITS, seen[name].units)):
                expected = np.mean([stats.spearmanr(seed[:, k], values).statistic for seed in own])
                assert found.loc[(name, against, region), "correlation"] == pytest.approx(expected)
    assert found.loc[("Avg.", VISIBLE, WITHIN), "correlation"] == pytest.approx(np.mean(list(within.values())))
    assert ((found["low"] < found["correlation"]) & (found["correlation"] < found["high"])).all()


def test_weights_that_follow_what_is_visible_are_told_from_the_control():
    seen = {"mask": hidden()}
    follow = seen["mask"].visible + 0.3 * RNG.normal(size=(2, N, 6))
    row = keyed(faithful.rows({"mask": follow}, seen, SUBJECTS)).loc[("mask", VISIBLE, WITHIN)]
    assert row["low"] > 0.3 and row["low"] > row["control_high"] and abs(row["control"]) < 0.1


def test_a_habit_of_regions_is_in_the_control_too():
    """Weights that fall more in regions of which usually more is hidden, whatever is hidden of the clip itself."""
    usual = np.array([0.9, 0.4, 0.5, 0.2, 0.8, 0.7])
    seen = {"mask": hidden(usual + 0.02 * RNG.normal(size=(N, 6)))}
    habit = usual + 0.02 * RNG.normal(size=(1, N, 6))
    row = keyed(faithful.rows({"mask": habit}, seen, SUBJECTS)).loc[("mask", VISIBLE, WITHIN)]
    assert row["correlation"] > 0.9 and row["control"] == pytest.approx(row["correlation"], abs=0.05)


def test_the_order_of_clips_changes_nothing():
    change, seen = {"mask": RNG.normal(size=(2, N, 6))}, {"mask": hidden()}
    order = np.argsort([subject[::-1] for subject in SUBJECTS], kind="stable")  # clips of a subject stay in order
    other = Hidden(seen["mask"].visible[order], seen["mask"].units[order])
    shuffled = faithful.rows({"mask": change["mask"][:, order]}, {"mask": other}, [SUBJECTS[k] for k in order])
    pd.testing.assert_frame_equal(shuffled, faithful.rows(change, seen, SUBJECTS))


def test_clips_without_a_correlation_are_none_of_its_number():
    change, seen = {"mask": RNG.normal(size=(2, N, 6))}, {"mask": hidden()}
    seen["mask"].visible[:3] = 1
    change["mask"][1, 3] = 0.5
    found = keyed(faithful.rows(change, seen, SUBJECTS))
    assert found.loc[("mask", VISIBLE, WITHIN), "n_clips"] == N - 4
    each = [
        [stats.spearmanr(a, b).statistic for a, b in zip(seed[4:], seen["mask"].visible[4:], strict=True)]
        for seed in change["mask"]
    ]
    assert found.loc[("mask", VISIBLE, WITHIN), "correlation"] == pytest.approx(np.mean(each))


def test_clips_of_one_subject_have_no_control():
    seen, last = {"mask": hidden()}, np.array(SUBJECTS) == SUBJECTS[-1]
    seen["mask"].visible[~last] = 1
    row = keyed(faithful.rows({"mask": RNG.normal(size=(1, N, 6))}, seen, SUBJECTS)).loc[("mask", VISIBLE, WITHIN)]
    assert row["n_clips"] == last.sum() and np.isfinite(row["correlation"])
    assert row[["control", "control_low", "control_high"]].isna().all()


def test_weights_that_never_change_have_no_correlation_and_are_no_part_of_the_mean():
    change = {"mask": np.zeros((1, N, 6)), "glasses": RNG.normal(size=(1, N, 6))}
    found = keyed(faithful.rows(change, {name: hidden() for name in change}, SUBJECTS))["correlation"]
    assert np.isnan(found[("mask", VISIBLE, WITHIN)]) and np.isnan(found[("mask", UNITS, "whole face")])
    assert found[("Avg.", VISIBLE, WITHIN)] == found[("glasses", VISIBLE, WITHIN)]
    rows = faithful.rows({"mask": np.zeros((1, N, 6))}, {"mask": hidden()}, SUBJECTS)
    (note,) = faithfulness.notes(rows.assign(method="RRRN"), {})
    assert "no correlation" in note and "nan" not in note
    still = keyed(rows)
    assert still.loc[("Avg.", VISIBLE, WITHIN), ["correlation", "low", "control"]].isna().all()


def test_draws_in_which_all_are_equally_hidden_are_left_out_if_they_are_few():
    """Three of twelve subjects have covered units, whom a draw in 31 lacks; or one, whom one in three lacks."""
    change, seen = {name: RNG.normal(size=(1, N, 6)) for name in ("mask", "glasses")}, {}
    for name, covered in (("mask", SUBJECTS[-9:]), ("glasses", SUBJECTS[-4:])):
        units = np.where(np.isin(SUBJECTS, covered), RNG.uniform(0.1, 1, N), 0)
        seen[name] = Hidden(RNG.uniform(size=(N, 6)), units)
    found = keyed(faithful.rows(change, seen, SUBJECTS))
    low = {name: found.loc[(name, UNITS, "top left"), "low"] for name in ("mask", "glasses", "Avg.")}
    assert np.isfinite(low["mask"]) and np.isnan(low["glasses"]) and np.isfinite(low["Avg."])


def test_in_the_control_all_clips_of_a_subject_come_from_one_other():
    owner = np.unique(SUBJECTS, return_inverse=True)[1]
    for row in faithful._exchanged(owner):
        giver = owner[row]
        assert (giver != owner).all()
        assert all(len(set(giver[owner == subject])) == 1 for subject in range(12)) and len(set(giver)) == 12


TABLE = [
    clips.Clip("d", subject, f"c{number}", 1, 2, 3, "I", f"f/{subject}/{number}", "synthetic")
    for subject in ("d-s1", "d-s2")
    for number in range(3)
]


def shard(path, subject):
    with store.create(path) as file:
        for clip in TABLE:
            if clip.subject == subject:
                group = file.create_group(clip.clip)
                place = TABLE.index(clip)
                group.attrs["subject"] = subject
                group.attrs["visible"] = np.linspace(0.1, 0.6, 6, dtype=np.float32) + np.float32(0.05 * place)
                covered = np.arange(len(truth.UNITS)) < place
                group.attrs["au_shares"] = np.where(covered, 0.5, 0.49).astype(np.float32)
    return path


def test_from_shards_and_predictions_to_the_table(tmp_path):
    """Weights that rise with the place of the clip, as the visible share does and the covered units do."""
    clips.write(TABLE, tmp_path / "clips.csv")
    args = stage.command("").parse_args([])
    args.clips, args.output = tmp_path / "clips.csv", tmp_path / "visible.csv"
    args.shards = [shard(tmp_path / f"{subject}.h5", subject) for subject in ("d-s1", "d-s2")]
    visible.main(args)
    seen = digested.read(args.output)
    assert [float(row["covered_units"]) for row in seen] == pytest.approx(
        [k / len(truth.UNITS) for k in range(6)], abs=1e-5
    )
    assert float(seen[2]["visible_3"]) == pytest.approx(0.5) and float(seen[5]["au_1"]) == 0.5
    files = []
    for name, factor in (("none", 0.0), ("mask", 1.0)):
        told = [
            Prediction(
                *(clip.database, clip.subject, clip.clip, name, name, clip.subject),
                seed=seed,
                view=view,
                true="I",
                probabilities=(0.6, 0.4),
                alpha=tuple(0.2 + factor * (0.1 * place + 0.01 * (k + seed)) + 0.02 * view for k in range(6)),
            )
            for seed in (1, 0)
            for place, clip in enumerate(TABLE)
            for view in (0, 1)
        ]
        args = stage.command("").parse_args([])
        args.predictions, args.output, args.clips = (
            [tmp_path / "p.csv"],
            tmp_path / f"{name}.csv",
            tmp_path / "clips.csv",
        )
        args.classes, args.method, args.condition, args.folds = "I,II", "rrrn", name, "d-s1,d-s2"
        predictions.write(told, ["I", "II"], args.predictions[0])
        attention.main(args)
        files.append(args.output)
    rows = digested.read(files[1])
    assert len(rows) == 12 and [row["seed"] for row in rows[:7:6]] == ["0", "1"]
    assert float(rows[-1]["alpha_2"]) == pytest.approx(0.2 + 0.5 + 0.03 + 0.01)  # mean of both views
    args = stage.command("").parse_args([])
    args.output, args.about, args.labels = tmp_path / "region_weights.csv", tmp_path / "region_weights.json", None
    args.attention, args.visible, args.clips = files, [tmp_path / "visible.csv"], tmp_path / "clips.csv"
    args.methods, args.conditions, args.settings = "rrrn", "none,mask", {"protocol": {"train_condition": "matched"}}
    faithfulness.main(args)
    found = pd.read_csv(args.output)
    assert found["correlation"].tolist() == pytest.approx([1.0] * len(found))
    assert set(found["condition"]) == {"Mask", "Avg."} and set(found["n_seeds"]) == {2} and len(found) == 26
    notes = json.loads(args.about.read_text())["notes"]
    assert notes[0].startswith(
        "RRRN: the change of the six weights follows what is visible with a rank correlation of +1"
    )
    assert "train_condition: matched" in notes[1]
    digested.write(list(rows[0]), [list(row.values()) for row in rows[:-1]], files[1])
    with pytest.raises(InputError, match=r"mask\.csv: clip d-s2/c2 is not in it"):
        faithfulness.main(args)


def test_a_method_without_region_weights_is_an_error(tmp_path):
    clips.write(TABLE, tmp_path / "clips.csv")
    rows = [
        Prediction("d", clip.subject, clip.clip, "mask", "none", clip.subject, 0, 0, "I", (0.5, 0.5)) for clip in TABLE
    ]
    predictions.write(rows, ["I", "II"], tmp_path / "p.csv")
    args = stage.command("").parse_args([])
    args.predictions, args.output, args.clips = [tmp_path / "p.csv"], tmp_path / "a.csv", tmp_path / "clips.csv"
    args.classes, args.method, args.condition, args.folds = "I,II", "vgg16", "mask", "d-s1,d-s2"
    with pytest.raises(InputError, match="predictions of vgg16 under mask hold no region weights"):
        attention.main(args)
    assert not args.output.exists()
