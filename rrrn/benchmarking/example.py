"""A small experiment of made-up flow and features: to try a model before the workflow has made any of a database."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from rrrn.data import clips, flow_store, rows, store
from rrrn.data.clips import Clip
from rrrn.experiment import seeds
from rrrn.experiment.conditions import CLEAR
from rrrn.stages import pack

CLASSES = ("I", "II", "III", "IV", "V")
CONDITIONS = (CLEAR, "mask")
CONFIG: dict[str, Any] = {
    "clips": "clips.csv",
    "conditions": list(CONDITIONS),
    "protocol": {"train_condition": "clean"},
    "train": {"epochs": 2, "views_per_clip_per_epoch": 1, "batch_size": 8, "device": "cpu"},
    "networks": {"resnet18": {"width": 0.0625}},
}
_SUBJECTS, _SIDE, _NUMBERS = 3, 32, 12


def experiment(folder: str | Path) -> dict[str, Any]:
    """Write an experiment into a folder, as the workflow would have, and return what its configuration sets otherwise.

    Three subjects with a clip of each class, un-occluded and with a mask: flow of one view, in which each class moves a
    corner of its own, and features ``lbp_top`` of twelve numbers. All is drawn at random, always the same.
    """
    root = Path(folder)
    table = [
        Clip("drawn", f"drawn-{subject}", f"clip{number}", 1, 5, 9, name, f"{subject}/{number}", "rendered")
        for subject in range(_SUBJECTS)
        for number, name in enumerate(CLASSES)
    ]
    clips.write(table, root / CONFIG["clips"])
    for condition in CONDITIONS:
        _pack(root, condition, table)
        with store.create(root / f"results/features/lbp_top/{condition}.h5") as file:
            store.put(file, "features", _features(table, condition))
            rows.put(file, table)
    return CONFIG


def _pack(root: Path, condition: str, table: list[Clip]) -> None:
    shards = []
    for subject in dict.fromkeys(clip.subject for clip in table):
        shards.append(root / f"results/flow/{condition}/{subject}.h5")
        with store.create(shards[-1]) as file:
            for clip in table:
                if clip.subject == subject:
                    group = file.create_group(clip.clip)
                    group.attrs["subject"] = subject
                    flow_store.put(group, "flow", _flow(clip, condition), dtype="float16", compression="none")
                    store.put(group, "views", np.zeros(1, np.int32))
    output, settings = root / f"results/pack/{condition}.h5", {"pack": {"size": 28}}
    told = {"shards": shards, "output": output, "clips": root / CONFIG["clips"], "settings": settings, "asked": {}}
    pack.main(argparse.Namespace(**told))


def _flow(clip: Clip, condition: str) -> np.ndarray:
    """Return one view, float32 (1, 2, side, side)."""
    flow = seeds.generator("example", condition, clip.subject, clip.clip).normal(0, 0.1, (1, 2, _SIDE, _SIDE))
    number = CLASSES.index(clip.objective_class)
    y, x = 8 + 12 * (number // 2), 4 + 14 * (number % 2)
    flow[0, number % 2, y : y + 8, x : x + 8] += 0.8
    return flow.astype(np.float32)


def _features(table: list[Clip], condition: str) -> np.ndarray:
    """Return float32 (clips, numbers)."""
    prototypes = seeds.generator("example").gamma(2, size=(len(CLASSES), _NUMBERS))
    labels = [CLASSES.index(clip.objective_class) for clip in table]
    noise = seeds.generator("example", condition).gamma(2, size=(len(table), _NUMBERS))
    return np.asarray(prototypes[labels] + noise, np.float32)
