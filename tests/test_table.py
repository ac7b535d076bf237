import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rrrn.data import clips, digested, result
from rrrn.experiment import labels, metrics
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.stages import table
from rrrn.tables import cells, no_skill, notes, published
from rrrn.tables.layout import numbers

HOME = Path(__file__).resolve().parents[1]
METHODS = ["lbp_top", "lbp_sip", "hog3d", "vgg16", "resnet18", "rrrn"]
CONDITIONS = ["none", "mask", "glasses", *(f"random-{share:02d}" for share in range(5, 51, 5))]
CLASSES = ["I", "II", "III", "IV", "V"]
COUNTS = {"casme2": [25, 15, 99, 26, 20], "samm": [24, 13, 20, 8, 3]}  # Table II of the paper
LINES = ["Constant class (tested majority)", "Training majority", "Chance (95 %)"]


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(no_skill, "DRAWS", 1000)


def scores(method, condition, seeds, value):
    head = {f"n_{name}": count for name, count in zip(CLASSES, COUNTS["samm"], strict=True)}
    return [
        {"method": method, "condition": condition, "seed": seed, "n_clips": 68, "n_folds": 1, **head}
        | {"metric": metric, "value": value(metric, seed)}
        for seed in range(seeds)
        for metric in metrics.METRICS
    ]


def write(rows, path):
    digested.write(list(rows[0]), [list(row.values()) for row in rows], path)


TASKS = {"iii_a": "HDE CASME2->SAMM", "iii_b": "HDE SAMM->CASME2", "iv": "CDE", "ablation": "CDE"}


def run(tmp_path, name, files, databases=("syncasme2", "synsamm"), source="synthetic", task=None, descriptors=""):
    rows = [
        clips.Clip(
            database, f"{database}-1", f"{label}{number}", 1, 2, 3, label, f"frames/{database}/{label}{number}", source
        )
        for database, counts in zip(databases, COUNTS.values(), strict=True)
        for label, count in zip(CLASSES, counts, strict=True)
        for number in range(count)
    ]
    clips.write(rows, tmp_path / "clips.csv")
    args = stage.command("").parse_args([])
    args.scores, args.output, args.long = files, tmp_path / "t.csv", tmp_path / "t_long.csv"
    args.markdown, args.latex = tmp_path / "t.md", tmp_path / "t.tex"
    args.about, args.labels = tmp_path / "t.json", None
    args.task = task or TASKS[name]
    one, two = databases
    both = f"{one}-1,{two}-1"
    args.folds = {"iii_a": f"{one}-to-{two}", "iii_b": f"{two}-to-{one}", "iv": both, "ablation": both}[name]
    args.table, args.clips, args.descriptors = name, tmp_path / "clips.csv", descriptors
    args.paper = (
        None if name == "ablation" else [HOME / f"data/paper/table_{name}.csv", HOME / "data/paper/misprints.csv"]
    )
    args.confusion = []
    args.classes, args.methods, args.conditions = ",".join(CLASSES), ",".join(METHODS), ",".join(CONDITIONS)
    table.main(args)
    return pd.read_csv(args.output, keep_default_na=False, dtype=str), pd.read_csv(args.long)


def paper_cells(name):
    """The paper's own cells as our scores: {(condition, method, metric): value} under our names."""
    to_method = {labels.method(m): m for m in METHODS}
    to_condition = {labels.condition(c): c for c in CONDITIONS}
    with (HOME / f"data/paper/table_{name}.csv").open() as file:
        return {
            (to_condition[row["condition"]], to_method[row["method"]], row["metric"]): float(row["value"])
            for row in csv.DictReader(file)
            if row["condition"] in to_condition and row["method"] in to_method
        }


