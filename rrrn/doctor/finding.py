"""What a check says: its subject, a state, one plain sentence, and how to mend what is wrong."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "error", "skipped"]


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report. ``remedy`` is empty where there is nothing to mend."""

    check: str
    state: State
    text: str
    remedy: str = ""


def ok(check: str, text: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(check, "ok", text)


def warning(check: str, text: str, remedy: str) -> Finding:
    """Return a finding of something that works, but not as it should."""
    return Finding(check, "warning", text, remedy)


def error(check: str, text: str, remedy: str) -> Finding:
    """Return a finding of something that will stop a run or spoil it."""
    return Finding(check, "error", text, remedy)


def skipped(check: str, text: str) -> Finding:
    """Return a finding that something was not looked at, and why."""
    return Finding(check, "skipped", text)


def late(check: str, complaint: str) -> Finding:
    """Return a finding that a check had no time to end, which is no fault of what it checks."""
    return warning(
        check, f"not known: {complaint}", "the machine is busy or its files come slowly; ask the doctor again"
    )
