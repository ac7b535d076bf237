"""What is known of a final model: how the same method did on people whom it had not seen, fold by fold.

A model that was trained on all clips has none left that could tell how good it is. Its method has: the predictions of
the workflow's folds, each by a training that did not see the people whom it was tested on.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rrrn.data import identity, predictions
from rrrn.data.clips import Clip
from rrrn.data.predictions import Prediction
from rrrn.experiment import methods, metrics, protocol
from rrrn.experiment.metrics import METRICS
from rrrn.provenance.recipes import Recipe, Recipes
from rrrn.running.stage import InputError
from rrrn.tables import confusion, pooled


def files(config: Mapping[str, Any], table: Sequence[Clip], method: str, trained_on: str) -> list[tuple[str, ...]]:
    """Return the arguments of the recipe of each file of predictions that an estimate is of."""
    if methods.METHODS[method].kind == "descriptor":
        return [(method, trained_on)]
    seeds = range(config["protocol"]["n_seeds"])
    named = protocol.tables(config, table)[0]["iv"]
    return [(method, trained_on, fold, str(seed)) for fold in named for seed in seeds]


def wanted(
    recipes: Recipes, config: Mapping[str, Any], table: Sequence[Clip], method: str, trained_on: str
) -> list[Recipe]:
    """Return the recipes of these files."""
    made = recipes.svm if methods.METHODS[method].kind == "descriptor" else recipes.train
    return [made(*one) for one in files(config, table, method, trained_on)]


def of(
    config: Mapping[str, Any], table: Sequence[Clip], method: str, trained_on: str, made: Sequence[Recipe]
) -> dict[str, Any]:
    """Return what the folds of Table IV say of a method: {condition: {metric: mean over seeds}}, and of how many.

    ``made`` are the recipes of its predictions. If a file is missing, or is of other settings, code or clips, there is
    no estimate, and ``missing`` says why, without the file's name, which is a person's: the log has it.
    """
    rows: list[Prediction] = []
    sums = []
    for recipe in made:
        path = Path(recipe.path)
        if not path.exists():
            return _none(path, "some predictions are not there", f"{path} is not there")
        try:
            found, checksum = identity.read(path)
            if wrong := identity.difference(path, found, recipe.identity):
                return _none(path, "some predictions are of other settings, code, clips or libraries", wrong)
            rows += predictions.read(path, config["classes"])
        except InputError as error:
            return _none(path, "some predictions cannot be read", str(error))
        sums.append(checksum)
    folds = protocol.tables(config, table)[0]["iv"]
    return scored(rows, config, table, folds, method, trained_on) | {"predictions": identity.combined(sums)}


def _none(path: Path, why: str, detail: str) -> dict[str, Any]:
    logging.info("%s", detail)
    return {"missing": f"in {path.parent} {why}"}


def scored(
    rows: Sequence[Prediction],
    config: Mapping[str, Any],
    table: Sequence[Clip],
    folds: Sequence[str],
    method: str,
    trained_on: str,
) -> dict[str, Any]:
    """Return the scores of predictions, means over seeds, as the tables of the workflow have them."""
    classes, view = config["classes"], config["protocol"]["view"]
    conditions: dict[str, dict[str, float]] = {}
    n_seeds = 0
    for condition in protocol.tested(config, trained_on):
        counted = pooled.by_seed(rows, table, folds, method, condition, view)
        found = [metrics.scores(confusion.of_rows(own, classes)) for own in counted.values()]
        conditions[condition] = {name: float(np.mean([one[name] for one in found])) for name in METRICS}
        n_seeds = len(found)
    return {
        "conditions": conditions,
        "folds": len(folds),
        "subjects": len({clip.subject for clip in table}),
        "clips": len(table),
        "seeds": n_seeds,
        "protocol": "leave-one-subject-out" if config["protocol"]["folds"] == "loso" else "grouped subjects",
        "constant": _constant(table, classes),
    }


def _constant(table: Sequence[Clip], classes: Sequence[str]) -> dict[str, float]:
    """Return the scores of the most frequent class, said of every clip: what is scored without looking."""
    counts = np.array([sum(clip.objective_class == name for clip in table) for name in classes])
    matrix = np.zeros((len(classes), len(classes)), np.int64)
    matrix[:, counts.argmax()] = counts
    return metrics.scores(matrix)
