import numpy as np
import pytest

from rrrn import clips, flow_store, region_boxes, regions, store
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
        clips.Clip("a", subject, name, 1, 2, 3, "I", "frames", "synthetic")
        for subject, name in (("a-2", "x"), ("a-1", "x"), ("a-2", "b"))
    ]
    clips.write(table, tmp_path / "clips.csv")
    return {(c.subject, c.clip): generator.normal(size=(2, 2, 16, 16)).astype(np.float16) for c in table}


def test_packed_in_table_order_whatever_the_order_of_shards(tmp_path, flows):
    one = {"x": flows["a-1", "x"]}
    two = {"b": flows["a-2", "b"], "x": flows["a-2", "x"]}
    shard(tmp_path / "1.h5", "a-1", one)
    shard(tmp_path / "2.h5", "a-2", two)
    contents = []
    for order in (("1.h5", "2.h5"), ("2.h5", "1.h5")):
        with store.reading(pack(tmp_path, *(tmp_path / name for name in order))) as file:
            assert store.names(file, "subject") == ["a-2", "a-1", "a-2"]
            assert np.array_equal(file["flow"][()], np.stack(list(flows.values())))
            assert file["flow"].chunks == (1, 1, 2, 16, 16)
            assert file["boxes"][()].tolist() == region_boxes.boxes(16).tolist()
        contents.append((tmp_path / "out.h5").read_bytes())
    assert contents[0] == contents[1]


def test_missing_clip_and_other_views_are_errors(tmp_path, flows):
    shard(tmp_path / "1.h5", "a-1", {"x": flows["a-1", "x"]})
    with pytest.raises(InputError, match="no flow of clip a-2/x"):
        pack(tmp_path, tmp_path / "1.h5")
    shard(tmp_path / "2.h5", "a-2", {"b": flows["a-2", "b"], "x": flows["a-2", "x"]}, views=(0, 2))
    with pytest.raises(InputError, match="other views"):
        pack(tmp_path, tmp_path / "1.h5", tmp_path / "2.h5")
