"""Onset, apex, occluder and flow of a clip of each class, under some conditions, and the wheel of flow's colours."""

import base64

import altair as alt
import pandas as pd

from rrrn.data import rows
from rrrn.report import theme
from rrrn.report.figure import Figure, nothing
from rrrn.report.found import Found

NAME, TITLE = "strips", "From onset to apex"
_HEIGHT = 66
_MOST = 4  # conditions


def draw(found: Found) -> Figure:
    """Return a panel for the first clip of each class, a line for each condition, and the wheel."""
    there = [name for name in found.conditions if name in found.strips]
    if not there:
        return nothing(NAME, TITLE, "no strips of pictures are there")
    chosen = there if len(there) <= _MOST else [*there[: _MOST - 1], there[-1]]
    panels, shown = [], []
    for name in found.classes:
        clip = next((clip for clip in found.clips if clip.objective_class == name), None)
        key = rows.key(clip) if clip else ("", "")
        strips = {found.condition(one): found.strips[one][key] for one in chosen if key in found.strips[one]}
        if clip is None or not strips:
            continue
        urls = [data_uri(strip.data) for strip in strips.values()]
        frame = pd.DataFrame({"condition": list(strips), "url": urls})
        cells = list(strips.values())[-1].cells  # of the last of the conditions, which wears the most
        told = [f"{name}: {clip.subject}", clip.clip, " · ".join(cells)]
        panels.append(_panel(frame, told, _HEIGHT * len(cells)))
        shown.append(frame[["condition"]].assign(**{"class": name, "subject": clip.subject, "clip": clip.clip}))
    if not panels:
        return nothing(NAME, TITLE, "no strips are there that may be shown")
    if found.wheel:
        panels.append(_wheel(data_uri(found.wheel)))
    withheld = " Faces of recorded clips are left out (report.faces: false)." if found.withheld else ""
    caption = (
        "The first clip of each class; its pictures are named above it, from left to right, and the occluder is black. "
        "Flow is from onset to apex, coloured by one wheel with one scale for all clips: a colour's place in it is "
        f"where the skin moves to, and {found.full_scale()} or more, the rim, is a pure colour. "
        f"{found.extent(seeds=False)}.{withheld}"
    )
    return Figure(NAME, TITLE, caption, panels, 3, pd.concat(shown, ignore_index=True))


def data_uri(data: bytes) -> str:
    """Return a WebP file as an address that holds it."""
    return "data:image/webp;base64," + base64.b64encode(data).decode()


def _panel(frame: pd.DataFrame, title: list[str], width: int) -> alt.Chart:
    images = alt.Chart(frame).mark_image(width=width, height=_HEIGHT, align="left")
    lines = images.encode(
        x=alt.value(0),
        y=alt.Y("condition:N", sort=None, title=None, axis=alt.Axis(domain=False, ticks=False)),
        url="url:N",
    )
    named = alt.TitleParams(title[0], subtitle=title[1:], limit=width + 60)
    return lines.properties(width=width, height={"step": _HEIGHT + 4}, title=named)


def _wheel(url: str) -> alt.LayerChart:
    """Return the wheel with what its sides are called, as one sees them in the picture."""
    frame = pd.DataFrame({"url": [url]})
    image = alt.Chart(frame).mark_image(width=110, height=110).encode(x=alt.value(90), y=alt.value(75), url="url:N")
    sides = (
        ("left", 31, 75, "right"),
        ("right", 149, 75, "left"),
        ("up", 90, 12, "center"),
        ("down", 90, 138, "center"),
    )
    names = [
        alt.Chart(pd.DataFrame({"text": [text]}))
        .mark_text(align=align, color=theme.INK, fontSize=11)
        .encode(x=alt.value(x), y=alt.value(y), text="text:N")
        for text, x, y, align in sides
    ]
    return alt.layer(image, *names).properties(width=180, height=150, title="Colours of flow")
