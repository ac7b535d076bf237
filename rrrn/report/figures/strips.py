"""Onset, apex, occluder and flow of a clip of each class, under some conditions, and the wheel of flow's colours."""

import base64

import altair as alt
import pandas as pd

from rrrn.data import rows
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
        if clip is None:
            continue
        strips = [found.strips[condition][rows.key(clip)] for condition in chosen]
        frame = pd.DataFrame(
            {
                "condition": [found.condition(condition) for condition in chosen],
                "url": [data_uri(strip.data) for strip in strips],
            }
        )
        width = _HEIGHT * len(strips[-1].cells)
        panels.append(_panel(frame, f"{name}: {clip.subject} {clip.clip}", width))
        shown.append(frame[["condition"]].assign(**{"class": name, "subject": clip.subject, "clip": clip.clip}))
    if found.wheel:
        panels.append(_wheel(data_uri(found.wheel)))
    caption = (
        f"The first clip of each class. From left to right: {', '.join(_cells(found, chosen))}. Flow is from onset to "
        "apex, coloured by one wheel with one scale for all clips: a colour's place in it is where the skin moves to, "
        f"and {found.full_scale()} or more is a pure colour. Of {len(found.clips):,} clips."
    )
    return Figure(NAME, TITLE, caption, panels, 3, pd.concat(shown, ignore_index=True))


def data_uri(data: bytes) -> str:
    """Return a WebP file as an address that holds it."""
    return "data:image/webp;base64," + base64.b64encode(data).decode()


def _cells(found: Found, chosen: list[str]) -> list[str]:
    """Return the names of the pictures of the last of the conditions, which wears the most."""
    return list(next(iter(found.strips[chosen[-1]].values())).cells)


def _panel(frame: pd.DataFrame, title: str, width: int) -> alt.Chart:
    images = alt.Chart(frame).mark_image(width=width, height=_HEIGHT, align="left")
    lines = images.encode(
        x=alt.value(0),
        y=alt.Y("condition:N", sort=None, title=None, axis=alt.Axis(domain=False, ticks=False)),
        url="url:N",
    )
    return lines.properties(width=width, height={"step": _HEIGHT + 4}, title=title)


def _wheel(url: str) -> alt.Chart:
    frame = pd.DataFrame({"url": [url]})
    image = alt.Chart(frame).mark_image(width=110, height=110).encode(x=alt.value(70), y=alt.value(60), url="url:N")
    return image.properties(width=140, height=120, title="Colours of flow")
