"""The table of clips that ``rrrn predict`` is asked for: a misspelt column is named, and a clip table passes."""

import pytest

from rrrn.data import clips
from rrrn.models import asked
from rrrn.running.stage import InputError


@pytest.mark.parametrize("name", ["apx", "Apex", "apex frame", "person"])
def test_a_column_that_may_be_a_misspelt_one_is_refused(tmp_path, name):
    path = tmp_path / "many.csv"
    path.write_text(f"frames,clip,onset,{name},offset\nx,a,1,2,3\n")
    message = rf"many\.csv: unknown column '{name}'; known are frames, subject, clip, onset, apex, offset"
    with pytest.raises(InputError, match=message):
        asked.table(path)


@pytest.mark.parametrize(
    "names",
    [
        "frames,onset,apex",
        ",frames,apex",
        ",".join(clips.COLUMNS),
        ",".join((*clips.COLUMNS, clips.DIGEST, *clips.ORIGIN)),
        "frames,objective_class,flags,apex",
        "frames,subject,clip,onset,apex,offset,my own notes",
    ],
)
def test_further_columns_that_are_no_misspelt_ones_are_of_no_matter(tmp_path, names):
    path = tmp_path / "many.csv"
    numbers = {"onset": "1", "apex": "2", "offset": "3"}
    path.write_text(f"{names}\n{','.join(numbers.get(name, 'x') for name in names.split(','))}\n")
    assert [(str(one.path), one.apex) for one in asked.table(path)] == [("x", 2)]
