"""Lists in messages and in the audit, which a database can make long: the first items, and how many more there are."""

from collections.abc import Sequence

MOST = 20


def listed(items: Sequence[str], mark: str = ", ") -> str:
    """Return the first MOST items with a mark between them, and the number of the others."""
    more = f" and {len(items) - MOST} more" if len(items) > MOST else ""
    return mark.join(items[:MOST]) + more
