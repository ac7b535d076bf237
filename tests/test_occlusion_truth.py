import numpy as np
import pytest
from occlusion_face import face

from rrrn.face import region_boxes
from rrrn.occlusion import compositing, placing, truth
from rrrn.occlusion.compositing import Layer
from rrrn.occlusion.drawings import glasses_art, mask_art
from rrrn.occlusion.kinds import glasses, mask

POINTS = face((120, 90), 60)
BOX = (40, 50, 200, 210)


def block(x: int, y: int, width: int, height: int, alpha: float = 1.0) -> Layer:
    return Layer(x, y, np.zeros((height, width, 3), np.float32), np.full((height, width), alpha, np.float32))


def naive(layer: Layer) -> list[float]:
    """Shares of regions by counting the points of a grid of 1/8 pixels."""
    covered = compositing.alpha_map(layer, 260, 240) / 255
    fine = np.kron(covered[BOX[1] : BOX[3], BOX[0] : BOX[2]], np.ones((8, 8)))
    shares = []
    for x0, y0, x1, y1 in region_boxes.FRACTIONS:
        rows, columns = (slice(round(a * 160 * 8), round(b * 160 * 8)) for a, b in ((y0, y1), (x0, x1)))
        shares.append(1 - fine[rows, columns].mean())
    return shares


@pytest.mark.parametrize(
    "layer",
    [
        compositing.nothing(),
        block(0, 0, 240, 260),
        block(50, 60, 33, 21),
        block(30, 130, 101, 90, 0.4),
        block(190, 190, 40, 50),
    ],
)
def test_shares_of_regions(layer):
    np.testing.assert_allclose(truth.visible_shares(layer, BOX), naive(layer), atol=2e-3)


def drawn(kind: str) -> Layer:
    if kind == "mask":
        return placing.layer(mask_art.template(mask_art.NAMES[0]), mask.place(POINTS, 1.2), 260, 240)
    return placing.layer(glasses_art.template("square"), glasses.place(POINTS, 1.2), 260, 240)


def covered(layer: Layer) -> set[int]:
    return {
        unit
        for unit, share in zip(truth.UNITS, truth.unit_shares(layer, POINTS), strict=True)
        if share >= truth.COVERED
    }


def test_a_mask_hides_the_mouth_and_glasses_the_eyes():
    below, above = covered(drawn("mask")), covered(drawn("glasses"))
    assert {10, 12, 14, 15, 16, 17, 20, 23, 24, 25, 26} <= below and not below & {1, 2, 4, 5, 7}
    assert {5, 7} <= above and not above & {10, 12, 14, 15, 16, 17, 20, 23, 24, 25, 26}


def test_all_or_nothing():
    everything = block(0, 0, 240, 260)
    np.testing.assert_allclose(truth.unit_shares(everything, POINTS), 1, atol=1e-6)
    assert not truth.unit_shares(compositing.nothing(), POINTS).any()


def test_an_area_is_counted_pixel_by_pixel():
    """AU 5 lies about the upper lids: a naive count over the whole frame."""
    layer = block(60, 80, 41, 20, 0.7)
    centres = POINTS[[37, 38, 43, 44]]
    y, x = np.mgrid[:260, :240]
    distances = [np.hypot(centre[0] - x, centre[1] - y) for centre in centres]
    inside = np.clip(0.16 * eyes() + 0.5 - np.min(distances, axis=0), 0, 1)
    cut = 0.7 * inside[80:100, 60:101].sum()
    assert truth.unit_shares(layer, POINTS)[truth.UNITS.index(5)] == pytest.approx(cut / inside.sum(), abs=1e-5)


def eyes() -> float:
    return float(np.hypot(*(POINTS[42:48].mean(0) - POINTS[36:42].mean(0))))


def test_what_is_outside_of_the_frame_counts_as_open():
    layer = block(0, 0, 240, 260)
    shares = truth.unit_shares(layer, POINTS + (150, 0))
    assert shares[truth.UNITS.index(12)] < 0.6 and shares.min() == 0
