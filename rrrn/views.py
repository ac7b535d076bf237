"""The augmentation plan as a table: which frames, turned by which angle, make each sample of a clip."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from rrrn import stage


@dataclass(frozen=True)
class View:
    """One augmented sample: the flow from frame ``onset`` to frame ``apex``, both turned by ``angle`` degrees.

    ``duplicate`` marks a view whose frames and angle repeat an earlier view of the clip.
    """

    clip: str
    view: int
    onset: int
    apex: int
    angle: float
    duplicate: int


def write(views: Sequence[View], path: Path) -> None:
    """Write a plan which ``read`` returns unchanged."""
    with stage.replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(View)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(view) for view in views)


def read(path: Path) -> dict[str, list[View]]:
    """Return the views of each clip, in the order of their numbers; raises InputError for a damaged plan."""
    views: dict[str, list[View]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                view = View(
                    clip=row["clip"],
                    view=int(row["view"]),
                    onset=int(row["onset"]),
                    apex=int(row["apex"]),
                    angle=float(row["angle"]),
                    duplicate=int(row["duplicate"]),
                )
                views.setdefault(view.clip, []).append(view)
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise stage.InputError(f"{path}: missing or damaged ({error}); delete it and run again") from None
    return views
