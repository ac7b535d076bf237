"""An experiment of drawn faces in a folder, made by the stages themselves and not by Snakemake: in seconds."""

import argparse
import json
from functools import cache
from pathlib import Path

import cv2
import yaml

from rrrn.data import clips
from rrrn.data.clips import Clip
from rrrn.experiment import defaults, methods, protocol
from rrrn.provenance.recipes import canonical
from rrrn.stages import anchor, art, augment, describe, faces, flow, occlude, pack, svm, train
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face as painted_faces
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS

SCALE = 0.4
CONDITIONS = ("none", "glasses")
CONFIG = {
    "clips": "clips.csv",
    "conditions": list(CONDITIONS),
    "classes": ["I", "III"],
    "protocol": {"holdout": ["syncasme2", "synsamm"]},
    "augment": {"early": [9], "late": [], "angles": [0, 5]},
    "flow": {"size": 32, "engine": "numba"},
    "describe": {"size": 40, "blocks": 2},
    "train": {"epochs": 2, "views_per_clip_per_epoch": 2, "batch_size": 4, "device": "cpu", "checkpoint_minutes": 0},
    "networks": {"rrrn": {"squeeze_channels": 4}},
}
ROWS = [
    Clip(
        "syncasme2",
        f"syncasme2-sub0{subject}",
        f"EP0{number}",
        12,
        16,
        20,
        name,
        f"frames/{subject}-{number}",
        "rendered",
    )
    for subject in (2, 3, 4)
    for number, name in ((1, "I"), (2, "III"))
]


@cache
def painted(subject: str, eye_distance: float, scale: float):
    return painted_faces.paint(1, subject, eye_distance, scale)


def drawn(row: Clip, preset="easy", scale=SCALE, **more) -> SyntheticClip:
    layout = layouts.of_database(row.database)
    face = painted(row.subject, layout.eye_distance, scale)
    return SyntheticClip(face, row, layout, PRESETS[preset], 1, scale, **more)


def write_frames(row: Clip, folder: Path, **more) -> None:
    folder.mkdir(parents=True)
    clip = drawn(row, **more)
    for number in clip.numbers:
        cv2.imwrite(str(folder / f"img{number}.png"), clip.render(int(number)))


def make(folder: Path) -> dict:
    """Write frames, clip table, configuration, packs and features into a folder, which must be the current one."""
    for row in ROWS:
        write_frames(row, folder / row.frames)
    clips.write(ROWS, folder / "clips.csv")
    (folder / "own.yaml").write_text(yaml.safe_dump(CONFIG))
    config = canonical(defaults.whole([folder / "own.yaml"]))
    subjects = sorted({row.subject for row in ROWS})
    told = {"settings": config, "asked": {}, "clips": folder / "clips.csv", "rendered": [], "log": None}
    results = folder / "results"

    def run(stage, **more):
        stage.main(argparse.Namespace(**{**told, **more}))

    run(art, output=results / "art/glasses.h5", kind="glasses", plugin="")
    for subject in subjects:
        found, held = results / f"faces/{subject}.h5", results / f"anchors/{subject}.h5"
        run(faces, output=found, subject=subject)
        run(anchor, faces=found, anchors=held)
        run(augment, output=results / f"augment/{subject}.csv", subject=subject)
        for condition in CONDITIONS:
            worn = results / f"occluded/{condition}/{subject}.h5"
            bare = condition == "none"
            pictures = None if bare else results / "art/glasses.h5"
            on = {"anchors": None if bare else held, "art": pictures, "plugin": ""}
            run(occlude, faces=found, occluded=worn, condition=condition, **on)
            maps = {"shard": worn, "plan": results / f"augment/{subject}.csv", "threads": 1, "gpus": 0, "views": "all"}
            run(flow, output=results / f"flow/{condition}/{subject}.h5", **maps)
    for condition in CONDITIONS:
        shards = [results / f"flow/{condition}/{subject}.h5" for subject in subjects]
        run(pack, shards=shards, output=results / f"pack/{condition}.h5")
        shards = [results / f"occluded/{condition}/{subject}.h5" for subject in subjects]
        vectors = results / f"features/lbp_top/{condition}.h5"
        run(describe, shards=shards, output=vectors, descriptor="lbp_top", module="rrrn.descriptors.lbp_top")
    return config


def predict(config: dict, method: str, fold: str, output: Path, view: str = "original") -> None:
    """Write what the workflow would predict of a fold, trained on un-occluded clips."""
    results = Path("results")
    told = {"asked": {}, "clips": Path("clips.csv"), "log": None, "output": output, "trained_on": "none"}
    told |= {"classes": ",".join(config["classes"]), "method": method}
    if methods.METHODS[method].kind == "descriptor":
        files = {name: results / f"features/{method}/{name}.h5" for name in CONDITIONS}
        settings = {"svm": config["svm"]}
        told |= {"train": [files["none"]], "test": list(files.items()), "folds": fold, "settings": settings}
        svm.main(argparse.Namespace(**told))
        return
    files = {name: results / f"pack/{name}.h5" for name in CONDITIONS}
    section = {key: value for key, value in config["train"].items() if key not in ("tune", *protocol.WITHOUT_EFFECT)}
    settings = {"train": section, "networks": {method: dict(methods.settings(config, method))}}
    told |= {"train": [files["none"]], "test": list(files.items()), "fold": fold, "seed": 0, "view": view}
    told |= {"module": methods.METHODS[method].module, "settings": json.loads(json.dumps(settings)), "start": None}
    told |= {"model": None, "weights": None, "sha256": "", "checkpoint": None, "max_memory_gb": 8.0}
    told["every_epoch"] = None
    train.main(argparse.Namespace(**told))
