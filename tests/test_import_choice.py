"""What an import takes of several trees, sheets and tables, what it refuses, and what it says of the rest."""

import shutil
from pathlib import Path

import pytest

from rrrn import cli
from rrrn.importing import versions
from rrrn.running.stage import InputError
from tests.recorded_databases import CLASSES, CODING, Casme2, images, workbook
from tests.test_import_quirks import audit, casme2, run, samm, times
from tests.test_import_table import smic

__all__ = ["casme2", "samm", "smic"]  # fixtures


# --- trees of frames -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("derived", ["flow", "zz", "CASME2_RAW_selected/flow", "CASME2_RAW_selected_gray"])
def test_derived_frames_beside_the_originals_are_not_taken(tmp_path, casme2, derived):
    casme2.tree = "CASME2_RAW_selected"
    casme2.write()
    images(casme2.root / derived / "sub01/EP01_01", range(46, 55), "img{}.jpg", size=(9, 9))
    row = run(tmp_path, "casme2", casme2.root)["EP01_01"]
    assert row["frames"] == str(casme2.folder(0))
    assert f"further folders of frames, not used: {casme2.root / derived}" in audit(tmp_path)


def test_derived_frames_of_samm_are_not_taken(tmp_path, samm):
    samm.write()
    images(samm.root / "cropped/006/006_1_2", range(5562, 5571), "006_{:05d}.jpg")
    assert run(tmp_path, "samm", samm.root)["006_1_2"]["frames"] == str(samm.folder(0))
    assert str(samm.root / "cropped") in audit(tmp_path)


def test_the_only_tree_may_have_any_name(tmp_path, casme2):
    casme2.tree = "frames"
    assert "frames" in run(tmp_path, "casme2", casme2.write().root)["EP01_01"]["frames"]


def test_two_trees_without_a_known_name_stop(tmp_path, casme2):
    for casme2.tree in ("one", "two"):
        casme2.write()
    with pytest.raises(InputError, match=r"one, .*two all hold folders of frames.*--sheets"):
        run(tmp_path, "casme2", casme2.root)
    row = run(tmp_path, "casme2", casme2.root / "two", "--sheets", casme2.root)["EP01_01"]
    assert row["frames"] == str(casme2.folder(0))


def test_the_named_folder_goes_before_trees_in_it(tmp_path, casme2):
    casme2.tree = "."
    images(casme2.write().root / "backup/sub01/EP01_01", range(46, 55))
    assert run(tmp_path, "casme2", casme2.root)["EP01_01"]["frames"] == str(casme2.root / "sub01/EP01_01")


@pytest.mark.parametrize(
    "original, derived",
    [
        ("CASME2_RAW_selected/CASME2_RAW_selected", "CASME2_RAW_selected_224"),
        ("CASME2_RAW_selected", "flow_updated/CASME2_RAW_selected/flow"),
        ("CASME2_RAW_selected", "CASME2_RAW_selected/CASME2_RAW_selected"),
        ("CASME2_RAW_selected", "__MACOSX/CASME2_RAW_selected"),
    ],
)
def test_copies_are_not_taken_for_the_originals(tmp_path, casme2, original, derived):
    casme2.tree = original
    images(casme2.write().root / derived / "sub01/EP01_01", range(46, 55), size=(4, 4))
    assert run(tmp_path, "casme2", casme2.root)["EP01_01"]["frames"] == str(casme2.folder(0))


@pytest.mark.parametrize("second", ["flow_updated/CASME2_RAW_selected", "backup/CASME2_RAW_selected"])
def test_two_trees_of_one_name_stop(tmp_path, casme2, second):
    for casme2.tree in (second, "CASME2_RAW_selected"):
        casme2.write()
    with pytest.raises(InputError, match="no name says which are the originals"):
        run(tmp_path, "casme2", casme2.root)


def test_a_linked_tree_goes_by_the_name_of_the_link(tmp_path, casme2):
    casme2.tree = "Cropped"
    casme2.write()
    shutil.copytree(casme2.root / "Cropped", tmp_path / "disk/frames640")
    (casme2.root / "CASME2_RAW_selected").symlink_to(tmp_path / "disk/frames640")
    run(tmp_path, "casme2", casme2.root)
    assert f"frames: `{casme2.root / 'CASME2_RAW_selected'}`" in audit(tmp_path)
    assert "full_image" not in (tmp_path / "out/table.yaml").read_text()


