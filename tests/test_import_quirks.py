"""Every quirk and known error of the two databases, one case each: what the importer makes of it."""

import argparse
import csv
from pathlib import Path
from typing import Any

import pytest
import xlwt
from PIL import Image

from rrrn.data import clips, listing
from rrrn.importing import casme2 as casme2_module
from rrrn.importing import command, composite
from rrrn.importing.output import COLUMNS
from rrrn.importing.record import Record
from rrrn.running.stage import InputError
from rrrn.stages import faces
from tests.recorded_databases import CLASSES, CODING, SAMM, Casme2, Samm, images, workbook


def run(tmp_path: Path, *words: object, partial: bool = True, key: tuple[str, ...] = ()) -> dict[Any, dict[str, str]]:
    """Import and return the rows of the table by clip, or by the columns ``key``."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    table = tmp_path / "out/table.csv"
    options = ["--allow-partial"] if partial else []
    args = parser.parse_args([*map(str, words), "--output", str(table), "--cores", "2", *options])
    command.main(args)
    with table.open(encoding="utf-8") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames or ()) == COLUMNS
        rows = list(reader)
    assert len(clips.read(table)) == len(rows)
    return {tuple(row[name] for name in key) if key else row["clip"]: row for row in rows}


def audit(tmp_path: Path) -> str:
    return (tmp_path / "out/table_audit.md").read_text(encoding="utf-8")


def times(row: dict[str, str]) -> tuple[int, int, int]:
    return int(row["onset"]), int(row["apex"]), int(row["offset"])


@pytest.fixture
def casme2(tmp_path: Path) -> Casme2:
    return Casme2(tmp_path / "CASME2")


@pytest.fixture
def samm(tmp_path: Path) -> Samm:
    return Samm(tmp_path / "SAMM")


def test_a_clean_casme2_row_is_taken_as_it_is(tmp_path, casme2):
    row = run(tmp_path, "casme2", casme2.write().root)["EP01_01"]
    assert row.pop("frames_digest") == listing.digest(listing.listing(casme2.folder(0)))
    assert row == {
        "database": "casme2",
        "subject": "casme2-sub01",
        "clip": "EP01_01",
        "onset": "46",
        "apex": "50",
        "offset": "54",
        "objective_class": "III",
        "frames": str(casme2.folder(0)),
        "source": "recorded",
        "apex_source": "sheet",
        "offset_source": "sheet",
        "au_raw": "4",
        "aus": "4",
        "au_class": "III",
        "n_on_disk": "9",
        "first": "46",
        "last": "54",
        "flags": "",
    }


def test_a_clean_samm_row_is_taken_as_it_is(tmp_path, samm):
    row = run(tmp_path, "samm", samm.write().root)["006_1_2"]
    assert (row["database"], row["subject"], *times(row)) == ("samm", "samm-006", 5562, 5566, 5570)
    assert (row["objective_class"], row["aus"], row["au_class"], row["flags"]) == ("III", "4+7", "III", "")


def test_both_at_once_are_one_table_with_a_configuration(tmp_path, casme2, samm):
    rows = run(tmp_path, "casme2", casme2.write().root, "samm", samm.write().root)
    assert [row["database"] for row in rows.values()] == ["casme2"] * 3 + ["samm"] * 2
    overlay = (tmp_path / "out/table.yaml").read_text()
    assert "casme2" in overlay and "samm" in overlay and str(tmp_path / "out/table.csv") in overlay


# --- annotations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["/", "\\", None, "?", "nan", float("nan"), -1])
def test_an_apex_that_is_none_becomes_the_midpoint(tmp_path, casme2, cell):
    casme2.write().clips[0][3] = cell
    casme2.sheets()
    row = run(tmp_path, "casme2", casme2.root)["EP01_01"]
    assert (*times(row), row["apex_source"], row["flags"]) == (46, 50, 54, "midpoint", "apex_missing")


def test_a_midpoint_is_never_the_onset(tmp_path, casme2):
    casme2.clips[0][3:5] = ["/", 47]
    assert times(run(tmp_path, "casme2", casme2.write().root)["EP01_01"]) == (46, 47, 47)


@pytest.mark.parametrize("apex", [45, 55, 9999])
def test_an_apex_outside_of_its_clip_becomes_the_midpoint(tmp_path, samm, apex):
    """028_4_1 and 032_3_1 of SAMM."""
    samm.clips[0][2:5] = [46, apex, 54]
    row = run(tmp_path, "samm", samm.write().root)["006_1_2"]
    assert (*times(row), row["apex_source"], row["flags"]) == (46, 50, 54, "midpoint", "apex_outside")


def test_an_apex_on_the_onset_counts_as_missing(tmp_path, casme2):
    casme2.clips[0][3] = 46
    row = run(tmp_path, "casme2", casme2.write().root)["EP01_01"]
    assert (*times(row), row["apex_source"], row["flags"]) == (46, 50, 54, "midpoint", "apex_at_onset")


def test_an_apex_on_the_offset_is_legal(tmp_path, casme2):
    casme2.clips[0][3] = 54
    row = run(tmp_path, "casme2", casme2.write().root)["EP01_01"]
    assert (*times(row), row["apex_source"], row["flags"]) == (46, 54, 54, "sheet", "apex_at_offset")


@pytest.mark.parametrize("cell", [0, 46, 40, None, "/"])
def test_an_offset_that_is_none_becomes_the_last_frame(tmp_path, casme2, cell):
    """sub07/EP06_01 of CASME II."""
    casme2.write().clips[0][4] = cell
    casme2.sheets()
    row = run(tmp_path, "casme2", casme2.root)["EP01_01"]
    assert (*times(row), row["offset_source"], row["flags"]) == (46, 50, 54, "last_frame", "offset_invalid")


def test_the_offset_is_repaired_before_the_midpoint_is_taken(tmp_path, casme2):
    casme2.write().clips[0][3:5] = ["/", 0]
    casme2.sheets()
    row = run(tmp_path, "casme2", casme2.root)["EP01_01"]
    assert (*times(row), row["flags"]) == (46, 50, 54, "apex_missing;offset_invalid")


def test_an_onset_that_is_none_cannot_be_repaired(tmp_path, casme2):
    casme2.write().clips[0][2] = "/"
    casme2.sheets()
    with pytest.raises(
        InputError,
        match=r"Sheet1, row 2: onset '/' is not a frame number; correct the cell, or give it in the overrides file",
    ):
        run(tmp_path, "casme2", casme2.root, partial=False)
    assert "EP01_01" not in run(tmp_path, "casme2", casme2.root)
    assert "casme2 sub01/EP01_01" in audit(tmp_path)


@pytest.mark.parametrize("cell", [1, "01", "sub01", "1", 1.0, " 1 "])
def test_subjects_are_numbers_or_text(tmp_path, casme2, cell):
    casme2.write().clips[0][0] = cell
    casme2.sheets()
    assert run(tmp_path, "casme2", casme2.root)["EP01_01"]["subject"] == "casme2-sub01"


@pytest.mark.parametrize(
    "cell, aus, flags",
    [
        (4, "4", ""),
        (4.0, "4", ""),
        ("4+7", "4+7", ""),
        ("L12+R1", "1+12", "au_class_differs:VII"),
        ("4+L7", "4+7", ""),
        ("AU4 + AU7", "4+7", ""),
        ("4, 7", "4+7", ""),
        ("R4A", "4", ""),
        ("U4+T7", "4+7", ""),
        ("B4", "4", ""),
        ("4?", "4", ""),
        ("R12 or R15", "12+15", "au_alternatives;au_class_differs:VII"),
        ("4 + brow", "4", "au_unparsed:brow"),
        ("4 + a;b", "4", "au_unparsed:a b"),
        (12, "12", "au_class_differs:I"),
        ("1+2+4", "1+2+4", "au_class_differs:VI"),
        (None, "", ""),
    ],
)
def test_action_units_are_read_as_they_are_written(tmp_path, casme2, cell, aus, flags):
    casme2.write().clips[0][5] = cell
    casme2.sheets()
    row = run(tmp_path, "casme2", casme2.root)["EP01_01"]
    assert (row["aus"], row["flags"], row["objective_class"]) == (aus, flags, "III")


def test_classes_against_action_units_are_listed(tmp_path, casme2):
    casme2.clips[0][5] = 12
    run(tmp_path, "casme2", casme2.write().root)
    assert "| casme2-sub01/EP01_01 | 12 | III | I |" in audit(tmp_path)


def test_classes_6_and_7_are_left_out_and_counted(tmp_path, casme2):
    casme2.clips += [
        [3, "EP09_09", 1, 2, 3, "20", 6],
        [3, "EP09_10", 1, 2, 3, "14", 7],
        [3, "EP09_11", 1, 2, 3, "14", "VII"],
    ]
    assert set(run(tmp_path, "casme2", casme2.sheets_and_first(3).root)) == {"EP01_01", "EP01_02", "EP03_04f"}
    assert "1 clips of class VI" in audit(tmp_path) and "2 clips of class VII" in audit(tmp_path)


@pytest.mark.parametrize("cell", [0, 8, "happy", None])
def test_a_class_that_is_none_stops(tmp_path, casme2, cell):
    casme2.clips[1][6] = cell
    with pytest.raises(InputError, match=r"row 3: objective class .* none of 1 to 7"):
        run(tmp_path, "casme2", casme2.write().root, partial=False)


def test_a_coding_row_without_a_class_changes_nothing(tmp_path, casme2):
    """The version of 256 rows has sub24/EP02_02f."""
    casme2.extra_coding = [[24, "EP02_02f", None, 1, 2, 3, None, "4", "others"]]
    assert len(run(tmp_path, "casme2", casme2.write().root)) == 3
    assert "sub24/EP02_02f" in audit(tmp_path)


def test_a_class_without_a_coding_row_stops(tmp_path, casme2):
    casme2.extra_classes = [[5, "EP05_05", 1]]
    with pytest.raises(InputError, match=r"sub05/EP05_05: .*row 5: has a class but no row with onset"):
        run(tmp_path, "casme2", casme2.write().root, partial=False)


def test_rows_are_joined_by_name_and_not_by_place(tmp_path, casme2):
    casme2.write()
    classes = [[s, c, name] for s, c, *_, name in reversed(casme2.clips)]
    workbook(casme2.root / "CASME2-ObjectiveClasses.xlsx", [CLASSES, *classes])
    rows = run(tmp_path, "casme2", casme2.root)
    assert [rows[clip]["objective_class"] for clip in ("EP01_01", "EP01_02", "EP03_04f")] == ["III", "I", "II"]


def test_an_identical_row_twice_is_flagged(tmp_path, casme2):
    casme2.extra_classes = [[1, "EP01_01", 3]]
    assert run(tmp_path, "casme2", casme2.write().root)["EP01_01"]["flags"] == "duplicate_row"


@pytest.mark.parametrize("which", ["coding", "classes"])
def test_contradictory_rows_stop(tmp_path, casme2, which):
    if which == "classes":
        casme2.extra_classes = [[1, "EP01_01", 1]]
    else:
        casme2.extra_coding = [[1, "EP01_01", None, 46, 51, 54, None, "4", ""]]
    with pytest.raises(InputError, match=r"row 2 and .*row 5: stand for the same clip"):
        run(tmp_path, "casme2", casme2.write().root, partial=False)


@pytest.mark.parametrize(
    "header",
    [
        (" Subject", "Filename ", None, "Onset Frame", "Apex Frame ", "offsetframe", None, "Action  Units", "Emotion"),
        ("subject", "FILENAME", "x", "Onset_Frame", "apex frame", "Offset-Frame", "x", "AUs", "Estimated Emotion"),
    ],
)
def test_headers_are_found_by_name(tmp_path, casme2, header):
    casme2.header, casme2.class_header = header, ("Subject ", " Filename", "Objective Classes")
    row = run(tmp_path, "casme2", casme2.write().root)["EP01_01"]
    assert (*times(row), row["aus"]) == (46, 50, 54, "4")


def test_columns_may_stand_in_any_order(tmp_path, casme2):
    """CASME2_label_Ver_2.xls has the emotion in another place."""
    casme2.write()
    rows = [[au, off, apex, on, clip, s] for s, clip, on, apex, off, au, _ in casme2.clips]
    header = ["Action Units", "OffsetFrame", "ApexFrame", "OnsetFrame", "Filename", "Subject"]
    workbook(casme2.root / casme2.coding, [header, *rows])
    assert times(run(tmp_path, "casme2", casme2.root)["EP01_01"]) == (46, 50, 54)


def test_old_workbooks_are_read(tmp_path, casme2):
    casme2.write()
    (casme2.root / casme2.coding).unlink()
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    rows = [[s, c, "", on, apex, off, "", au, "others"] for s, c, on, apex, off, au, _ in casme2.clips]
    for i, row in enumerate([[name or "" for name in CODING], *rows]):
        for j, cell in enumerate(row):
            sheet.write(i, j, cell)
    book.save(str(casme2.root / "CASME2_label_Ver_2.xls"))
    assert times(run(tmp_path, "casme2", casme2.root)["EP01_01"]) == (46, 50, 54)


def test_of_two_coding_workbooks_the_later_counts(tmp_path, casme2):
    casme2.write()
    wrong = [[s, c, None, 1, 2, 3, None, au, ""] for s, c, *_, au, _ in casme2.clips]
    workbook(casme2.root / "CASME2-coding-20140101.xlsx", [CODING, *wrong])
    assert times(run(tmp_path, "casme2", casme2.root)["EP01_01"]) == (46, 50, 54)
    assert "CASME2-coding-20140101.xlsx" in audit(tmp_path)


def test_classes_of_the_coding_sheet_of_2019_are_not_used(tmp_path, casme2):
    """CASME2-coding-20190701.xlsx has a column of classes that gives 30, 18, 93, 15 and 18 clips of 1 to 5."""
    casme2.coding = "CASME2-coding-20190701.xlsx"
    casme2.write()
    rows = [[s, c, None, on, apex, off, None, au, "", 5] for s, c, on, apex, off, au, _ in casme2.clips]
    workbook(casme2.root / casme2.coding, [[*CODING, "Objective Class"], *rows])
    assert run(tmp_path, "casme2", casme2.root)["EP01_01"]["objective_class"] == "III"
    (casme2.root / "CASME2-ObjectiveClasses.xlsx").unlink()
    message = r"come from CASME2-ObjectiveClasses\.xlsx; a column of classes in CASME2-coding-20190701\.xlsx gives"
    with pytest.raises(InputError, match=message):
        run(tmp_path, "casme2", casme2.root)


def test_the_published_classes_go_before_others(tmp_path, casme2):
    casme2.write()
    wrong = [[s, c, 5] for s, c, *_ in casme2.clips]
    workbook(casme2.root / "CASME2-ZClasses.xlsx", [CLASSES, *wrong])
    workbook(casme2.root / "CASME2-AncientClasses.xlsx", [CLASSES, *wrong])
    assert run(tmp_path, "casme2", casme2.root)["EP01_01"]["objective_class"] == "III"


@pytest.mark.parametrize("preamble", [0, 1, 13, 40])
def test_the_header_of_samm_is_searched(tmp_path, samm, preamble):
    samm.preamble = preamble
    assert len(run(tmp_path, "samm", samm.write().root)) == 2


def test_remarks_below_the_table_are_no_clips(tmp_path, samm):
    samm.write()
    rows = [SAMM, *([s, c, 1, a, b, d, None, "", u, "", k, None] for s, c, a, b, d, u, k in samm.clips)]
    workbook(samm.root / samm.name, [*rows, [], [None] * 11 + ["checked in 2018"]])
    assert len(run(tmp_path, "samm", samm.root)) == 2


def test_sheets_may_lie_elsewhere(tmp_path, casme2):
    casme2.write()
    place = tmp_path / "papers"
    place.mkdir()
    for path in casme2.root.glob("*.xlsx"):
        path.rename(place / path.name)
    with pytest.raises(InputError, match=r"no \.xlsx or \.xls file"):
        run(tmp_path, "casme2", casme2.root)
    assert len(run(tmp_path, "casme2", casme2.root, "--sheets", place)) == 3


def test_a_lock_file_of_an_open_workbook_is_ignored(tmp_path, casme2):
    casme2.write()
    (casme2.root / "~$CASME2-coding-20140508.xlsx").write_bytes(b"open elsewhere")
    assert len(run(tmp_path, "casme2", casme2.root)) == 3


# --- folders and frames ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tree, frame",
    [
        ("CASME2_RAW_selected", "img{}.jpg"),
        ("CASME2_RAW_selected/CASME2_RAW_selected", "img{}.JPG"),
        ("CASME2_RAW/CASME2-RAW", "img{}.jpg"),
        ("Cropped/Cropped", "reg_img{}.jpg"),
        ("Cropped-updated/Cropped", "reg_img{}.bmp"),
        ("CASME2_preprocessed_Li Xiaobai/Cropped", "reg_img{}.png"),
        (".", "img{}.jpg"),
    ],
)
def test_casme2_is_found_however_it_was_unpacked(tmp_path, casme2, tree, frame):
    casme2.tree, casme2.frame = tree, frame
    rows = run(tmp_path, "casme2", casme2.write().root)
    assert len(rows) == 3 and rows["EP01_01"]["n_on_disk"] == "9"
    assert ("full_image" in (tmp_path / "out/table.yaml").read_text()) == ("Cropped" in tree)


def test_the_tree_itself_may_be_named(tmp_path, casme2):
    casme2.write()
    sheets = [path for path in casme2.root.glob("*.xlsx")]
    assert len(run(tmp_path, "casme2", casme2.root / casme2.tree, "--sheets", *sheets)) == 3


def test_raw_selected_goes_before_raw_and_cropped_unless_one_is_named(tmp_path, casme2):
    casme2.write()
    for tree in ("CASME2_RAW/CASME2-RAW", "Cropped"):
        casme2.tree = tree
        casme2.write()
    assert "RAW_selected" in run(tmp_path, "casme2", casme2.root)["EP01_01"]["frames"]
    assert "Cropped" in run(tmp_path, "casme2", casme2.root, "--casme2-frames", "cropped")["EP01_01"]["frames"]
    assert "CASME2-RAW" in run(tmp_path, "casme2", casme2.root, "--casme2-frames", "raw")["EP01_01"]["frames"]


def test_the_updated_crops_go_before_the_first_ones(tmp_path, casme2):
    casme2.frame = "reg_img{}.jpg"
    for tree in ("Cropped-updated/Cropped", "Cropped/Cropped"):
        casme2.tree = tree
        casme2.write()
    assert "Cropped-updated" in run(tmp_path, "casme2", casme2.root)["EP01_01"]["frames"]


def test_folders_may_differ_in_case(tmp_path, casme2):
    folder = casme2.write().folder(0)
    folder.rename(folder.with_name("ep01_01"))
    assert run(tmp_path, "casme2", casme2.root)["EP01_01"]["n_on_disk"] == "9"


def test_subject_folders_may_be_numbers(tmp_path, casme2):
    casme2.write()
    root = casme2.root / casme2.tree
    (root / "sub01").rename(root / "1")
    assert len(run(tmp_path, "casme2", casme2.root)) == 3
    (root / "sub01").mkdir()
    with pytest.raises(InputError, match="1 and sub01 are the same subject"):
        run(tmp_path, "casme2", casme2.root)


def test_frames_are_numbered_by_the_last_integer_of_the_name(tmp_path, samm):
    """006_05562.jpg beside 009_0123.jpg; 013_1_12 comes with names of its own."""
    samm.frame = "{subject}_{{:04d}}.jpg"
    row = run(tmp_path, "samm", samm.write().root)["007_3_1"]
    assert (row["first"], row["last"], row["n_on_disk"]) == ("90", "99", "10")


def test_frames_sort_as_numbers(tmp_path, casme2):
    casme2.clips[0][2:5] = [8, 10, 12]
    row = run(tmp_path, "casme2", casme2.write().root)["EP01_01"]
    assert (row["first"], row["last"]) == ("8", "12")


def test_stray_files_are_ignored(tmp_path, casme2):
    casme2.write()
    for name in (".DS_Store", "Thumbs.db", "._img46.jpg", "notes.txt"):
        (casme2.folder(0) / name).write_bytes(b"x")
        (casme2.root / casme2.tree / name).write_bytes(b"x")
    assert run(tmp_path, "casme2", casme2.root)["EP01_01"]["n_on_disk"] == "9"


@pytest.mark.parametrize(
    "lost, times_, flag",
    [
        ([54], (46, 50, 53), "offset_nearest:54->53"),
        ([53, 54], (46, 50, 52), "offset_nearest:54->52"),
        ([46], (47, 50, 54), "onset_nearest:46->47"),
    ],
)
def test_a_missing_end_gives_way_to_the_nearest_frame(tmp_path, casme2, lost, times_, flag):
    """sub16/EP01_08 of the cropped frames of CASME II."""
    casme2.write()
    for number in lost:
        (casme2.folder(0) / f"img{number}.jpg").unlink()
    row = run(tmp_path, "casme2", casme2.root)["EP01_01"]
    assert (times(row), row["flags"]) == (times_, flag)
    assert row["offset_source"] == ("nearest" if "offset" in flag else "sheet")


def test_an_apex_beyond_the_frames_gives_way_too(tmp_path, casme2):
    casme2.clips[0][3] = 54
    casme2.write()
    (casme2.folder(0) / "img54.jpg").unlink()
    row = run(tmp_path, "casme2", casme2.root)["EP01_01"]
    assert (*times(row), row["apex_source"]) == (46, 53, 53, "nearest")
    assert row["flags"] == "apex_at_offset;apex_nearest:54->53;offset_nearest:54->53"


def test_missing_frames_inside_a_clip_are_flagged(tmp_path, casme2):
    """sub16/EP01_08 of CASME II, cropped: the faces stage takes the nearest."""
    casme2.write()
    for number in (48, 51, 52):
        (casme2.folder(0) / f"img{number}.jpg").unlink()
    row = run(tmp_path, "casme2", casme2.root)["EP01_01"]
    assert (*times(row), row["flags"]) == (46, 50, 54, "gap_nearest:48;gap_nearest:51-52")
    row = clips.read(tmp_path / "out/table.csv")[0]
    assert faces.read_clip(row, 10)[2] == [48, 51, 52]


def test_many_missing_frames_inside_a_clip_stop(tmp_path, casme2):
    casme2.clips[0][2:5] = [46, 47, 70]
    casme2.write()
    for number in range(48, 59):
        (casme2.folder(0) / f"img{number}.jpg").unlink()
    with pytest.raises(InputError, match=r"sub01/EP01_01: .*frames 48-58 between onset 46 and offset 70"):
        run(tmp_path, "casme2", casme2.root, partial=False)


def test_renumbered_copies_stop(tmp_path, casme2):
    casme2.sheets()
    for index in range(3):
        images(casme2.folder(index), range(1, 11), "{:03d}.jpg")
    with pytest.raises(InputError, match=r"annotated as frame 46, but the folder holds frames 1 to 10"):
        run(tmp_path, "casme2", casme2.root, partial=False)


def test_folders_without_a_row_are_listed(tmp_path, casme2):
    images(casme2.write().root / casme2.tree / "sub09/EP02_02f", [1, 2])
    assert len(run(tmp_path, "casme2", casme2.root)) == 3
    assert "sub09/EP02_02f" in audit(tmp_path)


def test_a_clip_without_a_folder_stops(tmp_path, casme2):
    casme2.clips.append([4, "EP04_04", 1, 2, 3, "4", 3])
    with pytest.raises(InputError, match=r"sub04/EP04_04: .*no folder of its frames"):
        run(tmp_path, "casme2", casme2.sheets_and_first(3).root, partial=False)


def test_damaged_frames_stop_and_are_named(tmp_path, casme2):
    whole = casme2.write().folder(0) / "img49.jpg"
    whole.write_bytes(whole.read_bytes()[:100])
    with pytest.raises(InputError, match=r"img49\.jpg: not a whole image"):
        run(tmp_path, "casme2", casme2.root, partial=False)
    assert set(run(tmp_path, "casme2", casme2.root)) == {"EP01_02", "EP03_04f"}


def test_two_sizes_in_a_clip_stop(tmp_path, casme2):
    images(casme2.write().folder(0), [50], size=(9, 6))
    with pytest.raises(InputError, match=r"different sizes or colours \(img46\.jpg 8x6 gray, img50\.jpg 9x6 gray\)"):
        run(tmp_path, "casme2", casme2.root, partial=False)


def test_of_many_sizes_four_are_named(tmp_path, casme2):
    folder = casme2.write().folder(0)
    for number in range(47, 55):
        images(folder, [number], size=(number, 6))
    with pytest.raises(InputError, match=r"img46\.jpg 8x6 gray, .*img49\.jpg 49x6 gray and more\); copy the clip"):
        run(tmp_path, "casme2", casme2.root, partial=False)


def test_gray_and_colour_in_a_clip_stop(tmp_path, casme2):
    """As the faces stage would."""
    Image.new("RGB", (8, 6)).save(casme2.write().folder(0) / "img50.jpg")
    with pytest.raises(InputError, match=r"img46\.jpg 8x6 gray, img50\.jpg 8x6 colour"):
        run(tmp_path, "casme2", casme2.root, partial=False)


@pytest.mark.parametrize("column", ["class", "onset"])
def test_errors_and_booleans_of_old_workbooks_are_no_numbers(tmp_path, casme2, column):
    """Inside of the file, #DIV/0! is 7 and TRUE is 1."""
    casme2.write()
    header = [*CODING, "Objective Class"]
    rows = [[s, c, "", on, apex, off, "", au, "others", name] for s, c, on, apex, off, au, name in casme2.clips]
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1", cell_overwrite_ok=True)
    for i, row in enumerate([[name or "" for name in header], *rows]):
        for j, cell in enumerate(row):
            sheet.write(i, j, cell)
    place = 9 if column == "class" else 3
    sheet.row(1).set_cell_error(place, "#DIV/0!")
    sheet.row(2).set_cell_boolean(place, True)
    for path in casme2.root.glob("*.xlsx"):
        path.unlink()
    book.save(str(casme2.root / "CASME2-all.xls"))
    assert set(run(tmp_path, "casme2", casme2.root)) == {"EP03_04f"}
    found = audit(tmp_path)
    assert "sub01/EP01_01: " in found and "sub01/EP01_02: " in found and "DIV/0!" in found


