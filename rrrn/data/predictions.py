"""The predictions store: one CSV row for each tested clip, condition and view, from which every table is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rrrn.data import digested
from rrrn.data.identity import by_hand
from rrrn.running.stage import InputError

KEYS = ("database", "subject", "clip", "condition", "trained_on", "fold", "seed", "view", "true")


@dataclass(frozen=True)
class Prediction:
    """What one trained classifier says of one view of one tested clip.

    ``probabilities`` are in the order of the configured classes; ``alpha`` holds the six region weights of
    networks that learn them, the whole face first, and is empty for other methods.
    """

    database: str
    subject: str
    clip: str
    condition: str
    trained_on: str
    fold: str
    seed: int
    view: int
    true: str
    probabilities: tuple[float, ...]
    alpha: tuple[float, ...] = ()


def write(rows: Sequence[Prediction], classes: Sequence[str], path: Path, made: Callable[[], str] = by_hand) -> None:
    """Write predictions, one at least, which ``read`` returns to nine digits.

    Raises InputError for a number that is not finite: the classifier of a training that diverged.
    """
    for row in rows:
        if not np.isfinite([*row.probabilities, *row.alpha]).all():
            raise InputError(
                f"{path}: the prediction of clip {row.subject}/{row.clip}, condition {row.condition}, is not finite; "
                "training diverged in its last steps: lower train.lr"
            )
    header = [*KEYS, *(f"p_{name}" for name in classes), *(f"alpha_{k}" for k in range(len(rows[0].alpha)))]
    cells = []
    for row in rows:
        numbers = [format(value, ".9g") for value in (*row.probabilities, *row.alpha)]
        cells.append([*(getattr(row, key) for key in KEYS), *numbers])
    digested.write(header, cells, path, made)


def read(path: Path, classes: Sequence[str]) -> list[Prediction]:
    """Return the predictions of a file; raises InputError, naming it, if it is damaged or of other classes."""
    rows = digested.read(path)
    try:
        return [parsed(row, classes) for row in rows]
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{path}: holds no predictions of the classes {', '.join(classes)} ({error}); delete it and run again"
        ) from None


def parsed(row: Mapping[str, str], classes: Sequence[str]) -> Prediction:
    """Return the prediction of a row; raises KeyError for a column that it lacks, ValueError for what is no number."""
    numbers = [float(value) for name, value in row.items() if name.startswith(("p_", "alpha_"))]
    if not np.isfinite(numbers).all():
        raise ValueError(f"clip {row['subject']}/{row['clip']} has a number that is not finite")
    return Prediction(
        database=row["database"],
        subject=row["subject"],
        clip=row["clip"],
        condition=row["condition"],
        trained_on=row["trained_on"],
        fold=row["fold"],
        seed=int(row["seed"]),
        view=int(row["view"]),
        true=row["true"],
        probabilities=tuple(float(row[f"p_{name}"]) for name in classes),
        alpha=tuple(float(value) for name, value in row.items() if name.startswith("alpha_")),
    )
