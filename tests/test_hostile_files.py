"""Files and cells that mean harm: paths out of their root, bombs, and what would run a program."""

import io
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlwt
from PIL import Image

from rrrn.data import frames
from rrrn.importing import overrides, sheets
from rrrn.importing.record import Record
from rrrn.occlusion.kinds import own_art
from rrrn.running.stage import InputError
from tests.recorded_databases import Casme2, Samm, images
from tests.test_import_quirks import audit, run

NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OUTWARD = ["../outside", "..", "../../outside/a", "..\\outside", "C:\\outside", "\\\\host\\share", "~/outside", "."]


@pytest.mark.parametrize("name", [*OUTWARD, "EP01_01/../../../../outside", "/outside"])
def test_a_file_name_in_an_annotation_sheet_leads_nowhere(tmp_path, name):
    """Cells are looked up among the folders that are there, and no path is made of them."""
    images(tmp_path / "outside", range(1, 9))
    images(tmp_path / "CASME2/CASME2_RAW_selected/outside", range(1, 9))
    casme2 = Casme2(tmp_path / "CASME2").write()
    casme2.clips.append([1, str(tmp_path / "outside") if name == "/outside" else name, 1, 3, 8, "4", 3])
    assert set(run(tmp_path, "casme2", casme2.sheets().root)) == {"EP01_01", "EP01_02", "EP03_04f"}
    assert "sub01/" in audit(tmp_path).partition("## Clips that cannot be used")[2]


@pytest.mark.parametrize("subject", [*OUTWARD, "/outside", "sub01/../../outside", "01/EP01_01"])
@pytest.mark.parametrize("layout", [Casme2, Samm])
def test_a_subject_in_an_annotation_sheet_is_a_number(tmp_path, layout, subject):
    database = layout(tmp_path / "frames").write()
    header, rows = ("Subject", "Filename", "Objective Class"), [[subject, "006_1_2", 3], [1, "EP01_01", 3]]
    with pytest.raises(InputError, match=r"x\.csv, row 2: Subject .* do not name a clip"):
        (tmp_path / "x.csv").write_text("\n".join(",".join(map(str, row)) for row in [header, *rows]))
        if layout is Samm:
            (tmp_path / "x.csv").write_text(
                "Subject,Filename,Objective Classes,Onset Frame,Apex Frame,Offset Frame\n"
                f"{subject},006_1_2,3,1,2,3\n6,006_1_2,3,1,2,3\n"
            )
        run(tmp_path, layout.__name__.lower(), database.root, "--sheets", tmp_path / "x.csv")


@pytest.mark.parametrize("name", [*OUTWARD, "/etc/passwd", "EP01_01\\..", "EP01_01/."])
def test_overrides_name_clips_and_no_paths(tmp_path, name):
    path = tmp_path / "mine.csv"
    path.write_text(f"database,subject,clip,apex\ncasme2,sub01,{name},5\n")
    with pytest.raises(InputError, match=r"mine\.csv, row 2: there is no clip"):
        overrides.apply(path, [Record("sheet", "casme2", "sub01", "EP01_01", "I")])


@pytest.mark.parametrize("folder", ["nothing\\here", "C:\\x", "a\tb", "~", "x" * 300, "../" * 50 + "none"])
def test_a_folder_in_a_table_of_ones_own_may_be_anywhere_and_must_hold_frames(tmp_path, folder):
    images(tmp_path / "elsewhere", range(1, 9))
    images(tmp_path / "there", range(1, 9))
    table = tmp_path / "here/mine.csv"
    table.parent.mkdir()
    rows = [["a", "1", "../elsewhere", "X"], ["b", "2", str(tmp_path / "there"), "Y"], ["c", "3", folder, "Y"]]
    text = "".join(f"{subject},{clip},1,3,8,{name},{place}\n" for subject, clip, place, name in rows)
    table.write_text("subject,clip,onset,apex,offset,class,folder\n" + text)
    found = run(tmp_path, "table", table)
    assert {clip: row["frames"] for clip, row in found.items()} == {
        "1": str(tmp_path / "elsewhere"),
        "2": str(tmp_path / "there"),
    }
    assert "mine c/3: " in audit(tmp_path)