def test_two_files_of_one_number_stop(tmp_path, casme2):
    Image.new("L", (8, 6)).save(casme2.write().folder(0) / "copy_img50.jpg")
    with pytest.raises(InputError, match=r"copy_img50\.jpg and img50\.jpg are both frame 50"):
        run(tmp_path, "casme2", casme2.root, partial=False)


@pytest.mark.parametrize("marked", ["CASME2", "."])
def test_rendered_databases_are_never_called_casme2(tmp_path, casme2, marked):
    (casme2.write().root.parent / marked / "SYNTHETIC.txt").write_text("drawn")
    row = run(tmp_path, "casme2", casme2.root, partial=False)["EP01_01"]
    assert (row["database"], row["subject"], row["source"]) == ("syncasme2", "syncasme2-sub01", "rendered")
    assert "SYNTHETIC" in audit(tmp_path)


# --- overrides and Table II ------------------------------------------------------------------------------------------


def test_overrides_replace_cells(tmp_path, casme2):
    casme2.clips[0][3] = "/"
    own = tmp_path / "own.csv"
    own.write_text(
        "database,subject,clip,apex,offset,note\ncasme2,sub01,EP01_01,52,,seen\ncasme2,casme2-sub02,EP03_04f,,107,\n"
    )
    rows = run(tmp_path, "casme2", casme2.write().root, "--overrides", own)
    assert (*times(rows["EP01_01"]), rows["EP01_01"]["apex_source"], rows["EP01_01"]["flags"]) == (
        46, 52, 54, "override", "override:apex",
    )  # fmt: skip
    assert (rows["EP03_04f"]["offset"], rows["EP03_04f"]["offset_source"]) == ("107", "override")


