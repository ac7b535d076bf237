import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrrn.descriptors import blocks, hog3d, lbp_sip, lbp_top, local_binary
from rrrn.running.stage import InputError

PRESETS = {  # radii x, y, t; points; uniform; blocks as the literature states them
    "casme2_baseline": ((1, 1, 4), 4, False, None),
    "megc_code": ((1, 1, 4), 8, True, 1),
    "meb": ((3, 3, 3), 8, True, 8),
}
# side and step of MEB's eight blocks on square faces: of 10 inner pixels each block has 1 and shares none; of 34, 4 are
# a block's without overlap, and ceil(4 * 0.7) - 1 = 2 are shared, so that 34 + 7 * 2 = 48 pixels make 8 sides of 6
MEB_BLOCKS = {16: (1, 1), 40: (6, 4), 41: (6, 4)}
SIP = {"radius": 1, "radius_t": 4, "code": "split"}
CODES = {"split": ("plane", "time"), "joint": ("all",)}  # and what each has a histogram of
HOG = {"bins_xy": 8, "bins_t": 12}


def random_volume(seed, shape, low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, shape, dtype=np.uint8)


def naive_histograms(code_of, shape, border, bins, n_blocks):
    """Sum code_of(t, y, x) -> (bin, weight) over the inner voxels, block by block, in plain loops."""
    (frames, height, width), (bt, by, bx) = shape, border
    result = np.zeros((n_blocks * n_blocks, bins))
    rows = blocks.spans(height - 2 * by, n_blocks)
    columns = blocks.spans(width - 2 * bx, n_blocks)
    for t in range(bt, frames - bt):
        for y in range(by, height - by):
            for x in range(bx, width - bx):
                chosen, weight = code_of(t, y, x)
                for r, (top, bottom) in enumerate(rows):
                    for c, (left, right) in enumerate(columns):
                        if top <= y - by < bottom and left <= x - bx < right:
                            result[r * n_blocks + c, chosen] += weight
    return result


def naive_overlapping(code_of, shape, border, bins, n_blocks, side, step):
    """Count as MEB does, in plain loops over voxels and blocks: the first block along each axis, and its follower."""
    (frames, height, width), (bt, by, bx) = shape, border
    result = np.zeros((n_blocks * n_blocks, bins))

    def along(pixel):
        covering = [b for b in range(n_blocks) if b * step <= pixel < b * step + side]
        if not covering:  # behind the last block
            return n_blocks - 1, n_blocks - 1
        return covering[0], covering[0] + 1 if covering[0] + 1 in covering else covering[0]

    for t in range(bt, frames - bt):
        for y in range(by, height - by):
            for x in range(bx, width - bx):
                chosen, _ = code_of(t, y, x)
                (row, next_row), (column, next_column) = along(y - by), along(x - bx)
                for r, c in {(row, column), (next_row, next_column)}:
                    result[r * n_blocks + c, chosen] += 1
    return result


def unit(rows, order):
    return np.array([row / n if (n := np.linalg.norm(row, order)) else row for row in rows])


def naive_u2(code, points):
    def changes(value):
        text = format(value, f"0{points}b")
        return sum(a != b for a, b in zip(text, text[1:] + text[0], strict=True))

    ordered = [value for value in range(2**points) if changes(value) <= 2]
    return ordered.index(code) if code in ordered else len(ordered)


def naive_lbp_top(volume, n_blocks, preset):
    (rx, ry, rt), points, uniform, own_blocks = PRESETS[preset]
    n_blocks, border = own_blocks or n_blocks, (rt, ry, rx)
    bins = len({naive_u2(code, points) for code in range(2**points)}) if uniform else 2**points
    table = [naive_u2(code, points) if uniform else code for code in range(2**points)]

    def coder(plane):
        def code_of(t, y, x):
            code = 0
            for p in range(points):
                cosine, sine = math.cos(2 * math.pi * p / points), math.sin(2 * math.pi * p / points)
                tt, yy, xx = {
                    "XY": (t, y - ry * sine, x + rx * cosine),
                    "XT": (t - rt * sine, y, x + rx * cosine),
                    "YT": (t - rt * sine, y - ry * cosine, x),
                }[plane]
                value = volume[math.floor(tt + 0.5), math.floor(yy + 0.5), math.floor(xx + 0.5)]
                code += 2**p * (value >= volume[t, y, x])
            return table[code], 1

        return code_of

    planes = []
    for plane in ("XY", "XT", "YT"):
        if preset == "meb":
            side, step = MEB_BLOCKS[volume.shape[1]]
            shape = (10, *volume.shape[1:])
            planes.append(naive_overlapping(coder(plane), shape, border, bins, n_blocks, side, step))
        else:
            planes.append(unit(naive_histograms(coder(plane), volume.shape, border, bins, n_blocks), 1))
    return np.concatenate(planes, axis=1).ravel()


