"""Binary patterns of single planes against scikit-image's, where both define the same.

That is where no point lies between pixels, which scikit-image interpolates and Zhao and Pietikäinen round: with two or
four points, and with one radius for both axes of the plane.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.feature import local_binary_pattern

from rrrn.descriptors import LBPSIP, LBPTOP, local_binary


def counts(images, points, radius, border, bins, method="default"):
    """How often scikit-image has each code in images (N, H, W), ``border`` rows and columns left out on all sides."""
    (rows, columns), found = border, np.zeros(bins)
    for image in images:
        codes = local_binary_pattern(image, points, radius, method)
        inner = codes[rows : len(codes) - rows, columns : codes.shape[1] - columns]
        found += np.bincount(inner.astype(int).ravel(), minlength=bins)
    return found


@settings(max_examples=20)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from([(2, False), (4, False), (4, True)]),
)
def test_counts_of_the_planes_are_those_of_scikit_image(seed, radius, radius_t, kind):
    """XY always; XT and YT where the radius in time is that in the plane. To the last count."""
    points, uniform = kind
    draw = np.random.default_rng(seed)
    shape = 2 * radius_t + draw.integers(1, 4), *(2 * radius + draw.integers(4, 10, 2))
    video = draw.integers(0, draw.integers(2, 12), shape, np.uint8)
    told = {"radii": (radius, radius, radius_t), "points": points, "uniform": uniform}
    xy, xt, yt = LBPTOP(blocks=1, normalised=False, **told).transform([video]).reshape(3, -1)
    inner = slice(radius_t, len(video) - radius_t), slice(radius, -radius), slice(radius, -radius)
    bins, method = (points * (points - 1) + 3, "nri_uniform") if uniform else (2**points, "default")
    order = _bins_of_scikit_image(points) if uniform else np.arange(bins)

    def same(ours, planes, border):
        theirs = counts(planes, points, radius, border, bins, method)
        assert np.array_equal(ours, theirs[order])

    same(xy, video[inner[0]], (radius, radius))
    if radius_t == radius:
        same(xt, video[:, inner[1]].transpose(1, 0, 2), (radius_t, radius))
        same(yt, video[:, ::-1, inner[2]].transpose(2, 0, 1), (radius_t, radius))  # there y rises


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_the_plane_of_lbp_sip_is_scikit_images(seed, radius):
    video = np.random.default_rng(seed).integers(0, 7, (5, 2 * radius + 6, 2 * radius + 9), np.uint8)
    (found,) = LBPSIP(blocks=1, radius=radius, radius_t=2, normalised=False).transform([video])
    assert np.array_equal(found[:16], counts(video[2:3], 4, radius, (radius, radius), 16))


@pytest.mark.parametrize("points", [4, 5, 6, 7, 8])
def test_uniform_bins_are_scikit_images_in_another_order(points):
    """The same codes share a bin, with as many points as there may be."""
    ours, theirs = local_binary.uniform_bins(points), _uniform_of_scikit_image(points)
    pairs = set(zip(ours.tolist(), theirs.tolist(), strict=True))
    assert len(pairs) == len(set(ours.tolist())) == len(set(theirs.tolist())) == points * (points - 1) + 3


def _uniform_of_scikit_image(points):
    """scikit-image's bin of each code, by a picture whose middle has it; around its points all pixels are alike."""
    radius, middle = 12, 16
    picture = np.zeros((2**points, 2 * middle + 1, 2 * middle + 1), np.uint8)
    picture[:, middle, middle] = 1
    for point in range(points):
        angle = 2 * np.pi * point / points
        y, x = round(middle - radius * np.sin(angle)), round(middle + radius * np.cos(angle))
        bright = np.arange(2**points) >> point & 1 == 1
        picture[bright, y - 2 : y + 3, x - 2 : x + 3] = 2
    return np.array([local_binary_pattern(one, points, radius, "nri_uniform")[middle, middle] for one in picture], int)


def _bins_of_scikit_image(points):
    """Which of scikit-image's bins each of ours is."""
    ours, theirs = local_binary.uniform_bins(points), _uniform_of_scikit_image(points)
    order = np.zeros(ours.max() + 1, int)
    order[ours] = theirs
    return order
