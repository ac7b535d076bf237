"""The augmentation plan as a table: which frames, turned by which angle, make each sample of a clip."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from rrrn.data import digested
from rrrn.data.identity import by_hand
from rrrn.running.stage import InputError


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


def write(views: Sequence[View], path: Path, made: Callable[[], str] = by_hand) -> None:
    """Write a plan, of one view at least, which ``read`` returns unchanged."""
    digested.write([field.name for field in fields(View)], map(astuple, views), path, made)


def read(path: Path) -> dict[str, list[View]]:
    """Return the views of each clip, in the order of their numbers; raises InputError for a damaged plan."""
    views: dict[str, list[View]] = {}
    rows = digested.read(path)
    try:
        for row in rows:
            view = View(
                clip=row["clip"],
                view=int(row["view"]),
                onset=int(row["onset"]),
                apex=int(row["apex"]),
                angle=float(row["angle"]),
                duplicate=int(row["duplicate"]),
            )
            views.setdefault(view.clip, []).append(view)
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: holds no plan ({error}); delete it and run again") from None
    return views
