"""All figures, drawn, and as the report reads them."""

import json
from typing import Any

from rrrn.report import figure
from rrrn.report.figure import Figure
from rrrn.report.figures import (
    attention,
    confusion,
    doubts,
    features,
    matrix,
    ranks,
    robustness,
    strips,
    subjects,
    times,
    training,
    weights,
)
from rrrn.report.found import Found

# as the catalogue lists them for the workflow
DRAWN = (robustness, confusion, matrix, weights, attention, strips, subjects, ranks, doubts, features, training, times)


def every(found: Found) -> list[Figure]:
    """Return all figures; one that cannot be says why."""
    return [module.draw(found) for module in DRAWN]


def told(made: Figure) -> dict[str, Any]:
    """Return a figure as the report reads it, as of JSON: panels in Vega-Lite, and the rows behind them."""
    return {
        "name": made.name,
        "title": made.title,
        "caption": made.caption,
        "columns": made.columns,
        "panels": [figure.panel(chart) for chart in made.panels],
        "rows": json.loads(made.rows.to_json(orient="split", index=False, double_precision=6)),
    }
