"""A user's own masks or sunglasses: a folder of PNGs with alpha, and ``anchors.csv`` with a row for each.

Columns: ``file``, ``seam``, ``top``, ``bottom``, ``left``, ``right`` and, if wanted, ``min_ratio`` (see
``placing.Template``). Anchors count pixels of that PNG from its left and upper edges, as rulers of image editors do.
"""

import csv
import math
import os
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from rrrn.occlusion.placing import Template
from rrrn.running.stage import InputError

TABLE = "anchors.csv"
ANCHORS = ("seam", "top", "bottom", "left", "right")
_KNOWN = ("file", *ANCHORS, "min_ratio")
_MOST_PIXELS = 25_000_000
_MOST_SIDE = 1600  # a larger drawing is reduced: no face is that large, and the renderer samples all of it
_LEAST_APART = 8  # pixels between opposite anchors, and
_LEAST_SHARE = 0.05  # of the picture's side: less is a slip, which would blow the picture up beyond every face
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_WITH_ALPHA = (4, 6)  # colour types of PNG: gray and colour with an alpha channel


@dataclass(frozen=True)
class Row:
    """One row of the table: the PNG, where it is written (for messages), anchors in pixels from its edges."""

    path: Path
    place: str
    anchors: tuple[float, ...]  # in the order of ANCHORS
    min_ratio: float


def read(folder: Path) -> dict[str, Row]:
    """Return the rows of a folder's table by file name, sorted.

    Raises InputError, naming file and row, for a table or a PNG that cannot be used; pixels are not decoded yet.
    """
    table = folder / TABLE
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder of occluders; correct 'art', or use built_in")
    rows: dict[str, Row] = {}
    for number, cells in _cells(table):
        place = f"{table}, row {number}"
        row = _row(folder, place, cells)
        if row.path.name in rows:
            raise InputError(f"{place}: {row.path.name} has a row already; remove one")
        _check_header(row)
        rows[row.path.name] = row
    if not rows:
        raise InputError(f"{table}: has no rows; add one for each PNG")
    forgotten = sorted({path.name for path in folder.iterdir() if path.suffix.lower() == ".png"} - set(rows))
    if forgotten:
        raise InputError(f"{table}: lacks a row for {forgotten[0]}; add it, or move the file out of the folder")
    return dict(sorted(rows.items()))


def template(row: Row) -> Template:
    """Return the drawing of one row with its anchors, at most 1600 pixels high and wide.

    Raises InputError, naming file and row, for a PNG that cannot be decoded or shows nothing.
    """
    status = row.path.stat()
    return _template(row, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=16)
