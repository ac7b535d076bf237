"""The sensor noise of a clip: how strong at which grey level, how alike in neighbouring pixels and in channels."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

_BLIND_TO_SLOPES = np.outer([1, -2, 1], [1, -2, 1]).astype(np.float32) / 6  # of unit energy
_BLOCK = 8  # side of the patches, in pixels, that noise is measured in
_PAIRS = 32  # of neighbouring frames, spread over the clip
_LAGS = 3  # pixels over which noise may be correlated
_REACH = 4  # pixels, half the length of the filters that correlate noise
_BINS = 24  # groups of patches of about one grey level
_PER_BIN = 8
_LEAST_RANGE = 16.0  # grey levels; over less, a slope cannot be told from chance
_STILL = 2.0  # times the usual variance; more is motion
_ROUNDING = 1 / 12  # variance that rounding to whole grey levels adds; the composite is rounded again
_CLIPPED = (2, 253)  # grey levels beyond which noise is cut off
# Of the median of a chi-square with 63 degrees of freedom to its mean (Wilson and Hilferty, 1931)
_MEDIAN_TO_MEAN = (1 - 2 / (9 * 63)) ** 3


@dataclass(frozen=True)
class Noise:
    """Noise of images with C channels.

    ``lines`` float64 (C, 2): the variance at grey level I is a + b I inside of the ``levels``, (C, 2), that the clip's
    skin has, and beyond what it is there. ``mixing`` (C, C) makes correlated channels, of variance 1, from independent
    ones; each of these is filtered across and down by its ``filters``, float32 (C, 2, 9), of unit energy.
    """

    lines: np.ndarray
    levels: np.ndarray
    mixing: np.ndarray
    filters: np.ndarray

    def variances(self) -> np.ndarray:
        """Return the variance at each grey level, float32 (256, C)."""
        level = np.clip(np.arange(256)[:, None], self.levels[:, 0], self.levels[:, 1])
        return np.maximum(self.lines[:, 0] + level * self.lines[:, 1], 0).astype(np.float32)

    def draw(self, rng: np.random.Generator, height: int, width: int) -> np.ndarray:
        """Return a field of noise of variance 1, float32 (height, width, C)."""
        channels = len(self.mixing)
        white = rng.standard_normal((channels, height + 2 * _REACH, width + 2 * _REACH), dtype=np.float32)
        inside = slice(_REACH, _REACH + height), slice(_REACH, _REACH + width)
        planes = [cv2.sepFilter2D(white[c], cv2.CV_32F, *self.filters[c])[inside] for c in range(channels)]
        if channels == 1:
            return planes[0][..., None]
        return cv2.transform(cv2.merge(planes), self.mixing)


def measure(frames: np.ndarray, skin: np.ndarray) -> Noise | None:
    """Return the noise of a clip, frames uint8 (T, H, W, C), where ``skin``, bool (H, W), is; None if it has none.

    It is what differs between neighbouring frames, in small patches, after their means: neither a lamp's drift nor
    skin's texture counts, and patches that move are left out by medians. A single frame has no neighbour; there it is
    what a filter that is blind to slopes leaves (Immerkaer, CVIU 64, 1996), taken to be uncorrelated in space.
    """
    level, residual = _patches(frames, skin)
    if not len(level):
        return None
    residual -= residual.mean(axis=(1, 2), keepdims=True)
    variance = np.square(residual).mean(axis=(1, 2))
    lines = np.stack([_line(level[:, c], variance[:, c]) for c in range(frames.shape[3])])
    usual = np.maximum(lines[:, 0] + level * lines[:, 1], 1e-9)
    still = (variance <= _STILL * usual).all(axis=1)
    still |= not still.any()
    scaled = residual[still] / np.sqrt(usual[still])[:, None, None]
    strength, directions = _components(scaled)
    filters = np.zeros((len(strength), 2, 2 * _REACH + 1), np.float32)
    filters[..., _REACH] = 1
    lost = np.zeros(len(strength))
    if len(frames) > 1:
        for i in np.flatnonzero(strength > 1e-6):
            correlations, lost[i] = _correlations(scaled @ directions[:, i])
            filters[i] = [_filter(correlation) for correlation in correlations]
    lines /= (1 - directions**2 @ (strength * lost) / (directions**2 @ strength))[:, None]
    lines[:, 0] -= _ROUNDING
    levels = np.percentile(level, [2, 98], axis=0).T
    return Noise(lines, levels, (directions * np.sqrt(strength)).astype(np.float32), filters)


def _patches(frames: np.ndarray, skin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return grey levels (n, C) and noise, float32 (n, 8, 8, C), of patches that are all skin and not clipped."""
    rows, columns = (side // _BLOCK for side in skin.shape)
    whole = slice(rows * _BLOCK), slice(columns * _BLOCK)
    inside = skin[whole].reshape(rows, _BLOCK, columns, _BLOCK).all(axis=(1, 3))

    def cut(image: np.ndarray) -> np.ndarray:
        blocks = image[whole].reshape(rows, _BLOCK, columns, _BLOCK, -1).swapaxes(1, 2)
        return blocks[inside]

    level, noise = [np.zeros((0, frames.shape[3]))], [np.zeros((0, _BLOCK, _BLOCK, frames.shape[3]), np.float32)]
    if not inside.any():
        return level[0], noise[0]
    last = len(frames) - 1
    for first in np.unique(np.linspace(0, max(last - 1, 0), _PAIRS).round().astype(int)):
        one, two = (cut(frames[index]) for index in (first, min(first + 1, last)))
        if last > 0:
            difference = (two.astype(np.float32) - one) * np.float32(math.sqrt(0.5))
        else:
            image = cv2.filter2D(frames[0], cv2.CV_32F, _BLIND_TO_SLOPES)
            difference = cut(image.reshape(frames.shape[1:]))
        both = np.concatenate([one, two], axis=1)
        flat = both.reshape(len(both), -1)
        good = (flat.min(axis=1) >= _CLIPPED[0]) & (flat.max(axis=1) <= _CLIPPED[1])
        level.append(both.mean(axis=(1, 2))[good])
        noise.append(difference[good])
    return np.concatenate(level), np.concatenate(noise)


def _line(level: np.ndarray, variance: np.ndarray) -> tuple[float, float]:
    """Return a and b of variance = a + b level: medians in groups of equal size, then the median slope (Theil-Sen)."""
    groups = np.array_split(np.argsort(level, kind="stable"), np.clip(len(level) // _PER_BIN, 1, _BINS))
    x = np.array([np.median(level[group]) for group in groups])
    y = np.array([np.median(variance[group]) for group in groups]) / _MEDIAN_TO_MEAN
    if x[-1] - x[0] < _LEAST_RANGE:
        return float(np.median(y)), 0.0
    i, j = np.triu_indices(len(x), 1)
    apart = x[j] - x[i] > _LEAST_RANGE / 2
    b = float(np.median((y[j] - y[i])[apart] / (x[j] - x[i])[apart]))
    return float(np.median(y - b * x)), b


def _components(scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return variances (C,) and directions, the columns of (C, C), of the channels' uncorrelated mixtures."""
    channels = scaled.shape[-1]
    if channels == 1:
        return np.ones(1), np.eye(1)
    covariance = np.einsum("nyxc,nyxd->cd", scaled, scaled, dtype=np.float64)
    deviation = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
    correlation = covariance / np.outer(deviation, deviation)
    np.fill_diagonal(correlation, 1)  # of a channel without noise as well
    strength, directions = np.linalg.eigh(correlation)
    return np.maximum(strength, 0), directions


def _correlations(noise: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the correlations of noise (n, 8, 8) at distances 1.. across and down, (2, lags), and the part of its
    variance that went with the patches' means.
    """
    power = max(float(np.mean(noise**2)), 1e-12)
    found = np.zeros((2, _LAGS))
    for k in range(1, _LAGS + 1):
        found[0, k - 1] = np.mean(noise[:, :, k:] * noise[:, :, :-k]) / power
        found[1, k - 1] = np.mean(noise[:, k:] * noise[:, :-k]) / power
    weights = 2 * (1 - np.arange(1, _LAGS + 1) / _BLOCK)
    # Of correlated noise, the mean of a patch varies more; so correlations and the variance lost are solved together.
    lost = 1 / _BLOCK**2
    for _ in range(4):
        across, down = np.maximum(1 + (found + lost * (1 - found)) @ weights, 0)
        lost = min(float(across * down) / _BLOCK**2, 0.5)
    return found + lost * (1 - found), lost


def _filter(correlation: np.ndarray) -> np.ndarray:
    """Return a symmetric filter, float32 (9,), of unit energy, which gives white noise the correlations (lags,)."""
    waves = np.cos(np.outer(np.arange(64) * (2 * np.pi / 64), np.arange(1, len(correlation) + 1)))
    spectrum = np.maximum(1 + 2 * waves @ correlation, 1e-3)
    impulse = np.fft.fftshift(np.fft.ifft(np.sqrt(spectrum)).real)[32 - _REACH : 33 + _REACH]
    return (impulse / np.sqrt(np.sum(impulse**2))).astype(np.float32)