@pytest.mark.parametrize("name", ["iii_a", "iii_b", "iv"])
def test_papers_cells_give_the_papers_table_and_averages(tmp_path, name):
    """Feeding the paper's 13 x 6 cells must return its own Avg. row and column, to the last printed digit."""
    cells = paper_cells(name)
    files = []
    for method in METHODS:
        for condition in CONDITIONS:
            files.append(tmp_path / f"{method}-{condition}.csv")
            rows = scores(method, condition, 1, lambda metric, _, c=condition, m=method: cells.get((c, m, metric), 0.0))
            write(rows, files[-1])
    wide, long = run(tmp_path, name, files, ("casme2", "samm"), "recorded")
    assert wide["Condition"].tolist() == [
        *("Un-occ", "Mask", "Glass", *(f"Occ-{share}%" for share in range(5, 51, 5))),
        *("Avg.", *LINES),
    ]
    shown = table.SHOWN[name]
    assert wide.columns.tolist() == [
        "Condition",
        *(f"{m} {x}" for m in ("LBP-TOP", "LBP-SIP", "3DHOG", "VGG16", "ResNet18", "RRRN", "Avg.") for x in shown),
        "Data",
    ]
    with (HOME / f"data/paper/table_{name}.csv").open() as file:
        for row in csv.DictReader(file):
            ours = wide.loc[wide["Condition"] == row["condition"], f"{row['method']} {row['metric']}"].item()
            # the paper prints one average with a fourth digit that is not the mean of its row
            assert float(ours) == pytest.approx(float(row["value"]), abs=5e-4 if row["value"] == "0.3861" else 1e-9), (
                row
            )
    compared = long[long["metric"].isin(shown) & ~long["method"].isin(LINES)]
    assert len(compared) == 14 * 7 * 2
    assert compared["paper"].isna().sum() == 2  # the paper has no average of averages
    assert (compared["paper"] - compared["value"]).abs().max() < 6e-4
    assert set(long["data"]) == {"recorded"}


def test_holdout_the_other_way_is_not_set_beside_the_papers(tmp_path):
    path = tmp_path / "s.csv"
    rows = [r for m in METHODS for c in CONDITIONS for r in scores(m, c, 1, lambda *_: 0.5)]
    write(rows, path)
    _, long = run(tmp_path, "iii_a", [path], ("casme2", "samm"), "recorded", task="HDE SAMM->CASME2")
    assert long["paper"].isna().all() and set(long["task"]) == {"HDE SAMM->CASME2"}


def test_averages_stand_beside_the_papers_only_if_they_are_of_the_same():
    """The paper prints means of six methods and over thirteen conditions, and of no others."""
    path = HOME / "data/paper/table_iv.csv"
    recorded = [clips.Clip(name, name, "x", 1, 2, 3, "I", name, "recorded") for name in ("casme2", "samm")]
    named = labels.of(METHODS, CONDITIONS)
    methods, every = [*map(named.method, METHODS)], [*map(named.condition, CONDITIONS)]

    def means(methods, conditions):
        found = published.values(path, recorded, "CDE", methods, conditions)
        assert set(found["method"]) - {"Avg."} == set(methods) and set(found["condition"]) - {"Avg."} == set(conditions)
        return "Avg." in set(found["method"]), "Avg." in set(found["condition"])

    assert means(methods, every) == (True, True)
    assert means(["LBP-TOP", "RRRN"], every) == (False, True) and means(methods, every[:2]) == (True, False)
    own = published.values(path, recorded, "CDE", ["LBP-TOP", "RRRN"], ["Un-occ", "Mask"])
    assert own[own["metric"] == "F1"]["value"].tolist() == [0.146, 0.663, 0.134, 0.377]
    assert published.values(path, recorded, "CDE", ["Mine"], every) is None


def test_synthetic_tables_never_show_the_papers_values(tmp_path):
    path = tmp_path / "s.csv"
    rows = [r for m in METHODS for c in CONDITIONS for r in scores(m, c, 1, lambda *_: 0.5)]
    write(rows, path)
    wide, long = run(tmp_path, "iv", [path])
    assert set(wide["Data"]) == {"synthetic"} == set(long["data"])
    assert long["paper"].isna().all()


@pytest.mark.parametrize(("method", "seeds", "said"), [("rrrn", 1, True), ("rrrn", 2, False), ("lbp_top", 1, False)])
def test_a_table_of_one_seed_says_so_and_names_the_key(tmp_path, monkeypatch, method, seeds, said):
    """Descriptors have no seed, and so no spread."""
    monkeypatch.setitem(globals(), "METHODS", [method])
    path = tmp_path / "s.csv"
    write([r for c in CONDITIONS for r in scores(method, c, seeds, lambda *_: 0.5)], path)
    wide, _ = run(tmp_path, "iv", [path])
    (told,) = [line for line in result.read(tmp_path / "t.json")["notes"] if "one seed" in line] or [""]
    assert bool(told) == said == ("'protocol.n_seeds'" in told)
    assert ("±" in wide.iloc[0, 1]) == (seeds > 1)


