"""MDMO and Bi-WOOF against loops over pixels, and the regions of a face."""

import math

import cv2
import numpy as np
import pytest
from descriptor_clips import a_face, blocked
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rrrn.descriptors import MDMO, BiWOOF, directions, facial_regions

# Quarters of pixels: their sums are exact in any order, and many directions lie on the edge of a bin.
FLOWS = arrays(np.float32, (2, 7, 9), elements=st.integers(-6, 6).map(lambda n: n / 4))


def direction(u, v, bins, start):
    degrees = round((math.degrees(math.atan2(v, u)) - start) % 360, 9)
    return int(degrees // (360 / bins)) % bins


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


@pytest.mark.parametrize("count", [1, 3, 5, 8, 12, 36, 360])
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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mean", ["vectors", "polar"])
@pytest.mark.parametrize("bins", [2, 3, 8])
@pytest.mark.parametrize("tiny", [1e-12, 1e-10])
def test_directions_a_rounding_off_the_first_edge_have_their_own_mean(dtype, mean, bins, tiny):
    """A movement to the right, with v as small as rounding makes it, must not come out to the left."""
    flow = np.zeros((2, 8, 8), dtype)
    flow[0], flow[1, ::2], flow[1, 1::2] = 1, tiny, -tiny
    (found,) = MDMO(blocks=2, mean=mean, bins=bins).transform([flow])
    np.testing.assert_allclose(found, np.tile([1.0, 0.0], 4), atol=1e-7)


def test_rest_has_the_angle_nought_whatever_its_sign():
    for sign in (0.0, -0.0):
        still = directions.checked(np.full((2, 4, 4), sign))
        assert not directions.bins(still[0], still[1], 8, 0.0).any()


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
