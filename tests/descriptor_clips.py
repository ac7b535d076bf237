"""Clips to describe, a face of landmarks, and the transformers that tests go through."""

import math

import numpy as np

from rrrn.descriptors import HOG3D, LBPSIP, LBPTOP, MDMO, BiWOOF

VIDEO = [LBPTOP(), LBPTOP("meb"), LBPTOP("zhao2007"), LBPSIP(), LBPSIP("joint"), HOG3D()]
FLOW = [MDMO(), MDMO("polar", alpha=0.9), BiWOOF(), BiWOOF("liong2018_code"), BiWOOF("woof"), BiWOOF("hoof")]


def videos(count=2, shape=(11, 46, 46), seed=0):
    return list(np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8))


def flows(count=2, side=12, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 2, side, side)).astype(np.float32)


def clips_for(descriptor, count=2):
    return videos(count) if descriptor._what == "video" else flows(count)


def blocked(height, width, blocks):
    return [
        [
            (y, x)
            for y in range(height * row // blocks, height * (row + 1) // blocks)
            for x in range(width * column // blocks, width * (column + 1) // blocks)
        ]
        for row in range(blocks)
        for column in range(blocks)
    ]


def a_face(side=100):
    """Sixty-eight landmarks of an upright face, roughly those of the mean face."""
    jaw = [(side * (0.5 - 0.42 * math.cos(a)), side * (0.4 + 0.55 * math.sin(a))) for a in np.linspace(0, math.pi, 17)]
    brows = [
        (x, 0.28 - 0.04 * math.sin(a * 0.8)) for x, a in zip([0.14, 0.21, 0.28, 0.35, 0.42], range(5), strict=True)
    ]
    brows += [(1 - x, y) for x, y in brows[::-1]]
    nose = [(0.5, 0.36 + 0.07 * n) for n in range(4)] + [(0.41 + 0.045 * n, 0.63) for n in range(5)]
    eye = [(0.2, 0.38), (0.26, 0.35), (0.32, 0.35), (0.38, 0.38), (0.32, 0.41), (0.26, 0.41)]
    eyes = eye + [(1 - eye[n][0], eye[n][1]) for n in (3, 2, 1, 0, 5, 4)]
    outer = [(0.34, 0.76), (0.4, 0.73), (0.46, 0.71), (0.5, 0.72), (0.54, 0.71), (0.6, 0.73), (0.66, 0.76)]
    outer += [(0.6, 0.81), (0.55, 0.83), (0.5, 0.84), (0.45, 0.83), (0.4, 0.81)]
    inner = [
        (0.36, 0.76),
        (0.45, 0.75),
        (0.5, 0.75),
        (0.55, 0.75),
        (0.64, 0.76),
        (0.55, 0.78),
        (0.5, 0.79),
        (0.45, 0.78),
    ]
    return np.array(jaw + [(side * x, side * y) for x, y in brows + nose + eyes + outer + inner])
