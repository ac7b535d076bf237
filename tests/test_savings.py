"""The table of savings, from scores and histories whose means are known; and its configuration."""

import argparse

import pytest
import yaml
from scaffold import HOME

from benchmarks import savings
from rrrn.data import digested
from rrrn.experiment import config, registry
from rrrn.running.stage import InputError
from rrrn.training import history

HEADER = ["method", "condition", "seed", "n_clips", "n_folds", "n_I", "metric", "value"]


@pytest.fixture
def root(tmp_path):
    for method, values, losses in (("rrrn", (0.5, 0.7), ((1.0, 0.5), (1.0, 0.3))), ("short", (0.4, 0.4), ((1.0,),))):
        (tmp_path / f"results/scores/iv/{method}").mkdir(parents=True)
        rows = [[method, "none", seed, 4, 2, 4, "F1", value] for seed, value in enumerate(values)]
        rows += [[method, "none", 0, 4, 2, 4, "WAR", 1.0]]
        digested.write(HEADER, rows, tmp_path / f"results/scores/iv/{method}/none.csv")
        logs = tmp_path / f"logs/train/{method}/none"
        logs.mkdir(parents=True)
        for number, told in enumerate(losses):
            name = {"rrrn": "classification", "short": "unlike"}[method]  # of one loss there is the total alone
            epochs = [
                {"epoch": at + 1, name: loss, "total": loss + 9 * (method == "rrrn"), "seconds": 2.0}
                for at, loss in enumerate(told)
            ]
            history.write(epochs, logs / f"group-{number}.csv")
    return tmp_path


def test_the_table(root, capsys):
    savings.main(argparse.Namespace(root=root, methods=["short", "rrrn"]))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["method", "F1", "epochs", "last training loss", "seconds of a training", "trainings"]
    assert rows[2] == ["short", "0.400 ± 0.000", "1", "1", "2", "1"]
    assert rows[3] == ["rrrn", "0.600 ± 0.141", "2", "0.4", "4", "2"]  # the losses 0.5 and 0.3, twice two seconds
    (root / "logs/train/rrrn/none/group-0.csv").unlink()
    (root / "logs/train/rrrn/none/group-1.csv").unlink()
    with pytest.raises(InputError, match="holds no history of a training"):
        savings.main(argparse.Namespace(root=root, methods=["rrrn"]))


def test_the_configuration_can_be_run_and_its_views_are_all_that_there_are():
    read = [yaml.safe_load((HOME / name).read_text()) for name in ("config.yaml", "config/laptop.yaml")]
    own = yaml.safe_load((HOME / "benchmarks/savings.yaml").read_text())
    try:
        told = config.merge([*read, own])
        config.check(told, HOME / "workflow/schemas/config.schema.yaml")
    finally:
        registry.use({})
    assert set(told["variants"]) == set(told["ablation"]) - set(told["methods"])
    plan = told["augment"]
    views = (1 + len(plan["early"]) + len(plan["late"])) * len(plan["angles"])
    assert own["variants"]["rrrn-views-9"]["train"]["views_per_clip_per_epoch"] == views