def naive_lbp_sip(volume, n_blocks, radius, radius_t, code, normalised=True):
    def bits(t, y, x):
        neighbours = [
            volume[t, y, x + radius],
            volume[t, y - radius, x],
            volume[t, y, x - radius],
            volume[t, y + radius, x],
            volume[t - radius_t, y, x],
            volume[t + radius_t, y, x],
        ]
        return [int(value >= volume[t, y, x]) for value in neighbours]

    def coder(first, last):
        return lambda t, y, x: (sum(bit << p for p, bit in enumerate(bits(t, y, x)[first:last])), 1)

    parts = [(0, 4), (4, 6)] if code == "split" else [(0, 6)]
    border = (radius_t, radius, radius)
    counts = [naive_histograms(coder(a, b), volume.shape, border, 2 ** (b - a), n_blocks) for a, b in parts]
    return np.concatenate([unit(rows, 1) if normalised else rows for rows in counts], axis=1).ravel()


def naive_hog3d(volume, n_blocks, bins_xy, bins_t):
    v = volume.astype(float)

    def voter(plane, bins):
        def vote(t, y, x):
            gx = (v[t, y, x + 1] - v[t, y, x - 1]) / 2
            gy = (v[t, y + 1, x] - v[t, y - 1, x]) / 2
            gt = (v[t + 1, y, x] - v[t - 1, y, x]) / 2
            sine, cosine = {"XY": (gy, gx), "XT": (gt, gx), "YT": (gt, gy)}[plane]
            degrees = round(math.degrees(math.atan2(sine, cosine)) % 360, 9)
            return int(degrees // (360 / bins)), math.hypot(sine, cosine)

        return vote

    planes = [
        unit(naive_histograms(voter(plane, bins), volume.shape, (1, 1, 1), bins, n_blocks), 2)
        for plane, bins in (("XY", bins_xy), ("XT", bins_t), ("YT", bins_t))
    ]
    return np.concatenate(planes, axis=1).ravel()


@pytest.mark.parametrize("preset", ["casme2_baseline", "megc_code"])
@pytest.mark.parametrize(("shape", "n_blocks"), [((9, 11, 14), 3), ((11, 17, 9), 2), ((9, 13, 30), 5)])
def test_lbp_top_is_the_definition(preset, shape, n_blocks):
    volume = random_volume(shape[1], shape, high=12)  # few values, so that many neighbours are equal
    found = lbp_top.describe(volume, blocks=n_blocks, preset=preset)
    np.testing.assert_allclose(found, naive_lbp_top(volume, n_blocks, preset), atol=1e-6)


@pytest.mark.parametrize("size", MEB_BLOCKS)
@pytest.mark.parametrize("frames", [10, 13])
def test_preset_meb_is_that_of_its_code(size, frames):
    """Counts, of the first ten frames, each voxel in two blocks at most."""
    volume = random_volume(size, (frames, size, size), high=12)
    found = lbp_top.describe(volume, blocks=5, preset="meb")
    assert np.array_equal(found, naive_lbp_top(volume, 5, "meb"))
    inner = 4 * (size - 6) ** 2
    assert 3 * inner <= found.sum() <= 2 * 3 * inner
    assert np.array_equal(lbp_top.describe(volume[:10], blocks=5, preset="meb"), found)


def test_preset_meb_counts_by_hand():
    """On 112 pixels, MEB's size: blocks of 21 pixels, 12 apart; inner pixel 12 is in blocks 0 and 1, 105 in none."""
    first, following = blocks._first_and_next(106, 8, 0.7)
    assert [first[k] for k in (0, 11, 12, 20, 21, 104, 105)] == [0, 0, 0, 0, 1, 7, 7]
    assert [following[k] for k in (0, 11, 12, 20, 21, 104, 105)] == [0, 0, 1, 1, 1, 7, 7]
    # pixel 24 is in blocks 1 and 2; with 0.7 of a block shared no pixel counts in a third
    assert (first[24], following[24]) == (1, 2)
    volume = np.full((10, 112, 112), 7, np.uint8)  # all neighbours as bright as each voxel: code 255, bin 57
    found = lbp_top.describe(volume, blocks=5, preset="meb").reshape(8, 8, 3, 59)
    assert found[..., 57].sum() == found.sum()
    counts = found[:, :, 0, 57] / 4  # of four frames
    assert counts[0, 0] == 21 * 21  # all of it is in no block before
    again = (following != first)[:, None] | (following != first)
    assert counts.sum() == 106 * 106 + again.sum()
    with pytest.raises(InputError, match="9 frames; preset meb looks at 10"):
        lbp_top.describe(volume[:9], blocks=5, preset="meb")
    with pytest.raises(InputError, match=r"8 blocks that overlap do not fit into 8 pixels; raise describe\.size"):
        lbp_top.describe(volume[:, :14, :14], blocks=5, preset="meb")


@pytest.mark.parametrize("code", ["split", "joint"])
@pytest.mark.parametrize(
    ("shape", "radius", "radius_t", "n_blocks"), [((9, 11, 13), 1, 4, 4), ((7, 9, 16), 3, 1, 3), ((5, 8, 8), 2, 2, 5)]
)
def test_lbp_sip_is_the_definition(shape, radius, radius_t, n_blocks, code):
    volume = random_volume(radius, shape, high=9)
    settings = {"radius": radius, "radius_t": radius_t, "code": code}
    found = lbp_sip.describe(volume, blocks=n_blocks, **settings)
    np.testing.assert_allclose(found, naive_lbp_sip(volume, n_blocks, **settings), atol=1e-6)


@settings(max_examples=15)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 2), st.integers(1, 3), st.sampled_from(sorted(CODES))
)
def test_lbp_sip_counts_are_those_of_a_loop(seed, radius, radius_t, n_blocks, code):
    """Of any radii and blocks, bit for bit."""
    draw = np.random.default_rng(seed)
    shape = (2 * radius_t + draw.integers(1, 3), *(2 * radius + draw.integers(n_blocks, 8, 2)))
    volume = draw.integers(0, draw.integers(2, 9), shape, np.uint8)
    told = {"radius": radius, "radius_t": radius_t, "code": code, "normalised": False}
    found = lbp_sip.describe(volume, blocks=n_blocks, **told)
    assert np.array_equal(found, naive_lbp_sip(volume, n_blocks, **told))
    assert found.sum() == math.prod(np.array(shape) - 2 * np.array([radius_t, radius, radius])) * len(CODES[code])


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(2, 13), st.integers(2, 13))
def test_hog3d_is_that_of_a_loop(seed, n_blocks, bins_xy, bins_t):
    """Of any number of frames, blocks and bins, to 1e-6; from few brightnesses, so that many are on a bin's edge."""
    draw = np.random.default_rng(seed)
    shape = (draw.integers(3, 9), *(2 + draw.integers(n_blocks, 9, 2)))
    volume = draw.integers(0, draw.choice([2, 5, 256]), shape, np.uint8)
    found = hog3d.describe(volume, blocks=n_blocks, bins_xy=bins_xy, bins_t=bins_t)
    np.testing.assert_allclose(found, naive_hog3d(volume, n_blocks, bins_xy, bins_t), atol=1e-6)


