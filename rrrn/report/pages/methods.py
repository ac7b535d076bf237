"""The methods: settings, comparisons, confusion, ranks."""

import json

from rrrn.experiment import methods
from rrrn.report.found import Found
from rrrn.report.page import Page
from rrrn.report.table import Cell, Row, Table, of_frame
from rrrn.tables import published

NAME, TITLE = "methods", "Methods"


def page(found: Found) -> Page:
    """Return the page of methods."""
    tables = []
    if (told := found.results.get("comparisons")) is not None and not told.empty:
        told = told.assign(table=told["table"].replace(published.TITLES))
        names = {
            "table": "Table", "metric": "Metric", "condition": "Condition", "method": "Method", "other": "Other",
            "value": "Value", "other_value": "Other's", "difference": "Difference", "low": "Low", "high": "High",
            "p_holm": "p (Holm)",
        }  # fmt: skip
        filters = {"method": ["method", "other"], "condition": ["condition"]}
        tables.append(
            of_frame(told, "Differences of methods, with 95 % over subjects and corrected p.", names, filters)
        )
    if (told := found.results.get("ranking")) is not None and not told.empty:
        names = {
            "task": "Task", "metric": "Metric", "method": "Method", "unoccluded": "Un-occluded",
            "mean_relative_degradation": "Relative error", "low": "Low", "high": "High",
            "mean_degradation": "Mean loss", "area_under_curve": "Mean over patches",
            "maximal_degradation": "Largest loss", "worst_condition": "Under",
        }  # fmt: skip
        caption = (
            "Error under occlusion over ResNet18's, with 95 % over subjects; the mean and the largest loss against "
            "un-occluded clips; and the mean height of the curve over random patches."
        )
        tables.append(of_frame(told, caption, names, {"method": ["method"]}))
    notes = [*found.notes.get("comparisons", ()), *found.notes.get("ranking", ())]
    return Page(
        NAME,
        TITLE,
        ["confusion", "ranks", "features", "training"],
        {"first": [_listed(found)], "tables": tables, "notes": notes},
    )


def _listed(found: Found) -> Table:
    rows = []
    for name in found.methods:
        method = methods.METHODS[name]
        told = json.dumps(methods.settings(found.settings, name), sort_keys=True)[1:-1].replace('"', "")
        there = sum((name, condition) in found.answers for condition in found.conditions)
        state = "complete" if there == len(found.conditions) else f"{there} of {len(found.conditions)} conditions there"
        cells = [found.method(name), method.kind, told, state]
        rows.append(Row([Cell(text, text) for text in cells], {"method": found.method(name)}))
    return Table("What was compared, with its settings.", ["Method", "Kind", "Settings", "Results"], rows)
