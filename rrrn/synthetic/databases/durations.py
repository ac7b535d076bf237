"""How many frames a clip has from onset to apex, and from apex to offset. No class has a part in it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

Range = tuple[int, int]  # both ends included


class Duration(Protocol):
    """A kind of clips."""

    def draw(self, rng: np.random.Generator, samm: bool) -> tuple[int, int]:
        """Return the frames from onset to apex and from apex to offset of a clip after SAMM, or after CASME II."""
        ...


@dataclass(frozen=True)
class Even:
    """Each number of a range is as likely as another."""

    rise: Range
    fall: Range

    def draw(self, rng: np.random.Generator, samm: bool) -> tuple[int, int]:
        return draw(rng, self.rise), draw(rng, self.fall)


@dataclass(frozen=True)
class Annotated:
    """The durations that the published sheets annotate, at 200 frames per second.

    Minimum, quartiles and maximum of the frames from onset to offset are those of the sheets, and evenly filled in
    between. So are minimum, median and maximum of those from onset to apex; their quartiles lie as the other duration's
    do. Long clips have late apexes: the ranks of the two durations differ by at most ``_RANKS``. With that, 2 of 100
    apexes after CASME II would fall on the offset, as 4 of its 185 do; here they lie one frame before.
    """

    def draw(self, rng: np.random.Generator, samm: bool) -> tuple[int, int]:
        whole, rise = _SAMM if samm else _CASME2
        rank = rng.random()
        near = 1 - abs(1 - abs(rank + rng.uniform(-_RANKS, _RANKS)))  # reflected: as evenly spread as the rank
        length = round(np.interp(rank, _SHARES, whole).item())
        apex = round(np.interp(np.interp(near, _SHARES, whole), whole[::2], rise).item())
        apex = min(apex, length - 1)
        return apex, length - apex


_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_RANKS = 0.3
# Frames from onset to offset at these shares, and from onset to apex at the first, middle and last. Of SAMM's onset to
# apex only the median is counted; the ends are those of CASME II.
_CASME2 = (23, 50, 60, 84, 140), (3, 33, 88)
_SAMM = (34, 57, 76, 88, 100), (3, 32, 88)


def draw(rng: np.random.Generator, limits: Range) -> int:
    """Return a number of a range, each as likely as another."""
    return int(rng.integers(limits[0], limits[1], endpoint=True))


BRIEF = Even(rise=(4, 6), fall=(4, 6))  # for tests
QUICK = Even(rise=(8, 11), fall=(8, 11))  # for a default experiment that takes minutes
REALISTIC = Annotated()