def test_a_table_of_networks_that_start_from_models_says_so():
    trained = pd.Series({"rrrn": 1, table.AVERAGE: 1})
    (said,) = notes.of_start({"protocol": {"start": "clean"}}, trained, ["lbp_top"], ["none", "mask"])
    assert "un-occluded training of their fold ('protocol.start')" in said
    assert notes.of_start({"protocol": {"start": "scratch"}}, trained, ["lbp_top"], ["none", "mask"]) == []
    assert notes.of_start({"protocol": {"start": "clean"}}, trained, ["lbp_top"], ["none"]) == []
    untrained = trained.rename({"rrrn": "lbp_top"})
    assert notes.of_start({"protocol": {"start": "clean"}}, untrained, ["lbp_top"], ["none", "mask"]) == []


def test_a_table_of_groups_says_that_subjects_were_not_tested_one_by_one():
    rows = [clips.Clip("d", name, "c", 1, 2, 3, "I", name, "recorded") for name in ("a", "b", "group-1-of-2")]
    (said,) = notes.of_groups(rows[:2], ["group-1-of-2", "group-2-of-2"])
    assert "in 2 groups" in said and "folds.csv" in said
    assert notes.of_groups(rows, ["a", "b", "group-1-of-2"]) == notes.of_groups(rows, ["d-to-e"]) == []


def test_descriptors_of_plugins_and_variants_have_no_seeds_either(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "METHODS", ["lbp_top-meb"])
    path = tmp_path / "s.csv"
    write([r for c in CONDITIONS for r in scores("lbp_top-meb", c, 1, lambda *_: 0.5)], path)
    for told, said in (("", True), ("lbp_top,lbp_top-meb", False)):
        run(tmp_path, "ablation", [path], descriptors=told)
        assert any("one seed" in line for line in result.read(tmp_path / "t.json")["notes"]) == said


SEEDS = np.array([0.1, 0.5, 0.6])


def of_several_seeds(tmp_path, name="iii_a"):
    """Descriptors of one seed; networks of three, in which VGG16 rises with the seed and RRRN falls."""
    slope = {"vgg16": SEEDS, "resnet18": 0.5 * SEEDS, "rrrn": 0.7 - SEEDS}
    rows = []
    for m in METHODS:
        for number, c in enumerate(CONDITIONS):
            of = slope.get(m, np.array([0.3]))
            rows += scores(m, c, len(of), lambda _, seed, of=of, number=number: of[seed] + 0.01 * number)
    write(rows, tmp_path / "s.csv")
    return run(tmp_path, name, [tmp_path / "s.csv"])


def test_mean_and_deviation_over_seeds(tmp_path):
    wide, long = of_several_seeds(tmp_path)
    cell = long[(long["condition"] == "Mask") & (long["method"] == "RRRN") & (long["metric"] == "UAR")].iloc[0]
    assert cell["value"] == pytest.approx(0.31) and cell["sd"] == pytest.approx(SEEDS.std(ddof=1), abs=1e-6)
    assert (cell["n_clips"], cell["n_folds"], cell["n_seeds"]) == (68, 1, 3)
    shown = wide.set_index("Condition")
    assert shown.loc["Mask", "RRRN UAR"] == "0.310 ± 0.265"
    assert shown.loc["Mask", "ResNet18 UAR"] == "0.210 ± 0.132"
    assert shown.loc["Mask", "LBP-SIP UAR"] == "0.310"  # trained once
    assert long[long["method"] == "LBP-SIP"]["sd"].isna().all()


def test_deviation_of_an_average_is_that_of_each_seeds_average(tmp_path):
    wide, long = of_several_seeds(tmp_path)
    shown = wide.set_index("Condition")
    # over conditions all move together; over methods RRRN takes back what VGG16 gives
    assert shown.loc["Avg.", "VGG16 WAR"] == "0.460 ± 0.265"
    each = (3 * 0.3 + SEEDS + 0.5 * SEEDS + 0.7 - SEEDS) / 6
    assert shown.loc["Un-occ", "Avg. WAR"] == f"{each.mean():.3f} ± {each.std(ddof=1):.3f}" == "0.300 ± 0.022"
    row = long[(long["condition"] == "Avg.") & (long["method"] == "Avg.") & (long["metric"] == "F1")].iloc[0]
    assert row["value"] == pytest.approx(each.mean() + 0.06) and row["sd"] == pytest.approx(each.std(ddof=1), abs=1e-6)
    assert row["n_seeds"] == 3


