import numpy as np
import pytest

from rrrn import clips, flow_store, region_boxes, regions, store
from rrrn.flow_store import FlowReader
from rrrn.stage import InputError


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


def pack(tmp_path, *shards):
    parser = regions.stage.command("")
    args = parser.parse_args(["--settings", '{"regions": {"size": 8}}'])
    args.shards, args.output, args.clips = list(shards), tmp_path / "out.h5", tmp_path / "clips.csv"
    regions.main(args)
    return args.output


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
        with store.reading(pack(tmp_path, *(tmp_path / name for name in order))) as file:
            assert store.names(file, "subject") == ["a-1", "a-2", "a-2"]
            assert np.array_equal(file["flow"][()], np.stack(list(flows.values())))
            assert file["flow"].chunks == (1, 1, 2, 16, 16)
            assert file["boxes"][()].tolist() == region_boxes.boxes(16).tolist()
        contents.append((tmp_path / "out.h5").read_bytes())
    assert contents[0] == contents[1]


def test_stored_numbers_and_attributes_are_passed_on(tmp_path, flows):
    """Nothing is decoded and encoded again."""
    form = {"dtype": "int16", "compression": "blosc2"}
    flows = {key: flow.astype(np.float32) for key, flow in flows.items()}
    shard(tmp_path / "1.h5", "a-1", {"x": flows["a-1", "x"]}, form=form)
    shard(tmp_path / "2.h5", "a-2", {"b": flows["a-2", "b"], "x": flows["a-2", "x"]}, form=form)
    packed = pack(tmp_path, tmp_path / "1.h5", tmp_path / "2.h5")
    with store.reading(packed) as file, store.reading(tmp_path / "1.h5") as one:
        assert file.attrs["engine"] == "opencv"
        assert dict(file["flow"].attrs) == dict(one["x/flow"].attrs)
        assert file["flow"].attrs["norm"] == "fixed" and file["flow"].attrs["scale"] == flow_store.STEP
        for name in ("flow", "flow_crc32"):
            assert np.array_equal(file[name][0], one["x"][name][()])
    with FlowReader(packed) as reader:
        assert np.abs(reader.read(()) - np.stack(list(flows.values()))).max() <= flow_store.STEP / 2


@pytest.mark.parametrize(
    "other",
    [{"form": {**FORM, "compression": "blosc2"}}, {"form": {**FORM, "dtype": "int16"}}, {"engine": "another"}],
)
def test_shards_that_were_made_or_stored_otherwise_are_an_error(tmp_path, flows, other):
    shard(tmp_path / "1.h5", "a-1", {"x": flows["a-1", "x"]})
    shard(tmp_path / "2.h5", "a-2", {"b": flows["a-2", "b"], "x": flows["a-2", "x"]}, **other)
    with pytest.raises(InputError, match=r"2\.h5: made or stored otherwise than a-1's"):
        pack(tmp_path, tmp_path / "1.h5", tmp_path / "2.h5")
    assert not (tmp_path / "out.h5").exists()


def test_damaged_shard_is_an_error(tmp_path, flows):
    shard(tmp_path / "1.h5", "a-1", {"x": flows["a-1", "x"]})
    shard(tmp_path / "2.h5", "a-2", {"b": flows["a-2", "b"], "x": flows["a-2", "x"]})
    whole = (tmp_path / "1.h5").read_bytes()
    sample = flows["a-1", "x"][1].tobytes()
    assert whole.count(sample) == 1
    (tmp_path / "1.h5").write_bytes(whole.replace(sample, bytes(len(sample))))
    with pytest.raises(InputError, match=r"1\.h5: damaged"):
        pack(tmp_path, tmp_path / "1.h5", tmp_path / "2.h5")


def test_each_shard_is_verified_once(tmp_path, flows, monkeypatch):
    shard(tmp_path / "1.h5", "a-1", {"x": flows["a-1", "x"]})
    shard(tmp_path / "2.h5", "a-2", {"b": flows["a-2", "b"], "x": flows["a-2", "x"]})
    verified, verify = [], store.verified
    monkeypatch.setattr(store, "verified", lambda path: verified.append(path.name) or verify(path))
    pack(tmp_path, tmp_path / "1.h5", tmp_path / "2.h5")
    assert verified == ["1.h5", "2.h5"]


def test_missing_clip_and_other_views_are_errors(tmp_path, flows):
    shard(tmp_path / "1.h5", "a-1", {"x": flows["a-1", "x"]})
    with pytest.raises(InputError, match="no flow of clip a-2/b"):
        pack(tmp_path, tmp_path / "1.h5")
    shard(tmp_path / "2.h5", "a-2", {"b": flows["a-2", "b"], "x": flows["a-2", "x"]}, views=(0, 2))
    with pytest.raises(InputError, match="other views"):
        pack(tmp_path, tmp_path / "1.h5", tmp_path / "2.h5")
