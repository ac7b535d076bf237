"""The transformers of ``rrrn.descriptors``: what they compute, how scikit-learn uses them, and what they refuse."""

import doctest
import math
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils import estimator_checks

from rrrn import descriptors
from rrrn.descriptors import HOG3D, LBPSIP, LBPTOP, MDMO, BiWOOF, directions, facial_regions, hog3d, lbp_sip, lbp_top
from rrrn.running.resources import HOME
from rrrn.running.stage import InputError

VIDEO = [LBPTOP(), LBPTOP("meb"), LBPTOP("zhao2007"), LBPSIP(), LBPSIP("joint"), HOG3D()]
FLOW = [MDMO(), MDMO("polar", alpha=0.9), BiWOOF(), BiWOOF("liong2018_code"), BiWOOF("woof"), BiWOOF("hoof")]
EVERY = pytest.mark.parametrize("descriptor", VIDEO + FLOW, ids=repr)
# Quarters of pixels: their sums are exact in any order, and many directions lie on the edge of a bin.
FLOWS = arrays(np.float32, (2, 7, 9), elements=st.integers(-6, 6).map(lambda n: n / 4))


def videos(count=2, shape=(11, 46, 46), seed=0):
    return list(np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8))


def flows(count=2, side=12, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 2, side, side)).astype(np.float32)


def clips_for(descriptor, count=2):
    return videos(count) if descriptor._what == "video" else flows(count)


# --- what is computed


