"""``rrrn import``: make a clip table and an audit from CASME II, SAMM or a table of one's own."""

import argparse
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from rrrn.data import clips
from rrrn.importing import annotations, casme2, classes, composite, folders, generic, overrides, preflight, samm, sheets
from rrrn.importing import audit as audits
from rrrn.importing import output as output_files
from rrrn.importing.audit import Audit, Origin
from rrrn.importing.database import Database
from rrrn.importing.listed import MOST, listed
from rrrn.importing.output import Imported
from rrrn.importing.record import Problem, Record
from rrrn.importing.resolve import Resolved, resolve
from rrrn.running import stage, workplace, writable
from rrrn.running.stage import InputError

DATABASES = {"casme2": casme2.DATABASE, "samm": samm.DATABASE}


@dataclass(frozen=True)
class Source:
    """One database that was read: its clips before their frames were looked at, and the sheets that fitted it."""

    records: list[Record]
    origin: Origin
    cropped: bool = False
    database: Database | None = None
    rendered: bool = False
    fitting: frozenset[Path] = frozenset()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="KIND PATH",
        help="casme2 FOLDER, samm FOLDER or table FILE.csv; several one after the other",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("data/imported.csv"),
        metavar="FILE",
        help="the clip table to write (data/imported.csv)",
    )
    parser.add_argument(
        "--overrides",
        type=Path,
        metavar="FILE",
        help="a CSV of your own corrections: database, subject, clip, onset, apex, offset",
    )
    parser.add_argument(
        "--sheets", type=Path, nargs="+", default=[], metavar="FILE", help="official spreadsheets that lie elsewhere"
    )
    parser.add_argument(
        "--casme2-frames",
        choices=list(casme2.DATABASE.trees),
        help="which copy of CASME II; the default is the first there is",
    )
    parser.add_argument(
        "--allow-partial",
        action="store_true",
        help="go on without clips that cannot be used, and if the counts differ from Table II",
    )
    parser.add_argument(
        "--spot-apex",
        action="store_true",
        help="spot an apex that is missing or outside of its clip (rrrn spot), and take the midpoint only without one",
    )
    parser.add_argument(
        "--cores", type=int, default=os.cpu_count() or 1, metavar="N", help="threads that read frames (all of here)"
    )


def main(args: argparse.Namespace) -> None:
    """Import, write the audit, and the table and configuration if nothing stands against it."""
    pairs = _pairs(args.sources)
    _check_output(args, [path for _, path in pairs])
    sources = [_read(kind, path, args) for kind, path in pairs]
    _check_sheets(args.sheets, sources)
    records = [record for source in sources for record in source.records]
    _check_distinct(records)
    if args.overrides:
        overrides.apply(args.overrides, records)
    rows = _resolve_all(sources, max(1, args.cores), args.spot_apex)
    audit = Audit(
        origins=[source.origin for source in sources],
        records=records,
        rows=rows,
        comparisons=[
            composite.compare(
                [record for record in source.records if not record.problem], source.database, source.rendered
            )
            for source in sources
            if source.database
        ],
    )
    audit_path, overlay_path = _beside(args.output)
    with stage.replacing(audit_path) as partial:
        partial.write_text(audits.markdown(audit), encoding="utf-8")
    for line in audits.summary(audit):
        logging.info("%s", line)
    logging.info("the audit: %s", audit_path)
    if not args.allow_partial:
        _stop_if_partial(audit)
    if not rows:
        raise InputError("no clip can be used; see the audit")
    names = classes.in_order(row.clip.objective_class for row in rows)
    if audit.comparisons:
        names = [*classes.USED, *(name for name in names if name not in classes.USED)]
    if len(names) < 2:
        raise InputError(f"all clips are of one class, {names[0]}; a classifier needs two")
    cropped = any(source.cropped for source in sources)
    output_files.write_table(rows, args.output)
    output_files.write_overlay(rows, names, cropped, args.output, overlay_path)
    following = f"{workplace.snakemake()} --cores 8 --configfile {overlay_path} -- all"
    logging.info("the clip table: %s\nnext: %s", args.output, following)


def _beside(output: Path) -> tuple[Path, Path]:
    """Return the paths of audit and configuration, which lie beside the table."""
    stem = output.with_suffix("")
    return Path(f"{stem}_audit.md"), Path(f"{stem}.yaml")


def _check_output(args: argparse.Namespace, inputs: list[Path]) -> None:
    """Find out before the long work whether the files can be written, and that none of the user's is replaced."""
    output: Path = args.output
    writable.check_output(output, [".csv"])
    for given in [*inputs, *args.sheets, *([args.overrides] if args.overrides else [])]:
        if given.exists() and output.exists() and given.samefile(output):
            raise InputError(f"--output {output}: is read by this import; name another file")
    heads = dict(zip(_beside(output), (audits.TITLE, output_files.HEAD), strict=True))
    for path, head in heads.items():
        if path.is_file() and not path.read_bytes().startswith(head.encode()):
            raise InputError(f"{path}: would be replaced, and no import wrote it; name another --output, or move it")


def _check_sheets(places: list[Path], sources: list[Source]) -> None:
    fitting = {path for source in sources for path in source.fitting}
    for place in places:
        if not place.exists():
            raise InputError(f"--sheets {place}: there is no such file or folder")
        if place not in fitting and not any(place in path.parents for path in fitting):
            raise InputError(
                f"--sheets {place}: has no table with Subject, Filename and times or classes of a database that is "
                "imported; correct the path, or leave it out"
            )


