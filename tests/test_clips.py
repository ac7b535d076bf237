import itertools
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrrn.data import clips
from rrrn.data.clips import Clip
from rrrn.running.stage import InputError

HEADER = ",".join(clips.COLUMNS)
ROW = "casme2,casme2-sub01,EP02_01f,46,59,86,III,frames/sub01/EP02_01f,recorded"


def table(tmp_path, *rows, header=HEADER):
    path = tmp_path / "clips.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_round_trip(tmp_path):
    read = clips.read(table(tmp_path, ROW, ROW.replace("EP02_01f", "EP03_02")))  # of a folder of its own
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
    with pytest.raises(InputError, match=r"lines 2 and 3: clip casme2-sub01/EP02_01f stands twice"):
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


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_table_or_a_message(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"fuzz\.csv"):
        clips.read(path)


cell = st.text(st.sampled_from(string.printable + "é漢\x00\ufeff\"',;"), max_size=12)


@settings(max_examples=300)
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
    ("column", "one", "other"),
    [
        ("subject", "Ren\u00e9", "Rene\u0301"),
        ("clip", "EP1", "ep1"),
        ("database", "a", "A"),
        ("subject", "casme2-1", "casme2-001"),
        ("clip", "EP1_02", "ep01_2"),
        ("clip", "01.5", "1.5"),
        ("clip", "s00.05", "s0.05"),
        ("clip", "2023.01.05", "2023.1.5"),
        ("clip", "take.05", "take.5"),
        ("objective_class", "Others", "others"),
    ],
)
def test_two_spellings_of_one_name_are_refused(tmp_path, column, one, other):
    rows = [dict(zip(clips.COLUMNS, ROW.split(","), strict=True)) | {"clip": number} for number in "12"]
    rows[0][column], rows[1][column] = one, other
    message = rf"lines 2 and 3: the {column.removeprefix('objective_')}.* is called .* and .*, which differ in case"
    with pytest.raises(InputError, match=message):
        clips.read(table(tmp_path, *(",".join(row.values()) for row in rows)))


def test_other_numbers_are_other_names(tmp_path):
    rows = [{"subject": "s10", "clip": "1.0"}, {"subject": "s100", "clip": "10"}, {"subject": "s1", "clip": "0"}]
    lines = [
        ",".join((dict(zip(clips.COLUMNS, ROW.split(","), strict=True)) | row | {"frames": row["subject"]}).values())
        for row in rows
    ]
    assert [clip.subject for clip in clips.read(table(tmp_path, *lines))] == ["s1", "s10", "s100"]


def test_the_order_of_rows_is_of_no_matter(tmp_path):
    subjects = [f"s{i}" for i in (2, 11, 1)]
    rows = [
        f"{database},{database}-{subject},{clip},46,59,86,III,frames/{database}{subject}{clip},recorded"
        for database in ("b", "a")
        for subject in subjects
        for clip in ("y", "x")
    ]
    expected = clips.read(table(tmp_path, *rows))
    assert [(clip.database, clip.subject, clip.clip) for clip in expected] == sorted(
        (clip.database, clip.subject, clip.clip) for clip in expected
    )
    random.Random(1).shuffle(rows)
    again = clips.read(table(tmp_path, *rows))
    assert again == expected
    assert clips.digest(again, *clips.COLUMNS) == clips.digest(expected, *clips.COLUMNS)


@pytest.mark.parametrize(("one", "other"), [("1.05", "1.5"), ("ep1.05_2", "ep1.5_2"), ("1.00", "1.0"), ("0.1", "0.01")])
def test_zeros_after_a_decimal_point_are_no_leading_zeros(tmp_path, one, other):
    lines = [line("s1", name, onset, onset + 5) for name, onset in ((one, 1), (other, 20))]
    assert {clip.clip for clip in clips.read(table(tmp_path, *lines))} == {one, other}


def test_numbers_are_one_name_if_they_are_equal_as_they_are_written():
    """Whole numbers by their value; decimals by that of what stands before the point, and by each digit after it."""
    whole = ["0", "1", "00", "01", "10", "010", "001"]
    for one, other in itertools.product([*whole, *map(".".join, itertools.product(whole, whole))], repeat=2):
        parts = [name.split(".") for name in (one, other)]
        same = len({(int(first), *rest) for first, *rest in parts}) == 1
        assert (clips.folded(f"s{one}_a") == clips.folded(f"s{other}_a")) == same, (one, other)


