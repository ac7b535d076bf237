"""Whether a table still fits what lies beside it, above all after a run with other settings that was killed."""

import argparse
import json
import shutil
from dataclasses import replace
from pathlib import Path

import made_run
import pytest

from rrrn.commands import report, show, verify
from rrrn.data import clips, digested, identity, predictions, result
from rrrn.data.identity import Identity
from rrrn.data.predictions import Prediction
from rrrn.experiment import defaults
from rrrn.provenance import sources, standing
from rrrn.report import drawing, found
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.stages import matrix

TABLE, ABOUT = Path("results/table_iv.csv"), Path("results/table_iv.json")
TRAINED = "results/predictions/rrrn/none/a-s0-0.csv"
FITS = "Files on disk, code and clips are those that it was made of."


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return made_run.make(tmp_path_factory.mktemp("made")).parent


@pytest.fixture
def run(made, tmp_path, monkeypatch) -> Path:
    """A copy of a small run that is at its end, which is the working directory."""
    root = shutil.copytree(made, tmp_path / "run")
    monkeypatch.chdir(root)
    return root


def trained_otherwise(path: str, settings: str = "0" * 16) -> None:
    """Let a training with other settings have written its predictions: other answers of another recipe."""
    rows = digested.read(Path(path))
    for row in rows:
        row["p_I"], row["p_II"] = row["p_II"], row["p_I"]
    was = identity.read(Path(path))[0]
    made = str(Identity(was.path, settings, was.inputs, was.libraries))
    digested.write(list(rows[0]), [list(row.values()) for row in rows], Path(path), lambda: made)


def shown(capsys, table: Path = TABLE) -> str:
    show.main(argparse.Namespace(table=table))
    return capsys.readouterr().out


def test_a_table_says_what_it_is_of_and_fits(run, capsys):
    told = result.read(ABOUT)
    assert set(told["of"]) == {"configuration", "code", "clips", "versions", "predictions"} and all(told["of"].values())
    assert standing.differences(ABOUT, told) == {}
    said = shown(capsys)
    assert FITS in said and "WARNING" not in said
    of_comparisons = result.read(Path("results/comparisons.json"))["of"]  # which is of Tables III, too
    assert of_comparisons["clips"] == told["of"]["clips"]
    assert of_comparisons["predictions"] not in ("", told["of"]["predictions"])


def test_two_runs_say_the_same_to_the_byte(run, tmp_path):
    again = made_run.make(tmp_path / "again")
    for name in ("table_iv.json", "comparisons.json", "folds.json"):
        assert (run / "results" / name).read_bytes() == (again / name).read_bytes()


def test_after_a_run_with_other_settings_was_killed_the_old_table_is_told(run, capsys):
    trained_otherwise(TRAINED)  # of 16 trainings this one was at its end
    said = shown(capsys)
    assert FITS not in said
    assert "WARNING: The predictions on disk no longer fit this table" in said
    assert "results/scores/iv/rrrn/none.csv and 3 more" in said and TRAINED in said
    scores = sorted(Path("results").glob("*/iv/rrrn/*.csv"))
    for path in scores:  # as Snakemake does before it makes them again
        path.unlink()
    assert "WARNING: The predictions on disk no longer fit this table. It shows those" in shown(capsys)


def test_other_predictions_of_the_same_recipe_are_told(run, capsys):
    """As of another processor, copied into the folder: only their checksums tell."""
    trained_otherwise(TRAINED, identity.read(Path(TRAINED))[0].recipe)
    assert "WARNING: The predictions on disk no longer fit this table" in shown(capsys)


def test_missing_predictions_are_no_fault_and_told(run, capsys):
    Path(TRAINED).unlink()
    said = shown(capsys)
    assert f"Predictions are missing, {TRAINED}: whether the others fit is not known." in said


