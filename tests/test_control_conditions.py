"""Control conditions: names, flow on one side of an outline, moved apexes, and what the workflow makes of them."""

import re
from types import SimpleNamespace

import cv2
import h5py
import numpy as np
import pytest
from scaffold import copy, planned
from training_data import make_table

from rrrn.data import flow_store, store, views
from rrrn.data.flow_store import FlowReader
from rrrn.data.views import View
from rrrn.experiment import config, control_conditions, defaults, labels, protocol
from rrrn.running.stage import InputError
from rrrn.stages import shift, within
from rrrn.tables import robustness

SIDE, CROP, FACE = 16, (48, 52), (4, 2, 44, 42)


def test_names():
    assert control_conditions.split("random-20-inside") == ("random-20", "inside")
    assert control_conditions.split("random-20") == ("random-20", "")
    assert control_conditions.plain(["none", "none-later", "mask", "mask-jittered"]) == ["none", "mask"]
    said = {"mask-inside": "Mask inside", "random-05-later": "Occ-5% later", "none-earlier": "Un-occ earlier"}
    assert {name: labels.condition(name) for name in said} == said
    allowed = re.compile(control_conditions.pattern())
    assert all(map(allowed.match, [*said, "none", "mask", "random-50-jittered", "glasses-outside"]))
    assert not any(map(allowed.match, ["none-inside", "mask-inside-later", "random-outside", "mask-within", "-later"]))


@pytest.mark.parametrize(
    ("names", "methods", "said"),
    [
        (["none", "mask-inside"], ["rrrn"], "mask-inside, a control of mask; add mask"),
        (["none", "mask", "mask-inside"], ["rrrn", "hog3d"], "which hog3d does not see"),
        (["none", "none-later"], ["lbp_top", "rrrn"], "which lbp_top does not see"),
    ],
)
def test_what_a_control_needs(names, methods, said):
    whole = defaults.whole([]) | {"conditions": names, "methods": methods}
    whole["protocol"] = whole["protocol"] | {"holdout": ["a", "b"]}
    with pytest.raises(InputError, match=said):
        config.check_together(whole, make_table())
    jittered = whole | {"conditions": ["none", "mask", "mask-jittered"], "methods": ["lbp_top", "rrrn"]}
    config.check_together(jittered, make_table())
    moved = jittered | {
        "methods": ["rrrn"],
        "conditions": ["mask", "mask-inside"],
        "flow": whole["flow"] | {"norm": "minmax"},
    }
    moved["protocol"] = moved["protocol"] | {"train_condition": "matched"}
    with pytest.raises(InputError, match=r"flow\.norm minmax moves zero"):
        config.check_together(moved, make_table())


def test_controls_rank_no_method_and_hold_no_weights():
    names = ["none", "mask", "random-05", "random-50", "random-50-inside", "none-later"]
    assert robustness.curve(names) == {5: 2, 50: 3}
    assert protocol.held_against({"conditions": names}) == names[:4]
    rng = np.random.default_rng(0)
    own = {name: rng.multinomial(9, [0.5, 0.5], (6, 1, 3, 2)).astype(float) for name in ("resnet18", "rrrn")}
    short = {name: counts[:4] for name, counts in own.items()}
    people = ["s1", "s2", "s3"]
    one, other = (robustness.ranked(*told, people, ["WAR"]) for told in ((own, names), (short, names[:4])))
    assert one.equals(other)


# ---- flow on one side


def alpha() -> np.ndarray:
    """An occluder over the lower third of the face box, and a hole in the upper left corner of it."""
    found = np.zeros(CROP, np.uint8)
    found[28:, :] = 255
    found[2:7, 4:9] = 255
    return found


@pytest.fixture
def shards(tmp_path):
    plan = [View("c", number, 1, 5, angle, 0) for number, angle in enumerate((0.0, 10.0, -10.0))]
    views.write(plan, tmp_path / "plan.csv")
    flow = np.random.default_rng(1).uniform(-1, 1, (3, 2, SIDE, SIDE)).astype(np.float32)
    for name in ("flow", "worn"):
        with store.create(tmp_path / f"{name}.h5") as file:
            group = file.create_group("c")
            group.attrs["subject"] = "s"
            if name == "flow":
                file.attrs["engine"] = "numba"
                flow_store.put(group, "flow", flow, dtype="int16", compression="blosc2").attrs["norm"] = "fixed"
                store.put(group, "views", np.arange(3, dtype=np.int32))
            else:
                group.attrs["face"] = np.array(FACE, np.int32)
                store.put(group, "alpha", alpha(), chunk_axes=0)
    return tmp_path


