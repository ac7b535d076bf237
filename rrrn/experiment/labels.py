"""What tables call methods and conditions: as the paper does, or as they declare themselves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rrrn.experiment import control_conditions, methods


@dataclass(frozen=True)
class Labels:
    """Labels of methods and conditions; one that has none is called by its name."""

    methods: Mapping[str, str]
    conditions: Mapping[str, str]

    def method(self, name: str) -> str:
        """Return the label of a method, or the name itself."""
        return self.methods.get(name, name)

    def condition(self, name: str) -> str:
        """Return the label of a condition, or the name itself."""
        return self.conditions.get(name, name)


def method(name: str) -> str:
    """Return the label of a method that is registered, or the name itself."""
    return methods.METHODS[name].label if name in methods.METHODS else name


def condition(name: str) -> str:
    """Return the label of a condition: ``random-05`` is ``Occ-5%``."""
    return control_conditions.label(name)


def of(names: Sequence[str], worn: Sequence[str]) -> Labels:
    """Return the labels of some methods and conditions."""
    return Labels({name: method(name) for name in names}, {name: condition(name) for name in worn})


def told(text: str) -> Labels:
    """Return labels of their JSON, as the workflow tells them."""
    return Labels(**json.loads(text))