@pytest.mark.parametrize(
    "lines, message",
    [
        ("casme2,sub01,EP77_77,52", "there is no clip casme2/sub01/EP77_77"),
        ("casme2,sub01,EP01_01,x", "apex 'x' is not a frame number"),
        ("casme2,sub01,EP01_01,50\ncasme2,sub01,EP01_01,51", "stands twice"),
        ("casme2,sub01,EP01_01,46", "gives an apex that is not between the onset 46 and the offset 54"),
    ],
)
def test_wrong_overrides_stop(tmp_path, casme2, lines, message):
    own = tmp_path / "own.csv"
    own.write_text("database,subject,clip,apex\n" + lines + "\n")
    with pytest.raises(InputError, match=message):
        run(tmp_path, "casme2", casme2.write().root, "--overrides", own, partial=False)


def test_counts_that_differ_from_table_ii_stop_with_a_diff(tmp_path, casme2):
    with pytest.raises(InputError) as stopped:
        run(tmp_path, "casme2", casme2.write().root, partial=False)
    message = str(stopped.value)
    assert "CASME II, class I: 1 instead of 25" in message and "CASME II, clips: 3 instead of 185" in message
    assert "CASME II, subject sub01: 1 of class III instead of 5 (EP01_01), 0 of class IV instead of 2\n" in message
    assert "objective classes come from CASME2-ObjectiveClasses.xlsx" in message and "--allow-partial" in message
    assert not (tmp_path / "out/table.csv").exists() and (tmp_path / "out/table_audit.md").exists()


def test_too_many_clips_differ_as_well():
    records = [Record("here", "casme2", "sub01", f"EP01_{i:02d}", "I") for i in range(26)]
    assert (
        "CASME II, class I: 26 instead of 25" in composite.compare(records, casme2_module.DATABASE, False).differences
    )


def test_the_subjects_of_samm_are_counted(tmp_path, samm):
    message = r"SAMM, subject 006: 0 of class II instead of 2, 1 of class III instead of 6 \(006_1_2\), 0 of class V"
    with pytest.raises(InputError, match=message):
        run(tmp_path, "samm", samm.write().root, partial=False)


def test_one_kind_twice_stops(tmp_path, casme2):
    root = casme2.write().root
    with pytest.raises(InputError, match="imported twice"):
        run(tmp_path, "casme2", root, "casme2", root)


@pytest.mark.parametrize("words", [["casme2"], ["smic", "x"], ["casme2", "nowhere"]])
def test_wrong_words_stop(tmp_path, words):
    with pytest.raises(InputError):
        run(tmp_path, *words)
