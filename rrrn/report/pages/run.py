"""How it was made: versions, times, sizes, and what is missing."""

import platform

from rrrn.report.found import Found
from rrrn.report.page import Page
from rrrn.report.table import Cell, Row, Table, of_frame

NAME, TITLE = "run", "Run"


def page(found: Found) -> Page:
    """Return the page of versions and times."""
    tables = [_versions(found)]
    devices = found.devices[found.devices["network"].isin(found.methods)] if len(found.devices) else found.devices
    if not devices.empty:
        counted = devices.groupby(["network", "device", "torch"], sort=False).size().reset_index(name="n")
        named = counted.assign(network=[found.method(name) for name in counted["network"]])
        names = {"network": "Network", "device": "Device", "torch": "PyTorch", "n": "Trainings"}
        caption = "What networks were trained on, as the logs of their trainings say; of a CPU not which."
        tables.append(of_frame(named, caption, names, {"method": ["network"]}))
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


def _versions(found: Found) -> Table:
    """Return versions of packages, and which tables are of each where they are not of the same."""
    made: dict[str, dict[str, list[str]]] = {}
    for name, told in found.versions.items():
        for package, version in told.items():
            made.setdefault(package, {}).setdefault(version, []).append(name)
    rows = [
        (package, version, "all" if len(names) == len(found.versions) else ", ".join(names))
        for package, versions in made.items()
        for version, names in versions.items()
    ]
    rows += [("python", platform.python_version(), "this page"), ("system", platform.platform(), "this page")]
    listed = [Row([Cell(text, text) for text in row]) for row in rows]
    return Table("Versions with which tables and page were laid out.", ["Package", "Version", "Tables"], listed)
