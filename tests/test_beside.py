"""Runs side by side: values and p against loops, what is refused or explained, and the paper."""

import argparse
import csv
import io
import itertools
import json
from dataclasses import replace
from pathlib import Path

import made_run
import numpy as np
import pandas as pd
import pytest
from test_bundle import pack

from rrrn import cli
from rrrn.commands import compare
from rrrn.data import clips, digested
from rrrn.running import resources
from rrrn.running.stage import InputError
from rrrn.sharing import beside, pairing, run, shown
from rrrn.sharing.pairing import Pair
from rrrn.tables.published import SYNTHETIC

PAPER = resources.path("data/paper")
DRAWS = 300  # of 8 subjects there are 256 exchanges, so that p is exact


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def one(folder) -> Path:
    return pack(made_run.make(folder / "one").parent, folder / "one.zip")


@pytest.fixture(scope="module")
def other(folder, one) -> Path:
    """The same experiment drawn anew, as with other seeds, with three trainings of each fold in place of two."""
    protocol = made_run.SETTINGS["protocol"] | {"n_seeds": 3}
    return pack(made_run.make(folder / "other", drawn=1, protocol=protocol).parent, folder / "other.zip")


@pytest.fixture(scope="module")
def elsewhere(folder) -> Path:
    """The same experiment of another database, which has nobody in common."""
    rows = made_run.clip_table(subjects=6, databases=("c", "d"))
    protocol = made_run.SETTINGS["protocol"] | {"holdout": ["c", "d"]}
    return pack(made_run.make(folder / "elsewhere", rows, protocol=protocol).parent, folder / "elsewhere.zip")


def found(*paths: Path, paper: Path | None = None, draws: int = DRAWS) -> beside.Beside:
    return beside.compared([run.read(path) for path in paths], paper, draws)


def test_a_bundle_beside_itself_differs_in_nothing(one):
    told = found(one, one)
    assert len(told.rows) == 3 * 2 * 2 * 3 and told.rows["paired"].all()  # tables, metrics, methods, conditions
    assert (told.rows["difference"] == 0).all() and (told.rows["p"] == 1).all() and (told.rows["p_holm"] == 1).all()
    assert (told.rows[["low", "high"]] == 0).all(axis=None)
    assert not told.warnings and "The predictions of A and B are the same, to the last digit." in told.notes
    assert any("No method differs between A and B" in said for said in told.notes)
    assert not any("Settings" in said or "code" in said for said in told.notes)
    for said in (shown.lines(told), shown.markdown(told)):
        assert said.count("The predictions of A and B are the same") == 1 and "Un-occ" not in said
    assert shown.comma(told).count("Un-occ") == 3 * 2 * 2


def macro_f1(true: list[str], said: list[str]) -> float:
    """F1 of each class by its definition, mean over the three classes."""
    values = []
    for name in made_run.CLASSES:
        hit = sum(a == b == name for a, b in zip(true, said, strict=True))
        of = true.count(name) + said.count(name)
        values.append(2 * hit / of if of else 0.0)
    return sum(values) / len(values)


def answers(root: Path) -> dict[tuple[str, int], dict[str, tuple[str, str]]]:
    """{(subject, seed): {clip: (true, said)}} of RRRN under a mask, leave-one-subject-out."""
    told: dict[tuple[str, int], dict[str, tuple[str, str]]] = {}
    for path in root.glob("results/predictions/rrrn/none/*.csv"):
        for row in digested.read(path):
            if row["condition"] == "mask" and row["fold"] == row["subject"]:
                likeliest = max(made_run.CLASSES, key=lambda name: float(row[f"p_{name}"]))
                told.setdefault((row["subject"], int(row["seed"])), {})[row["clip"]] = row["true"], likeliest
    return told