def _pairs(words: list[str]) -> list[tuple[str, Path]]:
    kinds = [*DATABASES, "table"]
    if len(words) % 2:
        raise InputError(f"name a kind ({', '.join(kinds)}) and a path, for each database; given was {' '.join(words)}")
    pairs = [(kind, Path(path)) for kind, path in zip(words[::2], words[1::2], strict=True)]
    for kind, _ in pairs:
        if kind not in kinds:
            raise InputError(f"{kind!r} is none of {', '.join(kinds)}")
    return pairs


def _read(kind: str, path: Path, args: argparse.Namespace) -> Source:
    if kind == "table":
        return Source(generic.read(path), Origin("table", str(path), "", [str(path)]))
    return _read_database(DATABASES[kind], path, args)


def _read_database(database: Database, root: Path, args: argparse.Namespace) -> Source:
    tree = folders.find_tree(root, database, args.casme2_frames if database.name == "casme2" else None)
    named = [
        path
        for place in args.sheets
        for path in (folders.find_spreadsheets(place, database, sheets.SUFFIXES) if place.is_dir() else [place])
    ]
    found = annotations.read(named, folders.find_spreadsheets(root, database), database)
    for record in found.records:
        record.folder = tree.clips.get(folders.key(record.subject, record.clip))
    clip_folders = [record.folder for record in found.records if record.folder]
    rendered = any(map(folders.is_rendered, (root, tree.root, *found.paths, *clip_folders)))
    for record in found.records:
        record.database, record.rendered = f"syn{database.name}" if rendered else database.name, rendered
    origin = Origin(database.title, str(root), str(tree.root), found.files, _notes(found, tree))
    cropped = tree.source == "cropped"
    return Source(found.records, origin, cropped, database, rendered, frozenset(found.fitting))


def _notes(found: annotations.Annotations, tree: folders.Tree) -> list[str]:
    known = {folders.key(record.subject, record.clip) for record in found.records}
    known |= {folders.key(*name) for name in found.other}
    stray = [f"{folder.parent.name}/{folder.name}" for name, folder in tree.clips.items() if name not in known]
    notes = [f"{count} clips of class {name} are not part of the composite" for name, count in found.n_other.items()]
    notes += found.notes
    if tree.others:
        notes.append(f"further folders of frames, not used: {listed([*map(str, tree.others)])}")
    if found.unclassed:
        notes.append(f"rows without an objective class, not used: {listed(found.unclassed)}")
    if stray:
        notes.append(f"folders without a row, not used: {listed(stray)}")
    return notes


def _check_distinct(records: list[Record]) -> None:
    seen: dict[tuple[str, str, str], Record] = {}
    for record in records:
        other = seen.setdefault(record.key, record)
        if other is not record:
            raise InputError(
                f"{other.where} and {record.where}: {record.name} is imported twice; name each database once"
            )
    spelled: dict[tuple[str, ...], Record] = {}
    called: dict[str, Record] = {}
    for record in records:
        for length in range(1, len(record.key) + 1):
            other = spelled.setdefault(tuple(map(clips.folded, record.key[:length])), record)
            if other.key[:length] != record.key[:length]:
                raise InputError(
                    f"{other.where} and {record.where}: {other.name} and {record.name} have names {clips.ALIKE}"
                )
        other = called.setdefault(clips.folded(record.objective_class), record)
        if other.objective_class != record.objective_class:
            raise InputError(
                f"{other.where} and {record.where}: the classes of {other.name} and {record.name} are called "
                f"{other.objective_class!r} and {record.objective_class!r}, {clips.ALIKE}"
            )
    databases: dict[str, Record] = {}
    for record in records:
        other = databases.setdefault(f"{record.database}-{record.subject}", record)
        if other.database != record.database:
            raise InputError(
                f"{other.where} and {record.where}: subject {other.subject} of {other.database} and {record.subject} "
                f"of {record.database} would have one name; rename a database"
            )


def _resolve_all(sources: list[Source], jobs: int, spotting: bool) -> list[Imported]:
    """Return the clips that can be used; the others keep their problem in the record.

    Raises InputError for two that show the same frames and cannot, in one folder or in copies of it.
    """
    resolved: list[tuple[Record, Resolved]] = []
    for source in sources:
        for record in sorted(source.records, key=lambda record: record.key):
            try:
                resolved.append((record, resolve(record, spotting)))
            except Problem as found:
                record.problem = str(found) if str(found).startswith(record.where) else f"{record.where}: {found}"
    if twice := clips.overlap([one.row.clip for _, one in resolved]):
        raise _shown_twice([record for record, _ in resolved], *twice)
    checked = preflight.check([one.images for _, one in resolved], jobs)
    for (record, _), frames in zip(resolved, checked, strict=True):
        record.problem = frames.problem
    usable = [
        (record, one.row.with_digest(frames.digest))
        for (record, one), frames in zip(resolved, checked, strict=True)
        if not record.problem
    ]
    if twice := clips.copies([row.clip for _, row in usable]):
        raise _shown_twice([record for record, _ in usable], *twice)
    return [row for _, row in usable]


def _shown_twice(records: list[Record], first: int, second: int, why: str) -> InputError:
    return InputError(f"{records[first].where} and {records[second].where}: {why}")


def _stop_if_partial(audit: Audit) -> None:
    lines = [f"{record.name}: {record.problem}" for record in audit.problems]
    lines += audit.differences
    if lines:
        more = [f"and {len(lines) - MOST} more, see the audit"] if len(lines) > MOST else []
        raise InputError(
            "the import stops; nothing but the audit was written. Correct what follows, or go on with --allow-partial, "
            "which leaves unusable clips out:\n  " + "\n  ".join([*lines[:MOST], *more])
        )
