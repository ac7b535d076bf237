"""The methods that are compared: the registry that rules, schema check, labels, planning, doctor and weights read.

A method declares itself in its own module, as ``METHOD``, a dictionary that is read without running the module:

- ``name``, in configuration and paths; ``label``, in tables, the paper's where the paper has it;
- ``kind``: ``network``, whose module has ``build`` (``rrrn.networks.network``, where a network also says by ``regions``
  what of the flow it sees), or ``descriptor``, whose module has ``describe`` (``rrrn.descriptors.needs``);
- ``defaults``: its settings in the section ``networks.NAME`` or ``describe.NAME``, whose types hold for the user's too;
  ``schema``: JSON Schemas of those that have limits. A control has instead ``section``, the method whose settings are
  its own;
- ``weights``: where the ones come from that ``pretrained: imagenet`` means: the method whose weights they are, or
  ``{"from": ADDRESS, "bytes": SIZE, "sha256": DIGITS}`` with an address or torchvision's name of weights, and at least
  the first eight digits of the file's sha256;
- ``alpha``: whether its predictions hold the weights of the six regions.

A variant is declared by the configuration instead: a method with other settings (``rrrn.experiment.variants``).

Read by the Snakefile in every job, hence the standard library only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rrrn.experiment import declared, outside
from rrrn.experiment.declared import Declaration
from rrrn.running.stage import InputError

_SECTIONS = {"network": "networks", "descriptor": "describe"}
_FOLDERS = ("descriptors", "networks")
_RESERVED = ("Avg.", "Condition", "Data")  # what else the header of a table holds


@dataclass(frozen=True)
class Method:
    """A method as it is declared; ``module`` holds its code, by its name or, outside of the package, by its file.

    ``section`` of the configuration holds its settings, ``weights`` names the method whose published weights it takes,
    which come from ``source``, have ``size`` bytes and a sha256 that begins with ``sha256``. A variant is one of the
    method ``base``.
    """

    name: str
    label: str
    kind: str
    module: str
    section: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    schema: Mapping[str, Any] = field(default_factory=dict)
    weights: str = ""
    source: str = ""
    size: float = 0.0
    sha256: str = ""
    alpha: bool = False
    base: str = ""

    @property
    def outside(self) -> bool:
        """Return whether it is none of this package."""
        return not self.module.startswith("rrrn.")

    @property
    def own_section(self) -> bool:
        """Return whether its settings are its own, and not those of another method."""
        return self.section.partition(".")[2] == self.name

    @property
    def like(self) -> str:
        """Return the method that it is nearest to: of a variant its base, of a control that whose settings it has."""
        return self.base or self.section.partition(".")[2]


METHODS: dict[str, Method] = {}


def names(kind: str) -> list[str]:
    """Return the methods of a kind, ``network`` or ``descriptor``."""
    return [method.name for method in METHODS.values() if method.kind == kind]


def settings(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the section of a configuration that a method reads."""
    part = config
    for key in METHODS[name].section.split("."):
        part = part[key]
    return part


def add(module: str) -> bool:
    """Add the method that a module outside of the package declares; return whether it declares one.

    Raises InputError for a declaration that cannot be used, or a name or label that another method has.
    """
    found = declared.read(outside.locate(module).path, "METHOD")
    if found is not None:
        _check(_put(found, module))
    return found is not None


def vary(name: str, base: str, label: str) -> None:
    """Add a variant of a method, whose settings are in a section of its own.

    Raises InputError, which begins with what is wrong, for a name or label that it cannot have, or a base that has no
    settings of its own.
    """
    if not declared.NAME.fullmatch(name):
        raise InputError(f"the name is part of paths: it must be of the form {declared.NAME.pattern}")
    if name in METHODS:
        raise InputError(f"there is a method {name} already ({METHODS[name].module}); give the variant another name")
    if wrong := _wrong_label(name, label):
        raise InputError(f"the label {label!r} is one {wrong}")
    of = METHODS.get(base)
    if of is None or of.base:
        offered = ", ".join(sorted(other.name for other in METHODS.values() if other.own_section and not other.base))
        what = "a variant itself" if of else "no method"
        raise InputError(f"'of' is {base!r}, which is {what}; use one of {offered}")
    if not of.own_section:
        raise InputError(f"'of' is {base!r}, a control, whose settings are those of {of.like}; use that")
    section = f"{_SECTIONS[of.kind]}.{name}"
    METHODS[name] = Method(name, label, of.kind, of.module, section, weights=of.weights, alpha=of.alpha, base=base)


def forget() -> None:
    """Leave the methods of the package only."""
    METHODS.clear()
    METHODS.update(_OF_THE_PACKAGE)


def _put(found: Declaration, module: str) -> Method:
    method = _method(found, module)
    if (known := METHODS.get(method.name)) and known.module != module:
        raise found.error(f"has the name {method.name!r}, which {known.module} has already")
    if wrong := _wrong_label(method.name, method.label):
        raise found.error(f"has the label {method.label!r}, {wrong}")
    METHODS[method.name] = method
    return method


def _wrong_label(name: str, label: str) -> str:
    """Return why a method cannot be called so; nothing if it can."""
    if label in _RESERVED or not label.isprintable() or not label.strip():
        return "which no column of a table can have"
    same = [other.name for other in METHODS.values() if other.label == label and other.name != name]
    return f"which the method {same[0]} has already" if same else ""


def _check(method: Method) -> None:
    """Raise InputError for a declaration that refers to a method which is none, or whose settings are not its own."""
    where = outside.locate(method.module).path if method.outside else method.module
    for key, other in (("section", method.section.partition(".")[2]), ("weights", method.weights)):
        known = method if other == method.name else METHODS.get(other)
        refers = known is None or known.kind != method.kind or (key == "weights" and not known.source)
        if other and (refers or (key == "section" and known is not None and not known.own_section)):
            raise InputError(f"{where}: METHOD has the {key} {other!r}, which no {method.kind} has of its own")


def _method(found: Declaration, module: str) -> Method:
    name, label = found.name(), found.take("label", str)
    kind = found.one_of("kind", tuple(_SECTIONS))
    found.offers({"network": "build", "descriptor": "describe"}[kind])
    defaults, schema = found.settings()
    section = found.take("section", str, name)
    if section != name and defaults:
        raise found.error(f"has the section {section!r} and defaults of its own; it must have one of them")
    weights = found.take("weights", object, "")
    source, size, sha256 = "", 0.0, ""
    if isinstance(weights, dict):
        sha256 = str(weights.get("sha256", ""))
        whole = set(weights) == {"from", "bytes", "sha256"} and isinstance(weights["bytes"], int)
        if not whole or not re.fullmatch("[0-9a-f]{8,64}", sha256):
            raise found.error(
                f"has the weights {weights!r}; it must be a method or {{'from': ADDRESS, 'bytes': SIZE, 'sha256': "
                "DIGITS}}, the first 8 or more of its sha256 in small letters"
            )
        source, size, weights = str(weights["from"]), float(weights["bytes"]), name
    alpha = found.take("alpha", bool, False)
    found.end()
    where = f"{_SECTIONS[kind]}.{section}"
    return Method(name, label, kind, module, where, defaults, schema, str(weights), source, size, sha256, alpha)


def _of_the_package() -> dict[str, Method]:
    for folder in _FOLDERS:
        for stem, found in declared.below(Path(__file__).parents[1] / folder, "METHOD"):
            _put(found, f"rrrn.{folder}.{stem}")
    for method in METHODS.values():
        _check(method)
    return dict(METHODS)


_OF_THE_PACKAGE = _of_the_package()
