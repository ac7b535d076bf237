"""A section of the configuration for commands beside the workflow: the default one, under a user's own."""

from pathlib import Path
from typing import Any

import yaml

from rrrn import config, provenance
from rrrn.stage import InputError


def section(name: str, own: Path | None = None) -> dict[str, Any]:
    """Return a section of config.yaml, and over it that of the user's file.

    Raises InputError, naming the file, if it cannot be read, or laid over config.yaml does not follow the schema.
    """
    settings: dict[str, Any] = yaml.safe_load((provenance.HOME / "config.yaml").read_text(encoding="utf-8"))
    if own is not None:
        try:
            laid = yaml.safe_load(own.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InputError(f"{own}: cannot be read as a configuration ({error})") from None
        if not isinstance(laid, dict):
            raise InputError(f"{own}: is no configuration; it needs a section {name}, written '{name}:'")
        settings = config.merge([settings, laid])
        try:
            config.check(settings, provenance.HOME / "workflow/schemas/config.schema.yaml")
        except InputError as error:
            raise InputError(f"{own}: {error}") from None
    found: dict[str, Any] = settings[name]
    return found
