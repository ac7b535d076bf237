"""Which landmarks an occluder is placed by in each frame of a clip.

Landmarks found frame by frame shake by more than a micro-expression moves; an occluder that follows them adds motion
of its own to the optical flow.
"""

import numpy as np

MODES = ("clip", "per_frame")


def anchored(landmarks: np.ndarray, mode: str) -> np.ndarray:
    """Return the landmarks (T, 68, 2) that occluders are placed by, float64.

    ``clip``: the median over the clip's frames in every frame. ``per_frame``: the landmarks themselves, as in
    arXiv 2107.05904.
    """
    points = landmarks.astype(np.float64)
    if mode == "clip":
        return np.broadcast_to(np.median(points, axis=0), points.shape)
    return points
