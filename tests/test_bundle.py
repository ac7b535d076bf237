"""Bundles: what is in one and what is not, that a stranger's is never believed, and names under pseudonyms."""

import argparse
import json
import os
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import made_run
import numpy as np
import pytest
from hypothesis import given, settings, strategies
from test_standing import TRAINED, trained_otherwise

from rrrn.commands import bundle as command
from rrrn.data import clips, result
from rrrn.provenance import sources
from rrrn.running.stage import InputError
from rrrn.sharing import archive, bundle, contents, gathered, pseudonyms, run
from rrrn.sharing.archive import ABOUT

CASES = int(os.environ.get("RRRN_FUZZ", "60"))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return made_run.make(tmp_path_factory.mktemp("made")).parent


@pytest.fixture(scope="module")
def packed(made, tmp_path_factory) -> Path:
    return pack(made, tmp_path_factory.mktemp("packed") / "run.zip")


def pack(root: Path, path: Path, hashed: bool = False) -> Path:
    command.main(argparse.Namespace(results=root / "results", output=path, hash_subjects=hashed))
    return path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def remade(path: Path, change, right: bool = True) -> None:
    """Change the members of a bundle in place, with right checksums unless they are to be wrong."""
    found = members(path)
    change(found)
    if right and ABOUT in found:
        told = json.loads(found[ABOUT])
        told["members"] = {
            name: {"bytes": len(data), "sha256": archive.checksum(data)}
            for name, data in found.items()
            if name != ABOUT
        }
        found[ABOUT] = json.dumps(told).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, data in found.items():
            file.writestr(name, data)


def edited(name: str, before: str, after: str):
    def change(found: dict[str, bytes]) -> None:
        assert before.encode() in found[name]
        found[name] = found[name].replace(before.encode(), after.encode(), 1)

    return change


def test_a_bundle_holds_texts_of_the_run_and_no_place(made, packed):
    found = members(packed)
    assert {Path(name).suffix for name in found} <= {".json", ".csv", ".md", ".tex"}
    assert {name for name in found if name.startswith("predictions/")} == {
        "predictions/lbp_top/none.csv",
        "predictions/rrrn/none.csv",
    }
    assert not any(str(made).encode() in data for data in found.values())
    told = json.loads(found[ABOUT])
    assert (
        told["audit"]["clips"] == {name: {"I": 4, "II": 4, "III": 4} for name in "ab"} and told["data"] == "synthetic"
    )
    assert told["tables"]["iv"]["of"] == result.read(made / "results/table_iv.json")["of"]
    assert "rrrn.stages.train,rrrn.networks.rrrn.model" in told["code"] and told["versions"]["numpy"]
    assert all(info.date_time == (1980, 1, 1, 0, 0, 0) for info in zipfile.ZipFile(packed).infolist())


def test_the_same_run_gives_the_same_bytes_wherever_it_lies(packed, tmp_path):
    again = made_run.make(tmp_path / "elsewhere").parent
    assert pack(again, tmp_path / "again.zip").read_bytes() == packed.read_bytes()


def test_what_is_read_is_what_was_gathered(made, packed):
    gathered_here, read = gathered.of_folder(made / "results"), run.read(packed)
    assert replace(gathered_here, keys={}) == read.contents
    own = run.read(made)
    assert own.scores() == read.scores() and own.tables["iv"].clips == read.tables["iv"].clips
    assert {name: counts.shape for name, counts in own.tables["iii_a"].counts.items()} == {
        "lbp_top": (2, 1, 4, 3, 3),
        "rrrn": (2, 2, 4, 3, 3),
    }
    score = {(row["method"], row["seed"]): float(row["value"]) for row in own.scores() if row["table"] == "iv"}
    for row in (made / "results/scores/iv/rrrn/mask.csv").read_text().splitlines()[1:]:
        cells = row.split(",")
        if cells[-4] == "WF1":  # the last of each seed
            assert float(cells[-3]) == pytest.approx(score["rrrn", cells[2]])


def test_an_ablation_is_shared_with_its_variants(tmp_path):
    given = {"variants": {"rrrn-fc": {"of": "rrrn", "settings": {"attention": "fc"}, "label": "RRRN fc"}}}
    root = made_run.make(tmp_path / "run", **given, ablation=["rrrn", "rrrn-fc"]).parent
    found = run.read(pack(root, tmp_path / "x.zip"))
    assert list(found.tables["ablation"].counts) == ["rrrn", "rrrn-fc"] and list(found.tables["iv"].counts) != ["rrrn"]
    assert found.told["labels"]["methods"]["rrrn-fc"] == "RRRN fc"
    assert {"predictions/rrrn-fc/none.csv", "tables/ablation_comparisons.csv"} <= set(members(tmp_path / "x.zip"))


