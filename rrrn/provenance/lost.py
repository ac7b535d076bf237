"""Shards that a pack is an index over, and that are not there any more when something is to be made of the pack.

The workflow does not name them as inputs of trainings: at the paper's scale that is 90,000 pairs of files, with which
Snakemake takes two and a half times as long to plan. So a deleted shard is looked for here, before any job.

Read by the Snakefile, hence nothing heavy.
"""

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from rrrn.data import identity, result
from rrrn.provenance.recipes import Recipe
from rrrn.running.stage import InputError


def check(recipes: Iterable[Recipe], targets: Collection[str] = ()) -> None:
    """Raise InputError that names a shard, its pack and the remedy. Recipes come after those of their inputs.

    ``targets`` are what is asked for, files or the rules of the Snakefile. As by Snakemake, what is asked for is made
    if it is missing or does not fit, and then its inputs are asked for; a file that fits is of inputs that would.
    """
    ordered = list(recipes)
    named = {_recipes_path(one) for one in targets or ("default",)}
    if "default" in named:
        named.add(_recipes_path("results/table_iv.csv"))
    if "all" in named:
        named.update(recipe.path for recipe in ordered if Path(recipe.path).parent == Path("results"))
    for recipe in reversed(ordered):
        if recipe.path in named and not (Path(recipe.path).exists() and _is_made(recipe)):
            for pack in [one for one in recipe.inputs if one.modules == ("rrrn.stages.pack",)]:
                gone = [one.path for one in pack.inputs if not Path(one.path).exists()]
                if gone and Path(pack.path).exists() and _is_made(pack):  # another is made again, its shards before it
                    raise InputError(
                        f"{gone[0]}: is gone, and {recipe.path} is to be made of it; delete {pack.path}, an index over "
                        "it, and run again: both are made again"
                    )
            named.update(one.path for one in recipe.inputs)


def _recipes_path(target: str) -> str:
    path = Path(os.path.relpath(target))
    return str(result.beside(path) if path.parent == Path("results") else path)


def _is_made(recipe: Recipe) -> bool:
    try:
        return identity.read(Path(recipe.path))[0].recipe == recipe.digest
    except InputError:
        return False
