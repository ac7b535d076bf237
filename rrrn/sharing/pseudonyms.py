"""Subjects and clips under other names, the same ones in every bundle of the same database.

A pseudonym is a keyed digest of the name. The key is a digest of the database's own frames, which the clip table of an
import has (``frames_digest``). So two holders of a licence, who have the same frames, get the same pseudonyms and can
be compared subject by subject, though both hide them; and who has not the frames cannot try out all names, of which
there are few. A key for each bundle would hide no better and would forbid that comparison. Without digests of frames,
as of drawn clips, the key is the name of the database, which anybody can try.

Numbers of clips and classes stay, and are published for some databases: pseudonyms keep names out of a file, and do not
make its subjects unknown to who has the database.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rrrn.data.clips import Clip
from rrrn.running.stage import InputError
from rrrn.sharing.contents import HASHED, Contents, Row, ordered

_BYTES = 6  # of a pseudonym: two of a million names are the same once in five hundred times, and then it is told


def keys(table: Sequence[Clip]) -> dict[str, bytes]:
    """Return {database: what hides its names} of a clip table."""
    databases = sorted({clip.database for clip in table})
    return {name: _key(name, [clip for clip in table if clip.database == name]) for name in databases}


def guessable(contents: Contents) -> list[str]:
    """Return the databases whose names are hidden by nothing but the database's name: clips lack digests of frames."""
    return [name for name, key in contents.keys.items() if key == _key(name, ())]


def hidden(contents: Contents) -> Contents:
    """Return contents whose subjects and clips have pseudonyms; those that have them already, as they are.

    The clip table of the run must have been there, so that ``keys`` are known. Two names that get one pseudonym raise
    InputError.
    """
    if contents.hashed:
        return contents
    called = {(row["database"], row["subject"]): _subject(contents.keys, row) for row in contents.clips}
    if len(set(called.values())) < len(called):
        raise InputError("two subjects would have one pseudonym; bundle the run without --hash-subjects")
    folds = {subject: name for (_, subject), name in called.items()}

    def renamed(row: Row) -> Row:
        found = dict(row)
        found["clip"] = _digest(contents.keys[row["database"]], row["subject"], row["clip"])
        found["subject"] = called[row["database"], row["subject"]]
        if "fold" in row:
            found["fold"] = folds.get(row["fold"], row["fold"])
        return found

    tables = {name: _refolded(told, folds) for name, told in contents.told["tables"].items()}
    return replace(
        contents,
        told={**contents.told, "subjects": HASHED, "tables": tables},
        clips=ordered([renamed(row) for row in contents.clips]),
        predictions={key: ordered([renamed(row) for row in rows]) for key, rows in contents.predictions.items()},
    )


def _refolded(told: Mapping[str, Any], called: Mapping[str, str]) -> dict[str, Any]:
    return {**told, "folds": sorted(called.get(fold, fold) for fold in told["folds"])}


def _subject(keys: Mapping[str, bytes], row: Row) -> str:
    return f"{row['database']}-{_digest(keys[row['database']], row['subject'])}"


def _digest(key: bytes, *names: str) -> str:
    text = "\0".join(names).encode()
    return hashlib.blake2b(text, key=key, digest_size=_BYTES, person=b"rrrn names").hexdigest()


def _key(database: str, own: Sequence[Clip]) -> bytes:
    seen = "\n".join([database, *_seen(own)])
    return hashlib.blake2b(seen.encode(), digest_size=32, person=b"rrrn key").digest()


def _seen(own: Sequence[Clip]) -> list[str]:
    """Return the digests of the frames of a database's clips, sorted; nothing if a clip lacks one."""
    found = sorted(clip.frames_digest for clip in own)
    return found if all(found) else []
