"""What a report says of a table: read from the file beside it, not from the configuration that the report is made with.

Read by the Snakefile, hence the standard library only.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rrrn.data.identity import Identity
from rrrn.provenance.recipes import Recipe

_DRAWN = {"synthetic": "SYNTHETIC clips", "mixed": "Partly SYNTHETIC clips"}


class Caption:
    """The file ``about`` beside a table, read when it is asked for; ``recipe`` gives what is asked for now."""

    def __init__(self, about: str, recipe: Callable[[], Recipe]) -> None:
        self._about = about
        self._recipe = recipe

    def __str__(self) -> str:
        return self._about

    @property
    def told(self) -> dict[str, Any]:
        """Return all that the file says."""
        read: dict[str, Any] = json.loads(Path(self._about).read_text(encoding="utf-8"))
        return read

    @property
    def configuration(self) -> dict[str, Any]:
        """Return the settings that the table was made with."""
        return dict(self.told["configuration"])

    @property
    def notes(self) -> str:
        """Return what a reader must know, as one paragraph: first of all that clips are drawn, if so."""
        told = self.told
        notes = [str(note).replace("\n", " ") for note in told["notes"]]
        drawn = _DRAWN.get(told["data"])
        if drawn and not any("SYNTHETIC" in note for note in notes):
            notes.insert(0, f"{drawn}: these numbers say nothing about the paper's results.")
        return " ".join(notes)

    @property
    def warning(self) -> str:
        """Return that the table is not what the report's configuration makes, if so."""
        if Identity.parse(self.told["made"]).fits(self._recipe().identity):
            return ""
        other = "other settings, code, clips or libraries"
        return f"**This table was made with {other} than those that this report was asked with.**"