def test_the_option_says_what_a_named_folder_is(tmp_path, casme2):
    casme2.root, casme2.tree = tmp_path / "raw/mine", "."
    casme2.write()
    for source in ("raw_selected", "cropped"):
        assert run(tmp_path, "casme2", casme2.root, "--casme2-frames", source)
        assert ("full_image" in (tmp_path / "out/table.yaml").read_text()) == (source == "cropped")


# --- drawn or recorded -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "named", ["CASME2", "CASME2/CASME2_RAW_selected", "CASME2/CASME2_RAW_selected/CASME2_RAW_selected"]
)
def test_a_drawn_tree_is_drawn_however_it_is_named(tmp_path, casme2, named):
    (casme2.write().root / "SYNTHETIC.txt").write_text("drawn")
    row = run(tmp_path, "casme2", tmp_path / named, "--sheets", casme2.root, partial=False)["EP01_01"]
    assert (row["database"], row["source"]) == ("syncasme2", "rendered")


def test_drawn_sheets_are_drawn(tmp_path, casme2):
    casme2.write()
    (tmp_path / "drawn").mkdir()
    for path in casme2.root.glob("*.xlsx"):
        shutil.move(path, tmp_path / "drawn" / path.name)
    (tmp_path / "drawn/SYNTHETIC.txt").write_text("drawn")
    rows = run(tmp_path, "casme2", casme2.root, "--sheets", tmp_path / "drawn", partial=False)
    assert rows["EP01_01"]["source"] == "rendered"


@pytest.mark.parametrize("linked", ["sheets", "subject", "tree"])
def test_links_into_a_drawn_database_are_drawn(tmp_path, casme2, linked):
    drawn = Casme2(tmp_path / "drawn/CASME2").write()
    (tmp_path / "drawn/CASME2/SYNTHETIC.txt").write_text("drawn")
    casme2.write()
    if linked == "sheets":
        links = {path: drawn.root / path.name for path in casme2.root.glob("*.xlsx")}
    elif linked == "subject":
        links = {casme2.folder(0).parent: drawn.folder(0).parent}
    else:
        links = {casme2.root / "CASME2_RAW_selected": drawn.root / "CASME2_RAW_selected"}
    for path, target in links.items():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        path.symlink_to(target)
    assert {row["source"] for row in run(tmp_path, "casme2", casme2.root).values()} == {"rendered"}


def test_a_drawn_database_does_not_excuse_a_recorded_one(tmp_path, casme2, samm):
    (samm.write().root / "SYNTHETIC.txt").write_text("drawn")
    with pytest.raises(InputError, match="CASME II, class I: 1 instead of 25") as stopped:
        run(tmp_path, "casme2", casme2.write().root, "samm", samm.root, partial=False)
    assert "SAMM, " not in str(stopped.value)
    assert "SYNTHETIC: drawn by the built-in renderer: synsamm." in audit(tmp_path)


def test_a_table_says_which_clips_are_drawn(tmp_path, smic):
    lines = smic.read_text().splitlines()
    smic.write_text("\n".join([lines[0] + ",source", lines[1] + ",rendered", lines[2] + ",recorded", lines[3] + ","]))
    rows = run(tmp_path, "table", smic, partial=False)
    assert [row["source"] for row in rows.values()] == ["rendered", "recorded", "recorded"]
    (tmp_path / "SMIC/SYNTHETIC.txt").write_text("drawn")
    with pytest.raises(InputError, match=r"smic\.csv, row 3: says recorded, but .*SYNTHETIC\.txt"):
        run(tmp_path, "table", smic)
    smic.write_text("\n".join(lines))
    assert {row["source"] for row in run(tmp_path, "table", smic).values()} == {"rendered"}


def test_a_folder_that_cannot_exist_is_a_problem_of_its_clip(tmp_path, smic):
    smic.write_text(smic.read_text() + f"s04,d,1,2,3,surprise,{'x' * 300}\n")
    with pytest.raises(InputError, match=r"smic s04/d: .*x{300}"):
        run(tmp_path, "table", smic, partial=False)
    assert len(run(tmp_path, "table", smic)) == 3