def direction(u, v, bins, start):
    degrees = round((math.degrees(math.atan2(v, u)) - start) % 360, 9)
    return int(degrees // (360 / bins)) % bins


def blocked(height, width, blocks):
    return [
        [
            (y, x)
            for y in range(height * row // blocks, height * (row + 1) // blocks)
            for x in range(width * column // blocks, width * (column + 1) // blocks)
        ]
        for row in range(blocks)
        for column in range(blocks)
    ]


def naive_mdmo(clip_flows, regions, bins, mean, alpha):
    """(length, angle) of each region, from the paper's definition: loops over frames, regions and pixels."""
    sums = [[0.0, 0.0] for _ in regions]
    for flow in clip_flows:
        for k, region in enumerate(regions):
            held = [[] for _ in range(bins)]
            for y, x in region:
                u, v = float(flow[0, y, x]), float(flow[1, y, x])
                held[direction(u, v, bins, 0)].append((u, v))
            fullest = max(held, key=len)
            if not fullest:
                continue
            n = len(fullest)
            if mean == "vectors":
                main = sum(u for u, _ in fullest) / n, sum(v for _, v in fullest) / n
            else:
                length = sum(math.hypot(u, v) for u, v in fullest) / n
                angle = sum(math.atan2(v, u) % (2 * math.pi) for u, v in fullest) / n
                main = length * math.cos(angle), length * math.sin(angle)
            sums[k][0] += main[0] / len(clip_flows)
            sums[k][1] += main[1] / len(clip_flows)
    lengths = [math.hypot(*one) for one in sums]
    angles = [math.atan2(y, x) for x, y in sums]
    lengths = [length / max(lengths) if max(lengths) else 0.0 for length in lengths]
    return [
        (length, angle) if alpha is None else (alpha * length, (1 - alpha) * angle)
        for length, angle in zip(lengths, angles, strict=True)
    ]


def same_motions(found, expected, share=1.0):
    """Compare lengths and angles as vectors, since angles near pi and -pi are alike, and of rest nothing is told."""
    found, expected = np.reshape(found, (-1, 2)).astype(float), np.array(expected)
    for part in (np.cos, np.sin):
        np.testing.assert_allclose(
            found[:, 0] * part(found[:, 1] / share), expected[:, 0] * part(expected[:, 1] / share), atol=1e-6
        )


@pytest.mark.parametrize("count", [3, 5, 8, 12, 36])
@pytest.mark.parametrize("start", [0.0, -math.pi])
def test_a_direction_on_an_edge_belongs_to_the_part_that_it_begins(count, start):
    angles = start + 2 * math.pi * np.arange(count) / count
    found = directions.bins(2.5 * np.cos(angles), 2.5 * np.sin(angles), count, start)
    assert found.tolist() == list(range(count))
    middle = angles + math.pi / count
    assert directions.bins(np.cos(middle), np.sin(middle), count, start).tolist() == list(range(count))


@settings(max_examples=30)
@given(st.lists(FLOWS, min_size=1, max_size=3), st.sampled_from([3, 8]), st.sampled_from(["vectors", "polar"]))
def test_mdmo_is_the_definition(clip_flows, bins, mean):
    several = np.stack(clip_flows)
    (found,) = MDMO(blocks=2, bins=bins, mean=mean).transform([several])
    same_motions(found, naive_mdmo(clip_flows, blocked(7, 9, 2), bins, mean, None))
    (weighted,) = MDMO(blocks=2, bins=bins, mean=mean, alpha=0.75).transform([several])
    np.testing.assert_allclose(weighted, found * np.tile([0.75, 0.25], 4), atol=1e-6)


def test_mdmo_by_hand():
    flow = np.zeros((2, 4, 4), np.float32)
    flow[0, :2] = 3  # the upper half moves to the right, but for one pixel
    flow[:, 0, 0] = 0, -8
    flow[1, 2:, :2] = 4  # below on the left down
    (found,) = MDMO(blocks=2).transform([flow])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [0.75, 0, 0.75, 0, 1, math.pi / 2, 0, 0], atol=1e-6)
    (slower,) = MDMO(blocks=2).transform([np.stack([flow, np.zeros_like(flow)])])
    np.testing.assert_allclose(slower, found, atol=1e-6)  # half as long everywhere, and divided by the largest


def a_face(side=100):
    """Sixty-eight landmarks of an upright face, roughly those of the mean face."""
    jaw = [(side * (0.5 - 0.42 * math.cos(a)), side * (0.4 + 0.55 * math.sin(a))) for a in np.linspace(0, math.pi, 17)]
    brows = [
        (x, 0.28 - 0.04 * math.sin(a * 0.8)) for x, a in zip([0.14, 0.21, 0.28, 0.35, 0.42], range(5), strict=True)
    ]
    brows += [(1 - x, y) for x, y in brows[::-1]]
    nose = [(0.5, 0.36 + 0.07 * n) for n in range(4)] + [(0.41 + 0.045 * n, 0.63) for n in range(5)]
    eye = [(0.2, 0.38), (0.26, 0.35), (0.32, 0.35), (0.38, 0.38), (0.32, 0.41), (0.26, 0.41)]
    eyes = eye + [(1 - eye[n][0], eye[n][1]) for n in (3, 2, 1, 0, 5, 4)]
    outer = [(0.34, 0.76), (0.4, 0.73), (0.46, 0.71), (0.5, 0.72), (0.54, 0.71), (0.6, 0.73), (0.66, 0.76)]
    outer += [(0.6, 0.81), (0.55, 0.83), (0.5, 0.84), (0.45, 0.83), (0.4, 0.81)]
    inner = [
        (0.36, 0.76),
        (0.45, 0.75),
        (0.5, 0.75),
        (0.55, 0.75),
        (0.64, 0.76),
        (0.55, 0.78),
        (0.5, 0.79),
        (0.45, 0.78),
    ]
    return np.array(jaw + [(side * x, side * y) for x, y in brows + nose + eyes + outer + inner])


def test_the_regions_are_thirty_six_that_fill_the_face_but_for_the_open_mouth():
    points = a_face() + [0.013, 0.007]  # no vertex on a pixel
    regions = {name: facial_regions.inside(p, 110, 110) for name, p in facial_regions.polygons(points, 1.0).items()}
    assert len(regions) == 36 and all(region.sum() > 5 for region in regions.values())
    times = sum(region.astype(np.uint8) for region in regions.values())
    assert times.max() == 1  # none overlaps another
    outlines, _ = cv2.findContours(times, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = cv2.drawContours(np.zeros_like(times), outlines, -1, 1, cv2.FILLED)
    mouth = facial_regions.inside(points[[48, 61, 62, 63, 54, 65, 66, 67]], 110, 110)
    assert len(outlines) == 1 and np.array_equal(whole - times, mouth)
    for name, region in regions.items():
        other = name[:-2] + {"_a": "_b", "_b": "_a"}[name[-2:]] if name[-2:] in ("_a", "_b") else name
        assert abs(int(region.sum()) - int(regions[other].sum())) <= 0.2 * region.sum() + 8, name
    used = {v for region in facial_regions.REGIONS.values() for vertex in region for v in np.atleast_1d(vertex)}
    assert {int(str(v).removesuffix("^")) for v in used} <= set(range(68)) - {60, 64}


def test_a_region_is_its_polygon():
    points = np.random.default_rng(0).uniform(3, 27, (7, 2))
    found = facial_regions.inside(points, 30, 31)
    turns = [
        [
            sum(
                (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0)
                for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True)
            )
            % 2
            for x in range(31)
        ]
        for y in range(30)
    ]
    assert np.array_equal(found, turns) and found.any()
    convex = cv2.convexHull(points.astype(np.float32))[:, 0]
    by_opencv = [[cv2.pointPolygonTest(convex, (x, y), False) > 0 for x in range(31)] for y in range(30)]
    assert np.array_equal(facial_regions.inside(convex, 30, 31), by_opencv)


def test_mdmo_between_landmarks():
    points = a_face(60) + [0.013, 0.007]
    flow = np.random.default_rng(1).integers(-6, 7, (2, 66, 62)) / 4
    descriptor = MDMO(regions="landmarks", lift=0.5)
    (found,) = descriptor.transform([(flow, points)])
    polygons = facial_regions.polygons(points, 0.5)
    regions = [list(zip(*np.nonzero(facial_regions.inside(p, 66, 62)), strict=True)) for p in polygons.values()]
    same_motions(found, naive_mdmo([flow], regions, 8, "vectors", None))
    assert len(found) == 72 and descriptor.get_feature_names_out()[[0, 71]].tolist() == [
        "forehead_outer_a_length_0",
        "jaw_b_angle_0",
    ]
    (away,) = descriptor.transform([(flow, points + 500)])
    assert not away.any()  # no region has a pixel


def naive_biwoof(flow, blocks, bins, local, whole, pooling, block_sums, unit):
    height, width = flow.shape[1:]

    def slope(component, y, x, dy, dx):
        before, after = (max(y - dy, 0), max(x - dx, 0)), (min(y + dy, height - 1), min(x + dx, width - 1))
        distance = (after[0] - before[0]) + (after[1] - before[1])
        return (float(component[after]) - float(component[before])) / distance

    def weight(name, y, x):
        if name == "none":
            return 1.0
        if name == "magnitude":
            return math.hypot(flow[0, y, x], flow[1, y, x])
        exx, eyy = slope(flow[0], y, x, 0, 1), slope(flow[1], y, x, 1, 0)
        exy = (slope(flow[0], y, x, 1, 0) + slope(flow[1], y, x, 0, 1)) / 2
        return math.sqrt(exx**2 + eyy**2 + exy**2 + exy**2)

    vector = []
    for block in blocked(height, width, blocks):
        histogram = [0.0] * bins
        for y, x in block:
            histogram[direction(flow[0, y, x], flow[1, y, x], bins, -180)] += weight(local, y, x)
        if block_sums and sum(histogram):
            histogram = [value / sum(histogram) for value in histogram]
        factor = 1.0
        if whole != "none":
            factor = sum(weight(whole, y, x) for y, x in block) / (len(block) if pooling == "mean" else 1)
        vector += [value * factor for value in histogram]
    norm = math.sqrt(sum(value**2 for value in vector))
    return [value / norm for value in vector] if unit and norm else vector


@settings(max_examples=30)
@given(
    FLOWS,
    st.sampled_from([1, 3]),
    st.sampled_from([5, 8]),
    *[st.sampled_from(["none", "magnitude", "strain"])] * 2,
    st.sampled_from(["mean", "sum"]),
    *[st.booleans()] * 2,
)
def test_biwoof_is_the_definition(flow, blocks, bins, local, whole, pooling, block_sums, unit):
    told = {"local": local, "whole": whole, "pooling": pooling, "block_sums": block_sums, "unit": unit}
    (found,) = BiWOOF(blocks=blocks, bins=bins, **told).transform([flow])
    np.testing.assert_allclose(found, naive_biwoof(flow, blocks, bins, **told), rtol=1e-6, atol=1e-6)


def test_biwoof_by_hand():
    """A stretch along x: u = x, so that the strain is 1 everywhere and every direction is 0, the fifth bin of eight."""
    flow = np.stack([np.tile(np.arange(1.0, 5), (4, 1)), np.zeros((4, 4))])
    (found,) = BiWOOF(blocks=2).transform([flow])
    assert np.flatnonzero(found).tolist() == [4, 12, 20, 28]
    np.testing.assert_allclose(found[[4, 12, 20, 28]], [6, 14, 6, 14])
    (code,) = BiWOOF("liong2018_code", blocks=2).transform([flow])
    np.testing.assert_allclose(code[[4, 12, 20, 28]], 0.5)
    (moved,) = BiWOOF(blocks=2).transform([np.ones((2, 4, 4))])
    assert not moved.any()  # the face moves as a whole, without strain
    assert BiWOOF("woof", blocks=2).transform([np.ones((2, 4, 4))])[0].sum() == pytest.approx(16 * math.sqrt(2))


@settings(max_examples=10)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 2)),
    st.integers(2, 8),
    st.booleans(),
)
def test_lbp_top_counts_are_those_of_a_loop(seed, radii, points, uniform):
    """Of any radii and points, bit for bit; the presets stand in test_descriptors."""
    frames, height, width = 2 * radii[2] + 1, 12, 13
    video = np.random.default_rng(seed).integers(0, 5, (frames, height, width), np.uint8)
    rx, ry, rt = radii
    changes = [sum((c >> p & 1) != (c >> (p + 1) % points & 1) for p in range(points)) for c in range(2**points)]
    known = [code for code in range(2**points) if changes[code] <= 2]
    bins = len(known) + 1 if uniform else 2**points
    expected = np.zeros((4, 3, bins))
    for b, block in enumerate(blocked(height - 2 * ry, width - 2 * rx, 2)):
        for y, x in [(y + ry, x + rx) for y, x in block]:
            for t in range(rt, frames - rt):
                for plane in range(3):
                    code = 0
                    for p in range(points):
                        cosine, sine = math.cos(2 * math.pi * p / points), math.sin(2 * math.pi * p / points)
                        right, up = math.floor(rx * cosine + 0.5), math.floor(ry * sine + 0.5)
                        before, forth = math.floor(rt * sine + 0.5), math.floor(ry * cosine + 0.5)
                        place = [(t, y - up, x + right), (t - before, y, x + right), (t - before, y - forth, x)][plane]
                        code |= int(video[place] >= video[t, y, x]) << p
                    if uniform:
                        code = known.index(code) if code in known else len(known)
                    expected[b, plane, code] += 1
    told = {"blocks": 2, "radii": radii, "points": points, "uniform": uniform}
    assert np.array_equal(LBPTOP(**told, normalised=False).transform([video])[0], expected.ravel())
    shares = (expected / expected.sum(axis=2, keepdims=True)).ravel()
    np.testing.assert_allclose(LBPTOP(**told).transform([video])[0], shares, rtol=1e-6)


