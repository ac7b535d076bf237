"""What a licensed database looks like on disk, and where one that is given lies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rrrn.importing import cells


@dataclass(frozen=True)
class Database:
    """Names and patterns of one database.

    ``subject_name`` formats a subject's number as its folder (``sub06``). A folder ``subject_folder`` with a folder
    ``clip_folder`` in it makes a tree of frames. ``trees`` maps a source (``raw``) to the names that such a tree's own
    folder has, in ``cells.header`` spelling, the preferred source first. ``class_sheet`` is the spreadsheet that alone
    has the published objective classes, if they do not stand beside the times; classes in one whose file's name has
    ``coding_sheet`` in it are others.
    """

    name: str
    title: str
    subject_name: str
    subject_folder: re.Pattern[str]
    clip_folder: re.Pattern[str]
    trees: Mapping[str, re.Pattern[str]]
    class_sheet: str = ""
    coding_sheet: re.Pattern[str] | None = None

    def subject(self, cell: object) -> str | None:
        """Return the folder name of the subject in a cell (6, ``06`` or ``sub06``); None if it holds no subject."""
        match = self.subject_folder.fullmatch(cells.text(cell))
        return self.subject_name.format(int(match[1])) if match else None

    def has_other_classes(self, path: Path) -> bool:
        """Return whether classes in a spreadsheet, if it has any, are not the published ones."""
        return self.coding_sheet is not None and self.coding_sheet.search(path.stem) is not None