def copied(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "copy")


def test_a_run_whose_predictions_were_replaced_is_not_packed(made, tmp_path, monkeypatch):
    monkeypatch.chdir(copied(made, tmp_path))
    trained_otherwise(TRAINED)
    with pytest.raises(
        InputError, match=r"table_iii_a|table_iv\.csv is not of what lies there\. The predictions on disk no"
    ):
        pack(Path(), tmp_path / "x.zip")
    Path(TRAINED).unlink()
    with pytest.raises(InputError, match="whether the others fit is not known"):
        pack(Path(), tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()


def test_a_run_whose_clip_table_was_edited_is_not_packed(made, tmp_path):
    root = copied(made, tmp_path)
    rows = clips.read(root / "clips.csv")
    clips.write([replace(rows[0], apex=6), *rows[1:]], root / "clips.csv")
    with pytest.raises(InputError, match="The clip table has changed"):
        pack(root, tmp_path / "x.zip")


def test_tables_of_two_configurations_are_not_packed(made, tmp_path):
    root = copied(made, tmp_path)
    about = root / "results/table_iii_a.json"
    told = json.loads(about.read_text())
    told["configuration"]["train"]["epochs"] = 3
    del told["digest"]
    about.write_text(json.dumps(told | {"digest": result._digest(told)}))
    with pytest.raises(InputError, match=r"made with other settings of 'train\.epochs'"):
        pack(root, tmp_path / "x.zip")


def test_code_that_was_edited_since_is_told_as_one_digest(made, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(sources, "digest", lambda *modules: "0" * 12)
    caplog.set_level("INFO")
    path = pack(made, tmp_path / "x.zip")
    assert run.read(path).told["code"] == {} and "The code was edited since the run" in caplog.text


@pytest.mark.parametrize("name", ["nothing", "clips.csv"])
def test_what_is_no_folder_of_results_is_refused(made, tmp_path, name):
    with pytest.raises(InputError, match="is no folder of results"):
        gathered.of_folder(made / name)
    (tmp_path / "results").mkdir()
    with pytest.raises(InputError, match="has no table yet"):
        gathered.of_folder(tmp_path / "results")
    with pytest.raises(InputError, match=r"x\.tar: its name must end in \.zip"):
        pack(made, tmp_path / "x.tar")
    with pytest.raises(InputError, match=r"its name must end in \.zip"):
        pack(made, Path())


def test_flags_of_a_table_of_ones_own_are_counted_and_not_told(made, tmp_path):
    table = tmp_path / "clips.csv"
    table.write_text("database,subject,flags\na,s,apex_nearest:3->4;override:apex;Miller blinks\na,s,asked Smith: no\n")
    told = gathered._audit(table, clips.read(made / "clips.csv"))
    assert told["remarks"] == {"apex_nearest": 1, "other": 2, "override": 1}


def test_paths_in_a_configuration_are_names():
    assert contents.without_places({"x": {"label": "RRRN w/o RI"}}) == {"x": {"label": "RRRN w/o RI"}}
    told = {"clips": "/home/me/mine.csv", "a": [{"path": "C:\\my\\w.pth"}], "b": 1, "c": None, "d": "own/folder/"}
    assert contents.without_places(told) == {
        **told,
        "clips": "mine.csv",
        "a": [{"path": "w.pth"}],
        "d": "folder",
    }


# what a stranger may have made


def copy_of(packed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(packed, tmp_path / "copy.zip"))


@pytest.mark.parametrize(
    "name",
    ["../x.csv", "/x.csv", "predictions/../../x.csv", "tables\\x.csv", "predictions/a/b/c.csv", "x", "tables/x.exe"],
)
def test_no_name_leads_anywhere(packed, tmp_path, name):
    path = copy_of(packed, tmp_path)
    remade(path, lambda found: found.update({name: b"x"}))
    with pytest.raises(InputError, match="is no bundle: it holds"):
        bundle.read(path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["copy.zip"]


def test_sizes_are_bounded_before_anything_is_read(packed, monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 50_000)
    with pytest.raises(InputError, match="larger than a bundle may be"):
        bundle.read(packed)
    with pytest.raises(InputError, match="would have more than"):
        archive.write({"clips.csv": b"0" * 50_001}, packed.with_name("large.zip"))


def test_a_member_that_is_larger_than_it_says_is_not_read_on(packed, tmp_path):
    path = copy_of(packed, tmp_path)
    data = path.read_bytes()
    size = zipfile.ZipFile(path).getinfo("scores.csv").file_size
    assert data.count(size.to_bytes(4, "little")) == 2
    path.write_bytes(data.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(InputError, match=r"damaged|another size"):
        bundle.read(path)


def test_files_twice_are_refused(packed, tmp_path):
    path = copy_of(packed, tmp_path)
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("clips.csv", b"x")
    with pytest.raises(InputError, match="holds a file twice"):
        bundle.read(path)


def test_other_packing_is_refused(packed, tmp_path):
    found, path = members(packed), tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        for name, data in found.items():
            file.writestr(name, data)
    with pytest.raises(InputError, match="packed as no bundle is"):
        bundle.read(path)


def about(**told):
    def change(found: dict[str, bytes]) -> None:
        found[ABOUT] = json.dumps({**json.loads(found[ABOUT]), **told}).encode()

    return change


def inside(path: str, new):
    """Put ``new`` of what stands at a dotted path of ABOUT in its place."""

    def change(found: dict[str, bytes]) -> None:
        told = part = json.loads(found[ABOUT])
        *above, last = path.split(".")
        for key in above:
            part = part[key]
        part[last] = new(part[last])
        found[ABOUT] = json.dumps(told).encode()

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found.pop(ABOUT), "is no bundle: it has no bundle.json"),
        (lambda found: found.pop("clips.csv"), "has no clips.csv"),
        (about(format="rrrn bundle 2"), "of another version of rrrn"),
        (about(format="other"), "is not as rrrn bundle writes it"),
        (about(data="real"), "is not as rrrn bundle writes it"),
        (about(more=1), "is not as rrrn bundle writes it"),
        (about(libraries="numpy"), "is not as rrrn bundle writes it"),
        (about(labels={"methods": {}, "conditions": {}}), "there is no 'lbp_top'"),
        (about(labels={"methods": {"lbp_top": "A", "rrrn": "A"}, "conditions": {}}), "two methods are called A"),
        (inside("tables.iv.folds", lambda folds: [*folds, "more"]), "Table iv: fold more tests nobody"),
        (inside("configuration.protocol.n_seeds", lambda _: 9), "2 seeds, and not as many as its protocol"),
        (about(rrrn="\x1b[2J"), "control characters"),
        (about(labels={"methods": {"rrrn": "a\nb"}, "conditions": {}}), "control characters"),
        (edited("clips.csv", "a-s0", "a-\x07s0"), "control characters"),
        (edited("clips.csv", "database", "data"), "has not the columns"),
        (edited("clips.csv", ",c0_0,I,", ",c0_0,II,"), "another than in the clip table"),
        (edited("clips.csv", "a,a-s0,c0_0,I,synthetic\n", ""), "do not belong together"),
        (edited("predictions/rrrn/none.csv", ",0.5,", ",nan,"), "not finite"),
        (edited("predictions/rrrn/none.csv", "c0_0", "c0_1"), "tested twice|another than"),
        (edited("predictions/rrrn/none.csv", "p_I,", "p_X,"), "there is no 'p_I'"),
        (edited("scores.csv", "0.", "1."), "its scores are not those of its predictions"),
        (edited("tables/table_iv_long.csv", "RRRN,F1,0.", "RRRN,F1,1."), "F1 is not of the predictions"),
        (edited("tables/table_iv_long.csv", "RRRN,F1,0.", "RRRN,F1,x"), "could not convert"),
        (lambda found: found.pop("tables/table_iv_long.csv"), "Table iv lacks cells"),
        (lambda found: found.pop("predictions/rrrn/none.csv"), "there are no predictions of rrrn"),
    ],
)
def test_a_bundle_that_contradicts_itself_is_one_message(packed, tmp_path, change, message):
    path = copy_of(packed, tmp_path)
    remade(path, change)
    with pytest.raises(InputError, match=message) as error:
        run.read(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": ' * 100_000, "cannot be read"),
        (b'{"a": NaN}', "NaN is no number"),
        (b"\xff", "cannot be read"),
        (b"[]", "not as"),
    ],
)
def test_an_about_that_is_none_is_one_message(packed, tmp_path, data, message):
    path = copy_of(packed, tmp_path)
    remade(path, lambda found: found.update({ABOUT: data}), right=False)
    with pytest.raises(InputError, match=message):
        run.read(path)


