"""How long a video file must be by its own headers: a copy that was cut short is shorter."""

from pathlib import Path
from typing import BinaryIO

_EBML, _SEGMENT = b"\x1aE\xdf\xa3", b"\x18S\x80g"
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


def announced(path: Path) -> int | None:
    """Return the bytes that an AVI, MP4, MOV, MKV or WebM file announces, None where it does not say.

    Files that a recorder writes live may leave it open, and other containers do not tell.
    """
    with path.open("rb") as file:
        start = file.read(12)
        if start[:4] == b"RIFF" and start[8:] == b"AVI ":
            return _end_of_parts(file, "little")
        if start[4:8] in _FIRST_BOXES:
            return _end_of_parts(file, "big")
        if start[:4] == _EBML:
            return _end_of_segment(file)
    return None


def _end_of_parts(file: BinaryIO, order: str) -> int | None:
    """Return where the last chunk (RIFF, "little": name, size) or box (ISO 14496-12, "big": size, name) ends."""
    size = file.seek(0, 2)
    end = 0
    while end + 8 <= size:
        file.seek(end)
        head = file.read(16)
        if order == "little":
            if head[:4] != b"RIFF":
                break
            length = 8 + int.from_bytes(head[4:8], "little")
            length += length % 2 if end + length < size else 0
        else:
            length = int.from_bytes(head[:4], "big")
            if length == 1:  # the size follows in 64 bits
                length = int.from_bytes(head[8:16], "big")
            if length < 8 or not head[4:8].isascii():  # 0: up to the file's end, wherever that is; or no box
                return None
        end += length
    return end


def _end_of_segment(file: BinaryIO) -> int | None:
    """Return where the segment of a Matroska file (RFC 9559) ends."""
    file.seek(len(_EBML))
    header = _length(file)
    if header is None:
        return None
    file.seek(header, 1)
    if file.read(len(_SEGMENT)) != _SEGMENT or (length := _length(file)) is None:
        return None
    return file.tell() + length


def _length(file: BinaryIO) -> int | None:
    """Read a size of variable length (RFC 8794); None if it is left open."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    more = 8 - first[0].bit_length()
    rest = file.read(more)
    bits = 7 * (more + 1)
    value = (first[0] << 8 * more | int.from_bytes(rest, "big")) & (1 << bits) - 1
    return None if len(rest) < more or value == (1 << bits) - 1 else value
