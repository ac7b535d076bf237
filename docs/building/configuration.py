"""The reference of the configuration: of its schema, its default with the reasons beside it, and the paper's values."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from docs.building.links import HOME

DEFAULT, PAPER, SCHEMA = "config.yaml", "config/paper.yaml", "workflow/schemas/config.schema.yaml"
_PAGE = re.compile(r"\b(?:docs|data)/[\w/]+\.md\b|\bconfig/\w+\.yaml\b")
_WORDS = {"string": "text", "integer": "whole number", "number": "number", "object": "mapping"}


@dataclass(frozen=True)
class Key:
    """A key of the configuration: ``kind`` is its type in words, ``reason`` and ``papers_reason`` comments beside it.

    ``papers`` is its value in the paper's configuration, where that one names the key.
    """

    name: str
    kind: str
    choices: tuple[str, ...]
    default: Any
    reason: str
    is_papers: bool
    papers: Any
    papers_reason: str


def described() -> list[Key]:
    """Return every key of the schema, in its order."""
    default, paper = _read(DEFAULT), _read(PAPER)
    reasons, papers_reasons = comments(_text(DEFAULT)), comments(_text(PAPER))
    found = []
    for name, schema in leaves(_read(SCHEMA)):
        named, papers = value(paper, name)
        choices = tuple(map(str, schema.get("enum", ())))
        about = value(default, name)[1], reasons.get(name, ""), named, papers, _nearest(papers_reasons, name)
        found.append(Key(name, kind(schema), choices, *about))
    return found


def leaves(schema: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the dotted names of what has no keys of its own, with their schemas."""
    for key, part in schema["properties"].items():
        dotted = f"{name}.{key}" if name else key
        if part.get("properties"):
            yield from leaves(part, dotted)
        else:
            yield dotted, part


def comments(text: str) -> dict[str, str]:
    """Return the comment at the end of each key's line, by its dotted name; keys of one line have one comment."""
    lines = text.splitlines()
    ends: dict[int, int] = {}
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if token.end_mark.column:
            ends[token.end_mark.line] = max(ends.get(token.end_mark.line, 0), token.end_mark.column)
    told = {n: lines[n][end:].strip().removeprefix("#").strip() for n, end in ends.items()}
    return {name: told[line] for name, line in _lines(yaml.compose(text, Loader=yaml.SafeLoader)) if told.get(line)}


def kind(schema: Mapping[str, Any]) -> str:
    """Return the type of a value in words."""
    if "description" in schema:
        return str(schema["description"])
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    name = schema["type"]
    if name == "boolean":
        return "true or false"
    if name == "array":
        length = low if (low := schema.get("minItems")) == schema.get("maxItems") else None
        return f"list of {length or ''}{': ' if length else ''}{kind(schema['items'])}"
    limits = f", {schema['minimum']:g} to {schema['maximum']:g}" if "minimum" in schema else ""
    return _WORDS[name] + (limits if schema.get("minimum", 0) > -1e15 else ", 64 bits")


def value(settings: Any, name: str) -> tuple[bool, Any]:
    """Return whether a configuration has a key, and its value."""
    for part in name.split("."):
        if not isinstance(settings, Mapping) or part not in settings:
            return False, None
        settings = settings[part]
    return True, settings


def shown(value: Any) -> str:
    """Return a value as one writes it in YAML, on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False).strip()
    return text.removesuffix("...").strip() or json.dumps(value)


def page() -> tuple[str, str]:
    """Return the reference in Markdown, a section for each of the configuration, and the file whose links it has."""
    sections = comments(_text(DEFAULT))
    pieces, last = [], None
    for key in described():
        section = key.name.partition(".")[0] if "." in key.name else ""
        if section != last:
            last = section
            pieces.append(f"## {f'`{section}`' if section else 'At the top'}")
            if section and (about := sections.get(section)):
                pieces.append(_sentence(about))
        pieces.append(_entry(key))
    return "\n\n".join(pieces) + "\n", DEFAULT


def _entry(key: Key) -> str:
    first, *others = key.reason.split(" | ")
    lines = [_sentence(_named(first, key.choices))]
    if others:
        lines.append("\n".join(f"- {_linked(_named(other, key.choices))}" for other in others))
    if key.is_papers and key.papers != key.default:
        why = f": {_linked(key.papers_reason)}" if key.papers_reason else ""
        lines.append(f"**In the paper's configuration** `{shown(key.papers)}`{why}")
    elif key.is_papers:
        lines.append("The paper's configuration has the same.")
    body = "\n\n".join(lines)
    return f"````{{confval}} {key.name}\n:type: {key.kind}\n:default: `{shown(key.default)}`\n\n{body}\n````"


def _named(text: str, choices: tuple[str, ...]) -> str:
    """Return a comment with the alternative that it begins with as code."""
    for choice in sorted(choices, key=len, reverse=True):
        if re.match(rf"{re.escape(choice)}(?![\w-])", text):
            return f"`{choice}`{text[len(choice) :]}"
    return text


def _sentence(text: str) -> str:
    return _linked(text[:1].upper() + text[1:])


def _linked(text: str) -> str:
    return _PAGE.sub(lambda match: f"[{match[0]}]({match[0]})", text)


def _nearest(reasons: Mapping[str, str], name: str) -> str:
    """Return the comment of a key, or of the section that it stands in."""
    while name not in reasons and "." in name:
        name = name.rpartition(".")[0]
    return reasons.get(name, "")


def _lines(node: yaml.Node | None, name: str = "") -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, below in node.value:
            dotted = f"{name}.{key.value}" if name else str(key.value)
            yield dotted, key.start_mark.line
            yield from _lines(below, dotted)


def _text(name: str) -> str:
    return (HOME / name).read_text(encoding="utf-8")


def _read(name: str) -> Any:
    return yaml.safe_load(_text(name))
