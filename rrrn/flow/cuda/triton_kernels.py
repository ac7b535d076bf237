"""The kernels of TV-L1 on a GPU, one iteration after another in registers; see triton_level for who calls them.

Planes are float32, rows without gaps. U = (tau / theta) u and P = tau p are kept twice over, and each pair has its own
mark of which copy is current: what a launch reads it never writes, and a pair that has stopped is left alone.
"""

import triton
import triton.language as tl

from rrrn.flow.cuda.images import MARGIN

_MARGIN = tl.constexpr(MARGIN)


@triton.jit
def _root(value, FAST: tl.constexpr):
    """Return the square root; fast: the processor's, without a detour for numbers below 1e-38."""
    if FAST:
        root = tl.inline_asm_elementwise(
            "sqrt.approx.ftz.f32 $0, $1;", "=f,f", [value], dtype=tl.float32, is_pure=True, pack=1
        )
    else:
        root = tl.sqrt(value)
    return root


@triton.jit
def _reciprocal(value, FAST: tl.constexpr):
    if FAST:
        reciprocal = tl.inline_asm_elementwise(
            "rcp.approx.ftz.f32 $0, $1;", "=f,f", [value], dtype=tl.float32, is_pure=True, pack=1
        )
    else:
        reciprocal = 1 / value
    return reciprocal


@triton.jit
def _shrunk(p_across, p_down, across, down, gain, tau, FAST: tl.constexpr):
    """Return the two dual variables of one component of U after a step along its forward differences."""
    shrink = _reciprocal(1 + gain * _root(across * across + down * down, FAST), FAST)
    return (p_across + gain * tau * across) * shrink, (p_down + gain * tau * down) * shrink


