"""A zip of named texts: written to the same bytes for the same texts, and read as what a stranger may have made.

Nothing is ever unpacked to a disk. A name must be one of those that a bundle has, so that none leads anywhere; sizes
are bounded before anything is read, and again while it is.
"""

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from rrrn.running import stage
from rrrn.running.stage import InputError

ABOUT = "bundle.json"
_NAME = re.compile(
    r"bundle\.json|clips\.csv|scores\.csv|tables/[a-z_]{1,40}\.(?:csv|md|tex)"
    r"|predictions/[A-Za-z][A-Za-z0-9_-]{0,99}/[a-z][a-z0-9_-]{0,99}\.csv"
)
MOST_MEMBERS = 5000
MOST_BYTES = 256 << 20  # unpacked, all together: the paper's experiment has a twentieth; ten times as much in memory
_EPOCH = (1980, 1, 1, 0, 0, 0)  # no date; the first that a zip can say
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, OSError, KeyError)
_REMEDY = "ask for it again, or make it anew with rrrn bundle"


def write(members: Mapping[str, bytes], path: Path) -> None:
    """Write members in the order of their names, ABOUT first, whole or not at all.

    Raises InputError for so many bytes that ``read`` would refuse them.
    """
    if sum(map(len, members.values())) > MOST_BYTES:
        raise InputError(
            f"{path}: would have more than {MOST_BYTES >> 20} MB of predictions; bundle a run whose 'protocol.view' "
            "does not count every view"
        )
    assert all(map(_NAME.fullmatch, members)) and len(members) <= MOST_MEMBERS
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name in sorted(members, key=lambda name: (name != ABOUT, name)):
            told = zipfile.ZipInfo(name, _EPOCH)
            told.compress_type, told.create_system, told.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
            file.writestr(told, members[name])
    with stage.replacing(path) as partial:
        partial.write_bytes(data.getvalue())


def read(path: Path) -> dict[str, bytes]:
    """Return all members; raises InputError for a file that is no zip, is damaged, or is none that ``write`` made."""
    try:
        with zipfile.ZipFile(path) as file:
            listed = file.infolist()
            _check(path, listed)
            return {told.filename: _bytes(path, file, told) for told in listed}
    except FileNotFoundError:
        raise InputError(f"{path}: is not there") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, and no bundle") from None
    except _DAMAGED as error:
        raise InputError(f"{path}: is no bundle, or a damaged one ({error}); {_REMEDY}") from None


def checksum(data: bytes) -> str:
    """Return the SHA-256 of a member in hexadecimal digits, as sha256sum prints it."""
    return hashlib.sha256(data).hexdigest()


def _check(path: Path, listed: list[zipfile.ZipInfo]) -> None:
    """Raise InputError for names, numbers or sizes that a bundle does not have."""
    names = [told.filename for told in listed]
    if odd := [name for name in names if not _NAME.fullmatch(name)]:
        raise InputError(f"{path}: is no bundle: it holds {odd[0]!r}, which none has")
    if len(set(names)) < len(names):
        raise InputError(f"{path}: holds a file twice, and is not to be trusted; {_REMEDY}")
    if ABOUT not in names:
        raise InputError(f"{path}: is no bundle: it has no {ABOUT}")
    if len(names) > MOST_MEMBERS or sum(told.file_size for told in listed) > MOST_BYTES:
        raise InputError(f"{path}: is larger than a bundle may be ({MOST_BYTES >> 20} MB unpacked)")


def _bytes(path: Path, file: zipfile.ZipFile, told: zipfile.ZipInfo) -> bytes:
    """Return a member, and never more bytes of it than it was said to have."""
    if told.flag_bits & 1 or told.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"{path}: {told.filename} is encrypted, or packed as no bundle is")
    with file.open(told) as member:
        data = member.read(told.file_size + 1)
    if len(data) != told.file_size:
        raise InputError(f"{path}: {told.filename} has another size than it says; {_REMEDY}")
    return data
