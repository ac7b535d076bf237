"""Broken spreadsheets, tables and folders: never a traceback, a hang, or a clip that is silently gone.

RRRN_FUZZ sets the number of cases of each test; the default keeps CI short.
"""

import argparse
import datetime
import os
import re
import shutil
import signal
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rrrn.data import clips
from rrrn.importing import cells, command, sheets
from rrrn.running.stage import InputError
from tests.recorded_databases import CLASSES, CODING, SAMM, images

fuzz = settings(
    max_examples=int(os.environ.get("RRRN_FUZZ", "40")),
    derandomize="RRRN_FUZZ" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)

# Excel cannot hold control characters, and openpyxl refuses to write them.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
CELL = st.one_of(
    st.none(),
    TEXT,
    st.sampled_from(
        [
            "/",
            "\\",
            "",
            " ",
            "nan",
            "-",
            "01",
            "sub01",
            "III",
            "AU4",
            "46.0",
            "4 or 7",
            "../../etc/passwd",
            "/etc",
            "a/b",
        ]
        + [
            "..",
            ".",
            "-rf",
            "EP01_01 ",
            "ep01_01",
            "e\u0301",
            "\u202eabc",
            "٤٦",
            "=1+1",
            "#REF!",
            "{0}",
            "a,b",
            "x" * 300,
        ]
    ),
    st.integers(-5, 200),
    st.sampled_from([-1, 0, 10**9, 10**30, -(10**30), 46.0, 46.5, 1e300, True, False]),
    st.sampled_from([datetime.datetime(2014, 5, 8), datetime.time(1, 2)]),
)
Rows = list[list[Any]]


def coding() -> Rows:
    rows = [[1, "EP01_01", None, 46, 48, 50, None, "4", ""], [1, "EP01_02", None, 9, 11, 12, None, "R12 or 6", ""]]
    return [
        list(CODING),
        *rows,
        [2, "EP03_04f", None, 100, "/", 103, None, 12, ""],
        [3, "EP02_01", None, 1, 2, 3, None, "", ""],
    ]


def classes() -> Rows:
    return [list(CLASSES), [1, "EP01_01", 3], [1, "EP01_02", 1], [2, "EP03_04f", 2], [3, "EP02_01", 7]]


def samm() -> Rows:
    rows = [
        [6, "006_1_2", 1, 62, 64, 66, 5, "", "4 + 7", "", 3, ""],
        [7, "007_3_1", 1, 9, 99, 11, 3, "", "R14A", "", 7, ""],
    ]
    return [["SAMM"], [], list(SAMM), *rows, [11, "011_1_1", 1, 5, 7, 8, 4, "", 12, "", 1, ""]]


def table() -> Rows:
    head = ["subject", "clip", "onset", "apex", "offset", "class", "folder"]
    rows = [["s01", "one", 46, 48, 50, "positive", "f/one"], ["s01", "two", 9, "", 12, "negative", "f/two"]]
    return [head, *rows, ["s02", "three", 1, 2, 3, "positive", "f/three"]]


@st.composite
def broken(draw: st.DrawFn, original: Callable[[], Rows]) -> Rows:
    """Rows with up to three slips in cells, rows, columns or the header."""
    rows = original()
    for _ in range(draw(st.integers(0, 3))):
        if not rows:
            break
        i = draw(st.integers(0, len(rows) - 1))
        row = rows[i]
        kind = draw(
            st.sampled_from(["cell", "cell", "cell", "row", "twice", "gone", "swap", "shift", "column", "long"])
        )
        j = draw(st.integers(0, max(0, len(row) - 1)))
        if kind == "cell" and row:
            row[j] = draw(CELL)
        elif kind == "row":
            rows.insert(i, draw(st.lists(CELL, max_size=9)))
        elif kind == "twice":
            rows.insert(i, list(row))
        elif kind == "gone":
            rows.pop(i)
        elif kind == "swap" and row:
            k = draw(st.integers(0, len(row) - 1))
            row[j], row[k] = row[k], row[j]
        elif kind == "shift":
            row.insert(0, draw(CELL))
        elif kind == "column":
            for other in rows:
                if j < len(other):
                    other.pop(j)
        elif kind == "long":
            row += [draw(CELL)] * draw(st.integers(1, 300))
    return rows


