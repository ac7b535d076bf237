"""How contracted muscles change the shading of the skin: furrows, crow's feet, folds."""

import numpy as np

from rrrn.synthetic.painting import relief
from rrrn.synthetic.painting.canvas import Canvas
from rrrn.synthetic.painting.fields import gaussian, gaussian_pair
from rrrn.synthetic.painting.identity import Identity


def wrinkles(canvas: Canvas, identity: Identity) -> dict[str, np.ndarray]:
    """Return, for each action unit that makes any, the relative change of brightness at intensity 1, float32 (H, W)."""
    x, y = canvas.x, canvas.y
    brow, mouth, width = identity.brow_y, identity.mouth_y, identity.mouth_width
    fold = sum(canvas.polyline(relief.nasolabial_fold(identity, side), 0.02, 0.025) for side in (-1, 1))
    furrows = gaussian_pair(x, y, (0.10, brow + 0.02), (0.022, 0.085), -0.15)
    forehead = gaussian(x, y, (0, brow - 0.18), (0.32, 0.014)) + gaussian(x, y, (0, brow - 0.30), (0.32, 0.014))
    outer_forehead = gaussian_pair(x, y, (0.72, brow - 0.2), (0.18, 0.014))
    crows_feet = sum(gaussian_pair(x, y, (0.80, 0.02 + 0.06 * j), (0.06, 0.010), 0.2 + 0.25 * j) for j in (-1, 0, 1))
    under_eye = gaussian_pair(x, y, (0.5, 0.19), (0.18, 0.02))
    nose_root = sum(gaussian_pair(x, y, (0.09, 0.16 + 0.06 * j), (0.05, 0.012), 0.5) for j in (0, 1, 2))
    mouth_corners = gaussian_pair(x, y, (width + 0.05, mouth + 0.09), (0.03, 0.07))
    chin_groove = gaussian(x, y, (0, mouth + identity.lower_lip + 0.12), (0.2, 0.03))
    fields = {
        "1": -0.03 * forehead,
        "2": -0.025 * outer_forehead,
        "4": 0.03 * gaussian(x, y, (0, brow + 0.02), (0.04, 0.08)) - 0.06 * furrows,
        "6": -0.03 * crows_feet - 0.03 * under_eye,
        "9": -0.05 * nose_root,
        "10": -0.04 * fold,
        "12": -0.05 * fold,
        "15": -0.05 * mouth_corners,
        "17": -0.05 * chin_groove,
    }
    return {au: np.asarray(field, np.float32) for au, field in fields.items()}
