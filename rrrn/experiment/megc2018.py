"""The composite of MEGC 2018: how many clips of each objective class each subject of CASME II and SAMM has.

Counted in the published spreadsheets; the sums over subjects are Table II of the paper (arXiv 2107.05904). The import
compares with these counts, and the renderer draws databases of this shape.
"""

import csv
from functools import cache

from rrrn.running import resources
from rrrn.running.stage import InputError

CLASSES = ("I", "II", "III", "IV", "V")
DATABASES = ("casme2", "samm")
_FILE = "data/megc2018_subject_counts.csv"

Counts = dict[str, dict[str, int]]  # {subject: {class: clips}}, a subject as its folder is called: sub06, 006


@cache
def counts(database: str) -> Counts:
    """Return the counts of one of ``DATABASES``, every class of every subject. Raises InputError without the file."""
    path = resources.path(_FILE)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["database"] == database]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); take it from the repository again") from None
    return {row["subject"]: {name: int(row[name]) for name in CLASSES} for row in rows}
