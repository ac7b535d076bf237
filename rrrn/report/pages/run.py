"""How it was made: versions, times, sizes, and what is missing."""

import platform

from rrrn.report.found import Found
from rrrn.report.page import Page
from rrrn.report.table import Cell, Row, Table, of_frame

NAME, TITLE = "run", "Run"


def page(found: Found) -> Page:
    """Return the page of versions and times."""
    versions = [Row([Cell(name, name), Cell(version)]) for name, version in found.versions.items()]
    told = [
        Row([Cell("this page: Python"), Cell(platform.python_version())]),
        Row([Cell("this page: system"), Cell(platform.platform())]),
    ]
    tables = [Table("Versions with which tables and page were laid out.", ["Package", "Version"], [*versions, *told])]
    digests = [Row([Cell(name, name), *map(Cell, told.values())]) for name, told in found.digests.items() if told]
    if digests:
        columns = next(told for told in found.digests.values() if told)
        caption = "Digests of what each table was made of: equal ones are of the same."
        tables.append(Table(caption, ["Table", *(name.capitalize() for name in columns)], digests))
    if not found.times.empty:
        grouped = found.times.groupby("rule", sort=False)
        frame = grouped["s"].agg(["size", "sum", "max"]).join(grouped["max_rss"].max()).reset_index()
        names = {
            "rule": "Stage",
            "size": "Jobs",
            "sum": "Seconds in all",
            "max": "Longest job",
            "max_rss": "MB of memory",
        }
        tables.append(of_frame(frame, "Times of the jobs, as Snakemake measured them.", names, form=",.1f"))
    missing = [Row([Cell(name, name)]) for name in found.missing]
    if missing:
        tables.append(Table("Files that were not there when this report was made.", ["File"], missing))
    return Page(NAME, TITLE, ["times"], {"tables": tables})
