"""The configuration for commands beside the workflow: the default one, or a section of it, under a user's own."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from rrrn.experiment import config, doubles, parsing, whose
from rrrn.running import resources, workplace
from rrrn.running.stage import InputError

_SCHEMA = "workflow/schemas/config.schema.yaml"
_SUFFIXES = (".yaml", ".yml", ".json")


def section(name: str, own: Sequence[Path] = ()) -> dict[str, Any]:
    """Return a section of config.yaml, and over it those of the user's files, in their order.

    Raises InputError, naming the files, if one cannot be read, or laid over config.yaml they do not follow the schema.
    """
    settings: dict[str, Any] = parsing.parsed(resources.path("config.yaml").read_text(encoding="utf-8"))
    if own:
        settings = config.merge([settings, *overlays(own)])
        try:
            config.check(settings, resources.path(_SCHEMA))
        except InputError as error:
            raise InputError(f"{', '.join(map(str, own))}: {error}") from None
    found: dict[str, Any] = config.completed(settings)[name]
    return found


def bases() -> list[Path]:
    """Return the configurations that lie below a user's own: config.yaml, and that of a working directory over it."""
    own = workplace.own("config.yaml")
    return [resources.path("config.yaml"), *([own] if own else [])]


def whole(
    files: Sequence[Path],
    given: Mapping[str, Any] | None = None,
    plugins: Sequence[Path] = (),
    methods: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the configuration that the workflow would have with ``--configfile FILES --config KEY=VALUE``.

    ``plugins`` and ``methods`` are added to those that it names, where they are not among them. Raises InputError if a
    file cannot be read or if together they do not follow the schema.
    """
    settings = config.merge([*map(_read, bases()), *overlays(files), dict(given or {})])
    if plugins:
        known = [Path(str(path)).resolve() for path in settings["plugins"]]
        settings["plugins"] = [*settings["plugins"], *(str(path) for path in plugins if path.resolve() not in known)]
    if methods:
        settings["methods"] = list(dict.fromkeys([*settings["methods"], *methods]))
    try:
        config.check(settings, resources.path(_SCHEMA))
    except InputError as error:
        raise whose.named(error, [*bases(), *files], given) from None
    return config.completed(settings)


def overlays(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Return what stands in the files that --configfile names; raises InputError, naming the one that cannot be read.

    Of something else behind them, as a target, it says that this was taken for a file.
    """
    found = []
    for place, path in enumerate(files):
        try:
            found.append(_read(path))
        except InputError:
            if place == 0 or path.suffix in _SUFFIXES:
                raise
            before = shlex.join(map(str, files[:place]))
            raise InputError(
                f"{path}: was taken for a configuration, as all words behind --configfile are; write -- before "
                f"targets: --configfile {before} -- {shlex.quote(str(path))}"
            ) from None
    return found


def reason(error: Exception) -> str:
    """Return why a YAML file could not be read, in one line; the parser's own message has six."""
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f"line {mark.line + 1}, column {mark.column + 1}: {getattr(error, 'problem', None)}"
    return " ".join(str(error).split())


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        read = parsing.parsed(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as a configuration ({reason(error)})") from None
    if not isinstance(read, dict):
        raise InputError(f"{path}: is no configuration; it needs sections as in config.yaml")
    doubles.check(text, str(path))
    return read
