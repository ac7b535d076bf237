"""Poison: data of tested clips replaced by noise, and their classes by others.

A training to which nothing of a tested clip comes ends in the same with poison as without, so that asked about these
clips as they are it says the same.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from rrrn.data import digested, predictions, rows
from rrrn.data.clips import Clip
from rrrn.data.predictions import Prediction
from rrrn.experiment import folds, grouped
from rrrn.running.stage import InputError

COLUMNS = ("method", "trained_on", "fold", "seed", "conditions", "n_clips", "n_numbers", "poisoned")  # of a verdict
SAME, DIFFERS, UNCLEAR = "same", "differs", "unclear"
_DIGITS = ".9g"  # as predictions have them
Asked = tuple[str, str, str, int]  # subject and name of a clip, condition and view
Numbers = dict[Asked, tuple[float, ...]]


def table(clips: Sequence[Clip], name: str, classes: Sequence[str]) -> list[Clip]:
    """Return the clip table with another class for each clip that the fold ``name`` tests.

    If it tests a group of subjects, classes stay: groups follow from them, and the fold would be another one.
    """
    tested = set() if grouped.of_name(name) else {rows.key(clip) for clip in folds.split(clips, name)[1]}

    def other(clip: Clip) -> str:
        return classes[(classes.index(clip.objective_class) + 1) % len(classes)]

    return [replace(clip, objective_class=other(clip)) if rows.key(clip) in tested else clip for clip in clips]


def recorded(path: Path, classes: Sequence[str], fold: str, wanted: Collection[Asked]) -> Numbers:
    """Return what the training without poison says in its file of predictions; raises InputError unless of ``wanted``.

    The file may hold other folds as well.
    """
    found = numbers(row for row in predictions.read(path, classes) if row.fold == fold)
    if found.keys() != set(wanted):
        raise InputError(f"{path}: is of other clips or conditions than are tested; delete it and run again")
    return found


def numbers(predicted: Iterable[Prediction]) -> Numbers:
    """Return probabilities and region weights of predictions, to as many digits as their files have."""
    return {
        (row.subject, row.clip, row.condition, row.view): tuple(
            float(format(value, _DIGITS)) for value in (*row.probabilities, *row.alpha)
        )
        for row in predicted
    }


def verdict(
    recorded: Numbers, poisoned: Numbers, again: Callable[[], Numbers], once_more: Callable[[], Numbers]
) -> str:
    """Return whether a poisoned training says the same of the tested clips as the one whose predictions are recorded.

    If it does not, another machine may have made these: then ``again`` trains without poison on this one, and
    ``once_more`` with the same poison. UNCLEAR, if trainings without poison, or those with it, differ among themselves.
    """
    if poisoned == recorded:
        return SAME
    twin = again()
    if twin == poisoned:
        return SAME
    if twin != recorded and twin != again():
        return UNCLEAR
    return DIFFERS if once_more() == poisoned else UNCLEAR


def write(
    path: Path, identity: Callable[[], str], training: tuple[str, str, str, int], found: Numbers, verdict: str
) -> None:
    """Write the verdict on a training: its method, what it was trained on, its fold and seed; ``found``: what it says.

    ``identity`` as for ``digested.write``.
    """
    conditions = " ".join(dict.fromkeys(condition for _, _, condition, _ in found))
    n_clips, count = len({(subject, clip) for subject, clip, _, _ in found}), sum(map(len, found.values()))
    digested.write(COLUMNS, [(*training, conditions, n_clips, count, verdict)], path, identity)
    logging.info("%s, fold %s: %d numbers, %s", training[0], training[2], count, verdict)