def test_two_spellings_of_one_clip_stop_an_import(tmp_path):
    images(tmp_path / "f", range(1, 9))
    table = tmp_path / "mine.csv"
    table.write_text("subject,clip,onset,apex,offset,class,folder\na,EP1,1,3,8,X,f\na,ep1,1,3,8,Y,f\n")
    with pytest.raises(
        InputError, match=r"row 2 and .*row 3: mine a/EP1 and mine a/ep1 have names which differ in case"
    ):
        run(tmp_path, "table", table)


def art(folder: Path, name: str) -> Path:
    folder.mkdir()
    Image.new("RGBA", (40, 30), (9, 9, 9, 255)).save(folder.parent / "outside.png")
    row = f'"{name}",20,2,28,1,39'
    (folder / "anchors.csv").write_text(f"file,seam,top,bottom,left,right\n{row}\n")
    return folder


@pytest.mark.parametrize("name", ["../outside.png", "/outside.png", "..\\outside.png", "sub/../../outside.png", ".."])
def test_a_picture_in_anchors_is_a_name_without_a_path(tmp_path, name):
    with pytest.raises(InputError, match=r"anchors\.csv, row 2: file .* without a path"):
        own_art.read(art(tmp_path / "art", str(tmp_path / name) if name[0] == "/" else name))


def test_a_picture_in_anchors_is_no_link_out_of_the_folder(tmp_path):
    folder = art(tmp_path / "art", "red.png")
    (folder / "red.png").symlink_to("../outside.png")
    with pytest.raises(InputError, match=r"row 2: red\.png is a link out of .*art; copy the file"):
        own_art.read(folder)
    (folder / "red.png").unlink()
    os.mkfifo(folder / "red.png")
    with pytest.raises(InputError, match=r"row 2: .*red\.png is no file"):
        own_art.read(folder)


def test_an_image_of_a_kind_that_would_start_a_program_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "check_call", lambda *words, **options: pytest.fail("started"))
    Image.new("RGB", (8, 8)).save(tmp_path / "img1.png", "EPS")
    with pytest.raises(InputError, match=r"img1\.png: not a whole image \(cannot identify"):
        frames.read(tmp_path / "img1.png")


def workbook(path: Path, edit: dict[str, bytes]) -> Path:
    """A workbook of one cell whose parts are replaced."""
    book, memory = openpyxl.Workbook(), io.BytesIO()
    book.active["A1"] = "x"
    book.save(memory)
    with zipfile.ZipFile(memory) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, edit.get(name, source.read(name)))
    return path


def test_a_workbook_whose_entities_multiply_is_refused(tmp_path):
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>&e9;</t></is></c></row>'
    text = f'<?xml version="1.0"?><!DOCTYPE worksheet [<!ENTITY e0 "ha">{levels}]>'
    text += f'<worksheet xmlns="{NAMESPACE}"><sheetData>{cell}</sheetData></worksheet>'
    with pytest.raises(InputError, match=r"laughs\.xlsx: cannot be read .* amplification"):
        sheets.read(workbook(tmp_path / "laughs.xlsx", {"xl/worksheets/sheet1.xml": text.encode()}))


def test_rows_are_counted_over_all_sheets(tmp_path):
    book = openpyxl.Workbook(write_only=True)
    for _ in range(3):
        book.create_sheet().append(["x"])
    book.save(tmp_path / "far.xlsx")
    far = f'<worksheet xmlns="{NAMESPACE}"><sheetData><row r="40000"/></sheetData></worksheet>'
    with zipfile.ZipFile(tmp_path / "far.xlsx") as source, zipfile.ZipFile(tmp_path / "bomb.xlsx", "w") as target:
        for name in source.namelist():
            sheet = name.startswith("xl/worksheets/")
            target.writestr(name, far.encode() if sheet else source.read(name))
    with pytest.raises(InputError, match="sheet Sheet2: the file has more than 100000 rows"):
        sheets.read(tmp_path / "bomb.xlsx")


def test_a_cell_far_out_does_not_fill_an_old_workbook(tmp_path):
    book = xlwt.Workbook()
    book.add_sheet("one").write(65535, 255, "x")
    book.save(str(tmp_path / "far.xls"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (sheet,) = sheets.read(tmp_path / "far.xls")
    assert len(sheet.rows) == 65536 and not sheet.rows[0] and sheet.rows[-1][255] == "x"
    assert sys.platform != "linux" or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
