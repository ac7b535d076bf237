"""What a cluster's jobs may be told by name.

A job begins as a line of shell that the executor plugin and Snakemake compose: names are quoted as Python quotes them,
or not at all, and two shells and sbatch read them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from rrrn.running.stage import InputError

_READ_BY_SHELLS = frozenset("'\"$`\\!")
_READ_BY_SBATCH = frozenset("%")  # in paths of logs


def check(named: Iterable[tuple[str, str]]) -> None:
    """Raise InputError if a name is not passed on as it is; named are pairs of what is named and its name."""
    bad = {f"{what} {name!r} holds {held}": None for what, name in named if (held := objectionable(name))}
    if bad:
        raise InputError(
            f"{'; '.join(bad)}: on its way to a cluster's job that would be read as shell or by sbatch; "
            "rename it, or run without a cluster (--executor local --cores N)"
        )


def objectionable(name: str) -> str:
    """Return the characters of a name that would not arrive, for a message; nothing if all do."""
    bad = {one for one in name if one in _READ_BY_SHELLS | _READ_BY_SBATCH or not one.isprintable()}
    return " ".join(one if one.isprintable() else ascii(one)[1:-1] for one in sorted(bad))


def texts(value: Any) -> list[str]:
    """Return all texts in a value of the configuration, keys included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for part in pair for text in texts(part)]
    return [text for part in value for text in texts(part)] if isinstance(value, list | tuple) else []