def test_difference_and_p_of_other_seeds_are_those_of_a_loop(folder, one, other):
    """Two seeds meet three: those that both have each other, and the third both, with what is left of their weight."""
    told = found(one, other).rows.set_index(["table", "metric", "method", "condition"]).loc["iv", "F1", "RRRN", "Mask"]
    a, b = answers(folder / "one"), answers(folder / "other")
    subjects = sorted({subject for subject, _ in a})
    pairs = {(0, 0): 1 / 3, (1, 1): 1 / 3, (0, 2): 1 / 6, (1, 2): 1 / 6}

    def mean_f1(parts: list[list[tuple[str, str]]]) -> float:
        scores = [macro_f1([t for t, _ in part], [s for _, s in part]) for part in parts]
        return float(np.dot(scores, list(pairs.values())))

    def difference(swapped: tuple[bool, ...]) -> float:
        sides: tuple[list, list] = ([], [])
        for i, j in pairs:
            first = [
                list(b[s, j].values()) if out else list(a[s, i].values())
                for s, out in zip(subjects, swapped, strict=True)
            ]
            second = [
                list(a[s, i].values()) if out else list(b[s, j].values())
                for s, out in zip(subjects, swapped, strict=True)
            ]
            sides[0].append(list(itertools.chain(*first)))
            sides[1].append(list(itertools.chain(*second)))
        return mean_f1(sides[0]) - mean_f1(sides[1])

    ways = [difference(way) for way in itertools.product([False, True], repeat=len(subjects))]
    assert told["difference"] == pytest.approx(ways[0]) and told["value"] - told["other_value"] == pytest.approx(
        ways[0]
    )
    assert told["p"] == pytest.approx(np.mean(np.abs(ways) >= abs(ways[0]) - 1e-9))
    assert told["low"] <= told["difference"] <= told["high"] and (told["n_seeds"], told["other_n_seeds"]) == (2, 3)


def test_other_seeds_are_explained_and_paired(one, other):
    told = found(one, other)
    assert told.rows["paired"].all() and not told.warnings
    assert "Each network was trained with 2 seeds in A, and with 3 in B." in told.notes
    own = told.rows.set_index(["table", "metric", "method", "condition"]).sort_index()
    average = own.loc[("iv", "F1", "RRRN")]["difference"]
    assert average["Avg."] == pytest.approx((average["Un-occ"] + average["Mask"]) / 2)
    assert any("of 4 subjects, 4 tests and 300 draws no p is below 0.5" in said for said in told.notes)


def test_runs_that_differ_in_nothing_but_the_seed_are_paired_and_it_is_named(folder, one, capsys):
    """Answers are drawn anew where those of trainings with another seed would be others; nothing else differs."""
    again = pack(made_run.make(folder / "seed", drawn=1, train={"seed": 7}).parent, folder / "seed.zip")
    told = found(one, again)
    assert told.rows["paired"].all() and (told.rows["difference"] != 0).any() and not told.warnings
    usual = run.read(one).settings["train"]["seed"]
    assert f"Settings of A and B: train.seed {usual} and 7." in told.notes
    assert not any(word in " ".join(told.notes) for word in ("same, to the last", "Only", "code", "Libraries", "folds"))
    cli.main(["compare", str(one), str(again), "--draws", str(DRAWS)])
    said = capsys.readouterr().out
    assert f"train.seed {usual} and 7" in said and "Un-occ" in said


def test_another_database_stands_beside_and_is_not_paired(one, elsewhere):
    told = found(one, elsewhere)
    (said,) = [one for one in told.warnings if "Table" in one and "iv" in one]
    assert "they test other clips: 24 clips of 8 subjects and 18 clips of 6 subjects, and none in common" in said
    assert "Values stand side by side, without a difference" in said
    assert not told.rows["paired"].any() and told.rows[["difference", "low", "p", "p_holm"]].isna().all(axis=None)
    assert told.rows[["value", "other_value"]].notna().all(axis=None)
    assert "Clips of a in A and B: 12 (I 4, II 4, III 4) and none." in told.notes


def test_a_damaged_copy_is_one_message(one, tmp_path, capsys):
    data = bytearray(one.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "copy.zip").write_bytes(data)
    with pytest.raises(SystemExit) as left:
        cli.main(["compare", str(one), str(tmp_path / "copy.zip")])
    said = capsys.readouterr()
    assert left.value.code == 1 and not said.out
    assert said.err.startswith(f"error: {tmp_path / 'copy.zip'}: ") and said.err.count("\n") == 1


