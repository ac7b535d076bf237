"""A table of one's own: any database that can say subject, clip, onset, apex, offset, class and folder."""

import shutil
from pathlib import Path

import pytest
import yaml

from rrrn.importing import action_units, cells, classes, sheets, timing
from rrrn.importing.record import Problem
from rrrn.running.stage import InputError
from tests.recorded_databases import images, workbook
from tests.test_import_quirks import audit, run, times

HEADER = "subject,clip,onset,apex,offset,class,folder\n"


def recorded(root: Path, letter: str) -> None:
    """Write three clips of three subjects."""
    for folder, numbers in (("01/a", range(10, 16)), ("02/b", range(1, 5)), ("03/c", range(7, 11))):
        images(root / f"{letter}{folder}", numbers, "image{:06d}.bmp")


@pytest.fixture
def smic(tmp_path: Path) -> Path:
    recorded(tmp_path / "SMIC", "s")
    table = tmp_path / "smic.csv"
    table.write_text(
        HEADER
        + "s01,a,10,,15,positive,SMIC/s01/a\n"
        + "s02,b,1,3,4,negative,SMIC/s02/b\n"
        + "s03,c,7,9,10,surprise,SMIC/s03/c\n"
    )
    return table


def test_classes_and_database_come_from_the_table(tmp_path, smic):
    rows = run(tmp_path, "table", smic, partial=False)
    assert [(row["database"], row["subject"], row["objective_class"]) for row in rows.values()] == [
        ("smic", "smic-s01", "positive"),
        ("smic", "smic-s02", "negative"),
        ("smic", "smic-s03", "surprise"),
    ]
    assert times(rows["a"]) == (10, 12, 15) and rows["a"]["flags"] == "apex_missing"
    assert rows["a"]["frames"] == str(tmp_path / "SMIC/s01/a") and rows["a"]["au_class"] == ""
    overlay = yaml.safe_load((tmp_path / "out/table.yaml").read_text())
    assert overlay == {"clips": str(tmp_path / "out/table.csv"), "classes": ["negative", "positive", "surprise"]}
    assert "Not compared" in audit(tmp_path)


def test_two_databases_in_one_table_or_two(tmp_path, smic):
    other = tmp_path / "mmew.csv"
    recorded(tmp_path / "MMEW", "m")
    other.write_text(smic.read_text().replace("SMIC/s", str(tmp_path / "MMEW/m")))
    run(tmp_path, "table", smic, "table", other, partial=False)
    assert yaml.safe_load((tmp_path / "out/table.yaml").read_text())["protocol"] == {"holdout": ["smic", "mmew"]}
    both = tmp_path / "both.csv"
    both.write_text(
        "database,action_units," + HEADER + "one,4+L7,s01,a,10,12,15,x,SMIC/s01/a\ntwo,,s02,b,1,3,4,y,SMIC/s02/b\n"
    )
    rows = run(tmp_path, "table", both, partial=False)
    assert [row["subject"] for row in rows.values()] == ["one-s01", "two-s02"] and rows["a"]["aus"] == "4+7"


def test_a_workbook_will_do(tmp_path, smic):
    cells_ = [line.split(",") for line in smic.read_text().splitlines()]
    path = workbook(tmp_path / "smic.xlsx", [["made in 2026"], [], *cells_])
    assert len(run(tmp_path, "table", path, partial=False)) == 3


@pytest.mark.parametrize(
    "lines, message",
    [
        ("s01,a,10,12,15,,SMIC/s01/a\n", r"smic\.csv, row 2: the cell class is empty"),
        ("s01,a,10,12,15,x y,SMIC/s01/a\n", r"row 2: class 'x y'"),
        ("s01,../a,10,12,15,x,SMIC/s01/a\n", r"row 2: clip '\.\./a' cannot be a file's name"),
        (
            "s01,a,10,12,15,x,SMIC/nowhere\n",
            r"row 2: .*nowhere: there is no such folder of frames; correct its cell in the table",
        ),
        ("s01,a,10,12,15,x,SMIC/s01/a\ns01,a,10,13,15,x,SMIC/s01/a\n", r"row 2 and .*row 3: .*differ in apex"),
        ("s01,a,10,12,15,x,SMIC/s01/a\n", "one class"),
        ("", "no rows"),
    ],
)
def test_mistakes_are_named(tmp_path, smic, lines, message):
    smic.write_text(HEADER + lines)
    with pytest.raises(InputError, match=message):
        run(tmp_path, "table", smic, partial=False)