@pytest.mark.parametrize("high", [4, 256])  # small differences hit bin edges, such as 45 degrees, all the time
@pytest.mark.parametrize(("shape", "n_blocks", "bins_xy", "bins_t"), [((5, 12, 9), 3, 8, 12), ((3, 13, 15), 5, 9, 7)])
def test_hog3d_is_the_definition(shape, n_blocks, bins_xy, bins_t, high):
    volume = random_volume(high, shape, high=high)
    found = hog3d.describe(volume, blocks=n_blocks, bins_xy=bins_xy, bins_t=bins_t)
    np.testing.assert_allclose(found, naive_hog3d(volume, n_blocks, bins_xy, bins_t), atol=1e-6)


def test_lbp_top_by_hand():
    volume = np.full((9, 3, 3), 50, np.uint8)
    volume[4, 1, 1] = 60  # the only voxel with all neighbours
    volume[4, 1, 2] = 60  # right: bit 0 in XY and XT
    volume[4, 0, 1] = 61  # above: bit 1 in XY, bit 0 in YT
    volume[8, 1, 1] = 70  # four frames later: bit 3 in XT and YT
    found = lbp_top.describe(volume, blocks=1, preset="casme2_baseline").reshape(3, 16)
    assert found.argmax(axis=1).tolist() == [0b0011, 0b1001, 0b1001]
    assert found.sum() == 3


