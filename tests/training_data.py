"""Packs of three subjects made by hand, and a small training on them."""

import argparse
from pathlib import Path

import numpy as np
import yaml

from rrrn.data import clips, flow_store, store
from rrrn.experiment import methods, protocol
from rrrn.stages import pack

HOME = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((HOME / "config.yaml").read_text())
CLASSES = CONFIG["classes"]
SIDE, VIEWS, PER_SUBJECT = 32, 3, 5


def make_table():
    """Five clips a subject, one of each class; subjects of two databases."""
    return [
        clips.Clip("ab"[subject // 2], f"s{subject}", f"c{index}", 1, 5, 9, name, f"s{subject}/c{index}", "recorded")
        for subject in range(3)
        for index, name in enumerate(CLASSES)
    ]


def make_flow(table, views, seed):
    """A class moves its own corner of the face; the rest is noise."""
    rng = np.random.default_rng(seed)
    flow = rng.normal(0, 0.1, (len(table), views, 2, SIDE, SIDE))
    for row, clip in enumerate(table):
        number = CLASSES.index(clip.objective_class)
        y, x = 8 + 12 * (number // 2), 4 + 14 * (number % 2)
        flow[row, :, number % 2, y : y + 8, x : x + 8] += 0.8
    return flow.astype(np.float16)


def write_pack(path, table, flow, views=None, size=28, dtype="float16"):
    """Write a pack and, in a folder beside it, the shards that it is an index over."""
    folder = path.parent / "flow" / path.stem
    views = np.arange(flow.shape[1], dtype=np.int32) if views is None else views
    for subject in {clip.subject for clip in table}:
        with store.create(folder / f"{subject}.h5") as file:
            for clip, maps in zip(table, flow, strict=True):
                if clip.subject == subject:
                    group = file.create_group(clip.clip)
                    group.attrs["subject"] = subject
                    flow_store.put(group, "flow", maps, dtype=dtype, compression="none")
                    store.put(group, "views", views)
    clips.write(table, folder / "clips.csv")
    shards = [folder / f"{subject}.h5" for subject in {clip.subject for clip in table}]
    settings = {"pack": {"size": size}}
    pack.main(argparse.Namespace(shards=shards, output=path, clips=folder / "clips.csv", settings=settings, asked={}))


def make(folder):
    """Write a clip table and the conditions none (all views) and mask (view 0, other noise) into a folder."""
    table = make_table()
    clips.write(table, folder / "clips.csv")
    write_pack(folder / "none.h5", table, make_flow(table, VIEWS, seed=1))
    write_pack(folder / "mask.h5", table, make_flow(table, 1, seed=2))
    return folder


def arguments(data, output="out.csv", method="rrrn", network=None, **changes):
    """Arguments of a small training; ``changes`` go to the train section, or replace an argument of that name."""
    section = {**CONFIG["train"], "epochs": 2, "views_per_clip_per_epoch": 2, "batch_size": 8, "device": "cpu"}
    section = {key: value for key, value in section.items() if key not in protocol.WITHOUT_EFFECT}
    section |= {key: changes.pop(key) for key in list(changes) if key in section and key != "seed"}
    known = methods.METHODS[method]
    settings = methods.settings(CONFIG, method)
    small = {"pretrained": "none", "backbone": "shallow", "squeeze_channels": 4, "width": 0.0625}
    settings = settings | {key: small[key] for key in small if key in settings} | (network or {})
    values = {
        "output": data / output,
        "train": [data / "none.h5"],
        "test": [("none", data / "none.h5"), ("mask", data / "mask.h5")],
        "clips": data / "clips.csv",
        "classes": ",".join(CLASSES),
        "method": method,
        "module": known.module,
        "trained_on": "none",
        "fold": "s1",
        "seed": 0,
        "view": "original",
        "max_memory_gb": 8.0,
        "start": None,
        "model": None,
        "model_recipe": "",
        "every_epoch": None,
        "every_epoch_recipe": "",
        "weights": None,
        "sha256": "",
        "log": None,
        "checkpoint": None,
        "checkpoint_minutes": 0.0,
        "asked": {},
        "settings": {"train": section, "networks": {known.section.partition(".")[2]: settings}},
    }
    return argparse.Namespace(**{**values, **changes})