def test_a_changed_member_is_named(packed, tmp_path):
    path = copy_of(packed, tmp_path)
    remade(path, edited("tables/table_iv.md", "RRRN", "RARN"), right=False)
    with pytest.raises(InputError, match=r"tables/table_iv\.md is damaged or was edited"):
        run.read(path)
    remade(path, lambda found: found.pop("tables/table_iv.md"), right=False)
    with pytest.raises(InputError, match=r"tables/table_iv\.md is not in it"):
        run.read(path)


def test_what_is_no_zip_is_told(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(InputError, match=r"a\.zip: is no bundle, or a damaged one"):
        run.read(tmp_path / "a.zip")
    with pytest.raises(InputError, match=r"b\.zip: is not there"):
        run.read(tmp_path / "b.zip")


@settings(max_examples=CASES)
@given(seed=strategies.integers(0, 2**32 - 1))
def test_whatever_happens_to_a_bundle_it_is_refused_or_right(packed, tmp_path_factory, seed):
    rng, whole = np.random.default_rng(seed), packed.read_bytes()
    data, place = bytearray(whole), int(rng.integers(len(whole)))
    kind, length = int(rng.integers(4)), 1 + int(rng.integers(64))
    if kind == 0:
        data[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        data[place : place + length] = rng.bytes(length)
    elif kind == 2:
        del data[place : place + length]
    else:
        del data[place:]
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    path.write_bytes(data)
    try:
        found = bundle.read(path)
    except InputError as error:
        assert str(path) in str(error)
    else:
        assert found == bundle.read(packed)


# names


def recorded(tmp_path: Path, drawn: int = 0, **given) -> Path:
    return made_run.make(tmp_path, made_run.clip_table(source="recorded"), drawn, **given).parent


def test_hashed_names_are_nowhere_in_a_bundle_and_order_nothing(tmp_path, caplog):
    root = recorded(tmp_path / "run")
    path = pack(root, tmp_path / "x.zip", hashed=True)
    assert "hidden by the database's name only" not in caplog.text
    data = b"".join(members(path).values()).decode()
    rows = clips.read(root / "clips.csv")
    assert not any(name in data for row in rows for name in (row.subject, f",{row.clip},", row.frames_digest[8:]))
    found = run.read(path)
    assert found.contents.hashed and found.scores() == run.read(root).scores()
    listed = [row["subject"] for row in found.contents.clips]
    called = dict(zip(listed, listed, strict=True))
    assert list(called) == sorted(called) and len(called) == 8
    for rows_of in found.contents.predictions.values():
        assert [row["subject"] for row in rows_of] == sorted(row["subject"] for row in rows_of)


@pytest.mark.parametrize("hashed", [False, True])
def test_no_byte_of_recorded_clips_tells_of_a_face_or_of_the_machine(tmp_path, hashed):
    """What a clip table has of a person's machine and face, and what the run's folder is called."""
    root = tmp_path / "franziska"
    table = [
        replace(clip, frames=f"/home/franziska/faces/{clip.clip}") for clip in made_run.clip_table(source="recorded")
    ]
    made_run.make(root, table, clips=str(root / "clips.csv"))
    path = pack(root, tmp_path / "x.zip", hashed)
    found = members(path)
    told = json.loads(found[ABOUT])
    assert told["data"] == "recorded" and told["configuration"]["clips"] == "clips.csv"
    places = [b"franziska", b"/home", bytes(tmp_path), b"faces/"]
    kinds = [b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"\x89HDF", b"NUMPY", b"landmark"]  # as images and arrays begin
    digests = [clip.frames_digest.encode() for clip in table]
    for data in (path.read_bytes(), *found.values()):
        assert not [one for one in (*places, *digests, b"SYNTHETIC", b"synthetic", b"drawn") if one in data]
    for data in found.values():
        assert data.decode().replace("\n", "").isprintable() and not [one for one in kinds if one in data]


def test_pseudonyms_are_those_of_the_database_and_not_of_the_bundle():
    table = made_run.clip_table(source="recorded")
    keys = pseudonyms.keys(table)
    assert keys == pseudonyms.keys(list(reversed(table))) and keys["a"] != keys["b"]
    other = [replace(table[0], frames_digest="blake2b-" + "0" * 32), *table[1:]]
    assert pseudonyms.keys(other)["a"] != keys["a"] and pseudonyms.keys(other)["b"] == keys["b"]


def test_names_that_anybody_may_try_are_told(made, tmp_path, caplog):
    caplog.set_level("INFO")
    path = pack(made, tmp_path / "x.zip", hashed=True)
    assert caplog.text.count("hidden by the database's name only") == 2 and "subjects have pseudonyms" in caplog.text
    once = run.read(path).contents
    assert pseudonyms.hidden(once) == once