@pytest.mark.parametrize("gone", ["subject", "clip", "onset", "apex", "offset", "class", "folder"])
def test_every_column_is_needed(tmp_path, smic, gone):
    """The one that is missing is named, and no other."""
    smic.write_text(smic.read_text().replace(gone, "x", 1))
    with pytest.raises(InputError, match=rf"smic\.csv, row 1: the header lacks the column {gone}$"):
        run(tmp_path, "table", smic)


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_another_separator_is_named(tmp_path, smic, mark, name):
    lines = smic.read_text().replace(",", mark)
    for start, row in (("", 1), ("made in 2026\n\n", 3)):
        smic.write_text(start + lines)
        message = rf"smic\.csv, row {row}: the columns are separated by {name}; save the table with commas$"
        with pytest.raises(InputError, match=message):
            run(tmp_path, "table", smic)


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("utf-16", r"smic\.csv: is in UTF-16"),
        ("utf-16-le", r"smic\.csv: holds NUL bytes, as text in UTF-16 does"),
        ("cp1252", r"smic\.csv, row 3: is not in UTF-8 \(byte 0xe9\)"),
        ("mac-roman", r"smic\.csv, row 3: is not in UTF-8 \(byte 0x8e\)"),
    ],
)
def test_another_encoding_is_named(tmp_path, smic, encoding, message):
    smic.write_bytes(smic.read_text().replace("s02,b", "s02é,b").encode(encoding))
    with pytest.raises(InputError, match=message + ".*save the table as CSV in UTF-8$"):
        run(tmp_path, "table", smic)


def test_a_table_without_a_header_says_what_one_names(tmp_path, smic):
    smic.write_text(smic.read_text().partition("\n")[2])
    with pytest.raises(
        InputError, match=r"smic\.csv: no row is a header; it must name apex, class, clip, folder, offset"
    ):
        run(tmp_path, "table", smic)


def changed(smic: Path, row: int, **cells: str) -> None:
    """Write other cells into a row of the table."""
    header, *rows = [line.split(",") for line in smic.read_text().splitlines()]
    rows[row] = [cells.get(name, cell) for name, cell in zip(header, rows[row], strict=True)]
    smic.write_text("\n".join(",".join(line) for line in [header, *rows]) + "\n")


@pytest.mark.parametrize(
    ("column", "one", "two"),
    [
        ("subject", "1", "01"),
        ("subject", "s7", "S007"),
        ("class", "Others", "others"),
        ("class", "c1", "c01"),
    ],
)
def test_names_that_people_mean_the_same_by_are_refused(tmp_path, smic, column, one, two):
    """The sheet of CAS(ME)^3 has Others and others."""
    changed(smic, 0, **{column: one})
    changed(smic, 2, **{column: two})
    with pytest.raises(InputError, match=r"row 2 and .*row 4: .*in case, in leading zeros .*write it one way"):
        run(tmp_path, "table", smic)


@pytest.mark.parametrize(("one", "two"), [("EP1", "EP01"), ("EP1_a", "ep1_A")])
def test_clips_of_one_subject_too(tmp_path, smic, one, two):
    changed(smic, 0, clip=one)
    changed(smic, 1, subject="s01", clip=two)
    with pytest.raises(InputError, match=r"row 2 and .*row 3: .*in leading zeros"):
        run(tmp_path, "table", smic)
    changed(smic, 1, subject="s05")
    assert len(run(tmp_path, "table", smic, key=("subject", "clip"))) == 3


@pytest.mark.parametrize("linked", [False, True])
def test_frames_of_two_subjects_are_refused(tmp_path, smic, linked):
    if linked:
        (tmp_path / "again").symlink_to(tmp_path / "SMIC/s01")
    changed(smic, 1, onset="15", apex="16", offset="17", folder="again/a" if linked else "SMIC/s01/a")
    images(tmp_path / "SMIC/s01/a", range(16, 18), "image{:06d}.bmp")
    message = (
        r"row 2 and .*row 3: smic-s01/a and smic-s02/b are two subjects, and both show the frames 15 to 15 of "
        r".*SMIC/s01/a; remove a row"
    )
    with pytest.raises(InputError, match=message):
        run(tmp_path, "table", smic)
    changed(smic, 1, onset="16", apex="17")
    assert len(run(tmp_path, "table", smic, partial=False)) == 3