def save(path: Path, rows: Rows, merged: bool) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    if merged:
        sheet.merge_cells("A1:B1")
        sheet.merge_cells("A2:A3")
    book.save(path)


@contextmanager
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp())
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextmanager
def soon() -> Iterator[None]:
    def give_up(number: int, frame: object) -> None:
        raise TimeoutError("the import hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(600)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def imported(root: Path, *words: str, partial: bool) -> str | None:
    """Import; return the audit, or None after a clear error that names what is wrong."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    options = ["--allow-partial"] if partial else []
    args = parser.parse_args([*words, "--output", str(root / "out.csv"), "--cores", "1", *options])
    with soon():
        try:
            command.main(args)
        except InputError as error:
            assert len(str(error)) > 20 and "Traceback" not in str(error)
            assert not (root / "out.csv").exists() and not list(root.glob(".*partial"))
            return None
    clips_read(root / "out.csv")
    return (root / "out_audit.md").read_text(encoding="utf-8")


def clips_read(path: Path) -> None:
    """What was imported is a clip table that the workflow takes."""
    for clip in clips.read(path):
        assert Path(clip.frames).is_dir() and clip.onset < clip.apex <= clip.offset


def accounted(audit: str) -> int:
    """How many clips the audit knows of: usable, unusable, of classes VI and VII."""
    verdict = re.search(r"(\d+) clips can be used, \d+ of them with remarks; (\d+) cannot", audit)
    assert verdict
    return sum(map(int, verdict.groups())) + sum(map(int, re.findall(r"- (\d+) clips of class VI", audit)))


def distinct(rows: Rows, subject: Callable[[object], object], header: int, columns: tuple[int, int]) -> int:
    keys = [(row[columns[0]], row[columns[1]]) for row in rows[header + 1 :] if len(row) > max(columns)]
    return len({(subject(s), cells.text(c)) for s, c in keys if cells.text(s) or cells.text(c)})


def write_frames(root: Path) -> None:
    tree = root / "CASME2_RAW_selected"
    for name, numbers in (
        ("sub01/EP01_01", range(46, 51)),
        ("sub01/EP01_02", range(9, 13)),
        ("sub02/EP03_04f", range(100, 104)),
    ):
        images(tree / name, numbers)


@fuzz
@given(broken(coding), broken(classes), st.booleans(), st.booleans())
def test_broken_sheets_of_casme2(coding_rows, class_rows, merged, partial):
    with folder() as root:
        write_frames(root)
        save(root / "CASME2-coding-20140508.xlsx", coding_rows, merged)
        save(root / "CASME2-ObjectiveClasses.xlsx", class_rows, False)
        audit = imported(root, "casme2", str(root), partial=partial)
        if audit is not None and class_rows and class_rows[0] == list(CLASSES):
            assert accounted(audit) == distinct(class_rows, command.DATABASES["casme2"].subject, 0, (0, 1))


@fuzz
@given(broken(samm), st.booleans(), st.booleans())
def test_broken_sheets_of_samm(rows, merged, partial):
    with folder() as root:
        for name, numbers in (("006/006_1_2", range(62, 67)), ("011/011_1_1", range(5, 9))):
            images(root / name, numbers, name[:3] + "_{:05d}.jpg")
        save(root / "SAMM.xlsx", rows, merged)
        audit = imported(root, "samm", str(root), partial=partial)
        header = list(SAMM)
        saved = [list(row) for row in openpyxl.load_workbook(root / "SAMM.xlsx").active.iter_rows(values_only=True)]
        starts = [row[: len(header)] for row in saved]  # merged cells lose what they held, a header's too
        if audit is not None and header in starts:
            subject = command.DATABASES["samm"].subject
            assert accounted(audit) == distinct(saved, subject, starts.index(header), (0, 1))


@fuzz
@given(broken(table), st.booleans(), st.sampled_from(["csv", "csv", "xlsx"]))
def test_broken_tables(rows, partial, suffix):
    with folder() as root:
        for name, numbers in (("one", range(46, 51)), ("two", range(9, 13)), ("three", range(1, 4))):
            images(root / "f" / name, numbers)
        path = root / f"mine.{suffix}"
        if suffix == "xlsx":
            save(path, rows, False)
        else:
            path.write_text(
                "\n".join(",".join("" if c is None else str(c) for c in row) for row in rows), encoding="utf-8"
            )
        audit = imported(root, "table", str(path), partial=partial)
        if audit is not None and suffix == "xlsx" and rows[0] == table()[0]:
            assert accounted(audit) == distinct(rows, cells.text, 0, (0, 1))


@fuzz
@given(st.binary(max_size=2000), st.sampled_from([".csv", ".xlsx", ".xls"]), st.booleans())
def test_files_that_are_no_sheets(content, suffix, genuine_start):
    starts = {
        ".xlsx": b"PK\x03\x04",
        ".xls": bytes.fromhex("d0cf11e0a1b11ae1"),
        ".csv": b"subject,clip,onset,apex,offset,class,folder\n",
    }
    with folder() as root:
        path = root / f"mine{suffix}"
        path.write_bytes((starts[suffix] if genuine_start else b"") + content)
        imported(root, "table", str(path), partial=True)


@fuzz
@given(st.none() | st.floats(0, 1), st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=5))
def test_truncated_and_flipped_workbooks(end, flips):
    with folder() as root:
        write_frames(root)
        save(root / "CASME2-ObjectiveClasses.xlsx", classes(), False)
        path = root / "CASME2-coding-20140508.xlsx"
        save(path, coding(), False)
        content = bytearray(path.read_bytes())
        for place, value in flips:
            content[int(place * len(content))] = value
        path.write_bytes(content[: None if end is None else int(end * len(content))])
        audit = imported(root, "casme2", str(root), partial=True)
        assert audit is None or accounted(audit) == 4


def png_header(width: int, height: int) -> bytes:
    head = struct.pack(">4sIIBBBBB", b"IHDR", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def text(path: Path) -> None:
    path.write_text("not an image")


def enormous(path: Path) -> None:
    path.write_bytes(png_header(30_000, 30_000))


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def gone(path: Path) -> None:
    path.unlink()


def renumbered(path: Path) -> None:
    path.rename(path.with_name("img" + "9" * 60 + ".jpg"))


def same_number(path: Path) -> None:
    shutil.copy(path, path.with_name("copy_" + path.name))


def loop(path: Path) -> None:
    if not (path.parent / "loop").exists():
        (path.parent / "loop").symlink_to(path.parents[2])


def folder_gone(path: Path) -> None:
    shutil.rmtree(path.parent)


def folder_renamed(path: Path) -> None:
    path.parent.rename(path.parent.with_name("EP01_01 é\u202e\n"))


def subject_twice(path: Path) -> None:
    path.parents[1].with_name("01").mkdir(exist_ok=True)


ACTS = (
    empty, cut, text, enormous, directory, pipe, broken_link, link_to_itself, gone, renumbered, same_number, loop,
    folder_gone, folder_renamed, subject_twice,
)  # fmt: skip


@fuzz
@given(
    st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from([46, 47, 48, 50])), min_size=1, max_size=3), st.booleans()
)
def test_broken_folders(acts, partial):
    with folder() as root:
        write_frames(root)
        save(root / "CASME2-coding-20140508.xlsx", coding(), False)
        save(root / "CASME2-ObjectiveClasses.xlsx", classes(), False)
        for act, number in acts:
            path = root / f"CASME2_RAW_selected/sub01/EP01_01/img{number}.jpg"
            if path.is_file() and not path.is_symlink():
                act(path)
        audit = imported(root, "casme2", str(root), partial=partial)
        assert audit is None or accounted(audit) == 4


def test_a_loop_of_links_above_the_frames_ends(tmp_path: Path):
    write_frames(tmp_path)
    save(tmp_path / "CASME2-coding-20140508.xlsx", coding(), False)
    save(tmp_path / "CASME2-ObjectiveClasses.xlsx", classes(), False)
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "CASME2_RAW_selected" / "up").symlink_to(tmp_path)
    audit = imported(tmp_path, "casme2", str(tmp_path), partial=True)
    assert audit and accounted(audit) == 4


def test_a_workbook_that_unpacks_to_much_is_refused(tmp_path: Path):
    path = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/sheet.xml", "w", force_zip64=True) as file,
    ):
        for _ in range(3):
            file.write(bytes(70_000_000))
    with pytest.raises(InputError, match=r"bomb\.xlsx: has more than 200 MB unpacked"):
        sheets.read(path)
