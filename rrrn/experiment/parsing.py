"""What the text of a configuration says. Read by the Snakefile, hence nothing heavy."""

import json
from typing import Any

import yaml

_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, if it is there: a tenth of the time
_DEEPEST = 100  # levels of lists and mappings; libyaml's composer ends the process where its stack ends


def parsed(text: str) -> Any:
    """Return what a text says, as Snakemake reads it: JSON, in which 1e-4 is a number and tabs are blanks, or YAML.

    Raises yaml.YAMLError if it is neither.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        _check_depth(text)
        return _QUICK(text).get_single_data()
    except _TooDeepError:
        raise
    except yaml.YAMLError:
        return yaml.SafeLoader(text).get_single_data()  # whose errors say more
    except ValueError as error:  # of what looks like a date or a number and is none
        raise yaml.YAMLError(str(error)) from None


def composed(text: str) -> yaml.Node | None:
    """Return the nodes of a YAML text, which know their lines. Raises yaml.YAMLError."""
    _check_depth(text)
    node: yaml.Node | None = _QUICK(text).get_single_node()
    return node


class _TooDeepError(yaml.YAMLError):
    """A text whose lists and mappings are nested beyond all reason."""


def _check_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, _QUICK):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _TooDeepError(f"nested more than {_DEEPEST} levels deep")
