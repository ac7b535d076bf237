"""The audit of an import: what was used, what was repaired, what does not fit, as Markdown and for the terminal."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rrrn.importing import classes
from rrrn.importing.composite import Comparison
from rrrn.importing.output import Imported
from rrrn.importing.record import Record

TITLE = "# Import"


@dataclass
class Origin:
    """Where one database came from. ``notes`` are sentences on what was seen and not used."""

    title: str
    root: str
    frames: str
    files: list[str]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Audit:
    """All that an import found. ``records`` are all clips, ``rows`` those that can be used."""

    origins: list[Origin]
    records: Sequence[Record]
    rows: Sequence[Imported]
    comparisons: list[Comparison]

    @property
    def problems(self) -> list[Record]:
        """Return the clips that cannot be used."""
        return [record for record in self.records if record.problem]

    @property
    def differences(self) -> list[str]:
        """Return how the recorded databases differ from what is published."""
        recorded = [comparison for comparison in self.comparisons if not comparison.rendered]
        return [difference for comparison in recorded for difference in comparison.differences]


def markdown(audit: Audit) -> str:
    """Return the whole audit."""
    sections = [
        (TITLE, [_verdict(audit), *_drawn(audit)]),
        ("## Sources", [line for origin in audit.origins for line in _origin(origin)]),
        ("## Clips", counts(audit.rows)),
        ("## Table II of the paper", _comparison(audit)),
        ("## Clips that cannot be used", [f"- {record.name}: {record.problem}" for record in audit.problems]),
        ("## Repairs and remarks", _table_of_flags(audit.rows)),
        ("## Frames and files that are not used", _unused(audit.rows)),
        ("## Classes against action units", _disagreements(audit.rows)),
    ]
    return "\n".join("\n".join([title, "", *(body or ["None."]), ""]) for title, body in sections)


def summary(audit: Audit) -> list[str]:
    """Return the lines for the terminal."""
    lines = [_verdict(audit), "", *counts(audit.rows), ""]
    flags = Counter(flag.partition(":")[0] for row in audit.rows for flag in row.origin["flags"].split(";") if flag)
    lines += [f"{count:4d} x {flag}" for flag, count in sorted(flags.items())]
    beside = [row for row in audit.rows if row.unused]
    if beside:
        lines += ["", f"{len(beside)} clips with frames or files that are not used"]
    for comparison in audit.comparisons:
        lines += ["", *_agreement(comparison)]
    return lines


def counts(rows: Sequence[Imported]) -> list[str]:
    """Return a Markdown table: clips of each class, clips and subjects of each database."""
    names = classes.in_order(row.clip.objective_class for row in rows)
    lines = [_line(["database", *names, "clips", "subjects"]), _line(["---"] * (len(names) + 3))]
    for database in dict.fromkeys(row.clip.database for row in rows):
        own = [row.clip for row in rows if row.clip.database == database]
        sizes = Counter(clip.objective_class for clip in own)
        numbers = [*(sizes[name] for name in names), len(own), len({clip.subject for clip in own})]
        lines.append(_line([database, *map(str, numbers)]))
    return lines


def _verdict(audit: Audit) -> str:
    repaired = sum(bool(row.origin["flags"]) for row in audit.rows)
    return f"{len(audit.rows)} clips can be used, {repaired} of them with remarks; {len(audit.problems)} cannot."


def _drawn(audit: Audit) -> list[str]:
    names = list(dict.fromkeys(row.clip.database for row in audit.rows if row.clip.source == "rendered"))
    return [f"SYNTHETIC: drawn by the built-in renderer: {', '.join(names)}."] if names else []


def _origin(origin: Origin) -> list[str]:
    return [
        f"- **{origin.title}**: `{origin.root}`",
        *([f"  - frames: `{origin.frames}`"] if origin.frames else []),
        *(f"  - annotations: `{file}`" for file in origin.files),
        *(f"  - {note}" for note in origin.notes),
    ]


def _comparison(audit: Audit) -> list[str]:
    if not audit.comparisons:
        return ["Not compared: done for the folders of CASME II and SAMM, not for tables."]
    return [
        *(line for comparison in audit.comparisons for line in _agreement(comparison)),
        "",
        _line(["database", "cell", "Table II", "imported", ""]),
        _line(["---"] * 5),
        *(
            _line([database, cell, str(expected), str(found), "" if expected == found else "differs"])
            for comparison in audit.comparisons
            for database, cell, expected, found in comparison.rows
        ),
    ]


def _agreement(comparison: Comparison) -> list[str]:
    if not comparison.differences:
        return [f"{comparison.title}: all cells agree with Table II, and each subject's classes with the sheets."]
    if comparison.rendered:
        return [f"{comparison.title}: a drawn database; its counts are not those of Table II."]
    return [f"- {difference}" for difference in comparison.differences]


def _table_of_flags(rows: Sequence[Imported]) -> list[str]:
    flagged = [row for row in rows if row.origin["flags"]]
    if not flagged:
        return []
    return [
        _line(["clip", "onset", "apex", "offset", "apex from", "offset from", "flags"]),
        _line(["---"] * 7),
        *(
            _line(
                [
                    f"{row.clip.subject}/{row.clip.clip}",
                    *(str(number) for number in (row.clip.onset, row.clip.apex, row.clip.offset)),
                    row.origin["apex_source"],
                    row.origin["offset_source"],
                    row.origin["flags"].replace(";", ", "),
                ]
            )
            for row in flagged
        ),
    ]


def _unused(rows: Sequence[Imported]) -> list[str]:
    return [f"- {row.clip.database} {row.clip.subject}/{row.clip.clip}: {row.unused}" for row in rows if row.unused]


def _disagreements(rows: Sequence[Imported]) -> list[str]:
    differing = [row for row in rows if "au_class_differs" in row.origin["flags"]]
    if not differing:
        return []
    return [
        "The published class is used; that of the action units by Table I differs for:",
        "",
        _line(["clip", "action units", "published", "by Table I"]),
        _line(["---"] * 4),
        *(
            _line(
                [
                    f"{row.clip.subject}/{row.clip.clip}",
                    row.origin["au_raw"],
                    row.clip.objective_class,
                    row.origin["au_class"],
                ]
            )
            for row in differing
        ),
    ]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