def test_a_matrix_of_predictions_that_were_replaced_is_told(tmp_path, monkeypatch):
    """Between it and what models said of all conditions lies no file of scores."""
    monkeypatch.chdir(tmp_path)
    rows = made_run.clip_table()
    clips.write(rows, Path("clips.csv"))
    protocol = made_run.SETTINGS["protocol"] | {"train_condition": "matched", "test_all": True}
    settings = defaults.whole([], made_run.SETTINGS | {"protocol": protocol, "methods": ["lbp_top", "rrrn"]})
    recipe = verify.of_experiment(settings, clips.read("clips.csv")).matrix()
    for one in recipe.inputs:
        said = [
            Prediction(
                row.database,
                row.subject,
                row.clip,
                name,
                Path(one.path).stem,
                row.subject,
                seed,
                0,
                row.objective_class,
                (0.5, 0.3, 0.2),
            )
            for row in rows
            for name in ("none", "mask")
            for seed in ((0,) if "lbp_top" in one.path else (0, 1))
        ]
        made = str(Identity(one.path, one.digest, "0" * 16, one.libraries))
        predictions.write(said, made_run.CLASSES, Path(one.path), lambda made=made: made)
    about, first = Path(recipe.path), recipe.inputs[0].path
    args = stage.command("").parse_args([])
    args.asked, args.settings = json.loads(recipe.asked()), json.loads(recipe.told)
    args.clips, args.classes, args.labels = Path("clips.csv"), ",".join(made_run.CLASSES), None
    args.methods, args.conditions, args.trained_on = "lbp_top,rrrn", "none,mask", "none,mask"
    args.crossed = [Path(one.path) for one in recipe.inputs]
    args.output, args.about, args.task, args.view = about.with_suffix(".csv"), about, "CDE", "original"
    args.folds = ",".join(sorted({row.subject for row in rows}))
    matrix.main(args)
    assert result.read(about)["of"]["predictions"] and standing.differences(about, result.read(about)) == {}
    trained_otherwise(first)
    found = standing.differences(about, result.read(about))
    assert list(found) == ["predictions"] and "no longer fit this table" in found["predictions"]
    Path(first).unlink()
    assert f"Predictions are missing, {first}" in standing.differences(about, result.read(about))["missing"]


def test_another_clip_table_and_other_code_are_told_apart(run, monkeypatch):
    told = result.read(ABOUT)
    rows = clips.read("clips.csv")
    clips.write([replace(rows[0], objective_class="II"), *rows[1:]], Path("clips.csv"))
    assert list(standing.differences(ABOUT, told)) == ["clips"]
    clips.write(rows, Path("clips.csv"))
    monkeypatch.setattr(sources, "digest", lambda *modules: "0" * 12)
    assert list(standing.differences(ABOUT, told)) == ["code"]


def test_other_libraries_are_named(run):
    told = result.read(ABOUT)
    told["made"] = told["made"].replace("numpy-", "numpy-1")
    found = standing.differences(ABOUT, told)
    assert list(found) == ["versions"] and ": numpy 1" in found["versions"]


def test_what_has_no_digests_cannot_be_compared(run):
    with pytest.raises(InputError, match="no digests of what the table was made of"):
        standing.differences(ABOUT, {**result.read(ABOUT), "of": {}})
    told = result.read(Path("results/folds.json"))
    with pytest.raises(InputError, match="says nothing of"):
        standing.differences(Path("results/folds.json"), told)


def test_a_folder_is_no_table_and_is_there(run):
    with pytest.raises(InputError, match=r"^results: is no table of results/ with a JSON beside it; name one"):
        show.main(argparse.Namespace(table=Path("results")))


def test_a_partial_report_says_that_its_tables_no_longer_fit(run, monkeypatch):
    monkeypatch.setattr(drawing, "every", lambda what: [])
    words = argparse.Namespace(arguments=["--partial", "--configfile", "own.yaml"])
    Path("own.yaml").write_text(json.dumps(made_run.SETTINGS | {"train": {"epochs": 3}}), encoding="utf-8")
    results = Path("results")
    assert report._unfit(results) == []
    trained_otherwise(TRAINED)
    report.main(words)
    page = report.PARTIAL.read_text(encoding="utf-8")
    assert "results/table_iv.json: The predictions on disk no longer fit this table" in page
    assert "results/table_iv.json: was made with other settings, code or clips than this report is of" in page


@pytest.mark.parametrize(
    ("missing", "said"), [([], "nothing is missing"), (["a", "b"], "2 files of the whole are not there")]
)
def test_a_partial_report_says_how_much_is_missing(run, monkeypatch, caplog, missing, said):
    caplog.set_level("INFO")
    whole = found.read
    monkeypatch.setattr(drawing, "every", lambda what: [])
    monkeypatch.setattr(found, "read", lambda *told: replace(whole(*told), missing=missing))
    Path("own.yaml").write_text(json.dumps(made_run.SETTINGS), encoding="utf-8")
    report.main(argparse.Namespace(arguments=["--partial", "--configfile", "own.yaml"]))
    assert f"partial_report.html: {said}" in caplog.text


def test_a_partial_report_of_the_same_settings_calls_nothing_other(run):
    recipes = verify.of_experiment(defaults.whole([], made_run.SETTINGS), clips.read("clips.csv"))
    assert report._of_others(["table_iv", "comparisons", "folds"], Path("results"), recipes) == []
