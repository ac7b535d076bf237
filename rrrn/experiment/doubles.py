"""Keys that stand twice in one YAML mapping, of which a reader keeps the last without a word.

Read by the Snakefile, hence nothing heavy.
"""

from collections.abc import Iterator

import yaml

from rrrn.experiment import parsing
from rrrn.running.stage import InputError

_Found = tuple[str, int, int]  # a key with its parents, and the lines in which it stands


def check(text: str, where: str) -> None:
    """Raise InputError, naming the key and both lines, if one stands twice; ``where`` says whose text it is.

    A text that is no YAML is left to its reader.
    """
    try:
        root = parsing.composed(text)
    except yaml.YAMLError:
        return
    for key, first, second in _doubles(root, "", set()):
        lines = f"line {first}" if first == second else f"lines {first} and {second}"
        raise InputError(
            f"{where}: {key} stands twice, in {lines}, of which a reader keeps the second only; remove one, or "
            "merge them"
        )


def _doubles(node: yaml.Node | None, parents: str, seen: set[int]) -> Iterator[_Found]:
    if id(node) in seen:  # an alias
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, part in enumerate(node.value):
            yield from _doubles(part, f"{parents}{index}.", seen)
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[tuple[str, str], int] = {}
    for name, value in node.value:
        key, line = f"{parents}{name.value}", name.start_mark.line + 1
        if isinstance(name, yaml.ScalarNode):
            if (name.tag, name.value) in lines:
                yield key, lines[name.tag, name.value], line
            lines[name.tag, name.value] = line
        yield from _doubles(value, f"{key}.", seen)
