"""What the text of a configuration says. Read by the Snakefile, hence nothing heavy."""

import json
from typing import Any

import yaml

# libyaml's where PyYAML has it, as its wheels do: a tenth of the time
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parsed(text: str) -> Any:
    """Return what a text says, as Snakemake reads it: JSON, in which 1e-4 is a number and tabs are blanks, or YAML.

    Raises yaml.YAMLError if it is neither.
    """
    try:
        return json.loads(text)
    except ValueError:
        return yaml.load(text, _Loader)


def composed(text: str) -> yaml.Node | None:
    """Return the nodes of a YAML text, which know their lines. Raises yaml.YAMLError."""
    return yaml.compose(text, _Loader)