@pytest.mark.parametrize("cell, message", [("synthetic", "neither recorded nor rendered"), ("rendered", "synsamm")])
def test_a_table_cannot_call_drawn_clips_recorded_ones(tmp_path, smic, cell, message):
    lines = smic.read_text().splitlines()
    smic.write_text("\n".join([lines[0] + ",source,database", *(f"{line},{cell},samm" for line in lines[1:])]))
    with pytest.raises(InputError, match=message):
        run(tmp_path, "table", smic)


# --- sheets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "older, newer",
    [
        ("CASME2-coding-20140508.xlsx", "CASME2-coding-20190701.xlsx"),
        ("CASME2_label_Ver_2.xls", "CASME2-coding-20140508.xlsx"),
        ("CASME2_label.xls", "CASME2_label_Ver_2.xls"),
        ("SAMM_Micro_FACS_Codes_v2.xlsx", "SAMM_20181215_Micro_FACS_Codes_v2.xlsx"),
        ("SAMM_Micro_FACS_Codes.xlsx", "SAMM_Micro_FACS_Codes_v2.xlsx"),
        ("CASME2_coding.xlsx", "CASME2-coding-updated.xlsx"),
        ("CASME2-coding-20190701.xlsx", "CASME2-ObjectiveClasses.xlsx"),
    ],
)
def test_versions_are_read_from_names(older, newer):
    assert versions.of_file(Path(older)) < versions.of_file(Path(newer))


def shifted(casme2: Casme2) -> list[list[object]]:
    """The rows of a coding sheet, with another apex in the first."""
    rows = [[s, c, None, on, apex, off, None, au, ""] for s, c, on, apex, off, au, _ in casme2.clips]
    return [CODING, [*rows[0][:4], 51, *rows[0][5:]], *rows[1:]]


def test_an_undated_sheet_does_not_override_a_dated_one(tmp_path, casme2):
    casme2.coding = "CASME2-coding-20190701.xlsx"
    casme2.write()
    workbook(casme2.root / "CASME2_label_Ver_2.xlsx", shifted(casme2))
    assert times(run(tmp_path, "casme2", casme2.root)["EP01_01"]) == (46, 50, 54)
    assert (
        "CASME2_label_Ver_2.xlsx, sheet Sheet1; sub01/EP01_01 is 46, 51, 54, 4 there and 46, 50, 54, 4 here"
        in audit(tmp_path)
    )


def test_two_sheets_of_one_version_stop_if_they_differ(tmp_path, casme2):
    casme2.write()
    other = workbook(casme2.root / "again/CASME2-coding-20140508.xlsx", shifted(casme2))
    with pytest.raises(InputError, match=r"differ, and their names do not say which is newer.*EP01_01 is 46, 5"):
        run(tmp_path, "casme2", casme2.root)
    assert times(run(tmp_path, "casme2", casme2.root, "--sheets", other)["EP01_01"]) == (46, 51, 54)
    shutil.copy(casme2.root / casme2.coding, other)
    assert times(run(tmp_path, "casme2", casme2.root)["EP01_01"]) == (46, 50, 54)


def test_of_two_sheets_in_a_workbook_the_first_counts(tmp_path, casme2):
    import openpyxl

    casme2.write()
    book = openpyxl.load_workbook(casme2.root / casme2.coding)
    second = book.create_sheet("draft")
    for row in shifted(casme2):
        second.append(row)
    book.save(casme2.root / casme2.coding)
    assert times(run(tmp_path, "casme2", casme2.root)["EP01_01"]) == (46, 50, 54)
    assert "sheet draft; sub01/EP01_01 is 46, 51, 54, 4 there" in audit(tmp_path)


@pytest.mark.parametrize("cells", [("046", "III"), (46.0, "3")])
def test_sheets_that_mean_the_same_are_no_question(tmp_path, casme2, cells):
    casme2.write()
    rows = [[s, c, None, on, apex, off, None, au, ""] for s, c, on, apex, off, au, _ in casme2.clips]
    workbook(casme2.root / "again" / casme2.coding, [CODING, [*rows[0][:3], cells[0], *rows[0][4:]], *rows[1:]])
    classes = [[s, c, name] for s, c, *_, name in casme2.clips]
    workbook(casme2.root / "again/CASME2-ObjectiveClasses.xlsx", [CLASSES, [1, "EP01_01", cells[1]], *classes[1:]])
    assert len(run(tmp_path, "casme2", casme2.root)) == 3
    assert audit(tmp_path).count("it says the same") == 2


