"""The kinds of occluders, and the names of conditions that they give: none, mask, glasses, random-01 to random-99.

A kind declares itself in its own module, as ``KIND``, a dictionary that is read without running the module:

- ``name``, in configuration and paths; ``label``, in tables, behind which a percentage stands as in ``Occ-5%``;
- ``level``: whether its conditions have a percentage: ``never``, ``may`` or ``must``;
- ``pictures``: whether it is a choice of pictures (``rrrn.occlusion.kinds.picture``), of which the module has
  ``NAMES`` and ``template``, or is drawn on each frame;
- ``dressed``: whether it takes on the clip's light, and so reads ``occlude.look``;
- ``defaults``: its settings in the section ``occlude.NAME``, whose types hold for the user's too; ``schema``: JSON
  Schemas of those that have limits; ``order``: where it stands among the kinds in lists.

Its module has ``prepare`` (``rrrn.occlusion.scene``). Read by the Snakefile in every job, hence the standard library
only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rrrn.experiment import declared, outside
from rrrn.experiment.declared import Declaration
from rrrn.running.stage import InputError

CLEAR = "none"  # the un-occluded condition, rrrn.occlusion.kinds.none
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_CONDITION = re.compile(rf"({_NAME.pattern})(?:-([0-9]{{2}}))?")
_LEVELS = ("never", "may", "must")
_RESERVED = ("mixed",)  # the training on all conditions
_LAST = 100


@dataclass(frozen=True)
class Kind:
    """A kind of occluder as it is declared; ``module`` holds its code, by its name or, outside, by its file."""

    name: str
    label: str
    module: str
    level: str = "never"
    pictures: bool = False
    dressed: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    schema: Mapping[str, Any] = field(default_factory=dict)
    order: int = _LAST

    @property
    def outside(self) -> bool:
        """Return whether it is none of this package."""
        return not self.module.startswith("rrrn.")

    @property
    def section(self) -> str:
        """Return the section of the configuration that holds its settings."""
        return f"occlude.{self.name}"

    def pattern(self) -> str:
        """Return the regular expression of its conditions."""
        level = {"never": "", "may": "(-(0[1-9]|[1-9][0-9]))?", "must": "-(0[1-9]|[1-9][0-9])"}[self.level]
        return f"{self.name}{level}"

    def said(self) -> list[str]:
        """Return its conditions as a message names them."""
        alone = [] if self.level == "must" else [self.name]
        return alone + ([] if self.level == "never" else [f"{self.name}-01 to {self.name}-99"])


KINDS: dict[str, Kind] = {}


def parse(condition: str) -> tuple[str, int | None]:
    """Split a condition into kind and percentage: ("random", 5) for ``random-05``, ("mask", None) for ``mask``.

    Raises InputError for an unknown kind, a percentage that is not 01 to 99, one that the kind does not have, or none
    where it must.
    """
    found = _CONDITION.fullmatch(condition)
    kind, level = found.groups() if found else ("", None)
    if kind not in KINDS or not re.fullmatch(KINDS[kind].pattern(), condition):
        raise InputError(f"condition {condition!r} is unknown; use {offered()}")
    return kind, None if level is None else int(level)


def kind_of(condition: str) -> Kind:
    """Return the kind of a condition; raises InputError as ``parse``."""
    return KINDS[parse(condition)[0]]


def offered() -> str:
    """Return all conditions in words."""
    *most, last = [name for kind in KINDS.values() for name in kind.said()]
    return f"{', '.join(most)} or {last}" if most else last


def label(condition: str) -> str:
    """Return what tables call a condition: ``random-05`` is ``Occ-5%``; of an unknown one the name itself."""
    try:
        kind, level = parse(condition)
    except InputError:
        return condition
    return KINDS[kind].label if level is None else f"{KINDS[kind].label}-{level}%"


def add(module: str) -> bool:
    """Add the kind that a module outside of the package declares; return whether it declares one.

    Raises InputError for a declaration that cannot be used, or a name or label that another kind has.
    """
    found = declared.read(outside.locate(module).path, "KIND")
    if found is not None:
        _put(found, module)
    return found is not None


def forget() -> None:
    """Leave the kinds of the package only."""
    KINDS.clear()
    KINDS.update(_OF_THE_PACKAGE)


def _put(found: Declaration, module: str) -> None:
    kind = _kind(found, module)
    if (known := KINDS.get(kind.name)) and known.module != module:
        raise found.error(f"has the name {kind.name!r}, which {known.module} has already")
    for other in KINDS.values():
        if other.label == kind.label and other.name != kind.name:
            raise found.error(f"has the label {kind.label!r}, which the kind {other.name} has already")
    KINDS[kind.name] = kind
    ordered = sorted(KINDS.values(), key=lambda one: (one.order, one.name))
    KINDS.clear()
    KINDS.update((one.name, one) for one in ordered)


def _kind(found: Declaration, module: str) -> Kind:
    name, label = found.name(_NAME), found.take("label", str)
    if name in _RESERVED:
        raise found.error(f"has the name {name!r}, which is that of a training")
    if label == "Avg." or not label.isprintable() or not label.strip():
        raise found.error(f"has the label {label!r}, which no row of a table can have")
    found.offers("prepare")
    pictures = found.take("pictures", bool, False)
    if pictures:
        found.offers("NAMES", "template")
    defaults, schema = found.settings()
    if pictures:
        defaults = {"art": "built_in"} | defaults
    level, dressed = found.one_of("level", _LEVELS, "never"), found.take("dressed", bool, False)
    order = found.take("order", int, _LAST)
    found.end()
    return Kind(name, label, module, level, pictures, dressed, defaults, schema, order)


def _of_the_package() -> dict[str, Kind]:
    for stem, found in declared.below(Path(__file__).parents[1] / "occlusion/kinds", "KIND"):
        _put(found, f"rrrn.occlusion.kinds.{stem}")
    return dict(KINDS)


_OF_THE_PACKAGE = _of_the_package()