def line(subject, clip, onset, offset, cls="III", frames="frames/long", database="d"):
    return f"{database},{subject},{clip},{onset},{onset + 1},{offset},{cls},{frames},recorded"


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (line("s2", "b", 50, 60), "two subjects, and both show the frames 50 to 60"),
        (line("s2", "b", 80, 90), "two subjects, and both show the frames 80 to 80"),
        (line("s2", "a", 40, 80, "IV", database="e"), "two subjects, and both show the frames 40 to 80"),
        (line("s1", "b", 40, 80), "one clip with two names"),
        (line("s1", "b", 40, 80, "IV"), "two classes, and both show the frames 40 to 80"),
        (line("s1", "b", 79, 90, "IV"), "two classes, and both show the frames 79 to 80"),
        (line("s2", "b", 60, 70, frames="frames/../frames/long/"), "two subjects"),
        (line("s2", "b", 60, 70, frames="LINK"), "two subjects"),
    ],
)
def test_frames_cannot_be_shown_twice(tmp_path, monkeypatch, other, why):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "frames/long").mkdir(parents=True)
    (tmp_path / "LINK").symlink_to("frames/long")
    between = line("s3", "x", 1, 500, frames="frames/other")
    for rows in ([line("s1", "a", 40, 80), between, other], [other, between, line("s1", "a", 40, 80)]):
        with pytest.raises(InputError, match=rf"clips\.csv, lines 2 and 4: .* are {why}.*; remove a row, or correct"):
            clips.read(table(tmp_path, *rows))


@pytest.mark.parametrize(
    "other",
    [
        line("s2", "b", 81, 90),
        line("s2", "b", 50, 60, frames="frames/another"),
        line("s1", "b", 80, 90, "IV"),  # one movement ends where the next begins
        line("s1", "b", 30, 40, "IV"),
        line("s1", "b", 50, 90),  # two movements of one class at a time
        line("s1", "b", 50, 60),
    ],
)
def test_what_long_recordings_hold_is_read(tmp_path, other):
    assert len(clips.read(table(tmp_path, line("s1", "a", 40, 80), other))) == 2
    assert len(clips.read(table(tmp_path, other, line("s1", "a", 40, 80)))) == 2


intervals = st.tuples(st.sampled_from("ab"), st.integers(1, 12), st.integers(1, 6), st.sampled_from(["I", "II"]))


@settings(max_examples=300, deadline=None)
@given(st.lists(intervals, max_size=6))
def test_overlaps_are_those_of_a_naive_search(intervals):
    """Frame by frame, over all pairs."""
    rows = [
        Clip("d", subject, str(i), onset, onset + 1, onset + length, cls, "f", "recorded")
        for i, (subject, onset, length, cls) in enumerate(intervals)
    ]

    def wrong(a, b):
        common = set(range(a.onset, a.offset + 1)) & set(range(b.onset, b.offset + 1))
        if a.subject != b.subject:
            return bool(common)
        if a.objective_class != b.objective_class:
            return len(common) > 1
        return (a.onset, a.offset) == (b.onset, b.offset)

    pairs = {(i, j) for j in range(len(rows)) for i in range(j) if wrong(rows[i], rows[j])}
    found = clips.overlap(rows)
    assert (found is None) == (not pairs) and (found is None or found[:2] in pairs)


def test_digests_of_frames_are_kept(tmp_path):
    digest = "blake2b-" + "0123456789abcdef" * 2
    header = f"{HEADER},frames_digest"
    read = clips.read(
        table(
            tmp_path,
            f"{ROW},{digest}",
            ROW.replace("EP02", "EP03").replace("46,", "87,", 1).replace("59,86", "88,90") + ",",
            header=header,
        )
    )
    assert [clip.frames_digest for clip in read] == [digest, ""]
    clips.write(read, tmp_path / "again.csv")
    assert clips.read(tmp_path / "again.csv") == read
    clips.write(read[1:], tmp_path / "without.csv")
    assert (tmp_path / "without.csv").read_text().startswith(HEADER + "\n")
    with pytest.raises(InputError, match=r"line 2: frames_digest '123' is none that an import wrote"):
        clips.read(table(tmp_path, f"{ROW},123", header=header))


DIGESTS = ["blake2b-" + digit * 32 for digit in "01"]


def digested(subject, clip, digest, cls="III"):
    """A row with a folder of its own."""
    return f"{line(subject, clip, 40, 80, cls, frames=f'frames/{subject}{clip}')},{digest}"


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (("s2", "b", DIGESTS[0]), "s1/a and s2/b are two subjects"),
        (("s2", "a", DIGESTS[0], "IV"), "s1/a and s2/a are two subjects"),
        (("s1", "b", DIGESTS[0], "IV"), "s1/a and s1/b are two classes"),
        (("s1", "b", DIGESTS[0]), "s1/a and s1/b are one clip with two names"),
        (("s2", "b", DIGESTS[1]), ""),
        (("s2", "b", ""), ""),
    ],
)
def test_copies_in_two_folders_are_refused(tmp_path, other, why):
    """Rows without a digest are no copies of each other."""
    rows = [digested("s1", "a", DIGESTS[0]), digested("s3", "x", ""), digested("s4", "x", ""), digested(*other)]
    path = table(tmp_path, *rows, header=f"{HEADER},frames_digest")
    if not why:
        assert len(clips.read(path)) == 4
        return
    with pytest.raises(
        InputError, match=rf"clips\.csv, lines 2 and 5: {why}, and both .* byte by byte .*; remove a row"
    ):
        clips.read(path)


def test_cells_may_hold_line_separators_of_other_scripts(tmp_path):
    folder = 'frames/"" \u2028 \u0085 \x0b;$(x)'
    assert clips.read(table(tmp_path, ROW.replace("frames/sub01/EP02_01f", f'"{folder}"')))[0].frames == folder.replace(
        '""', '"'
    )
