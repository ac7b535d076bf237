"""The configuration: every key, the default, and the paper's own value."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rrrn.experiment import parsing
from rrrn.experiment.config import merge
from rrrn.experiment.methods import METHODS
from rrrn.report.found import Found
from rrrn.report.page import Page
from rrrn.report.table import ABSENT, Cell, Row, Table
from rrrn.running import resources

NAME, TITLE = "configuration", "Configuration"
DEFAULT, PAPER = "config.yaml", "config/paper.yaml"
_OWN = ("labels", "tasks")  # that are told beside the configuration


def page(found: Found) -> Page:
    """Return the page of the configuration, what differs from the paper's first."""
    default = _read(DEFAULT)
    paper = dict(_flat(merge([default, _read(PAPER)]), ""))
    usual = dict(_flat(default, ""))
    here = {key: value for key, value in _flat(found.settings, "") if key.split(".")[0] not in _OWN}
    idle = tuple(f"{name}." for name in _idle(found))
    differing = {
        key: value for key, value in here.items() if key in paper and paper[key] != value and not key.startswith(idle)
    }
    told = (
        f"What this run does otherwise than {PAPER}, which has the paper's values and, where it is silent, chosen "
        "ones. Sections that have no part in this run are left out."
    )
    tables = [_table(told, differing, usual, paper), _table("All keys.", here, usual, paper)]
    return Page(NAME, TITLE, (), {"tables": tables, "same": not differing})


def _idle(found: Found) -> list[str]:
    """Return the sections that nothing of this run reads: of other methods, of the renderer, of tuning."""
    run = {*found.methods, *found.settings["ablation"]}
    run |= {METHODS[name].base for name in run}
    read = {METHODS[name].section for name in run if name}
    idle = [one.section for one in METHODS.values() if one.section not in read]
    idle += [] if any(clip.source == "synthetic" for clip in found.clips) else ["render"]
    return idle + ([] if found.settings["protocol"]["start"] == "clean" else ["train.tune"])


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = parsing.parsed(resources.path(name).read_text(encoding="utf-8"))
    return found


def _flat(value: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    """Yield each key with its value as text; whole numbers are one, however they are written."""
    for key, part in value.items():
        name = f"{above}{key}"
        if isinstance(part, Mapping) and part:
            yield from _flat(part, f"{name}.")
        else:
            whole = int(part) if isinstance(part, float) and part.is_integer() else part
            yield name, json.dumps(whole, ensure_ascii=False).strip('"')


def _table(caption: str, here: Mapping[str, str], usual: Mapping[str, str], paper: Mapping[str, str]) -> Table:
    rows = [
        Row([Cell(text, text) for text in (key, value, usual.get(key, ABSENT), paper.get(key, ABSENT))])
        for key, value in here.items()
    ]
    return Table(caption, ["Key", "This run", "Default", PAPER], rows)
