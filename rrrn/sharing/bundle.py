"""A bundle: what is shared of a run as one zip, and back. What comes back was checked, whoever made the file."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from rrrn.experiment import parsing
from rrrn.running import resources
from rrrn.running.stage import InputError
from rrrn.sharing import archive
from rrrn.sharing.archive import ABOUT
from rrrn.sharing.contents import CLIP, Contents, Row, text

_CLIPS, _SCORES = "clips.csv", "scores.csv"
_SCHEMA = "workflow/schemas/bundle.schema.yaml"
_REMEDY = "ask for it again, or make it anew with rrrn bundle"


def write(contents: Contents, scores: Sequence[Row], path: Path) -> str:
    """Write a bundle and return the digits that name it: equal ones are of equal files, whoever packed them."""
    members = {
        _CLIPS: _csv(contents.clips),
        _SCORES: _csv(scores),
        **{f"predictions/{one}/{other}.csv": _csv(rows) for (one, other), rows in contents.predictions.items()},
        **{f"tables/{name}": told.encode() for name, told in contents.tables.items()},
    }
    listed = {name: {"bytes": len(data), "sha256": archive.checksum(data)} for name, data in members.items()}
    about = text({**contents.told, "members": listed}).encode()
    archive.write({ABOUT: about, **members}, path)
    return digits(about)


def read(path: Path) -> tuple[Contents, list[Row], str]:
    """Return contents, scores and the digits that name the bundle.

    Raises InputError, in one sentence, for whatever is not as ``write`` left it.
    """
    members = archive.read(path)
    about = members.pop(ABOUT)
    told = _about(path, about)
    listed = told.pop("members")
    if members.keys() != listed.keys():
        name = min(members.keys() ^ listed.keys())
        raise InputError(f"{path}: {name} is {'not in it' if name in listed else 'not of it'}; {_REMEDY}")
    for name, data in members.items():
        if listed[name] != {"bytes": len(data), "sha256": archive.checksum(data)}:
            raise InputError(f"{path}: {name} is damaged or was edited (other checksum); {_REMEDY}")
    for name in (_CLIPS, _SCORES):
        if name not in members:
            raise InputError(f"{path}: has no {name}; {_REMEDY}")
    clips = _rows(path, _CLIPS, members)
    if not clips or tuple(clips[0]) != CLIP:
        raise InputError(f"{path}: {_CLIPS} has not the columns {', '.join(CLIP)}; {_REMEDY}")
    predictions = {}
    for name in members:
        folder, _, rest = name.partition("/")
        if folder == "predictions":
            method, _, trained_on = rest.removesuffix(".csv").partition("/")
            predictions[method, trained_on] = _rows(path, name, members)
    tables = {name.partition("/")[2]: _text(path, name, members) for name in members if name.startswith("tables/")}
    return Contents(told, clips, predictions, tables), _rows(path, _SCORES, members), digits(about)


def digits(about: bytes) -> str:
    """Return 12 hexadecimal digits of ``bundle.json``, which has the checksums of all else."""
    return archive.checksum(about)[:12]


def _about(path: Path, data: bytes) -> dict[str, Any]:
    """Return what ``bundle.json`` says; raises InputError for what does not follow its schema."""
    try:
        told = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: {ABOUT} cannot be read ({error}); {_REMEDY}") from None
    schema = parsing.parsed(resources.path(_SCHEMA).read_text(encoding="utf-8"))
    if isinstance(told, dict) and str(told.get("format", "")).startswith("rrrn bundle ") and told["format"][12:] != "1":
        raise InputError(f"{path}: is a {told['format']!r}, of another version of rrrn; read it with that one")
    if wrong := best_match(Draft202012Validator(schema).iter_errors(told)):
        where = ".".join(str(step) for step in wrong.absolute_path)
        raise InputError(f"{path}: {ABOUT} is not as rrrn bundle writes it ({where!r}: {wrong.message[:200]!r})")
    if odd := next((one for one in _texts(told) if not one.isprintable()), None):
        raise InputError(f"{path}: {ABOUT} holds a text with control characters, {odd[:60]!r}; {_REMEDY}")
    found: dict[str, Any] = told
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts of a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield key
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _csv(rows: Sequence[Row]) -> bytes:
    """Return rows as CSV under the columns of the first that has the most."""
    file = io.StringIO(newline="")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def _text(path: Path, name: str, members: Mapping[str, bytes]) -> str:
    try:
        return members[name].decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: {name} is no text ({error.reason}); {_REMEDY}") from None


def _rows(path: Path, name: str, members: Mapping[str, bytes]) -> list[Row]:
    """Return the rows of a member; raises InputError for one that is no table of printable cells."""
    try:
        header, *rows = csv.reader(io.StringIO(_text(path, name, members), newline=""), strict=True)
        found = [dict(zip(header, row, strict=True)) for row in rows]
    except (ValueError, csv.Error) as error:  # no header is a ValueError
        raise InputError(f"{path}: {name} is no table ({error}); {_REMEDY}") from None
    if len(set(header)) < len(header) or not all(cell.isprintable() for row in (header, *rows) for cell in row):
        raise InputError(f"{path}: {name} has a column twice, or cells with control characters; {_REMEDY}")
    return found
