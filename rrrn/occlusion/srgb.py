"""Grey levels and light: sRGB (IEC 61966-2-1), shares of white in 0..1."""

import numpy as np


def light(level: np.ndarray) -> np.ndarray:
    """Return linear light, of the shape and type of the encoded ``level``."""
    shown: np.ndarray = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return shown


def level(light: np.ndarray) -> np.ndarray:
    """Return the encoded level, of the shape and type of linear ``light``."""
    curved = 1.055 * np.maximum(light, 1e-6) ** (1 / 2.4) - 0.055  # below, and of noise below 0, there is the straight
    shown: np.ndarray = np.where(light <= 0.0031308, light * 12.92, curved)
    return shown


def slope(level: np.ndarray) -> np.ndarray:
    """Return the light that a small step of the encoded ``level`` is."""
    curved = 2.4 / 1.055 * ((level + 0.055) / 1.055) ** 1.4
    shown: np.ndarray = np.where(level <= 0.04045, 1 / 12.92, curved)
    return shown
