"""The report as one HTML file that loads nothing: pages in their templates, with style, script and figures inside."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from rrrn.report import figure, theme
from rrrn.report.found import Found
from rrrn.report.pages import audit, classes, clips, conditions, configuration, doubts, methods, run, start, subjects
from rrrn.tables import published

PAGES = (start, methods, doubts, conditions, subjects, classes, clips, audit, configuration, run)
TEMPLATES = Path(__file__).parent / "templates"


def html(found: Found, figures: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the report. ``figures`` are as ``drawing.told`` leaves them, by name."""
    pages = [page.page(found) for page in PAGES]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    labels = {
        "condition": [found.condition(name) for name in found.conditions],
        "method": [found.method(name) for name in found.methods],
        "class": found.classes,
        "subject": found.subjects,
    }
    shown = {name: _drawn(told) for name, told in figures.items() if any(name in page.figures for page in pages)}
    text: str = environment.get_template("report.html").render(
        found=found,
        pages=pages,
        figures=shown,
        warning=" ".join(published.warning(found.kind)),
        mark="partly synthetic" if found.kind == "mixed" else "synthetic",
        filters=labels,
        style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        script=Markup((TEMPLATES / "report.js").read_text(encoding="utf-8")),
        vega=_inside(_vega()),
        specs=_inside(json.dumps({name: told["panels"] for name, told in figures.items() if _lively(told)})),
        shades=theme.ON_DARK_PAGES,
    )
    return text


def _drawn(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return a figure with its panels as SVG."""
    name = told["name"]
    panels = [Markup(figure.inline(spec, f"{name}-{number}")) for number, spec in enumerate(told["panels"])]
    return dict(told) | {"svg": panels, "lively": _lively(told)}


def _lively(told: Mapping[str, Any]) -> bool:
    """Return whether a figure has numbers to be pointed at, and not pictures."""
    return bool(told["panels"]) and told["name"] != "strips"


@cache
def _vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script: BSD-3-Clause, of the University of Washington and others."""
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle


def _inside(text: str) -> Markup:
    """Return text for a script element, which it cannot end."""
    return Markup(text.replace("</", "<\\/").replace("<!--", "<\\!--"))