def test_transformers_are_the_functions_of_the_stages():
    (video,) = videos(1, (13, 40, 46))
    for preset in lbp_top.PRESETS:
        assert np.array_equal(LBPTOP(preset).transform([video])[0], lbp_top.describe(video, blocks=5, preset=preset)), (
            preset
        )
    for code in ("split", "joint"):
        assert np.array_equal(
            LBPSIP(code=code, blocks=3, radius=2).transform([video])[0],
            lbp_sip.describe(video, blocks=3, radius=2, radius_t=4, code=code),
        )
    assert np.array_equal(HOG3D(bins_t=9).transform([video])[0], hog3d.describe(video, blocks=5, bins_xy=8, bins_t=9))


# --- as transformers


@EVERY
def test_names_and_sizes_fit(descriptor):
    found = descriptor.fit_transform(clips_for(descriptor))
    names = descriptor.get_feature_names_out()
    assert found.dtype == np.float32 and found.shape == (2, descriptor.n_features_out_) == (2, len(names))
    assert len(set(names)) == len(names) and np.isfinite(found).all() and found.any(axis=1).all()
    alone = [descriptor.transform([clip])[0] for clip in clips_for(descriptor)]
    assert np.array_equal(found, alone) and not np.array_equal(alone[0], alone[1])
    assert descriptor.transform([]).shape == (0, len(names))