@triton.jit(do_not_specialize=["pairs", "height", "width", "band_rows", "count", "flip"])
def advance(
    u,
    p,
    residual,
    sides,
    counts,
    changes,
    pairs,
    height,
    width,
    strips,
    band_rows,
    count,
    flip,
    limit,
    tau,
    COLUMNS: tl.constexpr,
    STEPS: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    MEASURE: tl.constexpr,
    FAST: tl.constexpr,
):
    """Do ``counts[pair] * count``, at most STEPS, iterations of a strip of COLUMNS pixels and a band of rows.

    The program goes down the strip. An iteration needs of the one before it no more than the row it has just left, so
    STEPS of them follow each other one row apart, each handing its row to the next; what they need of rows above they
    still hold. Columns at the edges of the strip, and rows at those of the band, are repeated by the neighbours: in
    each iteration the outermost that is right moves in by one. Iterations beyond the wanted ones have a gain of 0 and
    hand on what they get. u (2, pairs, 2, H, W), p (2, pairs, 4, H, W), residual (pairs, 3, H, W): J and rho,
    sides (2, pairs): current copy of u and of p, read as the other one if ``flip`` is 1; changes (pairs, strips *
    blocks of BLOCK_ROWS rows, STEPS): sums of squared changes of U, if MEASURE. A band is some whole blocks, so that
    the order of summation, and by it the result, is the same however many bands there are.
    """
    pair = tl.program_id(0)
    strip = tl.program_id(1) % strips
    first = tl.program_id(1) // strips * band_rows
    last = tl.minimum(first + band_rows, height)
    wanted = tl.load(counts + pair) * count
    if wanted == 0:
        return

    lanes = tl.arange(0, COLUMNS)
    lefts = tl.maximum(lanes - 1, 0)
    rights = tl.minimum(lanes + 1, COLUMNS - 1)
    x = strip * (COLUMNS - 2 * STEPS) - 1 + lanes  # the column left of the image keeps P = 0
    inside = (x >= 0) & (x < width)
    has_right = (x >= 0) & (x < width - 1)
    own = inside & ((lanes >= STEPS) | (strip == 0)) & ((lanes < COLUMNS - STEPS) | (strip == strips - 1))

    plane = height * width
    u_side = (tl.load(sides + pair) ^ flip).to(tl.int64)
    p_side = (tl.load(sides + pairs + pair) ^ flip).to(tl.int64)
    u_from = u + (u_side * pairs + pair) * 2 * plane + x
    p_from = p + (p_side * pairs + pair) * 4 * plane + x
    u_to = u + ((1 - u_side) * pairs + pair) * 2 * plane + x
    p_to = p + ((1 - p_side) * pairs + pair) * 4 * plane + x
    r_from = residual + pair.to(tl.int64) * 3 * plane + x

    zero = tl.zeros((COLUMNS,), tl.float32)
    rows = (((zero, zero, zero, zero, zero, zero), (zero, zero, zero, zero), zero),) * STEPS
    start = tl.maximum(first - STEPS, 0)
    for front in range(start, last + STEPS):
        there = inside & (front < height)
        at = front * width
        u1 = tl.load(u_from + at, mask=there, other=0.0)
        u2 = tl.load(u_from + plane + at, mask=there, other=0.0)
        p11 = tl.load(p_from + at, mask=there, other=0.0)
        p12 = tl.load(p_from + plane + at, mask=there, other=0.0)
        p21 = tl.load(p_from + 2 * plane + at, mask=there, other=0.0)
        p22 = tl.load(p_from + 3 * plane + at, mask=there, other=0.0)
        jx = tl.load(r_from + at, mask=there, other=0.0)
        jy = tl.load(r_from + plane + at, mask=there, other=0.0)
        rho = tl.load(r_from + 2 * plane + at, mask=there, other=0.0)
        weight = _reciprocal(jx * jx + jy * jy + 1e-20, FAST)
        left_behind = ()
        for step in tl.static_range(STEPS):
            above, data_above, change = rows[step]
            u1_above, u2_above, p11_above, p12_above, p21_above, p22_above = above
            y = front - step
            gain = tl.where(step < wanted, 1.0, 0.0)
            inner = tl.where((y > 0) & (y < height), 1.0, 0.0)

            drop = tl.minimum(tl.maximum((rho + jx * u1 + jy * u2) * weight, -limit), limit)
            change1 = p11 - tl.gather(p11, lefts, 0) + (p12 - p12_above) - drop * jx
            change2 = p21 - tl.gather(p21, lefts, 0) + (p22 - p22_above) - drop * jy
            u1 += gain * change1
            u2 += gain * change2
            if MEASURE:
                counted = tl.where((y >= first) & (y < last), 1.0, 0.0)
                change += counted * (change1 * change1 + change2 * change2)
                if (y >= first) & (y < last) & ((y % BLOCK_ROWS == BLOCK_ROWS - 1) | (y == height - 1)):
                    blocks = (height + BLOCK_ROWS - 1) // BLOCK_ROWS
                    part = (pair * strips + strip) * blocks + y // BLOCK_ROWS
                    tl.store(changes + part * STEPS + step, tl.sum(tl.where(own, change, 0.0)))
                    change = zero
            left_behind = left_behind + (((u1, u2, p11, p12, p21, p22), (jx, jy, rho, weight), change),)

            across1 = tl.where(has_right, tl.gather(u1_above, rights, 0) - u1_above, 0.0)
            across2 = tl.where(has_right, tl.gather(u2_above, rights, 0) - u2_above, 0.0)
            p11, p12 = _shrunk(p11_above, p12_above, across1, inner * (u1 - u1_above), gain, tau, FAST)
            p21, p22 = _shrunk(p21_above, p22_above, across2, inner * (u2 - u2_above), gain, tau, FAST)
            u1, u2 = u1_above, u2_above
            jx, jy, rho, weight = data_above
        rows = left_behind

        mine = own & (front - STEPS >= first)
        at = (front - STEPS) * width
        tl.store(u_to + at, u1, mask=mine)
        tl.store(u_to + plane + at, u2, mask=mine)
        tl.store(p_to + at, p11, mask=mine)
        tl.store(p_to + plane + at, p12, mask=mine)
        tl.store(p_to + 2 * plane + at, p21, mask=mine)
        tl.store(p_to + 3 * plane + at, p22, mask=mine)


@triton.jit(do_not_specialize=["pairs", "parts", "count"])
def judge(
    changes,
    live,
    again,
    sides,
    pairs,
    parts,
    count,
    threshold,
    AT_ONCE: tl.constexpr,
    STEPS: tl.constexpr,
    STEPS_PADDED: tl.constexpr,
):
    """Find which iteration of ``count`` just done was a pair's last, and make the new copies of U and P current.

    changes (pairs, parts, STEPS), squared and summed; the last is the first whose sum is not above ``threshold``. Then
    live (pairs) becomes 0, and again (pairs) how many iterations to do in place of ``count``, 0 if these were right.
    """
    pair = tl.program_id(0)
    if tl.load(live + pair) == 0:
        tl.store(again + pair, 0)
        return
    part = tl.arange(0, AT_ONCE)[:, None]
    step = tl.arange(0, STEPS_PADDED)
    sums = tl.zeros((AT_ONCE, STEPS_PADDED), tl.float32)
    for first in range(0, parts, AT_ONCE):
        at = changes + (pair * parts + first + part) * STEPS + step[None, :]
        sums += tl.load(at, mask=(first + part < parts) & (step[None, :] < count), other=0.0)
    total = tl.sum(sums, 0)
    last = tl.min(tl.where((total <= threshold) & (step < count), step, STEPS), 0) + 1
    tl.store(live + pair, (last > count).to(tl.int32))
    tl.store(again + pair, tl.where(last < count, last, 0))
    tl.store(sides + pair, tl.load(sides + pair) ^ 1)
    tl.store(sides + pairs + pair, tl.load(sides + pairs + pair) ^ 1)


