"""The stage that draws occluders: what comes back is what was drawn, bit for bit."""

import argparse
import dataclasses

import cv2
import h5py
import numpy as np
import pytest
from test_occlusion_own_art import ROW, folder, picture

from rrrn.data import listing, store
from rrrn.occlusion.kinds import art_shard, drawings
from rrrn.running.stage import InputError
from rrrn.stages import art


def run(path, wanted, kind="mask", **asked):
    settings = {"occlude": {kind: {"art": str(wanted)}}}
    art.main(argparse.Namespace(output=path, kind=kind, plugin="", settings=settings, asked=asked))
    return path


def same(found, wanted):
    """Whether two templates are equal in every bit and type."""
    for field in dataclasses.fields(wanted):
        one, other = (getattr(template, field.name) for template in (found, wanted))
        if dataclasses.is_dataclass(other):
            same(one, other)
        elif isinstance(other, np.ndarray):
            assert one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
        else:
            assert one == other


@pytest.mark.parametrize(("kind", "names"), [("mask", slice(3, 8, 2)), ("glasses", slice(4, 6))])
def test_built_in_pictures_come_back_as_drawn_and_in_their_order(tmp_path, kind, names):
    every = drawings.of(kind, "built_in")
    some = {name: every[name] for name in list(every)[names]}
    with store.create(tmp_path / "art.h5") as file:
        art_shard.put(file, some)
    with store.reading(tmp_path / "art.h5") as file:
        found = art_shard.get(file)
        assert list(found) == list(some)
        for name, drawn in some.items():
            same(found[name](), drawn())


def test_ones_own_pictures_come_back_as_read(tmp_path):
    wanted = folder(tmp_path / "own", ROW + "0.5", "née 1.png,20,2,28,1,39,", red=picture(), **{"née 1": picture(80)})
    with store.reading(run(tmp_path / "art.h5", wanted, "glasses")) as file:
        found, read = art_shard.get(file), drawings.of("glasses", str(wanted))
        assert list(found) == list(read) == ["née 1.png", "red.png"]
        for name, drawn in read.items():
            same(found[name](), drawn())
        assert found["red.png"]().min_ratio == 0.5


def test_equal_pictures_give_equal_bytes(tmp_path):
    wanted = folder(tmp_path / "own", ROW)
    assert run(tmp_path / "a.h5", wanted).read_bytes() == run(tmp_path / "b.h5", wanted).read_bytes()


def test_a_picture_that_nobody_would_wear_stops_it_too(tmp_path):
    clear = np.zeros_like(picture())
    wanted = folder(tmp_path / "own", ROW, ROW.replace("red", "zz"), red=picture(), zz=clear)
    with pytest.raises(InputError, match=r"anchors\.csv, row 3: zz\.png is transparent everywhere"):
        run(tmp_path / "art.h5", wanted)
    assert not list(tmp_path.glob("*art.h5*"))


def test_a_folder_that_changed_since_the_run_started_is_refused(tmp_path):
    wanted = folder(tmp_path / "own", ROW)
    other = listing.contents(wanted)
    run(tmp_path / "art.h5", wanted, other=other)
    cv2.imwrite(str(wanted / "red.png"), picture(colour=(1, 2, 3)))
    with pytest.raises(InputError, match=r"own: changed since this run started"):
        run(tmp_path / "other.h5", wanted, other=other)
    assert not (tmp_path / "other.h5").exists()


def test_one_picture_is_read_and_not_all(tmp_path, monkeypatch):
    wanted = folder(tmp_path / "own", ROW, ROW.replace("red", "blue"), red=picture(), blue=picture())
    path = run(tmp_path / "art.h5", wanted)
    with h5py.File(path, "r+") as file:
        del file["0"]["image"]
    with h5py.File(path, "r") as file:
        found = art_shard.get(file)
        assert found["red.png"]().image.any()
        with pytest.raises(KeyError):
            found["blue.png"]()