def test_a_sheet_with_more_clips_is_a_question(tmp_path, casme2):
    casme2.write()
    classes = [[s, c, name] for s, c, *_, name in casme2.clips]
    workbook(casme2.root / "CASME2-ObjectiveClasses.xlsx", [CLASSES, *classes[:2]])
    workbook(casme2.root / "zz/CASME2-ObjectiveClasses.xlsx", [CLASSES, *classes])
    with pytest.raises(InputError, match=r"sub02/EP03_04f is only there"):
        run(tmp_path, "casme2", casme2.root)


def test_a_sheet_for_each_subject_is_a_question(tmp_path, casme2):
    import openpyxl

    casme2.write()
    classes = [[s, c, name] for s, c, *_, name in casme2.clips]
    path = workbook(casme2.root / "CASME2-ObjectiveClasses.xlsx", [CLASSES, *classes[:2]])
    book = openpyxl.load_workbook(path)
    second = book.create_sheet("second")
    second.append(CLASSES)
    second.append(classes[2])
    book.save(path)
    with pytest.raises(InputError, match=r"sheet second: differ.*sub02/EP03_04f is only there"):
        run(tmp_path, "casme2", casme2.root)


def test_named_sheets_say_what_the_own_have_different(tmp_path, casme2):
    other = workbook(tmp_path / "CASME2-coding-20130101.xlsx", shifted(casme2.write()))
    assert times(run(tmp_path, "casme2", casme2.root, "--sheets", other)["EP01_01"]) == (46, 51, 54)
    assert f"not used: {casme2.root / casme2.coding}, sheet Sheet1; sub01/EP01_01 is 46, 50" in audit(tmp_path)


@pytest.mark.parametrize("cells", [[None, None, 3], ["sum", None, None]])
def test_rows_without_a_clip_are_not_passed_over(tmp_path, casme2, cells):
    casme2.extra_classes = [cells]
    with pytest.raises(InputError, match=r"row 5: .*do not name a clip of CASME II"):
        run(tmp_path, "casme2", casme2.write().root)


def test_named_sheets_of_one_database_leave_the_others_alone(tmp_path, casme2, samm):
    elsewhere = tmp_path / "elsewhere" / samm.name
    elsewhere.parent.mkdir()
    shutil.move(samm.write().root / samm.name, elsewhere)
    rows = run(tmp_path, "casme2", casme2.write().root, "samm", samm.root, "--sheets", elsewhere)
    assert len(rows) == 5


@pytest.mark.parametrize(
    "name, message",
    [
        ("nowhere.xlsx", "there is no such spreadsheet"),
        ("nowhere", "there is no such"),
        ("a.txt", "a spreadsheet is one of"),
        ("b.csv", "has no table"),
        ("empty", "has no table"),
    ],
)
def test_wrong_sheets_stop(tmp_path, casme2, name, message):
    for made in ("a.txt", "b.csv"):
        (tmp_path / made).write_text("x\n")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=message):
        run(tmp_path, "casme2", casme2.write().root, "--sheets", tmp_path / name)


def test_sheets_are_joined_whatever_the_case(tmp_path, casme2):
    casme2.write()
    workbook(
        casme2.root / "CASME2-ObjectiveClasses.xlsx",
        [CLASSES, [1, "ep01_01", 3], [1, "EP01_02", 1], [2, "EP03_04F", 2]],
    )
    assert set(run(tmp_path, "casme2", casme2.root)) == {"ep01_01", "EP01_02", "EP03_04F"}


@pytest.mark.parametrize(
    "coded", [[], [[9, "EP09_09", 1, 2, 3], [9, "EP09_09", 1, 2, 4]], [[9, "EP09_09", "/", "/", 0]]]
)
def test_clips_of_other_classes_need_no_times(tmp_path, casme2, coded):
    casme2.extra_classes = [[9, "EP09_09", 7]]
    casme2.extra_coding = [[s, c, None, on, apex, off, None, "14", ""] for s, c, on, apex, off in coded]
    assert len(run(tmp_path, "casme2", casme2.write().root)) == 3
    assert "1 clips of class VII are not part" in audit(tmp_path)
    assert "## Clips that cannot be used\n\nNone." in audit(tmp_path)