def test_lbp_sip_by_hand():
    volume = np.zeros((3, 3, 3), np.uint8)
    volume[1] = [[9, 4, 9], [9, 5, 5], [9, 0, 9]]
    volume[0, 1, 1], volume[2, 1, 1] = 5, 4
    settings = {"radius": 1, "radius_t": 1}
    split = lbp_sip.describe(volume, blocks=1, code="split", **settings)
    assert np.flatnonzero(split).tolist() == [0b0101, 16 + 0b01]
    joint = lbp_sip.describe(volume, blocks=1, code="joint", **settings)
    assert np.flatnonzero(joint).tolist() == [0b010101]


def test_hog3d_by_hand():
    t, y, x = np.indices((5, 6, 6))
    volume = (100 + 4 * x + 4 * y - 3 * t).astype(np.uint8)
    found = hog3d.describe(volume, blocks=1, **HOG)
    # 45 degrees belong to the bin that they open; atan2(-3, 4) is 323.1 degrees, in the bin from 300 to 330.
    assert np.flatnonzero(found).tolist() == [1, 8 + 10, 20 + 10]
    np.testing.assert_allclose(found[[1, 18, 30]], 1)


def test_sizes_are_those_of_the_literature():
    volume = random_volume(0, (10, 128, 128))
    sizes = {preset: lbp_top.describe(volume, blocks=5, preset=preset).shape for preset in PRESETS}
    assert sizes == {"casme2_baseline": (1200,), "megc_code": (177,), "meb": (11328,)}
    assert lbp_sip.describe(volume, blocks=5, **SIP).shape == (500,)
    assert lbp_sip.describe(volume, blocks=5, radius=1, radius_t=4, code="joint").shape == (1600,)
    assert hog3d.describe(volume, blocks=5, **HOG).shape == (800,)
    assert lbp_top.describe(volume, blocks=5, preset="meb").dtype == np.float32


@pytest.mark.parametrize(
    ("describe", "bins", "order", "settings"),
    [
        (lbp_top.describe, [16] * 3, 1, {"preset": "casme2_baseline"}),
        (lbp_sip.describe, [16, 4], 1, SIP),
        (hog3d.describe, [8, 12, 12], 2, HOG),
    ],
)
def test_every_block_and_plane_has_norm_one_or_is_empty(describe, bins, order, settings):
    volume = random_volume(1, (9, 30, 7))
    rows = describe(volume, blocks=8, **settings).reshape(64, sum(bins))
    norms = {
        round(float(np.linalg.norm(part, order)), 5) for row in rows for part in np.split(row, np.cumsum(bins)[:-1])
    }
    assert norms == {0.0, 1.0}  # five or six columns divide into eight blocks, so some are empty
    assert describe(np.zeros_like(volume), blocks=2, **settings).sum() == (
        0 if describe is hog3d.describe else 4 * len(bins)
    )


def test_brightness_and_contrast_change_nothing():
    volume = random_volume(2, (10, 20, 20), high=60)
    curve = np.cumsum(np.random.default_rng(3).integers(1, 4, 60)).astype(np.uint8)  # strictly rising
    for preset in PRESETS:
        plain = lbp_top.describe(volume, blocks=3, preset=preset)
        assert np.array_equal(lbp_top.describe(volume + np.uint8(90), blocks=3, preset=preset), plain)
        assert np.array_equal(lbp_top.describe(curve[volume], blocks=3, preset=preset), plain)
    plain = lbp_sip.describe(volume, blocks=3, **SIP)
    assert np.array_equal(lbp_sip.describe(curve[volume], blocks=3, **SIP), plain)
    plain = hog3d.describe(volume, blocks=3, **HOG)
    assert np.array_equal(hog3d.describe(volume + np.uint8(90), blocks=3, **HOG), plain)
    np.testing.assert_allclose(hog3d.describe(volume * np.uint8(4), blocks=3, **HOG), plain, atol=1e-6)


