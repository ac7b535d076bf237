"""What an occluder is told outside of the workflow: sections of the configuration, and the pictures of its kind."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rrrn.experiment import defaults
from rrrn.experiment.conditions import Kind
from rrrn.occlusion.kinds import drawings
from rrrn.occlusion.scene import Art, setting


def settings(own: Sequence[Path], seed: int | None, anchor: str | None) -> dict[str, dict[str, Any]]:
    """Return the sections ``anchor`` and ``occlude`` of the configuration, over which the user's ``own`` are laid.

    What is not None goes before them: ``seed``, and ``anchor``, the mode. The kinds of occluders are then those of the
    user's configuration. Raises InputError as ``defaults.section``.
    """
    sections = {name: defaults.section(name, own) for name in ("anchor", "occlude")}
    sections["anchor"] |= {} if anchor is None else {"mode": anchor}
    sections["occlude"] |= {} if seed is None else {"seed": seed}
    return sections


def pictures(kind: Kind, occlude: Mapping[str, Any]) -> Art:
    """Return the pictures of a kind as the section ``occlude`` has them; none of a kind that is no choice of pictures.

    Raises InputError as ``drawings.of``.
    """
    return drawings.of(kind.name, str(setting(occlude, kind.name, "art"))) if kind.pictures else {}