def test_an_ablation_has_a_row_for_each_method_and_the_statistics_of_table_iv(tmp_path):
    of_iv, long_of_iv = of_several_seeds(tmp_path, "iv")
    wide, long = of_several_seeds(tmp_path, "ablation")
    assert wide["Method"].tolist() == [*(labels.method(name) for name in METHODS), *LINES]  # no mean of all methods
    conditions = [*(labels.condition(name) for name in CONDITIONS), "Avg."]
    assert wide.columns.tolist() == ["Method", *(f"{c} {m}" for c in conditions for m in ("F1", "WF1")), "Data"]
    ours, theirs = wide.set_index("Method"), of_iv.set_index("Condition")
    for name in map(labels.method, METHODS):
        for condition in conditions:
            for metric in ("F1", "WF1"):
                assert ours.loc[name, f"{condition} {metric}"] == theirs.loc[condition, f"{name} {metric}"]
    assert ours.loc["RRRN", "Mask F1"] == "0.310 ± 0.265"
    for line in LINES:
        assert set(ours.loc[line].filter(like=" WF1")) == {theirs.loc[line, "RRRN WF1"]}
    assert "paper" not in long and set(long["table"]) == {"ablation"}
    same = long_of_iv[long_of_iv["method"] != "Avg."].drop(columns=[*table.OF_PAPER, "table"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(long.drop(columns="table"), same)
    told = result.read(tmp_path / "t.json")
    assert "F1 not above chance" in told["notes"][0] and set(told["tables"]) == {"t.csv", "t_long.csv", "t.md", "t.tex"}


def test_one_seed_has_no_deviation(tmp_path):
    path = tmp_path / "s.csv"
    write([r for m in METHODS for c in CONDITIONS for r in scores(m, c, 1, lambda *_: 0.5)], path)
    wide, long = run(tmp_path, "iv", [path])
    assert long["sd"].isna().all() and set(wide.iloc[:14, 1:-1].stack()) == {"0.500"}


def test_a_seed_that_one_cell_lacks_is_an_error(tmp_path):
    path = tmp_path / "s.csv"
    seeds = {("rrrn", "mask"): 2}
    write([r for m in METHODS for c in CONDITIONS for r in scores(m, c, seeds.get((m, c), 3), lambda *_: 0.5)], path)
    with pytest.raises(InputError, match="scores of rrrn under mask lack a seed"):
        run(tmp_path, "iv", [path])


def test_lines_of_no_skill(tmp_path, caplog):
    caplog.set_level("INFO")
    wide, long = of_several_seeds(tmp_path)
    shown = wide.set_index("Condition")
    assert shown.loc[LINES[0], "RRRN WAR"] == "0.353" and shown.loc[LINES[0], "VGG16 UAR"] == "0.200"  # I: 24 of 68
    assert shown.loc[LINES[1], "RRRN WAR"] == "0.294" and shown.loc[LINES[1], "Avg. UAR"] == "0.200"  # III: 20 of 68
    found = no_skill.chance(COUNTS["samm"])["WAR"]
    assert shown.loc[LINES[2], "RRRN WAR"] == f"{numbers.rounded(found.low)}–{numbers.rounded(found.high)}"
    row = long[(long["method"] == LINES[2]) & (long["metric"] == "WAR")].iloc[0]
    assert row[["low", "high"]].tolist() == pytest.approx([found.low, found.high], abs=1e-6)
    assert long[~long["method"].isin(LINES[2:])][["low", "high"]].isna().all(axis=None)
    assert "WAR not above chance" in caplog.text and "RRRN in" in caplog.text
    wide, _ = of_several_seeds(tmp_path, "iv")
    assert wide.set_index("Condition").loc[LINES[0], "RRRN F1"] == "0.128"
    assert (
        wide.set_index("Condition").loc[LINES[1], "RRRN WF1"] != wide.set_index("Condition").loc[LINES[0], "RRRN WF1"]
    )


def test_cells_by_seed_are_in_the_order_asked_for():
    rows = pd.DataFrame([r for m in ("rrrn", "vgg16") for c in ("mask", "none") for r in scores(m, c, 1, lambda *_: 1)])
    found = cells.by_seed(rows, ["vgg16", "rrrn"], ["none", "mask"])
    assert found.index.get_level_values("condition").unique().tolist() == ["none", "mask", "Avg."]
    assert found.index.get_level_values("method").unique().tolist() == ["vgg16", "rrrn", "Avg."]
