"""A table of one's own: any database that can say subject, clip, onset, apex, offset, class and folder."""

from pathlib import Path

import pytest
import yaml

from rrrn.importing import action_units, cells, classes, sheets, timing
from rrrn.importing.record import Problem
from rrrn.stage import InputError
from tests.recorded_databases import images, workbook
from tests.test_import_quirks import audit, run, times

HEADER = "subject,clip,onset,apex,offset,class,folder\n"


@pytest.fixture
def smic(tmp_path: Path) -> Path:
    for folder, numbers in (("s01/a", range(10, 16)), ("s02/b", range(1, 5)), ("s03/c", range(7, 11))):
        images(tmp_path / "SMIC" / folder, numbers, "image{:06d}.bmp")
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
    other.write_text(smic.read_text().replace("SMIC/", str(tmp_path / "SMIC") + "/"))
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
        ("s01,a,10,12,15,x,SMIC/nowhere\n", r"row 2: .*nowhere: there is no such folder"),
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
    smic.write_text(smic.read_text().replace(gone, "x", 1))
    with pytest.raises(InputError, match=f"the header must name .*{gone}"):
        run(tmp_path, "table", smic)


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
