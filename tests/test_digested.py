import hashlib

import pytest

from rrrn.data import digested
from rrrn.running.stage import InputError

HEADER = ["clip", "value"]
ROWS = [["a", "0.25"], ["b, c", "0.5"], ['say "d"', "0.75"]]


@pytest.fixture
def path(tmp_path):
    digested.write(HEADER, ROWS, tmp_path / "t.csv")
    return tmp_path / "t.csv"


def test_rows_come_back(path):
    assert digested.read(path) == [dict(zip(HEADER, row, strict=True)) for row in ROWS]


def test_digest_is_that_of_the_table_without_its_column(path):
    expected = hashlib.blake2b(
        b'clip,value,made\na,0.25,by hand\n"b, c",0.5,by hand\n"say ""d""",0.75,by hand\n', digest_size=16
    ).hexdigest()
    lines = path.read_text().splitlines()
    assert lines[0] == "clip,value,made,digest" and lines[1] == f"a,0.25,by hand,blake2b-{expected}"
    assert len({line.rpartition(",")[2] for line in lines[1:]}) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: lines[:-1],
        lambda lines: lines[:1],
        lambda lines: [],
        lambda lines: [lines[0], lines[2], lines[1], lines[3]],
        lambda lines: [lines[0], lines[1].replace("0.25", "0.26"), *lines[2:]],
        lambda lines: [lines[0].replace("value", "other"), *lines[1:]],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [*lines[:-1], lines[-1][:-1]],
        lambda lines: [line.rpartition(",")[0] for line in lines],
        lambda lines: [*lines, ""],
    ],
    ids=["cut", "header", "empty", "swapped", "edited", "renamed", "doubled", "cut digest", "no digest", "blank line"],
)
def test_damage_is_an_error_that_names_the_file(path, damage):
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line}\n" for line in damage(lines)))
    with pytest.raises(InputError, match=r"t\.csv: .*delete it and run again"):
        digested.read(path)


def test_missing_file_and_table_without_rows(tmp_path):
    with pytest.raises(InputError, match=r"t\.csv: missing"):
        digested.read(tmp_path / "t.csv")
    with pytest.raises(ValueError, match="no place"):
        digested.write(HEADER, [], tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == []
