"""Where the solver keeps the unknowns of one image: blocks of 16 pixels, each with its ten planes side by side.

All that a pixel needs lies within 640 bytes, at offsets that no image size changes. One row of blocks lies above the
image, whose dual variables stay 0, and each row ends in a spare block for the pixel right of the last. Lanes beyond the
last pixel are computed like all others; they may hold anything, and nothing that counts reads them.
"""

from rrrn.flow.numba.simd import LANES

U1, U2, P11, P12, P21, P22, JX, JY, RHO, WEIGHT = (plane * LANES for plane in range(10))
BLOCK = 10 * LANES
