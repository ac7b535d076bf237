"""What the text of a configuration says. Read by the Snakefile, hence nothing heavy."""

import json
from typing import Any

import yaml

_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, if it is there: a tenth of the time


def parsed(text: str) -> Any:
    """Return what a text says, as Snakemake reads it: JSON, in which 1e-4 is a number and tabs are blanks, or YAML.

    Raises yaml.YAMLError if it is neither.
    """
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return _QUICK(text).get_single_data()
    except yaml.YAMLError:
        return yaml.SafeLoader(text).get_single_data()  # whose errors say more


def composed(text: str) -> yaml.Node | None:
    """Return the nodes of a YAML text, which know their lines. Raises yaml.YAMLError."""
    node: yaml.Node | None = _QUICK(text).get_single_node()
    return node
