"""Median filters of the flow, 3x3 and 5x5, borders repeated: the exact medians, from networks of minima and maxima."""

from numba import njit
from numba.extending import register_jitable

from rrrn.flow.numba.simd import LANES, highest, load, lowest, store
from rrrn.flow.numba.state import BLOCK

MARGIN = 2


@register_jitable
def pitch_of(width: int) -> int:
    """Return the length of a row of the scratch image: the margins, and whole rows of lanes from any of its pixels."""
    return (width + 2 * MARGIN + LANES - 1) // LANES * LANES + LANES


@njit(forceinline=True)
def _sorted3(a, b, c):
    a, b = lowest(a, b), highest(a, b)
    b, c = lowest(b, c), highest(b, c)
    a, b = lowest(a, b), highest(a, b)
    return a, b, c


@njit(forceinline=True)
def _sorted5(a, b, c, d, e):
    a, d = lowest(a, d), highest(a, d)
    b, e = lowest(b, e), highest(b, e)
    a, c = lowest(a, c), highest(a, c)
    b, d = lowest(b, d), highest(b, d)
    a, b = lowest(a, b), highest(a, b)
    c, e = lowest(c, e), highest(c, e)
    b, c = lowest(b, c), highest(b, c)
    d, e = lowest(d, e), highest(d, e)
    c, d = lowest(c, d), highest(c, d)
    return a, b, c, d, e


@njit(forceinline=True)
def _middle(a3, a4, b2, b3, b4, c1, c2, c3, d0, d1, d2, e0, e1):
    """Return the median of 25 numbers whose rows a to e and columns 0 to 4 are sorted: 12 others cannot be it."""
    above1, below1 = highest(c1, b2), lowest(d2, c3)
    above2, below2 = highest(d0, a3), lowest(e1, b4)
    low, high = lowest(below2, above2), highest(below2, above2)
    below, above = lowest(below1, high), highest(above1, low)
    outer_low, outer_high = lowest(above, below), highest(above, below)

    b3, d1 = lowest(b3, d1), highest(b3, d1)
    a4, c2 = lowest(a4, c2), highest(a4, c2)
    first, fourth = lowest(b3, a4), highest(d1, c2)
    second, third = lowest(lowest(d1, c2), highest(b3, a4)), highest(lowest(d1, c2), highest(b3, a4))
    first = highest(first, e0)
    first, third = lowest(third, first), highest(third, first)
    first, second = lowest(second, first), highest(second, first)
    upper = lowest(second, lowest(outer_high, highest(fourth, third)))
    return highest(highest(outer_low, first), upper)


@njit(forceinline=True)
def _sort_columns5(image, at, pitch, columns, length):
    for x in range(0, length, LANES):
        i = at + x
        a, b, c, d, e = _sorted5(
            load(image, i - 2 * pitch),
            load(image, i - pitch),
            load(image, i),
            load(image, i + pitch),
            load(image, i + 2 * pitch),
        )
        store(columns, x, a)
        store(columns, pitch + x, b)
        store(columns, 2 * pitch + x, c)
        store(columns, 3 * pitch + x, d)
        store(columns, 4 * pitch + x, e)


@njit(forceinline=True)
def _sorted_across5(columns, i):
    return _sorted5(
        load(columns, i), load(columns, i + 1), load(columns, i + 2), load(columns, i + 3), load(columns, i + 4)
    )


@njit(forceinline=True)
def _row5(image, at, pitch, columns, state, here, width):
    _sort_columns5(image, at - MARGIN, pitch, columns, width + 2 * MARGIN)
    for x in range(0, width, LANES):
        _, _, _, a3, a4 = _sorted_across5(columns, x)
        _, _, b2, b3, b4 = _sorted_across5(columns, x + pitch)
        _, c1, c2, c3, _ = _sorted_across5(columns, x + 2 * pitch)
        d0, d1, d2, _, _ = _sorted_across5(columns, x + 3 * pitch)
        e0, e1, _, _, _ = _sorted_across5(columns, x + 4 * pitch)
        store(state, here + x // LANES * BLOCK, _middle(a3, a4, b2, b3, b4, c1, c2, c3, d0, d1, d2, e0, e1))


@njit(forceinline=True)
def _row3(image, at, pitch, columns, state, here, width):
    for x in range(0, width + 2, LANES):
        i = at - 1 + x
        a, b, c = _sorted3(load(image, i - pitch), load(image, i), load(image, i + pitch))
        store(columns, x, a)
        store(columns, pitch + x, b)
        store(columns, 2 * pitch + x, c)
    for x in range(0, width, LANES):
        _, _, a = _sorted3(load(columns, x), load(columns, x + 1), load(columns, x + 2))
        i = x + pitch
        _, b, _ = _sorted3(load(columns, i), load(columns, i + 1), load(columns, i + 2))
        i = x + 2 * pitch
        c, _, _ = _sorted3(load(columns, i), load(columns, i + 1), load(columns, i + 2))
        _, middle, _ = _sorted3(a, b, c)
        store(state, here + x // LANES * BLOCK, middle)


@njit
def smooth(state, plane, height, width, state_pitch, size, image, columns):
    """Replace a plane of the state by its median over ``size`` x ``size`` pixels; size is 3 or 5.

    ``image`` is scratch of height + 4 rows of ``pitch_of(width)`` numbers, ``columns`` of 5 rows.
    """
    pitch = pitch_of(width)
    for y in range(height):
        at = (y + MARGIN) * pitch + MARGIN
        here = (y + 1) * state_pitch + plane
        for x in range(0, width, LANES):
            store(image, at + x, load(state, here + x // LANES * BLOCK))
        for beyond in range(MARGIN):
            image[at - 1 - beyond] = image[at]
            image[at + width + beyond] = image[at + width - 1]
    for x in range(pitch):
        for beyond in range(MARGIN):
            image[beyond * pitch + x] = image[MARGIN * pitch + x]
            image[(height + MARGIN + beyond) * pitch + x] = image[(height + MARGIN - 1) * pitch + x]
    for y in range(height):
        at = (y + MARGIN) * pitch + MARGIN
        here = (y + 1) * state_pitch + plane
        if size == 5:
            _row5(image, at, pitch, columns, state, here, width)
        else:
            _row3(image, at, pitch, columns, state, here, width)
