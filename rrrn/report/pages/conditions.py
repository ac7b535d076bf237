"""The conditions: what is hidden, and whether region weights follow it."""

from rrrn.experiment.conditions import CLEAR
from rrrn.report.found import Found
from rrrn.report.page import Page
from rrrn.report.table import Cell, Row, Table, cell, of_frame

NAME, TITLE = "conditions", "Conditions"


def page(found: Found) -> Page:
    """Return the page of conditions."""
    tables = [_hidden(found)]
    if (told := found.results.get("region_weights")) is not None:
        names = {
            "method": "Method", "condition": "Condition", "held_against": "Held against", "region": "Region",
            "correlation": "Rank correlation", "low": "Low", "high": "High", "control": "Of other clips",
            "control_low": "Low of these", "control_high": "High of these",
        }  # fmt: skip
        caption = (
            "Whether the change of region weights follows what is visible: 1 if it does, 0 if not; beside it the same "
            "held against what is hidden in clips of other subjects."
        )
        tables.append(of_frame(told, caption, names, {"method": ["method"], "condition": ["condition"]}))
    crossed = []
    if (told := found.results.get("matrix")) is not None:
        crossed = ["matrix"]
        names = {
            "method": "Method", "trained_on": "Trained on", "condition": "Tested on", "metric": "Metric",
            "value": "Value", "low": "Low", "high": "High",
        }  # fmt: skip
        caption = "Trained on one condition and tested on another, in the folds of Table IV, with 95 % over subjects."
        tables.append(of_frame(told, caption, names, {"method": ["method"], "condition": ["trained_on", "condition"]}))
    notes = [*found.notes.get("region_weights", ()), *found.notes.get("matrix", ())]
    return Page(NAME, TITLE, ["strips", *crossed, "weights", "attention"], {"tables": tables, "notes": notes})


def _hidden(found: Found) -> Table:
    rows = []
    for name in found.conditions:
        label, seen = found.condition(name), found.visible.get(name)
        share = 1.0 if name == CLEAR else (None if seen is None else float(seen["visible_0"].mean()))
        units = 0.0 if name == CLEAR else (None if seen is None else float(seen["covered_units"].mean()))
        rows.append(Row([Cell(label, label), cell(share, ".2f"), cell(units, ".2f")], {"condition": label}))
    caption = (
        "Means over clips: how much of the face box is visible, and which share of action units is mostly covered."
    )
    return Table(caption, ["Condition", "Visible share", "Covered action units"], rows)
