"""What a misspelt word may have been meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches


def question(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean X?)`` of the closest known word, for the end of a message; nothing if none is close."""
    found = get_close_matches(word, list(known), n=1)
    return f" (did you mean {found[0]}?)" if found else ""