def test_time_reversal_swaps_before_and_after():
    volume = random_volume(4, (12, 15, 16))
    forward = lbp_sip.describe(volume, blocks=2, **SIP).reshape(4, 20)
    backward = lbp_sip.describe(volume[::-1], blocks=2, **SIP).reshape(4, 20)
    assert np.array_equal(backward[:, [*range(17), 18, 17, 19]], forward)
    assert not np.array_equal(backward, forward)
    swapped = [(code & 0b0101) | (code & 0b0010) << 2 | (code & 0b1000) >> 2 for code in range(16)]
    forward = lbp_top.describe(volume, blocks=2, preset="casme2_baseline").reshape(4, 3, 16)
    backward = lbp_top.describe(volume[::-1], blocks=2, preset="casme2_baseline").reshape(4, 3, 16)
    assert np.array_equal(backward[:, 0], forward[:, 0])
    assert np.array_equal(backward[:, 1:][..., swapped], forward[:, 1:])
    forward = hog3d.describe(volume, blocks=2, **HOG).reshape(4, 32)
    np.testing.assert_allclose(
        hog3d.describe(volume[::-1], blocks=2, **HOG).reshape(4, 32)[:, :8], forward[:, :8], atol=1e-6
    )


def test_transposing_the_image_swaps_the_planes_in_time():
    volume = random_volume(5, (7, 14, 11))
    found = hog3d.describe(volume, blocks=1, **HOG)
    turned = hog3d.describe(volume.transpose(0, 2, 1), blocks=1, **HOG)
    np.testing.assert_allclose(turned[8:], found[[*range(20, 32), *range(8, 20)]], atol=1e-6)


def test_block_borders():
    assert blocks.spans(126, 5) == [(0, 25), (25, 50), (50, 75), (75, 100), (100, 126)]
    for length, n in [(17, 5), (3, 5), (40, 7), (29, 4)]:
        found = blocks.spans(length, n)
        sides = [end - start for start, end in found]
        assert found[0][0] == 0 and found[-1][1] == length and max(sides) - min(sides) <= 1
        assert all(a[1] == b[0] for a, b in pairwise(found))


def test_every_orientation_of_8_bit_differences_lands_in_its_bin():
    steps = np.arange(-255, 256)
    degrees = np.degrees(np.arctan2(steps[:, None], steps[None, :]).astype(np.longdouble)) % 360
    for bins in (4, 8, 9, 12, 36):
        position = degrees / (360 / bins)
        inside = np.abs(position - np.round(position)) > 1e-7
        assert np.array_equal(hog3d._orientations(bins).reshape(511, 511)[inside], np.floor(position[inside]))


def test_points_on_the_ellipse():
    diagonal = [(3, 0), (2, 2), (0, 3), (-2, 2), (-3, 0), (-2, -2), (0, -3), (2, -2)]
    assert local_binary.ellipse(8, 3, 3) == diagonal
    square = [(1, 0), (1, 3), (0, 4), (-1, 3), (-1, 0), (-1, -3), (0, -4), (1, -3)]
    assert local_binary.ellipse(8, 1, 4) == square


def test_uniform_patterns():
    assert np.unique(local_binary.uniform_bins(8)).tolist() == list(range(59))
    assert [int(local_binary.uniform_bins(8)[code]) for code in (0b0, 0b1, 0b10, 0b101, 0b11111111)] == [
        0,
        1,
        2,
        58,
        57,
    ]


@pytest.mark.parametrize(
    ("module", "settings", "least"),
    [
        (lbp_top, {"preset": "casme2_baseline"}, 9),
        (lbp_sip, {"radius": 1, "radius_t": 2, "code": "split"}, 5),
        (hog3d, HOG, 3),
    ],
)
def test_least_frames_are_enough_and_one_less_is_an_error(module, settings, least):
    assert module.least_frames(**settings) == least
    volume = random_volume(6, (least, 16, 16))
    assert module.describe(volume, blocks=2, **settings).any()
    with pytest.raises(InputError, match=r"raise describe\.size"):
        module.describe(volume[1:], blocks=2, **settings)


def test_unknown_names_are_refused():
    volume = random_volume(7, (9, 9, 9))
    with pytest.raises(InputError, match="'casme' is none of casme2_baseline"):
        lbp_top.describe(volume, blocks=2, preset="casme")
    with pytest.raises(InputError, match="'both' is none of split, joint"):
        lbp_sip.describe(volume, blocks=2, radius=1, radius_t=1, code="both")
