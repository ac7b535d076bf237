"""The user's own methods and kinds of occluders, beside those of the package: of files, of packages, and variants.

The configuration names files in ``plugins``. An installed package names modules in its group of entry points
``rrrn.methods``; they are looked for if the configuration asks for a method or condition that nothing else declares,
since the look takes a tenth of a second. Read by the Snakefile in every job, hence the standard library only.
"""

import re
from collections.abc import Mapping
from typing import Any

from rrrn.experiment import conditions, control_conditions, methods, outside, variants
from rrrn.running.stage import InputError

GROUP = "rrrn.methods"


def use(config: Mapping[str, Any]) -> None:
    """Let the registries hold what the package has and what a configuration asks for, and nothing else.

    Raises InputError for a plugin that is not there or cannot be used, and for a variant that cannot be made.
    """
    methods.forget()
    conditions.forget()
    plugins = config.get("plugins", [])
    if not isinstance(plugins, list) or not all(isinstance(path, str) for path in plugins):
        raise InputError(f"configuration: plugins is {plugins!r} and must be a list of files")
    for path in plugins:
        if not outside.is_file(path):
            raise InputError(f"configuration: plugins: {path!r} is no file of Python; it must end in .py")
        add(path, "configuration: plugins: ")
    if _unknown(config):
        from importlib.metadata import entry_points  # not free either

        for point in entry_points(group=GROUP):
            add(point.value, f"entry point {GROUP} {point.name}: ")
    variants.use(config)


def add(module: str, by: str = "") -> None:
    """Add what a module declares; raises InputError, with who names it in front, for one that cannot be used."""
    try:
        found = [methods.add(module), conditions.add(module)]
    except InputError as error:
        raise InputError(f"{by}{error}") from None
    if not any(found):
        raise InputError(
            f"{by}{module}: declares no method and no kind of occluder: it needs METHOD = {{…}} or KIND = {{…}}, which "
            "docs/extending.md explains"
        )


def plugin(module: str) -> list[str]:
    """Return what a job is told of a module that declares something: its place, if it is none of the package."""
    return [] if module.startswith("rrrn.") else ["--plugin", module]


def _unknown(config: Mapping[str, Any]) -> bool:
    """Return whether a configuration names something that is not registered."""
    keys = "methods", "ablation", "conditions"
    named = [part if isinstance(part := config.get(key), list) else [] for key in keys]
    compared, ablated, worn = ({name for name in part if isinstance(name, str)} for part in named)
    varied = variants.bases(config)
    wanted = {varied.get(name, name) for name in compared | ablated | varied.keys()}
    kinds = {re.sub(r"-[0-9]+$", "", control_conditions.base(condition)) for condition in worn}
    return not (wanted <= methods.METHODS.keys() and kinds <= conditions.KINDS.keys())
