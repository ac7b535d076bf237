"""The predictions store: one CSV row for each tested clip, condition and view, from which every table is made."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rrrn import stage
from rrrn.stage import InputError

KEYS = ("database", "subject", "clip", "condition", "trained_on", "fold", "seed", "view", "true")


@dataclass(frozen=True)
class Prediction:
    """What one trained classifier says of one view of one tested clip.

    ``probabilities`` are in the order of the configured classes; ``alpha`` holds RRRN's six region weights, the whole
    face first, and is empty for other methods.
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


def write(rows: Sequence[Prediction], classes: Sequence[str], path: Path) -> None:
    """Write predictions which ``read`` returns to nine digits."""
    header = [*KEYS, *(f"p_{name}" for name in classes), *(f"alpha_{k}" for k in range(len(rows[0].alpha)))]
    with stage.replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            numbers = [format(value, ".9g") for value in (*row.probabilities, *row.alpha)]
            writer.writerow([*(getattr(row, key) for key in KEYS), *numbers])


def read(path: Path, classes: Sequence[str]) -> list[Prediction]:
    """Return the predictions of a file; raises InputError, naming file and line, if it is damaged."""
    rows: list[Prediction] = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            for row in reader:
                try:
                    alpha = tuple(float(row[name]) for name in row if name and name.startswith("alpha_"))
                    rows.append(
                        Prediction(
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
                            alpha=alpha,
                        )
                    )
                except (KeyError, TypeError, ValueError) as error:
                    raise InputError(
                        f"{path}, line {reader.line_num}: damaged ({error}); delete it and run again"
                    ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({error}); delete it and run again") from None
    return rows
