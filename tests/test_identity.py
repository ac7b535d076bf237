"""What files say of themselves, and what stages make of it."""

import argparse
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrrn.data import clips, digested, identity, store
from rrrn.data.identity import Identity
from rrrn.provenance import asked, sources
from rrrn.provenance.asked import Asked
from rrrn.running import libraries
from rrrn.running.stage import InputError

MADE = Identity("results/flow/none/süb 1.h5", "0123456789abcdef", "fedcba9876543210", "numpy-2.4")


def told(made: Asked) -> argparse.Namespace:
    return argparse.Namespace(asked=json.loads(asked.text(made)))


@given(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), st.from_regex(r"[0-9a-f]{16}", fullmatch=True)
)
def test_text_comes_back(path, recipe):
    for made_with in ("", "cv2-5.0,numpy-2.4"):
        made = Identity(path, recipe, recipe[::-1], made_with)
        assert Identity.parse(str(made)) == made
    assert Identity.parse(str(Identity())) == Identity()


def test_hdf5_file_says_what_it_is(tmp_path):
    path = tmp_path / "a.h5"
    with store.create(path, lambda: str(MADE)) as file:
        file["x"] = np.arange(3)
    found, checksum = identity.read(path)
    assert found == MADE
    assert path.read_bytes().startswith(f"rrrn: BLAKE2b-128 of what follows this line: {checksum}\n".encode())


def test_what_a_file_says_is_under_its_checksum(tmp_path):
    path = tmp_path / "a.h5"
    with store.create(path, lambda: str(MADE)) as file:
        file["x"] = np.arange(3)
    path.write_bytes(path.read_bytes().replace(b"recipe=0123", b"recipe=1123"))
    with pytest.raises(InputError, match="other checksum"):
        store.verified(path)


def test_table_says_what_it_is(tmp_path):
    digested.write(["a", "b"], [["1", "x, y"], ["2", 'say "z"']], tmp_path / "a.csv", lambda: str(MADE))
    found, checksum = identity.read(tmp_path / "a.csv")
    assert found == MADE and checksum.startswith("blake2b-")
    assert digested.read(tmp_path / "a.csv") == [{"a": "1", "b": "x, y"}, {"a": "2", "b": 'say "z"'}]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b\n",
        b"a,b\n1,2\n",
        b"\xff\xfe",
        b"a,made,digest\n1,nothing,x\n",
        b"a,made,digest\n1,by hand",
        b"a,made,digest\n1",
        b"rrrn: BLAKE2b-128",
    ],
)
def test_file_that_says_nothing_is_an_error_that_names_it(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.csv: missing, damaged or of an earlier version"):
        identity.read(tmp_path / "a.csv")


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"a\.h5: missing.*No such file"):
        identity.read(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (MADE, ""),
        (Identity(MADE.path, "f" * 16, MADE.inputs), "other settings, code or clips"),
        (
            replace(MADE, libraries="numpy-2.3,torch-2.12"),
            "other libraries than are installed now, numpy 2.3 and not 2.4;",
        ),
        (replace(MADE, libraries="numpy-2.4,torch-2.12"), ""),
        (replace(MADE, libraries=""), ""),
        (Identity("results/flow/mask/süb 1.h5", "f" * 16, ""), "is results/flow/mask/süb 1.h5 by what it says"),
        (Identity(), "made by hand"),
    ],
)
def test_difference_in_words(tmp_path, found, message):
    wanted = replace(MADE, libraries="dlib-absent,numpy-2.4")
    text = identity.difference(tmp_path / "x.h5", found, wanted)
    assert message in text and bool(text) == bool(message)


def write(path, recipe):
    digested.write(["a"], [["1"]], path, lambda: str(Identity(str(path), recipe, "0" * 16)))


def test_stage_takes_the_inputs_that_are_asked_for(tmp_path):
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    write(one, "a" * 16)
    write(other, "b" * 16)
    made = asked.asked(told(Asked(path="out.csv", recipe="c" * 16, recipes=("a" * 16, "b" * 16))), [one, other])
    checksums = [identity.read(path)[1] for path in (one, other)]
    assert Identity.parse(made.identity()) == Identity("out.csv", "c" * 16, identity.combined(checksums))


def test_stage_refuses_an_input_of_another_recipe(tmp_path):
    write(tmp_path / "one.csv", "a" * 16)
    with pytest.raises(InputError, match=r"one\.csv: was made with other settings, code or clips"):
        asked.asked(told(Asked(path="out.csv", recipe="c" * 16, recipes=("b" * 16,))), [tmp_path / "one.csv"])


def test_stage_refuses_an_input_of_another_name(tmp_path):
    write(tmp_path / "one.csv", "a" * 16)
    (tmp_path / "one.csv").rename(tmp_path / "other.csv")
    with pytest.raises(InputError, match=r"other\.csv: is .*one\.csv by what it says"):
        asked.asked(told(Asked(path="out.csv", recipe="c" * 16, recipes=("b" * 16,))), [tmp_path / "other.csv"])


def test_stage_started_by_hand_compares_nothing(tmp_path):
    made = asked.asked(argparse.Namespace(asked={}), [tmp_path / "missing.h5"])
    assert Identity.parse(made.identity()) == Identity()


def test_code_that_was_edited_after_the_start(tmp_path, monkeypatch):
    (tmp_path / "rrrn").mkdir()
    module = tmp_path / "rrrn/one.py"
    module.write_text("x = 1\n")
    monkeypatch.setattr(sources, "HOME", tmp_path)
    made = Asked(path="out.csv", recipe="c" * 16, code=sources.current("rrrn.one"), modules=("rrrn.one",))
    running = asked.asked(told(made))
    module.write_text("x = 1  # a comment\n")
    running.identity()
    module.write_text("x = 2\n")
    with pytest.raises(InputError, match=r"code of rrrn\.one was edited since this run started"):
        running.identity()
    with pytest.raises(InputError, match="edited since"):
        asked.asked(told(made))
    module.write_text("x = 1\n")
    running.identity()


def test_a_library_that_was_changed_after_the_start(monkeypatch):
    installed = {"numpy": "2.4.1", "cv2": "5.0.0"}
    monkeypatch.setattr(libraries, "_found", installed.get)
    running = asked.asked(told(Asked(path="out.csv", recipe="c" * 16, libraries="cv2-5.0,numpy-2.4")))
    installed["numpy"] = "2.4.2"  # a patch
    running.identity()
    installed["numpy"] = "2.5.0"
    with pytest.raises(InputError, match=r"^numpy: is version 2\.5 here, and was 2\.4 when this run started"):
        running.identity()


def test_clip_table_that_was_edited_after_the_start(tmp_path):
    rows = [clips.Clip("d", f"s{k}", "c", 1, 5, 9, "I", f"frames/{k}", "recorded") for k in range(2)]
    path = tmp_path / "clips.csv"
    clips.write(rows, path)
    columns = ("onset", "apex")
    made = Asked(recipe="c" * 16, rows=clips.digest(rows[:1], *columns), columns=columns, subject="s0")
    assert made.clips(path) == rows
    path.write_text(path.read_text().replace("d,s1,c,1,5", "d,s1,c,1,6"))
    made.clips(path)  # of another subject
    path.write_text(path.read_text().replace("d,s0,c,1,5", "d,s0,c,1,6"))
    with pytest.raises(InputError, match=r"clips\.csv: was edited since this run started"):
        made.clips(path)