def test_what_one_run_lacks_is_named_and_the_rest_compared(one, tmp_path):
    given = {"conditions": ["none", "random-20"], "methods": ["rrrn", "resnet18"], "train": {"epochs": 5}}
    grouped = made_run.SETTINGS["protocol"] | {"folds": {"grouped": 2}}
    results = made_run.make(tmp_path / "run", **given, protocol=grouped)
    told = found(one, results)
    assert set(told.rows["method"]) == {"RRRN"} and set(told.rows["condition"]) == {"Un-occ", "Avg."}
    said = " ".join(told.notes)
    assert "Only A has the conditions Mask." in said and "Only B has the conditions Occ-20%." in said
    assert "Only A has the methods LBP-TOP." in said and "Only B has the methods ResNet18." in said
    assert "Table iv has 8 folds in A and 2 in B, so that the same clips were tested by methods" in said
    assert "Avg. is over the 1 condition that A and B both have." in said
    assert "Settings of A and B: train.epochs 16 and 5." in said
    assert told.rows["paired"].all()
    nothing = made_run.make(tmp_path / "other", methods=["resnet18"], conditions=["none", "mask"])
    with pytest.raises(InputError, match="no table with a method and a condition in common"):
        found(one, nothing)


def told(one: run.Run, **change) -> run.Run:
    return replace(one, contents=replace(one.contents, told={**one.contents.told, **change}))


def test_other_classes_frames_cuts_code_and_libraries(one):
    first = run.read(one)
    settings = {**first.settings, "classes": ["I", "II"]}
    assert "their classes are others" in pairing.obstacle(Pair(first, told(first, configuration=settings)), "iv")
    assert "show something else" in pairing.obstacle(Pair(first, told(first, frames="0" * 16)), "iv")
    assert not pairing.obstacle(Pair(first, told(first, frames="")), "iv")
    own = first.tables["iv"]
    key = next(iter(own.clips))
    for changed, said in (
        ({**own.clips, key: "II"}, "1 clips are of another class, such as a-s0/c0_0"),
        ({k: v for k, v in own.clips.items() if k != key}, "1 only in A (a-s0/c0_0)"),
    ):
        other = replace(first, tables={**first.tables, "iv": replace(own, clips=changed)})
        assert said in pairing.obstacle(Pair(first, other), "iv")
    code = {name: "0" for name in first.told["code"] if "train" in name}
    said = pairing.explanations(Pair(first, told(first, code=code, libraries="numpy-1.0,torch-1.0", cut="0"), "A", "C"))
    assert "A and C are of other code: rrrn.stages.train." in said
    assert "Onset, apex or offset of some clips are others in A and C." in said
    assert any(one.startswith("Libraries of A and C: numpy ") and "torch" in one for one in said)
    tables = {name: {**one, "of": {"code": "0"}} for name, one in first.told["tables"].items()}
    assert "which part is not known" in " ".join(pairing.explanations(Pair(first, told(first, code={}, tables=tables))))


def test_views_that_all_count_are_scaled(one):
    """Where every view counts, a run has more predictions of the same clips, which weigh as much."""
    first = run.read(one)
    tables = {
        name: replace(own, counts={method: counts * 7 for method, counts in own.counts.items()})
        for name, own in first.tables.items()
    }
    rows = beside.compared([first, replace(first, tables=tables)], None, DRAWS).rows
    assert rows["paired"].all() and rows["difference"].to_numpy() == pytest.approx(0) and (rows["p"] == 1).all()


def test_hidden_names_pair_with_hidden_names_and_with_a_folder(tmp_path):
    rows = made_run.clip_table(source="recorded")
    roots = [made_run.make(tmp_path / str(k), rows, drawn=k).parent for k in range(2)]
    named, hashed = (pack(roots[0], tmp_path / f"{hide}.zip", hide) for hide in (False, True))
    other = pack(roots[1], tmp_path / "other.zip", hashed=True)
    for pair in ((hashed, other), (roots[0], other), (hashed, roots[1])):
        assert found(*pair).rows["paired"].all(), pair
    plain = found(roots[0], roots[1]).rows
    hidden = found(hashed, other).rows
    columns = ["value", "other_value", "difference", "p", "p_holm"]  # intervals are of draws, which names seed
    assert hidden[columns].equals(plain[columns])
    (said,) = found(named, other).warnings
    assert "one hides its subjects and the other does not" in said


def test_synthetic_numbers_beside_the_paper_are_no_reproduction(one, capsys):
    compare.main(argparse.Namespace(runs=["paper", str(one)], output=None, json=False, draws=DRAWS))
    said = capsys.readouterr().out
    assert f"WARNING: A is no reproduction of the paper: {SYNTHETIC}" in said.replace(
        ". No difference", ". No difference"
    )
    assert "Un-occ       RRRN" in said and "0.663" in said and "A − paper" not in said
    rows = found(one, paper=PAPER).rows
    assert rows["difference"].isna().all() and (rows["other"] == "paper").all()


