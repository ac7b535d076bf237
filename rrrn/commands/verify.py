"""``rrrn verify``: whether files on disk are what the present configuration, code and clips make.

Walks from the targets to the frames. Every file must say that it was made by the recipe that is asked for now, from
inputs with the checksums that they have now, and must have its own checksum. What was deleted to save space is no
fault, as long as the files that were made of it are asked for as they are. For recorded frames that are not here, as on
a machine that may not have them, the digests in the clip table stand.
"""

import argparse
import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rrrn.data import clips, digested, identity, result, store
from rrrn.data.clips import Clip
from rrrn.data.identity import Identity
from rrrn.experiment import config, defaults
from rrrn.provenance import frames_seen, sources, unchanged
from rrrn.provenance.recipes import Recipe, Recipes, closure
from rrrn.running import options
from rrrn.running.stage import InputError

_LISTED = 20


@dataclass(frozen=True)
class Finding:
    """A file that does not fit, and why in words."""

    path: str
    text: str
    readable: bool = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add = parser.add_argument
    add("targets", nargs="*", metavar="TARGET", help="files of the workflow (all tables that are there)")
    options.configfile(parser)
    options.config(parser)
    add("--quick", action="store_true", help="compare what files say of themselves, without reading them whole")
    add("--remove", action="store_true", help="delete what does not fit of the whole experiment; the next run makes it")


def main(args: argparse.Namespace) -> None:
    """Walk, and say in one line how it is; exit with 1 if something does not fit."""
    settings = defaults.whole(args.configfile, dict(map(key, args.config)))
    table = clips.read(settings["clips"])
    config.check_together(settings, table)
    recipes = of_experiment(settings, table)
    if note := unchecked(table):
        logging.info("%s", note)
    if args.remove:
        _remove(check(recipes, table, list(recipes.with_report()), args.quick))
        return
    wanted = _targets(recipes, args.targets)
    found = check(recipes, table, wanted, args.quick)
    named = ", ".join(args.targets or [recipe.path.replace(".json", ".csv") for recipe in wanted])
    if not found:
        absent = sum(not Path(recipe.path).exists() for recipe in closure(wanted))
        note = f" ({absent} files that it was made of are not there any more)" if absent else ""
        logging.info("%s: is what the present configuration, code and clips make%s", named, note)
        return
    for one in found[:_LISTED]:
        logging.info("%s", one.text)
    if len(found) > _LISTED:
        logging.info("and %d more", len(found) - _LISTED)
    raise InputError(
        f"{named}: not what the present configuration, code and clips make; files that do not fit: {len(found)}"
    )


def key(text: str) -> tuple[str, Any]:
    """Return an argument KEY=VALUE as both, the value as of YAML; raises InputError for another text."""
    key, found, value = text.partition("=")
    if not found:
        raise InputError(f"--config {text}: is not KEY=VALUE")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise InputError(f"--config {text}: is no YAML ({defaults.reason(error)})") from None


def of_experiment(settings: dict[str, Any], table: Sequence[Clip]) -> Recipes:
    """Return the recipes of a configuration in the working directory.

    Raises InputError if recorded frames are not here and the clip table cannot stand for them.
    """
    for clip in frames_seen.absent(table):
        if not clip.frames_digest:
            raise InputError(
                f"{clip.frames}: the frames of clip {clip.subject}/{clip.clip} are not here, and {settings['clips']} "
                f"has no digest of them (column {clips.DIGEST}): what was made of them can be verified only where they "
                "are"
            )
    sources.recall(sources.STATE)
    return Recipes(settings, table, frames_seen.Seen(sources.STATE / "frames", trusting=True))


def unchecked(table: Sequence[Clip]) -> str:
    """Return in a sentence that recorded frames are not here, if so."""
    gone, recorded = len(frames_seen.absent(table)), sum(clip.source == "recorded" for clip in table)
    said = f"The frames of {gone} of {recorded} recorded clips are not here and cannot be checked; their digests "
    return f"{said}in the clip table stand for them." if gone else ""


def check(recipes: Recipes, table: Sequence[Clip], wanted: Sequence[Recipe], quick: bool) -> list[Finding]:
    """Return what does not fit of files and of all that they were made of; missing ones only if they are wanted."""
    told: dict[str, tuple[Identity, str]] = {}
    found = []
    for recipe in closure(wanted):
        path = Path(recipe.path)
        if not path.exists():
            if recipe in wanted:
                found.append(Finding(recipe.path, f"{path}: is missing"))
            continue
        try:
            told[recipe.path] = identity.read(path)
            wrong = _wrong(recipe, told)
            if not quick and not wrong:
                _read_whole(path, [clip for clip in table if clip.subject == recipe.subject])
        except InputError as error:
            wrong = str(error)
        if wrong:
            found.append(Finding(recipe.path, wrong, os.access(path, os.R_OK)))
    return found


def _wrong(recipe: Recipe, told: dict[str, tuple[Identity, str]]) -> str:
    """Return in words what is wrong with what a file says of itself, beside what its inputs say; nothing if it fits."""
    path, (found, _) = Path(recipe.path), told[recipe.path]
    if wrong := identity.difference(path, found, recipe.identity):
        return wrong
    inputs = [told[one.path][1] for one in recipe.inputs if one.path in told]
    if len(inputs) == len(recipe.inputs) and identity.combined(inputs) != found.inputs:
        return f"{path}: was made from other files than lie there now; delete it and run again"
    return ""


def _read_whole(path: Path, own: Sequence[Clip]) -> None:
    """Verify the checksum of a file, or of the frames in a folder; raises InputError if it is another."""
    if path.is_dir():
        for clip in unchanged.with_digests(own, [path]):
            unchanged.check(clip)
    elif path.suffix == ".h5":
        store.verified(path)
    elif path.suffix == ".json":
        result.read(path)
    else:
        digested.read(path)


def _targets(recipes: Recipes, names: Sequence[str]) -> list[Recipe]:
    if not names:
        there = [recipe for recipe in recipes.results() if Path(recipe.path).exists()]
        if not there:
            raise InputError("there is no table here; go to the directory of the run, or name a file of it")
        return there
    return [recipes.of(name) for name in names]


def _remove(found: Sequence[Finding]) -> None:
    removed = [one for one in found if one.readable]  # what cannot be read may be right
    for one in removed:
        path = Path(one.path)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            tables = [path.with_name(f"{path.stem}{end}") for end in (".csv", "_long.csv", ".md", ".tex")]
            for file in (path, *(tables if path.suffix == ".json" else [])):
                file.unlink(missing_ok=True)
        logging.info("removed: %s", one.text)
    for one in found:
        if not one.readable:
            logging.info("left: %s", one.text)
    logging.info("%d files removed%s", len(removed), "; run again" if removed else "")