def kept(folder, side: str) -> np.ndarray:
    args = SimpleNamespace(
        flow=folder / "flow.h5", shard=folder / "worn.h5", plan=folder / "plan.csv", side=side, asked={}
    )
    args.output = folder / f"{side}.h5"
    within.main(args)
    with FlowReader(args.output, "c/flow") as reader:
        assert reader.attributes["norm"] == "fixed"
        return reader.read(())


def test_both_sides_are_the_whole(shards):
    with FlowReader(shards / "flow.h5", "c/flow") as reader:
        whole = reader.read(())
    inside, outside = kept(shards, "inside"), kept(shards, "outside")
    assert np.array_equal(inside + outside, whole) and not (inside * outside).any()
    for name in ("inside", "outside"):
        with h5py.File(shards / f"{name}.h5") as file, h5py.File(shards / "flow.h5") as source:
            assert dict(file.attrs) == dict(source.attrs) and file["c"].attrs["subject"] == "s"
            assert file["c/views"][()].tolist() == [0, 1, 2]


def test_what_is_inside_is_the_outline_turned(shards):
    x0, y0, x1, y1 = FACE
    inside = (kept(shards, "inside") != 0).any(axis=1)
    cell = (y1 - y0) / SIDE  # crop pixels of a cell
    for view, angle in enumerate((0.0, 10.0, -10.0)):
        expected = np.zeros((SIDE, SIDE), bool)
        for row, column in np.ndindex(SIDE, SIDE):  # the middle of a cell, turned back
            x, y = (column + 0.5) * cell - 0.5, (row + 0.5) * cell - 0.5
            middle = (x1 - x0 - 1) / 2, (y1 - y0 - 1) / 2
            turn = np.deg2rad(angle)
            dx, dy = x - middle[0], y - middle[1]
            back = (np.cos(turn) * dx - np.sin(turn) * dy, np.sin(turn) * dx + np.cos(turn) * dy)
            at = (int(np.clip(round(back[1] + middle[1]), -y0, CROP[0] - y0 - 1)) + y0, round(back[0] + middle[0]) + x0)
            expected[row, column] = alpha()[at[0], int(np.clip(at[1], 0, CROP[1] - 1))] > 0
        inner = cv2.erode(expected.astype(np.uint8), np.ones((3, 3))) > 0  # but for cells at the edge
        outer = cv2.dilate(expected.astype(np.uint8), np.ones((3, 3))) > 0
        assert (inner <= inside[view]).all() and (inside[view] <= outer).all()
        assert inside[view][12:].mean() > 0.9 and not inside[view][:9, 7:].any()


# ---- moved apexes


def test_apexes_move_within_their_clip():
    plan = [
        View("c", 0, 10, 20, 0, 0),
        View("c", 1, 10, 20, 5, 0),
        View("c", 2, 10, 13, 0, 0),
        View("c", 3, 10, 12, 0, 0),
    ]
    later, earlier = shift.moved(plan, 23, 5), shift.moved(plan, 23, -5)
    assert [view.apex for view in later] == [23, 23, 18, 17] and [view.apex for view in earlier] == [15, 15, 11, 11]
    assert [view.duplicate for view in earlier] == [0, 0, 0, 1] and {view.onset for view in earlier} == {10}
    assert shift.stopped({"c": plan}, later, 5) == 1 and shift.stopped({"c": plan}, earlier, -5) == 0
    assert [view.angle for view in later] == [view.angle for view in plan]


# ---- the workflow


def test_the_workflow_makes_what_controls_need(tmp_path):
    root = copy(tmp_path / "root", "rrrn")
    text = (root / "tests/config.yaml").read_text()
    names = "[none, mask, mask-inside, mask-outside, mask-jittered, none-later]"
    (root / "tests/config.yaml").write_text(text.replace("[none, mask, random-20]", names))
    jobs, subjects = planned(root), 4
    assert jobs["occlude"] == 2 * subjects and jobs["flow"] == 4 * subjects and jobs["within"] == 2 * subjects
    made = {name: jobs[name] for name in ("jitter", "occlude_jittered", "shift", "anchor", "augment")}
    assert made == dict.fromkeys(made, subjects)
    assert jobs["pack"] == 6 and jobs["attention"] == 2 and jobs["visible"] == 1
