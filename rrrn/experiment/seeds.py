"""Random generators seeded from what a draw belongs to (clip, condition, fold), never from the order of jobs."""

import hashlib

import numpy as np


def seed(*parts: object) -> int:
    """Return a 64-bit seed that depends on nothing but the text of ``parts``."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def generator(*parts: object) -> np.random.Generator:
    """Return a NumPy generator for what ``parts`` name, e.g. ``generator(settings_seed, subject, clip, "occlude")``."""
    return np.random.default_rng(seed(*parts))