@triton.jit
def _weights(t):
    """Return the weights of the 4 pixels around a position that lies ``t`` behind the second (Keys 1981, a = -0.75)."""
    rest = 1 - t
    first = -0.75 * t * rest * rest
    last = -0.75 * t * t * rest
    second = (1.25 * t - 2.25) * t * t + 1
    return first, second, 1 - first - second - last, last


@triton.jit(do_not_specialize=["pairs", "height", "width"])
def linearise(picture, reference, u, residual, sides, pairs, height, width, scale, BLOCK: tl.constexpr):
    """Sample image and gradient at the displaced pixels: residual (pairs, 3, H, W) becomes J / scale and rho.

    picture (pairs, 3, H + 2 MARGIN, W + 2 MARGIN), as images.picture returns it; reference (pairs, H, W).
    """
    pair = tl.program_id(0).to(tl.int64)
    plane = height * width
    at = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = at < plane
    u_from = u + (tl.load(sides + pair).to(tl.int64) * pairs + pair) * 2 * plane + at
    u1 = tl.load(u_from, mask=inside, other=0.0)
    u2 = tl.load(u_from + plane, mask=inside, other=0.0)
    x = tl.minimum(tl.maximum(at % width + u1 / scale, 2.0 - _MARGIN), width + _MARGIN - 3.0)
    y = tl.minimum(tl.maximum(at // width + u2 / scale, 2.0 - _MARGIN), height + _MARGIN - 3.0)
    left, top = tl.floor(x), tl.floor(y)
    columns, rows = _weights(x - left), _weights(y - top)

    pitch = width + 2 * _MARGIN
    channel = (height + 2 * _MARGIN) * pitch
    corner = (top.to(tl.int32) + _MARGIN - 1) * pitch + left.to(tl.int32) + _MARGIN - 1
    image = tl.zeros((BLOCK,), tl.float32)
    jx, jy = image, image
    for i in tl.static_range(4):
        for k in tl.static_range(4):
            source = picture + pair * 3 * channel + corner + i * pitch + k
            weight = rows[i] * columns[k]
            image += weight * tl.load(source, mask=inside, other=0.0)
            jx += weight * tl.load(source + channel, mask=inside, other=0.0)
            jy += weight * tl.load(source + 2 * channel, mask=inside, other=0.0)
    jx, jy = jx / scale, jy / scale
    rho = image - jx * u1 - jy * u2 - tl.load(reference + pair * plane + at, mask=inside, other=0.0)
    to = residual + pair * 3 * plane + at
    tl.store(to, jx, mask=inside)
    tl.store(to + plane, jy, mask=inside)
    tl.store(to + 2 * plane, rho, mask=inside)


@triton.jit
def _sorted3(a, b, c):
    a, b = tl.minimum(a, b), tl.maximum(a, b)
    b, c = tl.minimum(b, c), tl.maximum(b, c)
    a, b = tl.minimum(a, b), tl.maximum(a, b)
    return a, b, c


@triton.jit
def _sorted5(a, b, c, d, e):
    a, d = tl.minimum(a, d), tl.maximum(a, d)
    b, e = tl.minimum(b, e), tl.maximum(b, e)
    a, c = tl.minimum(a, c), tl.maximum(a, c)
    b, d = tl.minimum(b, d), tl.maximum(b, d)
    a, b = tl.minimum(a, b), tl.maximum(a, b)
    c, e = tl.minimum(c, e), tl.maximum(c, e)
    b, c = tl.minimum(b, c), tl.maximum(b, c)
    d, e = tl.minimum(d, e), tl.maximum(d, e)
    c, d = tl.minimum(c, d), tl.maximum(c, d)
    return a, b, c, d, e


@triton.jit
def _median9(r0, r1, r2):
    """Return the median of three sorted rows of 3."""
    highest = tl.minimum(tl.minimum(r0[2], r1[2]), r2[2])
    lowest = tl.maximum(tl.maximum(r0[0], r1[0]), r2[0])
    middle = _sorted3(r0[1], r1[1], r2[1])
    return _sorted3(lowest, middle[1], highest)[1]


@triton.jit
def _median25(r0, r1, r2, r3, r4):
    """Return the median of five sorted rows of 5: once columns are sorted too, 12 numbers cannot be it."""
    c0 = _sorted5(r0[0], r1[0], r2[0], r3[0], r4[0])
    c1 = _sorted5(r0[1], r1[1], r2[1], r3[1], r4[1])
    c2 = _sorted5(r0[2], r1[2], r2[2], r3[2], r4[2])
    c3 = _sorted5(r0[3], r1[3], r2[3], r3[3], r4[3])
    c4 = _sorted5(r0[4], r1[4], r2[4], r3[4], r4[4])
    above1, below1 = tl.maximum(c2[1], c1[2]), tl.minimum(c3[2], c2[3])
    above2, below2 = tl.maximum(c3[0], c0[3]), tl.minimum(c4[1], c1[4])
    low, high = tl.minimum(below2, above2), tl.maximum(below2, above2)
    below, above = tl.minimum(below1, high), tl.maximum(above1, low)
    outer_low, outer_high = tl.minimum(above, below), tl.maximum(above, below)

    b3, d1 = tl.minimum(c1[3], c3[1]), tl.maximum(c1[3], c3[1])
    a4, c2_ = tl.minimum(c0[4], c2[2]), tl.maximum(c0[4], c2[2])
    first, fourth = tl.minimum(b3, a4), tl.maximum(d1, c2_)
    low, high = tl.minimum(d1, c2_), tl.maximum(b3, a4)
    second, third = tl.minimum(low, high), tl.maximum(low, high)
    first = tl.maximum(first, c4[0])
    first, third = tl.minimum(third, first), tl.maximum(third, first)
    first, second = tl.minimum(second, first), tl.maximum(second, first)
    upper = tl.minimum(second, tl.minimum(outer_high, tl.maximum(fourth, third)))
    return tl.maximum(tl.maximum(outer_low, first), upper)


@triton.jit(do_not_specialize=["pairs", "height", "width", "runs"])
def smooth(u, sides, live, pairs, height, width, runs, SIZE: tl.constexpr, COLUMNS: tl.constexpr, RUN: tl.constexpr):
    """Write the exact medians of U, borders repeated, to the other copy, for RUN rows that share their sorted rows."""
    pair = tl.program_id(0)
    if tl.load(live + pair) == 0:
        return
    component = tl.program_id(2)
    first = tl.program_id(1) % runs * RUN
    x = tl.program_id(1) // runs * COLUMNS + tl.arange(0, COLUMNS)
    half: tl.constexpr = SIZE // 2
    plane = height * width
    side = tl.load(sides + pair).to(tl.int64)
    source = u + ((side * pairs + pair) * 2 + component) * plane
    target = u + (((1 - side) * pairs + pair) * 2 + component) * plane

    x0 = tl.minimum(x, width - 1)
    x1 = tl.maximum(x0 - 1, 0)
    x2 = tl.minimum(x0 + 1, width - 1)
    x3 = tl.maximum(x0 - 2, 0)
    x4 = tl.minimum(x0 + 2, width - 1)
    rows = ()
    for i in tl.static_range(RUN + 2 * half):
        row = source + tl.minimum(tl.maximum(first + i - half, 0), height - 1) * width
        if SIZE == 3:
            rows = rows + (_sorted3(tl.load(row + x0), tl.load(row + x1), tl.load(row + x2)),)
        else:
            near = tl.load(row + x0), tl.load(row + x1), tl.load(row + x2)
            rows = rows + (_sorted5(near[0], near[1], near[2], tl.load(row + x3), tl.load(row + x4)),)
    for i in tl.static_range(RUN):
        if SIZE == 3:
            middle = _median9(rows[i], rows[i + 1], rows[i + 2])
        else:
            middle = _median25(rows[i], rows[i + 1], rows[i + 2], rows[i + 3], rows[i + 4])
        tl.store(target + (first + i) * width + x, middle, mask=(x < width) & (first + i < height))
