import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rrrn.data import clips, flow_store, packed, store
from rrrn.data.packed import Pack
from rrrn.face import region_boxes
from rrrn.running.stage import InputError
from rrrn.stages import pack


def test_boxes_at_the_papers_size():
    expected = [
        [0, 0, 224, 224],
        [0, 0, 168, 168],
        [56, 0, 224, 168],
        [28, 56, 196, 224],
        [11, 11, 212, 212],
        [16, 16, 207, 207],
    ]
    assert region_boxes.boxes(224).tolist() == expected


@pytest.mark.parametrize("side", [20, 28, 40, 64, 112, 224, 1000])
def test_boxes_are_exact_fractions_cut_to_integers(side):
    thousandths = (np.array(region_boxes.FRACTIONS) * 1000).round().astype(int)
    assert np.array_equal(region_boxes.boxes(side), thousandths * side // 1000)


FORM = {"dtype": "float16", "compression": "none"}


def shard(path, subject, flows, views=(0, 1), form=FORM, engine="opencv"):
    with store.create(path) as file:
        file.attrs["engine"] = engine
        for name, flow in flows.items():
            group = file.create_group(name)
            group.attrs["subject"] = subject
            flow_store.put(group, "flow", flow, **form).attrs["norm"] = "fixed"
            store.put(group, "views", np.array(views, np.int32))


def two_shards(tmp_path, flows, **other):
    """The shards of both subjects; what is given besides is the second one's, but for a form, which is of both."""
    form = other.pop("form", FORM)
    shard(tmp_path / "1.h5", "a-1", {"x": flows["a-1", "x"]}, form=form)
    shard(tmp_path / "2.h5", "a-2", {"b": flows["a-2", "b"], "x": flows["a-2", "x"]}, form=form, **other)


def packing(tmp_path, *shards, output=None):
    parser = pack.stage.command("")
    args = parser.parse_args(["--settings", '{"pack": {"size": 8}}'])
    args.shards, args.output, args.clips = list(shards), output or tmp_path / "out.h5", tmp_path / "clips.csv"
    pack.main(args)
    return args.output


@contextmanager
def opened(path) -> Iterator[Pack]:
    with ExitStack() as stack:
        yield packed.open_packs([path], stack)[path]


@pytest.fixture
def flows(tmp_path):
    generator = np.random.default_rng(0)
    table = [
        clips.Clip("a", subject, name, 1, 2, 3, "I", f"{subject}/{name}", "synthetic")
        for subject, name in (("a-2", "x"), ("a-1", "x"), ("a-2", "b"))
    ]
    clips.write(table, tmp_path / "clips.csv")
    table.sort(key=lambda clip: (clip.subject, clip.clip))  # as they are read, whatever the order in the file
    return {(c.subject, c.clip): generator.normal(size=(2, 2, 16, 16)).astype(np.float16) for c in table}


def test_packed_in_table_order_whatever_the_order_of_shards(tmp_path, flows):
    one = {"x": flows["a-1", "x"]}
    two = {"b": flows["a-2", "b"], "x": flows["a-2", "x"]}
    shard(tmp_path / "1.h5", "a-1", one)
    shard(tmp_path / "2.h5", "a-2", two)
    contents = []
    for order in (("1.h5", "2.h5"), ("2.h5", "1.h5")):
        with store.reading(packing(tmp_path, *(tmp_path / name for name in order))) as file:
            assert store.names(file, "subject") == ["a-1", "a-2", "a-2"]
            assert "flow" not in file  # stays in the shards
            assert file["boxes"][()].tolist() == region_boxes.boxes(16).tolist()
        contents.append((tmp_path / "out.h5").read_bytes())
        with opened(tmp_path / "out.h5") as read:
            assert (read.shape, read.dtype, read.size) == ((2, 16, 16), np.float16, 8)
            for clip in clips.read(tmp_path / "clips.csv"):
                for views in ([0, 1], [1, 0], [1], [0, 0]):
                    assert np.array_equal(read.read(clip, views), flows[clip.subject, clip.clip][views])
    assert contents[0] == contents[1]


def test_form_and_checks_are_passed_on(tmp_path, flows):
    form = {"dtype": "int16", "compression": "blosc2"}
    flows = {key: flow.astype(np.float32) for key, flow in flows.items()}
    two_shards(tmp_path, flows, form=form)
    path = packing(tmp_path, tmp_path / "1.h5", tmp_path / "2.h5")
    with store.reading(path) as file, store.reading(tmp_path / "1.h5") as one:
        told = {name: file.attrs[name] for name in file.attrs if name not in ("size", "shape", "dtype")}
        assert told == {"engine": "opencv", **one["x/flow"].attrs}
        assert np.array_equal(file["crc32"][0], one["x/flow_crc32"][()])
    with opened(path) as read:
        clip = clips.read(tmp_path / "clips.csv")[2]
        found = flow_store.decode(read.read(clip, [0, 1]), read.scale)
        assert np.abs(found - flows[clip.subject, clip.clip]).max() <= flow_store.STEP / 2


@pytest.mark.parametrize(
    "other",
    [{"form": {**FORM, "compression": "blosc2"}}, {"form": {**FORM, "dtype": "int16"}}, {"engine": "another"}],
)
def test_shards_that_were_made_or_stored_otherwise_are_an_error(tmp_path, flows, other):
    shard(tmp_path / "1.h5", "a-1", {"x": flows["a-1", "x"]})
    shard(tmp_path / "2.h5", "a-2", {"b": flows["a-2", "b"], "x": flows["a-2", "x"]}, **other)
    with pytest.raises(InputError, match=r"2\.h5: clip a-2/b was made or stored otherwise than a-1/x"):
        packing(tmp_path, tmp_path / "1.h5", tmp_path / "2.h5")
    assert not (tmp_path / "out.h5").exists()


def test_damaged_shard_is_an_error(tmp_path, flows):
    shard(tmp_path / "1.h5", "a-1", {"x": flows["a-1", "x"]})
    shard(tmp_path / "2.h5", "a-2", {"b": flows["a-2", "b"], "x": flows["a-2", "x"]})
    whole = (tmp_path / "1.h5").read_bytes()
    sample = flows["a-1", "x"][1].tobytes()
    assert whole.count(sample) == 1
    (tmp_path / "1.h5").write_bytes(whole.replace(sample, bytes(len(sample))))
    with pytest.raises(InputError, match=r"1\.h5: damaged"):
        packing(tmp_path, tmp_path / "1.h5", tmp_path / "2.h5")


def test_each_shard_is_verified_once(tmp_path, flows, monkeypatch):
    shard(tmp_path / "1.h5", "a-1", {"x": flows["a-1", "x"]})
    shard(tmp_path / "2.h5", "a-2", {"b": flows["a-2", "b"], "x": flows["a-2", "x"]})
    verified, verify = [], store.verified
    monkeypatch.setattr(store, "verified", lambda path: verified.append(path.name) or verify(path))
    packing(tmp_path, tmp_path / "1.h5", tmp_path / "2.h5")
    assert verified == ["1.h5", "2.h5"]


def test_missing_clip_and_other_views_are_errors(tmp_path, flows):
    shard(tmp_path / "1.h5", "a-1", {"x": flows["a-1", "x"]})
    with pytest.raises(InputError, match="no shard holds clip a-2/b"):
        packing(tmp_path, tmp_path / "1.h5")
    shard(tmp_path / "2.h5", "a-2", {"b": flows["a-2", "b"], "x": flows["a-2", "x"]}, views=(0, 2))
    with pytest.raises(InputError, match=r"2\.h5: .* \(views: \[0, 2\], not \[0, 1\]\)"):
        packing(tmp_path, tmp_path / "1.h5", tmp_path / "2.h5")


# ---- reading


@pytest.fixture
def made(tmp_path, flows):
    """A pack whose shards lie in another folder, and one of the same clips under another condition."""
    for name, factor in (("none", 1), ("mask", 2)):
        folder = tmp_path / "results/flow" / name
        folder.mkdir(parents=True)
        two_shards(folder, {key: flow * factor for key, flow in flows.items()})
        packing(tmp_path, folder / "1.h5", folder / "2.h5", output=tmp_path / f"results/pack/{name}.h5")
    return tmp_path / "results"


def first_and_last(made):
    table = clips.read(made.parent / "clips.csv")
    return table[0], table[-1]


def test_a_folder_of_results_can_be_moved(made, flows, monkeypatch):
    first, last = first_and_last(made)
    made.rename(made.with_name("moved"))
    (made.parent / "linked").symlink_to("moved")
    monkeypatch.chdir(made.parent)
    for folder in (made.with_name("moved"), made.parent / "linked", Path("moved"), Path("moved/../linked")):
        with opened(folder / "pack/none.h5") as read:
            for clip in (first, last):
                assert np.array_equal(read.read(clip, [0, 1]), flows[clip.subject, clip.clip])


def test_another_shard_is_refused(made):
    """Whole and well formed, but of another condition; and one that was made anew."""
    first, last = first_and_last(made)
    (made / "flow/mask/2.h5").replace(made / "flow/none/2.h5")
    with opened(made / "pack/none.h5") as read:
        read.verify([first])
        assert read.read(first, [1]).any()
        for use in (lambda: read.verify([last]), lambda: read.read(last, [1])):
            with pytest.raises(InputError, match=r"flow/none/2\.h5: is not the file that .*pack/none\.h5 was made of"):
                use()


def test_a_missing_shard_is_named_when_it_is_needed(made):
    first, last = first_and_last(made)
    (made / "flow/none/2.h5").unlink()
    with opened(made / "pack/none.h5") as read:
        assert read.read(first, [0]).any()
        with pytest.raises(InputError, match=r"flow/none/2\.h5: is gone; delete .*pack/none\.h5, an index"):
            read.read(last, [0])


def test_a_shard_that_is_replaced_while_it_is_read_is_refused(made, monkeypatch):
    """It is opened again after others were read."""
    monkeypatch.setattr(packed, "_OPEN", 1)
    first, last = first_and_last(made)
    with opened(made / "pack/none.h5") as read:
        read.read(first, [0])
        read.read(last, [0])
        (made / "flow/mask/1.h5").replace(made / "flow/none/1.h5")
        with pytest.raises(InputError, match=r"flow/none/1\.h5: replaced or damaged since it was verified"):
            read.read(first, [0])


@pytest.mark.parametrize("limit", [1, 2, 3, 256])
def test_few_files_are_open_at_once(made, flows, monkeypatch, limit):
    monkeypatch.setattr(packed, "_OPEN", limit)
    table = clips.read(made.parent / "clips.csv")
    paths = [made / f"pack/{name}.h5" for name in ("none", "mask")]
    with ExitStack() as stack:
        packs = packed.open_packs(paths, stack)
        for number in np.random.default_rng(0).integers(12, size=60):
            clip, path, view = table[number % 3], paths[number // 3 % 2], int(number // 6)
            expected = flows[clip.subject, clip.clip][view] * (1 + number // 3 % 2)
            assert np.array_equal(packs[path].read(clip, [view])[0], expected)
            names = [os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()]
            assert len([name for name in names if f"{made.resolve()}/flow/" in name]) <= limit


def test_clips_and_views_that_a_pack_lacks_are_named(made):
    first, _ = first_and_last(made)
    with opened(made / "pack/none.h5") as read:
        with pytest.raises(InputError, match=r"none\.h5: clip a-1/x, view 5 is not in the file"):
            read.read(first, [0, 5])
        with pytest.raises(InputError, match=r"none\.h5: clip a-9/x is not in the file"):
            read.read(replace(first, subject="a-9"), [0])