def test_a_workbook_with_two_tables_stops(tmp_path, smic):
    import openpyxl

    rows = [line.split(",") for line in smic.read_text().splitlines()]
    path = workbook(tmp_path / "two.xlsx", rows, "first")
    book = openpyxl.load_workbook(path)
    for row in rows[:2]:
        (book["more"] if "more" in book.sheetnames else book.create_sheet("more")).append(row)
    book.save(path)
    with pytest.raises(InputError, match=r"sheet first and .*sheet more: all have the columns"):
        run(tmp_path, "table", path)


# --- what is not used, and where it goes -----------------------------------------------------------------------------


def test_frames_and_files_beside_the_clip_are_listed(tmp_path, casme2):
    folder = casme2.write().folder(0)
    images(folder, [44, 45, 60])
    for name in ("notes.txt", ".DS_Store", "Thumbs.db", "img.jpg"):
        (folder / name).write_bytes(b"x")
    run(tmp_path, "casme2", casme2.root)
    line = "casme2-sub01/EP01_01: 2 frames before, 1 frames after, no frames: 'img.jpg' 'notes.txt'"
    assert f"- casme2 {line}" in audit(tmp_path) and "EP01_02:" not in audit(tmp_path)


@pytest.mark.parametrize(("count", "more"), [(20, ""), (21, " and 1 more"), (150, " and 130 more")])
def test_what_is_not_used_is_named_up_to_twenty(tmp_path, casme2, count, more):
    """Rows without a class, folders without a row, and trees beside the one that is used."""
    names = [f"EP09_{number:03d}" for number in range(count)]
    casme2.extra_coding = [[2, name, None, 1, 2, 3, None, "1", "others"] for name in names]
    casme2.write()
    for number in range(count):
        images(casme2.root / casme2.tree / f"sub09/EP10_{number:03d}", [1])
        images(casme2.root / f"derived_{number:03d}/sub01/EP01_01", [46])
    run(tmp_path, "casme2", casme2.root)
    told = audit(tmp_path)
    for line, items in {
        "rows without an objective class, not used: ": [f"sub02/{name}" for name in names],
        "folders without a row, not used: ": [f"sub09/EP10_{number:03d}" for number in range(count)],
        "further folders of frames, not used: ": [str(casme2.root / f"derived_{n:03d}") for n in range(count)],
    }.items():
        assert f"  - {line}{', '.join(items[:20])}{more}\n" in told


@pytest.mark.parametrize("name", ["t.yaml", "t", ".csv", "t.md"])
def test_the_table_is_a_csv(tmp_path, capsys, smic, name):
    kept = tmp_path / name
    kept.write_text("mine")
    assert failed(capsys, "import", "table", smic, "--output", kept).startswith(
        f"error: {kept}: its name must end in .csv"
    )
    assert kept.read_text() == "mine"


def test_nothing_of_the_users_is_replaced(tmp_path, capsys, smic):
    (tmp_path / "other.yaml").write_text("mine")
    for name, message in (("smic.csv", "is read by this import"), ("other.csv", "no import wrote it")):
        assert message in failed(capsys, "import", "table", smic, "--output", tmp_path / name)
    assert smic.read_text().startswith("subject,") and (tmp_path / "other.yaml").read_text() == "mine"
    for _ in range(2):  # its own files it does replace
        run(tmp_path, "table", smic)


def test_subjects_of_two_databases_cannot_get_one_name(tmp_path, smic):
    lines = smic.read_text().splitlines()
    smic.write_text("\n".join([f"database,{lines[0]}", f"a,b-{lines[1]}", f"a-b,{lines[2].replace('s02', 's01', 1)}"]))
    with pytest.raises(InputError, match="would have one name"):
        run(tmp_path, "table", smic)


def test_places_that_cannot_be_written_are_named(tmp_path, capsys, smic):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_text("x")
    for place in ("folder.csv", "file/t.csv", f"{'a' * 300}/t.csv"):
        assert str(tmp_path / place.partition("/")[0]) in failed(
            capsys, "import", "table", smic, "--output", tmp_path / place
        )
    assert str(tmp_path / "file") in failed(capsys, "synthesize", tmp_path / "file/x")


def failed(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """Return what a command that must fail says."""
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(word) for word in words])
    assert stopped.value.code == 1
    return capsys.readouterr().err
