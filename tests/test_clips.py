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


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_another_separator_is_named(tmp_path, mark, name):
    with pytest.raises(InputError, match=f"the columns are separated by {name}; save the clip table with commas"):
        clips.read(table(tmp_path, ROW.replace(",", mark), header=HEADER.replace(",", mark)))


def test_blanks_around_the_names_of_columns_are_of_no_matter(tmp_path):
    assert clips.read(table(tmp_path, ROW, header=HEADER.replace(",", " , "))) == clips.read(table(tmp_path, ROW))


@pytest.mark.parametrize("again", ["apex", " apex "])
def test_a_column_that_stands_twice_is_refused(tmp_path, again):
    with pytest.raises(InputError, match="the header names apex twice; remove one of the columns"):
        clips.read(table(tmp_path, f"{ROW},60", header=f"{HEADER},{again}"))


def test_an_open_quote_is_named_where_it_is_opened(tmp_path):
    rows = [ROW.replace("EP02_01f", f"EP{number}") for number in range(8)]
    rows[2] = rows[2].replace("frames/", '"frames/', 1)
    with pytest.raises(InputError, match=r"clips\.csv, line 4: not a CSV row \(a quote is opened and not closed\)"):
        clips.read(table(tmp_path, *rows))
    rows[2:2] = ["", ""]
    with pytest.raises(InputError, match=r"clips\.csv, line 6: not a CSV row"):
        clips.read(table(tmp_path, *rows))
    rows[7] = rows[7].replace(",recorded", '",recorded')  # where by chance another quote ends it
    with pytest.raises(InputError, match=r"line 6: clip '\.\./EP2' .* \(a quote makes one row of the lines 6 to 9\)$"):
        clips.read(table(tmp_path, *(row.replace("EP2", "../EP2") for row in rows)))
    with pytest.raises(InputError, match=r"clips\.csv, line 1: not a CSV row"):
        clips.read(table(tmp_path, ROW, header=HEADER.replace("apex", '"apex')))


def test_rows_after_blank_lines_and_quoted_lines_are_named_by_their_own(tmp_path):
    quoted = ROW.replace("frames/sub01", '"frames\n/sub01').replace("f,recorded", 'f",recorded')
    with pytest.raises(InputError, match=r"clips\.csv, line 5: clip casme2-sub01/EP02_01f has apex 0"):
        clips.read(table(tmp_path, quoted, "", ROW.replace("59", "0")))


def test_a_clip_that_no_memory_holds_is_refused(tmp_path):
    assert clips.read(table(tmp_path, ROW.replace("46,59,86", "1,59,2000")))
    with pytest.raises(InputError, match=r"line 2: .* has 999999954 frames \(onset 46, offset 999999999\), and 2000"):
        clips.read(table(tmp_path, ROW.replace("46,59,86", "46,59,999999999")))


@pytest.mark.parametrize("source", ["recorded", "rendered"])
def test_a_subject_is_drawn_as_a_whole_or_not_at_all(tmp_path, source):
    drawn = ROW.replace("recorded", "synthetic").replace("EP02", "EP03")
    with pytest.raises(
        InputError, match=r"casme2-sub01 has .* and .* clips; .*: call the drawn ones another subject's"
    ):
        clips.read(table(tmp_path, ROW.replace("recorded", source), drawn))
    assert clips.read(table(tmp_path, ROW, ROW.replace("recorded", "rendered").replace("EP02", "EP03")))


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


NOT_NAMES = {
    "a/b": "holds '/'",
    "{x}": r"holds '\{' '\}'",
    "a,b": "holds ','",
    "..": "begins with '.'",
    "-rf": "begins with '-'",
    "a\u00a0b": r"holds '\\xa0'; leave out .* control characters",
    "a\u202eb": r"holds '\\u202e'",
    "a\u2028b": r"holds '\\u2028'",
    "a\nb": r"holds '\\n'",
    "x" * 190 + "1" + "\u05d0" * 5: "has 201 bytes; shorten it to 200",
    "a" * 20: "ends in the same characters 20 times",
    "x" + "ab1" * 20: "ends in the same characters 20 times",
}


@pytest.mark.parametrize(("name", "message"), NOT_NAMES.items())
@pytest.mark.parametrize("column", ["subject", "clip"])
def test_what_cannot_name_a_file_is_refused(tmp_path, column, name, message):
    row = dict(zip(clips.COLUMNS, ROW.split(","), strict=True)) | {column: f'"{name}"'}
    with pytest.raises(InputError, match=rf"clips\.csv, line \d+: {column} .* cannot name a file: it {message}"):
        clips.read(table(tmp_path, ",".join(row.values())))


def test_a_fold_of_two_databases_is_one_file_name(tmp_path):
    longest = "d" + "b1" * 18 + "x" * 19 + "0" * 18 + "1a2b3c4d5e6f7g8h9i0j1k2l"
    assert len(longest) == 98 and clips.read(table(tmp_path, ROW.replace("casme2,", f"{longest},")))
    with pytest.raises(InputError, match=r"database .* it has 99 bytes; shorten it to 98"):
        clips.read(table(tmp_path, ROW.replace("casme2,", f"{longest}!,")))
    with pytest.raises(InputError, match="the cell subject is empty"):
        clips.read(table(tmp_path, ROW.replace("casme2-sub01", "  ")))


@pytest.mark.parametrize(
    ("column", "one", "other"), [("subject", "Ren\u00e9", "Rene\u0301"), ("clip", "EP1", "ep1"), ("database", "a", "A")]
)
def test_two_spellings_of_one_name_are_refused(tmp_path, column, one, other):
    rows = [dict(zip(clips.COLUMNS, ROW.split(","), strict=True)) | {"clip": number} for number in "12"]
    rows[0][column], rows[1][column] = one, other
    with pytest.raises(InputError, match=f"the {column}.* is called .* and .*, which differ in case"):
        clips.read(table(tmp_path, *(",".join(row.values()) for row in rows)))


def test_cells_may_hold_line_separators_of_other_scripts(tmp_path):
    folder = 'frames/"" \u2028 \u0085 \x0b;$(x)'
    assert clips.read(table(tmp_path, ROW.replace("frames/sub01/EP02_01f", f'"{folder}"')))[0].frames == folder.replace(
        '""', '"'
    )
