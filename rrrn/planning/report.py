"""A plan as a table for people and as JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rrrn.planning import tally
from rrrn.planning.schedule import Wall
from rrrn.planning.tally import Stage

_HEADER = ("stage", "jobs", "files", "GB", "CPU", "GPU", "longest job")


def table(listed: Sequence[Stage]) -> str:
    """Return the plan as aligned columns, a row per rule and the total."""
    rows = [_HEADER, *(_row(stage) for stage in [*listed, tally.total(listed)])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = [
        "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    ]
    rule = "-" * len(lines[0])
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def as_json(listed: Sequence[Stage], time: Wall, cores: int, gpus: int, notes: Sequence[str]) -> dict[str, Any]:
    """Return the plan in plain types; times are in seconds."""
    return {
        "stages": {stage.rule: _plain(stage) for stage in listed},
        "total": _plain(tally.total(listed)),
        "cores": cores,
        "gpus": gpus,
        "wall_seconds": round(time.total, 1),
        "longest_chain_seconds": round(time.chain, 1),
        "notes": list(notes),
    }


def duration(seconds: float) -> str:
    """Return a time as people say it: 40 s, 12 min, 3.5 h, 20 days."""
    return hours(seconds) if seconds < 72 * 3600 else f"{seconds / 86400:.0f} days"


def hours(seconds: float) -> str:
    """Return an amount of work, which clusters bill in hours: 40 s, 12 min, 3.5 h, 2000 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 100 * 3600 else f"{seconds / 3600:.0f} h"


def _row(stage: Stage) -> tuple[str, ...]:
    return (
        stage.rule,
        str(stage.jobs) if stage.jobs else "",
        str(stage.files),
        f"{stage.bytes / 1e9:.2f}" if stage.bytes >= 1e7 else f"{stage.bytes / 1e9:.1g}",
        hours(stage.cpu) if stage.cpu else "",
        hours(stage.gpu) if stage.gpu else "",
        duration(stage.longest) if stage.longest else "",
    )


def _plain(stage: Stage) -> dict[str, float]:
    values = {name: value for name, value in asdict(stage).items() if name != "rule"}
    return {name: round(value, 3) for name, value in values.items()}
