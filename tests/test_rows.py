"""The join of the clip table with files, against a naive one."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrrn.data import rows, store
from rrrn.data.clips import Clip
from rrrn.running.stage import InputError

KEYS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=7)


def table_of(keys) -> list[Clip]:
    return [Clip("d", subject, clip, 1, 2, 3, "I", "f", "synthetic") for subject, clip in keys]


@given(KEYS, KEYS.map(lambda keys: list(dict.fromkeys(keys))), st.booleans())
def test_a_file_is_as_the_table_or_an_error_names_a_clip_that_differs(found, wanted, partial):
    surplus, missing = set(found) - set(wanted), set(wanted) - set(found)
    if not surplus and (partial or not missing):
        rows.check(found, table_of(wanted), Path("f.h5"), partial)
        return
    with pytest.raises(InputError, match=r"^f\.h5: clip ./. is not in (it|the clip table)") as error:
        rows.check(found, table_of(wanted), Path("f.h5"), partial)
    key = tuple(str(error.value).split()[2].split("/"))
    assert key in (surplus if "clip table" in str(error.value) else missing)


def test_rows_are_where_they_were_put(tmp_path):
    table = table_of([("s 2", "\u05d0"), ("s1", "x"), ("s 2", "x")])
    with store.create(tmp_path / "a.h5") as file:
        rows.put(file, table)
    with store.reading(tmp_path / "a.h5") as file:
        assert rows.of_file(file, tmp_path / "a.h5") == {rows.key(clip): row for row, clip in enumerate(table)}


def test_a_clip_with_two_rows_is_an_error(tmp_path):
    with store.create(tmp_path / "a.h5") as file:
        rows.put(file, table_of([("s1", "x"), ("s2", "x"), ("s1", "x")]))
    with store.reading(tmp_path / "a.h5") as file, pytest.raises(InputError, match=r"a\.h5: clip s1/x has two rows"):
        rows.of_file(file, tmp_path / "a.h5")


def shard(path, subject, names):
    with store.create(path) as file:
        for name in names:
            file.create_group(name).attrs["subject"] = subject
            store.put(file[name], "frames", np.zeros((1, 1)))
    return store.verified(path)


def test_each_clip_has_its_shard(tmp_path):
    one, two = tmp_path / "1.h5", tmp_path / "2.h5"
    seals = {one: shard(one, "s1", "xy"), two: shard(two, "s2", "x")}
    table = table_of([("s1", "x"), ("s2", "x"), ("s1", "y")])
    assert rows.of_shards(seals, table) == {("s1", "x"): one, ("s1", "y"): one, ("s2", "x"): two}
    with pytest.raises(InputError, match=r"2\.h5: clip s2/x is not in the clip table"):
        rows.of_shards(seals, table[::2])
    with pytest.raises(InputError, match="no shard holds clip s2/z of the clip table"):
        rows.of_shards(seals, [*table, *table_of([("s2", "z")])])
    again = tmp_path / "3.h5"
    with pytest.raises(InputError, match=r"3\.h5: holds clip s2/x, and so does .*2\.h5"):
        rows.of_shards(seals | {again: shard(again, "s2", "x")}, table)
