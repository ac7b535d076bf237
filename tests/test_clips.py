import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrrn import clips
from rrrn.clips import Clip
from rrrn.stage import InputError

HEADER = ",".join(clips.COLUMNS)
ROW = "casme2,casme2-sub01,EP02_01f,46,59,86,III,frames/sub01/EP02_01f,recorded"


def table(tmp_path, *rows, header=HEADER):
    path = tmp_path / "clips.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_round_trip(tmp_path):
    read = clips.read(table(tmp_path, ROW, ROW.replace("EP02_01f", "EP03_02")))
    assert read[0] == Clip("casme2", "casme2-sub01", "EP02_01f", 46, 59, 86, "III", "frames/sub01/EP02_01f", "recorded")
    clips.write(read, tmp_path / "again.csv")
    assert clips.read(tmp_path / "again.csv") == read


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("46,59,86", "46,90,86"), r"line 2: .*casme2-sub01/EP02_01f has apex 90 outside"),
        (("46,59,86", "46,46,86"), "apex 46 outside"),
        (("46,59,86", "46,59.5,86"), "apex '59.5' is not a frame number"),
        (("46,59,86", "-4,59,86"), "onset '-4' is not a frame number"),
        (("46,59,86", "46,59,9999999999"), "offset '9999999999' is not a frame number"),
        (("III", ""), "the cell objective_class is empty"),
        (("recorded", "painted"), "source 'painted'"),
        (("recorded", "recorded,surplus"), "more cells"),
        (("EP02_01f", "../EP02_01f"), "cannot name a file"),
        (("casme2-sub01", ".hidden"), "cannot name a file"),
        (("casme2-sub01", "sub{1}"), "cannot name a file"),
    ],
)
def test_bad_row_is_named(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        clips.read(table(tmp_path, ROW.replace(*change, 1)))


def test_table_as_a_whole(tmp_path):
    with pytest.raises(InputError, match=r"clips\.csv: the clip table has no rows"):
        clips.read(table(tmp_path))
    with pytest.raises(InputError, match="lacks apex"):
        clips.read(table(tmp_path, ROW, header=HEADER.replace("apex", "peak")))
    with pytest.raises(InputError, match="casme2-sub01/EP02_01f stands twice"):
        clips.read(table(tmp_path, ROW, ROW))
    with pytest.raises(InputError, match="stands in casme2 and in samm"):
        clips.read(table(tmp_path, ROW, ROW.replace("casme2,", "samm,").replace("EP02", "EP09")))
    with pytest.raises(InputError, match="no such clip table"):
        clips.read(tmp_path / "nothing.csv")


def test_digest_sees_only_the_columns_named(tmp_path):
    a = clips.read(table(tmp_path, ROW))
    b = clips.read(table(tmp_path, ROW.replace("III", "IV")))
    assert clips.digest(a, "clip", "apex") == clips.digest(b, "clip", "apex")
    assert clips.digest(a, "objective_class") != clips.digest(b, "objective_class")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_table_or_a_message(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"fuzz\.csv"):
        clips.read(path)


cell = st.text(st.sampled_from(string.printable + "é漢\x00\ufeff\"',;"), max_size=12)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.one_of(cell, st.integers(-5, 200).map(str)), max_size=11), max_size=4))
def test_any_cells_give_a_table_or_a_message(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_text("\n".join([HEADER, *(",".join(row) for row in rows)]), encoding="utf-8")
    try:
        read = clips.read(path)
    except InputError as error:
        assert "fuzz.csv" in str(error)
    else:
        assert read and all(clip.onset < clip.apex <= clip.offset for clip in read)
