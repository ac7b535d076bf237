"""What is shared of a run: what was said of each clip, the tables of it, and what it was made with; no picture."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

Row = dict[str, str]
FORMAT = "rrrn bundle 1"
NAMED, HASHED = "named", "hashed"  # what subjects and clips are called by
CLIP = ("database", "subject", "clip", "objective_class", "source")


@dataclass(frozen=True)
class Contents:
    """All that is shared of a run.

    ``told`` is what ``bundle.json`` says but for its members (``workflow/schemas/bundle.schema.yaml``). ``clips`` have
    a row each, ``predictions`` the rows of each training by method and what it was trained on, all as texts, sorted.
    ``tables`` are texts by file name. ``keys`` are what hides the names of each database (``pseudonyms``), of a run
    whose clip table is here; they are never written.
    """

    told: Mapping[str, Any]
    clips: Sequence[Row]
    predictions: Mapping[tuple[str, str], Sequence[Row]]
    tables: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def hashed(self) -> bool:
        """Return whether names are hidden."""
        return bool(self.told["subjects"] == HASHED)


def of_clip(row: Row) -> tuple[str, str, str]:
    """Return what a clip is known by."""
    return row["database"], row["subject"], row["clip"]


def ordered(rows: Sequence[Row]) -> list[Row]:
    """Return predictions, or clips, in an order that is of their names only."""
    return sorted(rows, key=lambda row: (of_clip(row), [row.get(name, "") for name in _KEYS]))


_KEYS = ("condition", "fold", "seed", "view")


def without_places(value: Any) -> Any:
    """Return a part of a configuration in which paths are the names of their files: no folder of the machine.

    What a variant is called (``label``) is no path, whatever it has: ``RRRN w/o RI``.
    """
    if isinstance(value, Mapping):
        return {str(key): part if key == "label" else without_places(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_places(part) for part in value]
    if isinstance(value, str) and set("/\\") & set(value):
        return PureWindowsPath(PurePosixPath(value).name).name
    return value


def text(told: Mapping[str, Any]) -> str:
    """Return JSON that is the same for equal values."""
    return json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
