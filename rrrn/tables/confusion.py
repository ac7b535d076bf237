"""The confusion matrix of each tested subject, of one method and condition: what scores of any subjects add up to.

A file has a row for each seed and subject, and a column for each cell: ``I as II`` counts what is of class I and was
named II.
"""

import argparse
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rrrn.data import digested
from rrrn.data.identity import by_hand
from rrrn.data.predictions import Prediction
from rrrn.experiment import metrics
from rrrn.running.stage import InputError


def of_rows(rows: Sequence[Prediction], classes: Sequence[str]) -> NDArray[np.int64]:
    """Return the confusion matrix of predictions, int64 (n_classes, n_classes): the class that is likeliest counts."""
    true = [classes.index(row.true) for row in rows]
    return metrics.confusion(true, [int(np.argmax(row.probabilities)) for row in rows], len(classes))


def write(
    pooled: Mapping[int, Sequence[Prediction]],
    classes: Sequence[str],
    method: str,
    condition: str,
    path: Path,
    made: Callable[[], str] = by_hand,
) -> None:
    """Write the matrices of the predictions of each seed."""
    cells = []
    for seed, rows in pooled.items():
        for subject in sorted({row.subject for row in rows}):
            counts = of_rows([row for row in rows if row.subject == subject], classes)
            cells.append([method, condition, seed, subject, *counts.ravel().tolist()])
    digested.write(["method", "condition", "seed", "subject", *_columns(classes)], cells, path, made)


def read(
    paths: Mapping[str, Mapping[str, Path]], classes: Sequence[str]
) -> tuple[list[str], dict[str, NDArray[np.float64]]]:
    """Return the tested subjects, sorted, and the matrices of each method under all conditions.

    ``paths`` are {method: {condition: file}}, the matrices float64 (conditions, seeds, subjects, n_classes, n_classes).
    Where every view of a clip counts (``protocol.view: augmented_pool``) networks count each clip more often than
    descriptors, which see it once; all matrices are brought to the fewest, so that they can be compared. Raises
    InputError for a file that is damaged, or has other subjects, clips or classes than the first, or other seeds than
    the first of its method.
    """
    subjects: list[str] = []
    tested: NDArray[np.int64] | None = None
    found: dict[str, list[NDArray[np.int64]]] = {method: [] for method in paths}
    for method, files in paths.items():
        for path in files.values():
            own, counts = _read(path, classes)
            true = counts.sum(axis=-1)
            subjects, tested = (own, true[0]) if tested is None else (subjects, tested)
            if own != subjects or (true * tested.sum() != tested * true[0].sum()).any():
                raise InputError(f"{path}: other clips were tested than by other methods; delete it and run again")
            if found[method] and len(counts) != len(found[method][0]):
                raise InputError(f"{path}: other seeds than under other conditions; delete it and run again")
            found[method].append(counts)
    fewest = min(counts[0].sum() for files in found.values() for counts in files)
    return subjects, {
        method: np.stack([counts / (counts[0].sum() / fewest) for counts in files]) for method, files in found.items()
    }


def by_method(methods: Sequence[str], conditions: Sequence[str], paths: Iterable[Path]) -> dict[str, dict[str, Path]]:
    """Return {method: {condition: file}} of files in the order of methods, and of conditions for each."""
    found: dict[str, dict[str, Path]] = {method: {} for method in methods}
    for (method, condition), path in zip(itertools.product(methods, conditions), paths, strict=True):
        found[method][condition] = path
    return found


def _read(path: Path, classes: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the subjects of a file and their matrices, (seeds, subjects, n_classes, n_classes)."""
    rows, columns = digested.read(path), _columns(classes)
    seeds, subjects = sorted({int(row["seed"]) for row in rows}), sorted({row["subject"] for row in rows})
    try:
        cell = {(int(row["seed"]), row["subject"]): [int(row[name]) for name in columns] for row in rows}
        counts = np.array([[cell[seed, subject] for subject in subjects] for seed in seeds], np.int64)
    except (KeyError, ValueError):
        raise InputError(
            f"{path}: holds no matrices of the classes {', '.join(classes)}; delete it and run again"
        ) from None
    return subjects, counts.reshape(len(seeds), len(subjects), len(classes), len(classes))


def _columns(classes: Sequence[str]) -> list[str]:
    return [f"{true} as {said}" for true, said in itertools.product(classes, repeat=2)]


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Let a stage be given the files of every table, as --confusion TABLE TASK FILE...; ``files`` lists them."""
    parser.add_argument(
        "--confusion",
        action="append",
        nargs="+",
        required=True,
        metavar="X",
        help="a table, its task and the confusion matrices of its methods and conditions; once for each table",
    )


def files(args: argparse.Namespace) -> list[Path]:
    """Return all files that a stage with ``add_argument`` was given."""
    return [Path(path) for _, _, *paths in args.confusion for path in paths]