@EVERY
def test_checks_of_scikit_learn(descriptor):
    """Those that give no rows of numbers to the estimator; what remains of check_estimator is for tables."""
    name = type(descriptor).__name__
    for check in (
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_mixin_order,
        estimator_checks.check_estimators_fit_returns_self,
        estimator_checks.check_dont_overwrite_parameters,
        estimator_checks.check_estimators_overwrite_params,
        estimator_checks.check_readonly_memmap_input,
    ):
        check(name, clone(descriptor))
    with pytest.warns(match="Can't test estimator"):
        done = estimator_checks.check_estimator(clone(descriptor), on_skip=None)
    assert [(one["check_name"], one["status"]) for one in done] == [("check_estimator_cloneable", "passed")]


def test_the_first_numbers_are_where_the_layout_says():
    video = np.full((9, 12, 12), 50, np.uint8)
    video[4, 9, 2] = 60  # brighter than all neighbours: code 0 in every plane, in the third of four blocks
    (counts,) = LBPTOP(blocks=2, normalised=False).set_output(transform="pandas").transform([video]).to_dict("records")
    assert {name for name, count in counts.items() if count == 1 and name.endswith("_0")} == {
        "block2_xy_0",
        "block2_xt_0",
        "block2_yt_0",
    }
    places = LBPTOP(blocks=2).layout()
    assert [place.name for place in places] == list(counts) and places[33] == (0, "yt", 1)
    assert [place.plane for place in LBPSIP(blocks=1).layout()] == ["plane"] * 16 + ["time"] * 4


