"""Shards that a pack is an index over, and that are not there any more when something is to be made of the pack.

The workflow does not name them as inputs of trainings: at the paper's scale that is 90,000 pairs of files, with which
Snakemake takes two and a half times as long to plan. So a deleted shard is looked for here, before any job.

Read by the Snakefile, hence nothing heavy.
"""

from collections.abc import Iterable
from pathlib import Path

from rrrn.data import identity
from rrrn.provenance.recipes import Recipe
from rrrn.running.stage import InputError


def check(recipes: Iterable[Recipe]) -> None:
    """Raise InputError that names a shard, its pack and the remedy. Recipes come after those of their inputs."""
    lost: dict[str, str] = {}
    for recipe in recipes:
        if recipe.modules == ("rrrn.stages.pack",) and Path(recipe.path).exists():
            gone = [one.path for one in recipe.inputs if not Path(one.path).exists()]
            if gone:
                lost[recipe.path] = gone[0]
        for pack in [one.path for one in recipe.inputs if one.path in lost]:
            if not _is_made(recipe):
                raise InputError(
                    f"{lost[pack]}: is gone, and {recipe.path} is to be made of it; delete {pack}, an index over it, "
                    "and run again: both are made again"
                )


def _is_made(recipe: Recipe) -> bool:
    try:
        return identity.read(Path(recipe.path))[0].recipe == recipe.digest
    except InputError:
        return False
