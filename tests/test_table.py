import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rrrn import clips, digested, metrics, stage, table

HOME = Path(__file__).resolve().parents[1]
METHODS = ["lbp_top", "lbp_sip", "hog3d", "vgg16", "resnet18", "rrrn"]
CONDITIONS = ["none", "mask", "glasses", *(f"random-{share:02d}" for share in range(5, 51, 5))]
CLASSES = ["I", "II", "III", "IV", "V"]
COUNTS = [24, 13, 20, 8, 3]


def scores(method, condition, seeds, value):
    head = {f"n_{name}": count for name, count in zip(CLASSES, COUNTS, strict=True)}
    return [
        {"method": method, "condition": condition, "seed": seed, "n_clips": 68, "n_folds": 1, **head}
        | {"metric": metric, "value": value(metric, seed)}
        for seed in range(seeds)
        for metric in metrics.METRICS
    ]


def write(rows, path):
    digested.write(list(rows[0]), [list(row.values()) for row in rows], path)


TASKS = {"iii_a": "HDE CASME2->SAMM", "iii_b": "HDE SAMM->CASME2", "iv": "CDE"}


def run(tmp_path, name, files, databases=("syncasme2", "synsamm"), source="synthetic", task=None):
    rows = [clips.Clip(d, f"{d}-1", "x", 1, 2, 3, "I", d, source) for d in databases]
    clips.write(rows, tmp_path / "clips.csv")
    args = stage.command("").parse_args([])
    args.scores, args.output, args.long = files, tmp_path / "t.csv", tmp_path / "t_long.csv"
    args.task = task or TASKS[name]
    args.table, args.clips, args.paper = name, tmp_path / "clips.csv", HOME / f"data/paper/table_{name}.csv"
    args.classes, args.methods, args.conditions = ",".join(CLASSES), ",".join(METHODS), ",".join(CONDITIONS)
    table.main(args)
    return pd.read_csv(args.output, keep_default_na=False), pd.read_csv(args.long)


def paper_cells(name):
    """The paper's own cells as our scores: {(condition, method, metric): value} under our names."""
    to_method = {table.labels.METHODS[m]: m for m in METHODS}
    to_condition = {table.labels.condition(c): c for c in CONDITIONS}
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
        *("Avg.", "Constant class", "Chance"),
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
            assert ours == pytest.approx(float(row["value"]), abs=5e-4 if row["value"] == "0.3861" else 1e-9), row
    compared = long[long["metric"].isin(shown) & ~long["method"].isin(["Constant class", "Chance"])]
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


def test_synthetic_tables_never_show_the_papers_values(tmp_path):
    path = tmp_path / "s.csv"
    rows = [r for m in METHODS for c in CONDITIONS for r in scores(m, c, 1, lambda *_: 0.5)]
    write(rows, path)
    wide, long = run(tmp_path, "iv", [path])
    assert set(wide["Data"]) == {"synthetic"} == set(long["data"])
    assert long["paper"].isna().all()


def test_mean_and_deviation_over_seeds_and_lines_of_no_skill(tmp_path):
    path = tmp_path / "s.csv"
    rows = [r for m in METHODS for c in CONDITIONS for r in scores(m, c, 3, lambda _, seed: 0.1 * seed)]
    write(rows, path)
    wide, long = run(tmp_path, "iii_a", [path])
    cell = long[(long["condition"] == "Mask") & (long["method"] == "RRRN") & (long["metric"] == "UAR")].iloc[0]
    assert cell["value"] == pytest.approx(0.1) and cell["sd"] == pytest.approx(np.std([0, 0.1, 0.2], ddof=1))
    assert (cell["n_clips"], cell["n_folds"], cell["n_seeds"]) == (68, 1, 3)
    constant = wide[wide["Condition"] == "Constant class"].iloc[0]
    assert float(constant["RRRN WAR"]) == round(24 / 68, 3) and float(constant["VGG16 UAR"]) == 0.2
    assert float(wide[wide["Condition"] == "Chance"].iloc[0]["Avg. UAR"]) == 0.2


def test_rounding_is_half_up():
    assert [table.rounded(x) for x in (0.0005, 0.0015, 0.1234999, 1.0)] == ["0.001", "0.002", "0.123", "1.000"]