def _template(row: Row, size: int, modified: int) -> Template:
    """The drawing of a row, kept as long as its file's size and time stay what they were."""
    try:
        pixels = cv2.imdecode(np.frombuffer(row.path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    except (OSError, cv2.error):
        pixels = None
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 4:
        raise InputError(f"{row.place}: {row.path.name} cannot be read as a PNG with alpha; save it again as RGBA")
    image = pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    if not image[..., 3].any():
        raise InputError(f"{row.place}: {row.path.name} is transparent everywhere; draw something on it")
    image[..., :3] *= 255 * image[..., 3:]
    rows, columns = image.shape[:2]
    if max(rows, columns) > _MOST_SIDE:
        factor = _MOST_SIDE / max(rows, columns)
        reduced = max(1, round(columns * factor)), max(1, round(rows * factor))
        image = cv2.resize(image, reduced, interpolation=cv2.INTER_AREA)
    across, down = image.shape[1] / columns, image.shape[0] / rows
    seam, top, bottom, left, right = row.anchors
    return Template(
        image,
        seam * across - 0.5,
        top=top * down - 0.5,
        bottom=bottom * down - 0.5,
        left=left * across - 0.5,
        right=right * across - 0.5,
        min_ratio=row.min_ratio,
    )


def _cells(table: Path) -> list[tuple[int, dict[str, str]]]:
    """The cells of each row with its line number in the file."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{table}: there is no such file; it needs the columns {', '.join(_KNOWN)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{table}: cannot be read as a UTF-8 table ({error})") from None
    if "\0" in text:
        raise InputError(f"{table}: holds NUL bytes; save it as CSV text")
    reader = csv.DictReader(text.splitlines(), strict=True)
    try:
        header = [name.strip() for name in reader.fieldnames or []]
        missing = [name for name in _KNOWN[:-1] if name not in header]
        unknown = [name for name in header if name not in _KNOWN]
        if missing or unknown or len(set(header)) < len(header):
            fault = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(unknown) or 'a column twice'}"
            raise InputError(f"{table}: the header {fault}; the columns are {', '.join(_KNOWN)}")
        reader.fieldnames = header
        found = []
        for cells in reader:
            if None in cells or None in cells.values():
                raise InputError(f"{table}, row {reader.line_num}: has more or fewer cells than the header")
            found.append((reader.line_num, {name: value.strip() for name, value in cells.items()}))
    except csv.Error as error:
        raise InputError(f"{table}, row {reader.line_num + 1}: is no CSV ({error})") from None
    return found


def _row(folder: Path, place: str, cells: dict[str, str]) -> Row:
    name = cells["file"]
    if not name or name in (".", "..") or Path(name).name != name or "\\" in name:
        raise InputError(f"{place}: file {name!r} must be the name of a PNG in this folder, without a path")
    anchors = tuple(_number(place, column, cells[column]) for column in ANCHORS)
    min_ratio = Template.min_ratio
    if cells.get("min_ratio"):
        min_ratio = _number(place, "min_ratio", cells["min_ratio"])
        if not 0 <= min_ratio <= 1:
            raise InputError(f"{place}: min_ratio is {min_ratio:g}; it must be from 0 to 1")
    seam, top, bottom, left, right = anchors
    if not left < seam < right:
        raise InputError(f"{place}: left {left:g}, seam {seam:g} and right {right:g} must grow in this order")
    if not top < bottom:
        raise InputError(f"{place}: top {top:g} must be less than bottom {bottom:g}")
    return Row(folder / name, place, anchors, min_ratio)


def _number(place: str, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{place}: {column} is {text!r}; it must be a number")
    return value


def _check_header(row: Row) -> None:
    """Refuse a file that is no PNG with alpha, is absurdly large, or does not hold the anchors well apart."""
    folder = row.path.parent
    if not Path(os.path.realpath(row.path)).is_relative_to(os.path.realpath(folder)):
        raise InputError(f"{row.place}: {row.path.name} is a link out of {folder}; copy the file into the folder")
    if row.path.exists() and not row.path.is_file():  # opening a pipe would wait for ever
        raise InputError(f"{row.place}: {row.path} is no file; correct 'file'")
    try:
        with row.path.open("rb") as file:
            head = file.read(26)
    except FileNotFoundError:
        raise InputError(f"{row.place}: {row.path} does not exist; correct 'file'") from None
    except OSError as error:
        raise InputError(f"{row.place}: {row.path} cannot be read ({error.strerror})") from None
    if len(head) < 26 or not head.startswith(_SIGNATURE) or head[12:16] != b"IHDR":
        raise InputError(f"{row.place}: {row.path.name} is no PNG; save it again as PNG with alpha (RGBA)")
    columns, rows, _, colour_type = struct.unpack(">IIBB", head[16:26])
    if columns * rows > _MOST_PIXELS:
        raise InputError(f"{row.place}: {row.path.name} has {columns} x {rows} pixels; use at most 25 megapixels")
    if colour_type not in _WITH_ALPHA:
        raise InputError(f"{row.place}: {row.path.name} has no alpha channel; save it as PNG with alpha (RGBA)")
    seam, top, bottom, left, right = row.anchors
    if left < 0 or right > columns or top < 0 or bottom > rows:
        raise InputError(f"{row.place}: anchors lie outside of {row.path.name}, which has {columns} x {rows} pixels")
    for names, apart, side, part in (
        ("left and right", right - left, columns, 1),
        ("left and seam", seam - left, columns, 2),
        ("seam and right", right - seam, columns, 2),
        ("top and bottom", bottom - top, rows, 1),
    ):
        least = max(_LEAST_APART, _LEAST_SHARE * side) / part
        if apart < least:
            raise InputError(
                f"{row.place}: {names} are {apart:g} pixels apart in {row.path.name}, which needs {least:g} or more; "
                "correct the anchors, or save a larger picture"
            )