@EVERY
def test_pandas_output(descriptor):
    table = clone(descriptor).set_output(transform="pandas").fit_transform(clips_for(descriptor))
    assert table.columns.tolist() == descriptor.get_feature_names_out().tolist()
    assert np.array_equal(table.to_numpy(), descriptor.transform(clips_for(descriptor)))


def test_parameters_are_heard_and_cloned():
    descriptor = LBPTOP("meb").set_params(blocks=2, frames=9)
    assert clone(descriptor).get_params() == descriptor.get_params()
    assert clone(descriptor).fit([]).n_features_out_ == 4 * 3 * 59
    assert LBPTOP("megc_code").fit([]).n_features_out_ == 177 == LBPTOP("zhao2007").fit([]).n_features_out_
    assert MDMO().fit([]).n_features_out_ == 72 and BiWOOF().fit([]).n_features_out_ == 200


def test_a_search_by_groups():
    """Flow to the left or to the right, of three people, which Bi-WOOF tells apart and the search with all presets."""
    subjects, labels = np.repeat(["s1", "s2", "s3"], 4), np.tile([0, 1], 6)
    clips = flows(12) * 0.3 + np.where(labels, 1, -1)[:, None, None, None] * np.array([1.0, 0])[:, None, None]
    pipeline = make_pipeline(BiWOOF(blocks=2), StandardScaler(), SVC(kernel="linear"))
    scores = cross_val_score(pipeline, clips, labels, groups=subjects, cv=LeaveOneGroupOut())
    assert scores.tolist() == [1, 1, 1]
    search = GridSearchCV(
        pipeline, {"biwoof__preset": ["hoof", "woof"], "biwoof__blocks": [1, 2]}, cv=LeaveOneGroupOut()
    )
    search.fit(list(clips), labels, groups=subjects)
    assert search.best_score_ == 1 and search.predict(list(clips[:2])).tolist() == [0, 1]


def test_videos_of_several_lengths_in_a_pipeline():
    clips = [clip[: 9 + n % 3] for n, clip in enumerate(videos(6, (11, 22, 22)))]
    found = make_pipeline(LBPTOP(blocks=2), StandardScaler()).fit_transform(clips)
    assert found.shape == (6, 192) and np.isfinite(found).all()


def test_one_class_in_training_is_scikit_learns_error():
    """The workflow's own machine is certain of the only class instead (test_svm)."""
    pipeline = make_pipeline(BiWOOF(blocks=2), SVC())
    with pytest.raises(ValueError, match="number of classes has to be greater than one"):
        pipeline.fit(flows(4), [1] * 4)


