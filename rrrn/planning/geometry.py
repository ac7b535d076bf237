"""Sizes of images, crops and faces of a database, from the configuration, the frames on disk, or a usual share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rrrn.data import frames
from rrrn.data.clips import Clip
from rrrn.data.listing import listing
from rrrn.planning.rates import Rates
from rrrn.running.stage import InputError
from rrrn.synthetic.databases import layouts

MEGA = 1e6


@dataclass(frozen=True)
class Geometry:
    """Megapixels of an image, of the crop that is stored of it, and of the face box in it."""

    image: float
    crop: float
    face: float


def of_database(rows: Sequence[Clip], config: Mapping[str, Any], rates: Rates) -> Geometry:
    """Return the sizes of a database's images: as they are on disk, or as they will be drawn.

    The face box is a share of the image's height, which a calibration measures.
    """
    width, height = image_size(rows, float(config["render"]["scale"]))
    side = rates.of("share.face", rows[0].database) * height
    crop = side * float(config["faces"]["pad"])
    return Geometry(width * height / MEGA, min(crop * crop, width * height) / MEGA, side * side / MEGA)


def image_size(rows: Sequence[Clip], scale: float) -> tuple[int, int]:
    """Return width and height of a database's images; of recorded ones that are not on disk, CASME II's or SAMM's."""
    layout = layouts.of_database(rows[0].database)
    if rows[0].source == "synthetic":
        return layout.size(scale)
    for row in rows:
        try:
            return frames.size(next(iter(listing(Path(row.frames)).values())))
        except (InputError, OSError):
            continue
    return layout.size(1.0)


def pyramid(flow: Mapping[str, Any]) -> float:
    """Return the work of TV-L1 on one pair, in solutions of one warp at full size."""
    return float(flow["warps"] * sum(flow["scale_step"] ** (2 * scale) for scale in range(flow["scales"])))
