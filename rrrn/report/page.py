"""A page of the report, and what all pages are given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from rrrn.data.clips import Clip


@dataclass(frozen=True)
class Page:
    """A page: its name in addresses, its title, the figures on it by name, and what its template is filled with."""

    name: str
    title: str
    figures: Sequence[str] = ()
    told: Mapping[str, Any] = field(default_factory=dict)


def address(clip: Clip) -> str:
    """Return what the page is addressed by at a clip, without ``#``."""
    return f"clip/{quote(clip.subject, safe='')}/{quote(clip.clip, safe='')}"