def test_scikit_learn_is_loaded_for_transformers_only():
    script = (
        "import sys\nfrom rrrn.descriptors import lbp_top, needs\nimport rrrn.stages.describe\n"
        "assert 'sklearn' not in sys.modules\nimport rrrn.descriptors\nrrrn.descriptors.LBPTOP\n"
        "assert 'sklearn' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert set(descriptors.__all__) <= set(dir(descriptors))
    with pytest.raises(AttributeError, match="no attribute 'LBPXYZ'"):
        descriptors.LBPXYZ  # noqa: B018


# --- degenerate input, and mistakes


def test_flat_videos_and_rest():
    flat = [np.full((11, 46, 46), 7, np.uint8)]
    found = dict(zip(LBPTOP().get_feature_names_out(), LBPTOP().transform(flat)[0], strict=True))
    assert {name for name, value in found.items() if value} == {name for name in found if name.endswith("_15")}
    assert not HOG3D().transform(flat).any()
    rest = np.zeros((1, 2, 12, 12), np.float32)
    for descriptor in (MDMO(), MDMO("polar"), MDMO(alpha=0.5), BiWOOF(), BiWOOF("liong2018_code"), BiWOOF("woof")):
        assert not descriptor.transform(rest).any(), descriptor
    assert BiWOOF("hoof").transform(rest).sum() == 144  # rest counts as the angle 0


@pytest.mark.parametrize("descriptor", [LBPTOP(), LBPSIP(), HOG3D(), LBPTOP("meb"), LBPTOP(radii=(1, 1, 2))], ids=repr)
def test_a_video_that_is_too_short_is_named_and_one_frame_more_is_enough(descriptor):
    needed = {"LBPTOP()": 9, "LBPSIP()": 9, "HOG3D()": 3, "LBPTOP(preset='meb')": 10}.get(repr(descriptor), 5)
    (video,) = videos(1, (needed, 46, 46))
    assert descriptor.transform([video]).any()
    with pytest.raises(InputError, match=f"video 1: {needed - 1} frames, and {needed} are needed; interpolate"):
        descriptor.transform([video, video[1:]])


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("descriptor", FLOW, ids=repr)
def test_flow_that_is_not_finite_is_named(descriptor, wrong):
    clips = flows(3)
    clips[2, 1, 5, 6] = wrong
    assert np.isfinite(descriptor.transform(clips[:2])).all()
    with pytest.raises(InputError, match="flow 2: the flow is not finite everywhere; solve it again, or replace"):
        descriptor.transform(clips)


@pytest.mark.parametrize(
    ("descriptor", "clips", "message"),
    [
        (LBPTOP(), videos(1)[0], r"video 0: is uint8 \(46, 46\); give a sequence of gray videos"),
        (LBPTOP(), [videos(1)[0] / 255], r"video 0: is float64 \(11, 46, 46\)"),
        (HOG3D(), [videos(1)[0][:, :21]], "video 0: 21 x 46 pixels, and 22 per side are needed; enlarge"),
        (LBPTOP("uniform"), [], "preset 'uniform' is none of casme2_baseline, megc_code, meb, zhao2007"),
        (LBPTOP(points=9), [], "points is 9; give a whole number, from 2 to 8"),
        (LBPTOP(radii=(1, 1)), [], "radii is "),
        (LBPTOP(radii=(1, 0, 1)), [], "radii is 0; give a whole number, 1 or more"),
        (LBPTOP(overlap=1.0), [], "overlap is 1.0"),
        (LBPTOP(blocks=True), [], "blocks is True"),
        (LBPSIP(code="both"), [], "code 'both' is none of split, joint"),
        (HOG3D(bins_t=1), [], "bins_t is 1; give a whole number, from 2 to 360"),
        (MDMO(), flows()[0], r"flow 0: flow of shape \(12, 12\) is not"),
        (MDMO(), [np.zeros((3, 9, 9))], r"flow 0: flow of shape \(3, 9, 9\) is not"),
        (MDMO(), [["a"]], "flow 0: is no array of numbers"),
        (MDMO(blocks=13), flows(), "flow 0: 13 x 13 blocks do not fit into 12 x 12 pixels; lower blocks"),
        (MDMO(alpha=2), [], "alpha is 2"),
        (MDMO(mean="median"), [], "mean 'median' is none of vectors, polar"),
        (
            MDMO(regions="landmarks"),
            flows(),
            "regions is 'landmarks', which takes a pair .* set regions to 'grid'",
        ),
        (MDMO(), [(flows()[0], a_face())], "flow 0: regions is 'grid', which takes a flow alone"),
        (MDMO(regions="landmarks"), [(flows()[0], a_face()[:66])], r"flow 0: landmarks of shape \(66, 2\): give 68"),
        (BiWOOF(), [flows()], r"flow 0: flow of shape \(2, 2, 12, 12\) is not \(2, H, W\); give one flow"),
        (BiWOOF(blocks=13), flows(), "flow 0: 13 x 13 blocks do not fit"),
        (BiWOOF(whole="length"), [], "whole 'length' is none of none, magnitude, strain"),
    ],
)
def test_mistakes_are_named(descriptor, clips, message):
    with pytest.raises(InputError, match=message):
        descriptor.fit(clips).transform(clips)


# --- the page


def test_the_page_is_true():
    page = (HOME / "docs/descriptors.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "descriptors.md", None, 0)
    found = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test)
    assert found.attempted > 5 and found.failed == 0
    for kind in (LBPTOP, LBPSIP, HOG3D, MDMO, BiWOOF):
        for preset in kind.PRESETS:
            assert f"`{preset}`" in page and f"{preset}" in kind.__doc__, preset
    assert "docs/descriptors.md" in Path(HOME / "README.md").read_text(encoding="utf-8")