@pytest.fixture(scope="module")
def shaped(folder) -> Path:
    """A run of as many recorded clips of each class as the paper has, under two of its conditions."""
    rows = [
        replace(
            clip,
            database=clip.database.removeprefix("syn"),
            subject=clip.subject.removeprefix("syn"),
            source="recorded",
            frames_digest=f"blake2b-{number:032x}",
        )
        for number, clip in enumerate(clips.read(resources.path("data/clips_paper_shape.csv")))
    ]
    protocol = {"n_seeds": 1, "train_condition": "clean", "holdout": ["casme2", "samm"]}
    classes = ["I", "II", "III", "IV", "V"]
    return pack(
        made_run.make(folder / "shaped", rows, classes=classes, protocol=protocol, methods=["rrrn"]).parent,
        folder / "shaped.zip",
    )


def test_recorded_numbers_of_the_papers_clips_stand_beside_it_with_intervals(shaped):
    told = found(shaped, paper=PAPER)
    assert not told.warnings and any("nothing is paired" in said for said in told.notes)
    rows = told.rows.set_index(["table", "metric", "method", "condition"]).sort_index()
    assert rows.loc[("iv", "F1", "RRRN", "Un-occ"), "other_value"] == 0.663
    assert rows.loc[("iv", "F1", "RRRN", "Avg."), "other_value"] == pytest.approx((0.663 + 0.377) / 2)
    assert "The paper's Avg. beside A is over the conditions of both." in told.notes
    assert rows["difference"].to_numpy() == pytest.approx((rows["value"] - rows["other_value"]).to_numpy())
    own = pd.read_csv(io.StringIO(run.read(shaped).contents.tables["table_iv_long.csv"]))
    cell = own[(own["condition"] == "Mask") & (own["method"] == "RRRN") & (own["metric"] == "F1")].iloc[0]
    mine = rows.loc[("iv", "F1", "RRRN", "Mask")]
    assert mine["low"] == pytest.approx(cell["low"] - 0.377, abs=1e-5) and mine["value"] == pytest.approx(
        cell["value"], abs=1e-5
    )
    assert set(rows.loc[("iii_a", "WAR", "RRRN"), "task"]) == {"HDE CASME2->SAMM"}


def test_recorded_numbers_are_printed_as_a_reproduction(shaped, capsys):
    compare.main(argparse.Namespace(runs=[str(shaped), str(shaped), "paper"], output=None, json=False, draws=DRAWS))
    said = capsys.readouterr().out
    assert "recorded, 253 clips of 47 subjects" in said and "WARNING" not in said and "SYNTHETIC" not in said
    assert said.count("A − paper") == 6 and "A − B" not in said and "B − paper" not in said
    assert said.splitlines()[3].startswith("The predictions of A and B are the same, to the last digit. The cells of B")
    assert said.count("The predictions of A and B") == 1
    (settings,) = [line for line in said.splitlines() if line.startswith("- Settings of A")]
    begun = (
        'Settings of A, and of config/paper.yaml, where they are others: protocol.train_condition "clean" and "matched"'
    )
    assert settings[2:].startswith(begun) and " more." in settings
    assert not any(name in settings for name in ("n_seeds", "holdout", "clips", "max_memory_gb"))


def test_other_folds_than_the_papers_have_no_differences(shaped):
    first = run.read(shaped)
    own = first.tables["iv"]
    halves = {"a": frozenset(own.subjects[:20]), "b": frozenset(own.subjects[20:])}
    told = beside.compared([replace(first, tables={**first.tables, "iv": replace(own, folds=halves)})], PAPER, DRAWS)
    assert told.warnings == [
        "Table iv of A is no reproduction of the paper's: 2 of its 2 folds test several subjects, and the paper's one "
        "each. No difference is taken"
    ]
    assert told.rows.groupby("table")["difference"].count().to_dict() == {"iii_a": 6, "iii_b": 6, "iv": 0}
    assert told.rows["other_value"].notna().all()


