"""Which of several spreadsheets of one kind is the newest, by what their files' names say."""

import re
from pathlib import Path

_DATE = re.compile(r"(?<!\d)(20\d\d)[-_. ]?(\d\d)[-_. ]?(\d\d)(?!\d)")
_VERSION = re.compile(r"(?:^|[^a-z])v(?:er(?:sion)?)?[ _.-]?(\d{1,3})(?!\d)", re.IGNORECASE)


def of_file(path: Path) -> tuple[bool, int, bool, int]:
    """Return what orders spreadsheets: published classes first, then date, ``updated`` and version of the name.

    ``CASME2-coding-20190701`` is newer than ``CASME2-coding-20140508``, and both are newer than the undated
    ``CASME2_label_Ver_2``.
    """
    name = path.stem.lower()
    date, version = _DATE.search(name), _VERSION.search(name)
    return (
        "objectiveclass" in re.sub(r"[^a-z]", "", name),
        int("".join(date.groups())) if date else 0,
        "updated" in name,
        int(version[1]) if version else 0,
    )