@pytest.mark.parametrize(
    ("subject", "cls", "why"),
    [
        ("s02", "positive", "two subjects"),
        ("s02", "negative", "two subjects"),
        ("s01", "negative", "two classes"),
        ("s01", "positive", "one clip with two names"),
    ],
)
def test_a_copied_recording_is_refused(tmp_path, smic, subject, cls, why):
    """Whatever its files are called: of two subjects it would be trained on and tested, of one it counts twice."""
    shutil.copytree(tmp_path / "SMIC/s01/a", tmp_path / "copy")
    for image in (tmp_path / "copy").iterdir():
        image.rename(image.with_name(f"again_{image.name}"))
    changed(smic, 1, subject=subject, onset="10", apex="12", offset="15", folder="copy", **{"class": cls})
    message = (
        rf"smic\.csv, row 2 and .*smic\.csv, row 3: smic-s01/a and smic-{subject}/b are {why}, and both have the same "
        r"frames, byte by byte \(frames_digest\): one is a copy; remove a row, or correct .*, and import again$"
    )
    with pytest.raises(InputError, match=message):
        run(tmp_path, "table", smic)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
    images(tmp_path / "copy", [13], "again_image{:06d}.bmp")  # one frame of its own
    assert len(run(tmp_path, "table", smic, partial=False)) == 3


def test_damaged_copies_are_called_damaged(tmp_path, smic):
    """What cannot be read has no digest, and is no copy."""
    shutil.copytree(tmp_path / "SMIC/s01/a", tmp_path / "copy")
    for folder in (tmp_path / "SMIC/s01/a", tmp_path / "copy"):
        (folder / "image000013.bmp").write_bytes(b"BM")
    changed(smic, 1, onset="10", apex="12", offset="15", folder="copy")
    with pytest.raises(InputError, match="all clips are of one class, surprise"):
        run(tmp_path, "table", smic)
    assert audit(tmp_path).count("image000013.bmp: not a whole image") == 2


def test_two_columns_of_one_meaning_are_refused(tmp_path, smic):
    smic.write_text(smic.read_text().replace("subject,clip", "subject,clip,Filename", 1))
    with pytest.raises(InputError, match="'clip' and 'Filename' mean the same"):
        run(tmp_path, "table", smic)


def test_classes_in_order():
    assert classes.in_order(["V", "II", "II", "X"]) == ["II", "V", "X"]
    assert classes.in_order(["b", "V", "a"]) == ["V", "a", "b"]


@pytest.mark.parametrize("cell, shown", [(None, ""), (6.0, "6"), (" a ", "a"), (float("nan"), ""), ("e\u0301", "é")])
def test_cells_as_text(cell, shown):
    assert cells.text(cell) == shown


@pytest.mark.parametrize(
    "cell, number",
    [
        (46, 46),
        (46.0, 46),
        ("046", 46),
        ("46.0", 46),
        (46.5, None),
        (-1, None),
        ("٤٦", None),
        (10**9, None),
        (True, None),
    ],
)
def test_cells_as_numbers(cell, number):
    assert cells.integer(cell) == number


def test_table_i_has_34_sets():
    assert action_units.objective_class(frozenset({6, 7, 12})) == "I"
    assert action_units.objective_class(frozenset({4, 9, 17})) == "IV"
    assert action_units.objective_class(frozenset({23})) == "III"
    assert action_units.objective_class(frozenset({1, 2, 4})) == "VI"
    assert action_units.objective_class(frozenset({14})) == "VII"
    assert len(action_units._table_i()) == 34


def test_the_nearest_frame_is_searched_ten_frames_far():
    on_disk = range(10, 31)
    assert timing.repair(5, 15, 30, on_disk).onset == 10
    with pytest.raises(Problem, match="frame 41, but the folder holds frames 10 to 30"):
        timing.repair(12, 15, 41, on_disk)


def test_gaps_are_ranges():
    times_ = timing.repair(1, 5, 9, [1, 2, 4, 5, 9])
    assert [timing.spelled(gap) for gap in timing.gaps(times_, [1, 2, 4, 5, 9])] == ["3", "6-8"]


def test_headers_stand_within_sixty_rows():
    rows = [["x"]] * 70 + [["subject"], ["1"]]
    assert sheets.table(sheets.Sheet(Path("f"), "here", rows), [frozenset({"subject"})]) is None
    assert (
        sheets.table(sheets.Sheet(Path("f"), "here", rows[20:]), [frozenset({"subject"})]).rows[0].where
        == "here, row 52"
    )
