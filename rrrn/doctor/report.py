"""Findings as lines for people and as JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rrrn.doctor.finding import Finding

_MARKS = {"ok": "ok", "warning": "WARNING", "error": "ERROR", "skipped": "-"}


def lines(findings: Sequence[Finding]) -> str:
    """Return one aligned line a check, remedies indented beneath, and a last line with the counts."""
    width = max(len(finding.check) for finding in findings)
    said = []
    for finding in findings:
        said.append(f"{_MARKS[finding.state]:<7}  {finding.check:<{width}}  {finding.text}")
        if finding.remedy:
            said.append(f"{'':<9}{'':<{width}}    -> {finding.remedy}")
    counts = {state: sum(finding.state == state for finding in findings) for state in ("error", "warning")}
    told = [f"{count} {state}{'' if count == 1 else 's'}" for state, count in counts.items()]
    return "\n".join([*said, "", ", ".join(told)])


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the findings in plain types."""
    return {"findings": [asdict(finding) for finding in findings], "healthy": healthy(findings)}


def healthy(findings: Sequence[Finding]) -> bool:
    """Return whether no finding is an error."""
    return all(finding.state != "error" for finding in findings)
