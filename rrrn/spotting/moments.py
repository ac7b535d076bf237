"""Onset, apex and offset from the course of a face: the rise and fall that explains most of it.

A magnitude of flow has its maximum wherever a drifting head, a tremor or a blink is farthest from the first frame. What
tells an expression from these is its form: from rest to a peak and back. So each signal is held against the form of
every onset, apex and offset (straight lines, since no other course is known beforehand), beside a constant and a drift,
and those are taken for which all signals together are likeliest, each with normal noise of a variance of its own.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Candidate = tuple[int, int, int]  # onset, apex, offset

LEAST_RISE, LEAST_FALL = 2, 1  # frames
_GRID = 36  # steps of the first search through a clip
_NOISE = 0.0005  # distances between the eyes (sd); what a signal of a still face varies by, at least
_STILL = 0.003  # in the same: root of the sum of squares of what all signals move by. Less is no motion: noise and a
# lamp that drifts make up to 0.0026 on a still face, the weakest drawn expressions 0.004
_NEAR = 4  # frames; an apex farther away is another one
_WITNESSES = 60  # frames that count in a margin, at most. What trembles, or does not follow straight lines, lasts as
# long as the movement does, so that more frames of a slower one say no more about where its apex is
_EQUAL = 1e-9  # of logarithms of likelihoods: what rounding may make of equal ones in one batch
_MARGIN = 8.0  # of logarithms of likelihoods, beyond the chance of so many frames; white noise alone would need 3. Of
# drawn clips of 50 frames and less every other one is sure, and 59 % of those are within 3 frames: docs/models.md


@dataclass(frozen=True)
class Moments:
    """Indices of frames, from 0. ``amplitude`` is how far all signals move together, in distances between the eyes;
    ``moves``: whether that is more than noise. ``margin`` is by how much the next best apex, ``other``, is less likely,
    as a logarithm of likelihoods, of ``_WITNESSES`` frames if there are more, less that of the number of frames it
    is the best of: the more there are, the better is the best of them by chance alone. There may be none. ``sure``:
    whether the apex stands out."""

    onset: int
    apex: int
    offset: int
    amplitude: float
    moves: bool
    margin: float
    other: int | None

    @property
    def sure(self) -> bool:
        """Return whether something moves, and no other apex is nearly as likely."""
        return self.moves and self.margin >= _MARGIN


def find(
    signals: NDArray[np.float64], onset: int | None = None, apex: int | None = None, offset: int | None = None
) -> Moments:
    """Return the moments of signals (T, S), among them those that are given.

    Where all are given and lie too close for a rise and a fall, ``amplitude`` is what moves from onset to apex. Raises
    ValueError for fewer frames than a rise and a fall take, and for given ones that leave no room.
    """
    count = len(signals)
    given = (onset, apex, offset)
    if onset is not None and apex is not None and offset is not None:
        if not 0 <= onset < apex <= offset < count:
            raise ValueError(f"{onset}, {apex} and {offset} are no onset < apex <= offset of {count} frames")
        if not _possible([(onset, apex, offset)], count):
            amplitude = float(np.linalg.norm(signals[apex] - signals[onset]))
            return Moments(onset, apex, offset, amplitude, amplitude >= _STILL, np.inf, None)
    step = max(1, count // _GRID)
    ends = [*range(0, count, step), count - 1]
    candidates = _possible(product(*(ends if one is None else [one] for one in given)), count)
    if not candidates:  # the grid is too coarse for what is given
        candidates = _possible(product(*(range(count) if one is None else [one] for one in given)), count)
    if not candidates:
        raise ValueError(f"{count} frames leave no room for a rise and a fall")
    levels = _Signals(signals)
    starts = [candidates[place] for place in np.argsort(levels.likelihood(candidates), kind="stable")]
    of_apex = {one[1]: one for one in starts}  # the likeliest of each
    best = levels.best([_climbed(levels, one, given, step, range(count)) for one in of_apex.values()])
    amplitude = levels.amplitude(best)
    margin, other = (np.inf, None) if apex is not None else _margin(levels, of_apex, best, given, step)
    return Moments(*best, amplitude, amplitude >= _STILL, margin, other)


def _climbed(
    levels: "_Signals", start: Candidate, given: tuple[int | None, ...], step: int, apexes: Container[int]
) -> Candidate:
    """Return the likeliest candidate that is reached from one in ever smaller steps, with its apex in ``apexes``."""
    best = start
    while step > 0:
        moves = [(-step, 0, step) if one is None else (0,) for one in given]
        near = _possible(((best[0] + a, best[1] + b, best[2] + c) for a, b, c in product(*moves)), levels.count)
        near = [one for one in near if one[1] in apexes]  # the best so far among them
        values = levels.likelihood(near)  # compared in one batch alone: the last digits are others in another
        place = int(np.argmax(values))
        if values[place] > values[near.index(best)] + _EQUAL:
            best = near[place]
        else:
            step //= 2
    return best


def _margin(
    levels: "_Signals", of_apex: Mapping[int, Candidate], best: Candidate, given: tuple[int | None, ...], step: int
) -> tuple[float, int | None]:
    """Return ``margin`` and ``other`` of ``Moments``.

    Other apexes are searched for as finely as the best was, or the grid alone would make them less likely.
    """
    elsewhere = {at for at in range(levels.count) if abs(at - best[1]) > _NEAR}
    starts = [one for at, one in of_apex.items() if at in elsewhere]
    for at in (best[1] - _NEAR - 1, best[1] + _NEAR + 1):  # the best itself, pushed out of the way
        pushed = (min(best[0], at - LEAST_RISE), at, max(best[2], at + LEAST_FALL))
        kept = tuple(end if one is None else one for end, one in zip(pushed, given, strict=True))
        starts += _possible([kept], levels.count)
    if not starts:
        return np.inf, None
    other = levels.best([_climbed(levels, one, given, step, elsewhere) for one in starts])
    likeliest, next_best = levels.likelihood([best, other]) * min(1.0, _WITNESSES / levels.count)
    return float(likeliest - next_best - np.log(len(elsewhere))), other[1]


def _possible(candidates: Iterable[tuple[int, ...]], count: int) -> list[Candidate]:
    return [(o, a, f) for o, a, f in candidates if o >= 0 and o + LEAST_RISE <= a and a + LEAST_FALL <= f < count]


class _Signals:
    """Signals (T, S) without constant and drift, which are held against forms."""

    def __init__(self, signals: NDArray[np.float64]) -> None:
        self.count = len(signals)
        time = np.arange(self.count, dtype=np.float64)
        self._time = time
        self._drift = np.linalg.qr(np.stack([np.ones_like(time), time - time.mean()], 1))[0]
        self._rest = signals - self._drift @ (self._drift.T @ signals)
        self._energy = (self._rest**2).sum(axis=0)
        self._floor = self.count * _NOISE**2

    def likelihood(self, candidates: Sequence[Candidate]) -> NDArray[np.float64]:
        """Return the logarithm of the likelihood ratio of each candidate to no motion, summed over signals, (N,)."""
        fitted, power = self._fitted(candidates)
        explained = fitted**2 * power[:, None]
        left = np.maximum(self._energy - explained, 0) + self._floor
        return np.asarray(self.count / 2 * np.log((self._energy + self._floor) / left).sum(axis=1))

    def best(self, candidates: Sequence[Candidate]) -> Candidate:
        """Return the likeliest candidate."""
        return candidates[int(np.argmax(self.likelihood(candidates)))]

    def amplitude(self, candidate: Candidate) -> float:
        """Return the root of the sum of squares of the heights of a form in all signals."""
        return float(np.sqrt((self._fitted([candidate])[0] ** 2).sum()))

    def _fitted(self, candidates: Sequence[Candidate]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the heights (N, S) of forms in the signals, and the forms' sums of squares (N,), without drift."""
        onset, apex, offset = (np.array(one, np.float64)[:, None] for one in zip(*candidates, strict=True))
        rise, fall = (self._time - onset) / (apex - onset), (offset - self._time) / (offset - apex)
        forms = np.clip(np.minimum(rise, fall), 0, 1)
        forms -= (forms @ self._drift) @ self._drift.T
        power = (forms**2).sum(axis=1)
        return forms @ self._rest / np.maximum(power, 1e-12)[:, None], power