def test_clips_that_the_paper_does_not_have_are_told(shaped, one):
    first = run.read(shaped)
    assert beside.unlike_paper(first, PAPER) == ""
    audit = json.loads(json.dumps(first.told["audit"]))
    audit["clips"]["samm"]["V"] = 2
    said = beside.unlike_paper(told(first, audit=audit), PAPER)
    assert said == "it has 2 clips of class V of SAMM, and Table II of the paper 3"
    audit = json.loads(json.dumps(first.told["audit"]))
    audit["clips"]["casme2"]["VI"] = 7
    said = beside.unlike_paper(told(first, audit=audit), PAPER)
    assert said == "it has 7 clips of class VI of CASME II, and Table II of the paper none"
    assert "clips are of a, b" in beside.unlike_paper(told(run.read(one), data="recorded"), PAPER)
    other = replace(first, tables={name: replace(own, task="HDE SAMM->CASME2") for name, own in first.tables.items()})
    assert any(
        "Table iv of A is HDE SAMM->CASME2, and the paper's is not" in said
        for said in beside.compared([other], PAPER, DRAWS).notes
    )


def test_it_is_written_as_csv_markdown_and_json(one, other, tmp_path, capsys):
    words = [str(one), str(other), "paper"]
    for name in ("x.csv", "x.md"):
        compare.main(argparse.Namespace(runs=words, output=tmp_path / name, json=False, draws=DRAWS))
    capsys.readouterr()
    compare.main(argparse.Namespace(runs=words, output=None, json=True, draws=DRAWS))
    as_json = json.loads(capsys.readouterr().out)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text())))
    assert list(rows[0]) == list(beside.COLUMNS) and len(rows) == len(as_json["rows"]) == 3 * 2 * 2 * 3 * 3
    assert {row["other"] for row in rows} == {str(other), "paper"} and {row["run"] for row in rows} == set(words[:2])
    assert as_json["runs"]["A"]["bundle"] == run.read(one).digits and as_json["warnings"]
    assert as_json["rows"][-1]["difference"] is None
    page = (tmp_path / "x.md").read_text()
    assert page.startswith("# Runs side by side\n\n- A: ") and "## Table IV, F1 (CDE)" in page
    assert "| Condition   | Method   | A     | B     | A − B" in page
    assert "\x1b" not in page and shown.safe("<a|b>") == "\\<a\\|b\\>"


def test_a_column_holds_what_its_run_has_whichever_stands_beside(folder, one):
    """A has a method and a condition that B lacks, and which the paper has: other cells, and other means."""
    given = {"conditions": ["none", "random-05", "mask"], "methods": ["lbp_top", "resnet18", "rrrn"]}
    wide = pack(made_run.make(folder / "wide", **given).parent, folder / "wide.zip")
    told = found(wide, one, paper=PAPER)
    frame = dict(shown._frames(told))["Table IV, F1 (CDE)"].set_index(["Method", "Condition"])
    assert frame.index.tolist() == [
        (method, condition)
        for method in ("LBP-TOP", "RRRN", "ResNet18")
        for condition in ("Un-occ", "Occ-5%", "Mask", "Avg.")
    ]
    rows = told.rows[(told.rows["table"] == "iv") & (told.rows["metric"] == "F1") & (told.rows["run"] == "A")]
    for other, column in (("B", "A"), ("paper", "A beside paper")):
        for row in rows[rows["other"] == other].itertuples():
            assert frame.loc[(row.method, row.condition), column] == f"{row.value:.3f}"
    assert frame.loc[("ResNet18", "Occ-5%"), "A beside paper"] != ""
    assert frame.loc[("RRRN", "Avg."), "paper"] == f"{(0.663 + 0.637 + 0.377) / 3:.3f}"
    assert frame.loc[("RRRN", "Avg."), "paper beside B"] == f"{(0.663 + 0.377) / 2:.3f}"


@pytest.mark.parametrize(
    ("words", "output", "draws", "message"),
    [
        (["paper"], None, 1, "name two runs at least"),
        (["paper", "paper"], None, 1, "name two runs at least"),
        (["a.zip"], None, 1, "name two runs at least"),
        (["a.zip", "b.zip"], Path("x.txt"), 1, "x.txt: its name must end in .csv or .md"),
        (["a.zip", "b.zip"], None, 0, "--draws"),
        (["a.zip", "b.zip"], None, 1, "a.zip: is not there"),
    ],
)
def test_mistakes_are_one_message(words, output, draws, message):
    with pytest.raises(InputError, match=message):
        compare.main(argparse.Namespace(runs=words, output=output, json=False, draws=draws))
