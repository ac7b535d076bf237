"""The HDF5 files between stages: this is the reference of their formats, and reads what several stages read.

Each file is sealed and says what it is (rrrn/data/store.py). ``@`` marks an attribute, CLIP is a group per clip, of its
name. T frames of H x W pixels, C channels (1 gray, 3 BGR); V views; N clips, in the order of the clip table; K shards;
S the side of a flow map; D numbers of a descriptor; A action units. A test holds this list against a run's files.
``results/anchors_jittered/`` and ``results/occluded_jittered/``, of control conditions, are as those without the word.
What trainings leave beside predictions is told where it is written: rrrn/data/every_epoch.py, rrrn/training/models.py.

results/faces/SUBJECT.h5, by ``faces``: clean face crops
    CLIP@database, CLIP@subject, CLIP@clip: text
    CLIP@onset, CLIP@apex, CLIP@offset: int64, frame numbers
    CLIP@box: int32 (4), x0, y0, x1, y1 of the face in the images
    CLIP@face: int32 (4), the same box in the crops
    CLIP/frames: uint8 (T, H, W, C), deflated, a chunk per frame
    CLIP/numbers: int32 (T), frame numbers
    CLIP/landmarks: float32 (T, 68, 2), x, y in crop pixels
    CLIP/found: bool (T), whether the detector found the face

results/anchors/SUBJECT.h5, by ``anchor``: where occluders are held (rrrn/occlusion/holding/anchors.py)
    CLIP@subject, CLIP@clip: text
    CLIP@mode: text, how they were chosen
    CLIP@yaw: text; of the mode stable only, like the next three
    CLIP@turn: float64 (2), degrees
    CLIP@registered_frames: int64
    CLIP@landmark_residual: float64, pixels
    CLIP/numbers: int32 (T), frame numbers
    CLIP/landmarks: float64 (T, 68, 2), x, y in crop pixels

results/art/KIND.h5, by ``art``: pictures of occluders (rrrn/occlusion/kinds/art_shard.py); PICTURE is a number
    names: text (N), in the order in which lots are drawn
    PICTURE@seam, PICTURE@top, PICTURE@bottom, PICTURE@left, PICTURE@right, PICTURE@min_ratio: float64
    PICTURE/image: float32 (H, W, 4), BGR in 0..255 premultiplied by alpha; of pictures without straps
    PICTURE/body, PICTURE/straps: float32 (H, W, 4); of those with straps, like the next
    PICTURE/edge: float64 (H), where the straps leave the body

results/occluded/CONDITION/SUBJECT.h5, by ``occlude``: the same in gray, with what is worn, and its truth at the onset
    CLIP@database, CLIP@subject, CLIP@clip: text
    CLIP@onset, CLIP@apex, CLIP@offset: int64
    CLIP@box, CLIP@face: int32 (4)
    CLIP@occluder: text, what is worn
    CLIP@area_share: float64, of the face box
    CLIP@visible: float32 (6), share of each of the six regions
    CLIP@aus: int32 (A), action units
    CLIP@au_shares: float32 (A), share of each one's skin that is covered
    CLIP@yaw: text; of an anchored occluder only, like the next three
    CLIP@turn: float64 (2), degrees
    CLIP@registered_frames: int64
    CLIP@landmark_residual: float64, pixels
    CLIP@centre, CLIP@size: float32 (2), pixels; of random patches only
    CLIP/frames: uint8 (T, H, W), a chunk per frame
    CLIP/numbers: int32 (T)
    CLIP/alpha: uint8 (H, W), deflated, 255 where the frame is hidden

results/flow/CONDITION/SUBJECT.h5, by ``flow``: flow from onset to apex (rrrn/data/flow_store.py)
    @engine, @engine_version, @parameters, @rotation, @code: text
    @warm_start: bool
    CLIP@subject: text
    CLIP/flow: int16 (V, 2, S, S) or float16, u and v, a chunk per view, of blosc2 or none
    CLIP/flow@scale: float64, a stored number times it is the value
    CLIP/flow@channels, CLIP/flow@compression, CLIP/flow@norm, CLIP/flow@units: text
    CLIP/flow@full_scale_pct: int64 or float64, % of the face box's width that is 1
    CLIP/flow_crc32: uint32 (V), of each view's little-endian bytes
    CLIP/views: int32 (V), their numbers in the augmentation plan

results/pack/CONDITION.h5, by ``pack``: an index over the flow of a condition
    subject, clip: text (N)
    shard: int32 (N), place of the clip's shard in the next two
    shards: text (K), path as seen from the pack's folder
    seals: text (K), the checksum in its seal
    crc32: uint32 (N, V), ``flow_crc32`` of each clip
    views: int32 (V), alike for all clips
    boxes: int32 (6, 4), x0, y0, x1, y1 of each region in a flow map
    @size: int64, side of a region as the network sees it
    @shape: int64 (4), that of a clip's flow
    @dtype: text, that of flow
    @scale: float64; this and the others as in the shards, where they are alike
    @channels, @compression, @norm, @units, @engine, @engine_version, @parameters, @rotation, @code: text
    @full_scale_pct: int64 or float64
    @warm_start: bool

results/features/DESCRIPTOR/CONDITION.h5, by ``describe``: one descriptor of each clip
    subject, clip: text (N)
    features: float32 (N, D), a chunk per clip
"""

from typing import NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray


class Occluded(NamedTuple):
    """A clip as it was occluded: gray frames, uint8 (T, H, W); their numbers, int32 (T); face box, int32 (4)."""

    frames: NDArray[np.uint8]
    numbers: NDArray[np.int32]
    face: NDArray[np.int32]


def occluded(group: h5py.Group) -> Occluded:
    """Read a clip of an occluded shard."""
    return Occluded(group["frames"][()], group["numbers"][()], group.attrs["face"])
