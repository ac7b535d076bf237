"""One figure: panels as charts, what is said of them, and the numbers behind. Files and pages are made of the same."""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

from rrrn.report import theme

SCALE = 2.0  # pixels of a PNG for each of a chart
_LINE = 110  # characters of a title's lines
_ACCESSIBLE = re.compile(r' (?:aria-\w+|role)="[^"]*"')  # of single marks; the figure is described as a whole


@dataclass(frozen=True)
class Figure:
    """A figure. Without panels ``caption`` says why there is nothing to see.

    ``rows`` are the numbers that it shows, ``columns`` how many panels stand beside each other in a file.
    """

    name: str
    title: str
    caption: str
    panels: Sequence[alt.Chart | alt.LayerChart] = ()
    columns: int = 3
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)


def nothing(name: str, title: str, why: str) -> Figure:
    """Return the figure that says why it is none."""
    return Figure(name, title, f"There is nothing to see here: {why}.")


def spec(figure: Figure, warning: str) -> dict[str, Any]:
    """Return the whole figure as Vega-Lite, with its title, and ``warning`` above if there is one."""
    if not figure.panels:
        text = alt.Chart(pd.DataFrame({"text": _wrapped(figure.caption)})).mark_text(align="left", fontSize=12)
        rows = text.encode(text="text:N", y=alt.Y("text:N", axis=None, sort=None), x=alt.value(0))
        whole: Any = rows.properties(width=500, height=60)
    else:
        whole = alt.concat(*figure.panels, columns=figure.columns).resolve_scale(
            **dict.fromkeys(("color", "fill", "shape", "strokeDash", "x", "y"), "independent")
        )
    above = alt.TitleParams(
        text=figure.title,
        subtitle=[*([warning] if warning else []), *(_wrapped(figure.caption) if figure.panels else [])],
        subtitleColor=theme.GREY,
        fontSize=15,
    )
    return _whole(whole.properties(title=above))


def panel(chart: alt.Chart | alt.LayerChart) -> dict[str, Any]:
    """Return one panel as Vega-Lite."""
    return _whole(chart)


def svg(told: dict[str, Any]) -> str:
    """Return a chart as SVG."""
    text: str = vl_convert.vegalite_to_svg(told)
    return text


def png(told: dict[str, Any]) -> bytes:
    """Return a chart as PNG."""
    data: bytes = vl_convert.vegalite_to_png(told, scale=SCALE)
    return data


def inline(told: dict[str, Any], name: str) -> str:
    """Return a panel as SVG for a page with others: names of its own, and no descriptions of single marks."""
    text = _ACCESSIBLE.sub("", svg(told))
    text = re.sub(r'id="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    return text.replace("<svg ", '<svg aria-hidden="true" ', 1)


def _whole(chart: Any) -> dict[str, Any]:
    told: dict[str, Any] = chart.to_dict(validate=False)  # a third of the time; tests validate what is drawn
    told["config"] = theme.config()
    return told


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text.replace(" %", "\u00a0%"), _LINE)
