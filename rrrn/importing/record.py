"""One annotated clip between the spreadsheet and the clip table."""

from dataclasses import dataclass, field
from pathlib import Path


class Problem(Exception):
    """Why one clip cannot be used; the message says where, what and the remedy."""


@dataclass
class Record:
    """A clip as annotated: raw cells, where they stand, and the folder of its frames.

    ``subject`` is the folder's name (``sub06``); ``flags`` collects what was repaired or noticed; ``problem`` is set
    once the clip cannot be used; ``overridden`` names the columns whose cells come from the overrides file;
    ``rendered`` says that its frames were drawn.
    """

    where: str
    database: str
    subject: str
    clip: str
    objective_class: str
    onset: object = None
    apex: object = None
    offset: object = None
    action_units: object = None
    folder: Path | None = None
    flags: set[str] = field(default_factory=set)
    overridden: set[str] = field(default_factory=set)
    problem: str = ""
    rendered: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what names the clip: database, subject, clip."""
        return self.database, self.subject, self.clip

    @property
    def name(self) -> str:
        """Return the clip as messages call it."""
        return f"{self.database} {self.subject}/{self.clip}"
