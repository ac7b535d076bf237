"""What a report is made of, out of thin air: numbers that are drawn, for clips that are nobody's."""

import cv2
import numpy as np
import pandas as pd

from rrrn.data import rows
from rrrn.data.clips import Clip
from rrrn.experiment import defaults, labels
from rrrn.report.found import CLEAR, Counts, Found, Strip
from rrrn.tables import definitions, doubts, no_skill
from rrrn.tables.published import AVERAGE

METHODS, CONDITIONS = ("lbp_top", "resnet18", "rrrn"), ("none", "mask", "random-20", "random-40")
CLASSES = ("I", "II", "III")


def clip(subject: str, number: int, classes, source: str = "synthetic") -> Clip:
    own = classes[number % len(classes)]
    return Clip("first" if subject < "s2" else "second", subject, f"c{number}", 1, 5, 9, own, "frames", source)


def found(
    subjects=("s1", "s2", "s3"),
    clips: int = 4,
    methods=METHODS,
    conditions=CONDITIONS,
    classes=CLASSES,
    named=None,
    n_seeds: int = 2,
    source: str = "synthetic",
    faces: bool = False,
    doubted: bool = False,
) -> Found:
    """An experiment; ``named`` are the classes that there are clips of. With ``doubted`` all can be drawn of it."""
    rng = np.random.default_rng(0)
    table = [clip(subject, number, named or classes, source) for subject in subjects for number in range(clips)]
    settings = defaults.whole([]) | {"methods": list(methods), "conditions": list(conditions), "classes": list(classes)}
    settings["protocol"] = settings["protocol"] | {"n_seeds": n_seeds}
    settings["report"] = {"faces": faces}
    of = labels.of(methods, conditions)
    cells = [(method, condition) for method in methods for condition in conditions]
    answers = {cell: _answers(rng, table, classes, n_seeds) for cell in cells}
    counts = {cell: _counts(frame, table, subjects, classes, n_seeds) for cell, frame in answers.items()}
    long = _long(rng, of, methods, conditions, len(table), len(subjects))
    weights = {cell: _numbers(rng, table, "alpha", n_seeds) for cell in cells if cell[0] == "rrrn"}
    visible = {name: _numbers(rng, table, "visible", 1) for name in conditions if name != CLEAR}
    for frame in visible.values():
        frame["covered_units"] = 0.5
    more = {}
    if doubted:
        more = {"leak": _doubted(rng, of, methods, conditions), "matrix": _crossed(rng, of, methods, conditions)}
    hidden = source == "recorded" and not faces
    return Found(
        settings=settings,
        clips=table,
        labels=of,
        tasks={"iv": "CDE"},
        tables={"iv": long},
        results={"table_iv": long, "comparisons": _compared(of, methods), **more},
        notes={"table_iv": ["a note"]},
        counts={"iv": counts},
        answers=answers,
        weights=weights,
        visible=visible,
        strips={name: {rows.key(one): _strip(rng, hidden, name) for one in table} for name in conditions},
        histories=pd.DataFrame(
            [
                {"network": name, "trained_on": CLEAR, "fold": subject, "seed": "0", "epoch": epoch, "total": 2 / epoch}
                for name in methods
                for subject in subjects
                for epoch in (1, 2, 3)
            ]
        ),
        times=pd.DataFrame({"rule": ["flow", "train"], "s": [1.0, 2.0], "max_rss": [10.0, 20.0]}),
        sizes=pd.DataFrame({"folder": ["flow"], "megabytes": [3.0]}),
        features=("lbp_top", [rows.key(one) for one in table], rng.random((len(table), 12), np.float32)),
        wheel=_webp(np.full((20, 20, 3), 200, np.uint8)),
        full=0.5,
    )


def _webp(picture: np.ndarray) -> bytes:
    return cv2.imencode(".webp", picture)[1].tobytes()


def _strip(rng: np.random.Generator, hidden: bool, condition: str) -> Strip:
    worn = "no occluder" if condition == CLEAR else "occluder"
    names = [*(() if hidden else ("onset", "apex")), worn, "flow"]
    tiles = rng.integers(0, 255, (6, 6 * len(names), 3), np.uint8)  # coarse, so that its file is small
    return Strip(_webp(tiles.repeat(16, axis=0).repeat(16, axis=1)), names)


def _keys(table) -> pd.DataFrame:
    return pd.DataFrame([rows.key(one) for one in table], columns=["subject", "clip"])


def _numbers(rng, table, prefix: str, n_seeds: int) -> pd.DataFrame:
    parts = [_keys(table).assign(seed=seed) for seed in range(n_seeds)]
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(**{f"{prefix}_{number}": rng.random(len(frame)) for number in range(6)})


def _answers(rng, table, classes, n_seeds: int) -> pd.DataFrame:
    parts = [_keys(table).assign(seed=seed, true=[one.objective_class for one in table]) for seed in range(n_seeds)]
    frame = pd.concat(parts, ignore_index=True)
    drawn = rng.dirichlet(np.ones(len(classes)), len(frame))
    return frame.assign(**{f"p_{name}": drawn[:, place] for place, name in enumerate(classes)})


def _counts(frame: pd.DataFrame, table, subjects, classes, n_seeds: int) -> Counts:
    matrices = np.zeros((n_seeds, len(subjects), len(classes), len(classes)), np.int64)
    said = frame[[f"p_{name}" for name in classes]].to_numpy().argmax(axis=1)
    for place, one in enumerate(frame.itertuples()):
        matrices[int(one.seed), list(subjects).index(one.subject), list(classes).index(one.true), said[place]] += 1
    return Counts(list(subjects), matrices)


def _long(rng, of, methods, conditions, n_clips: int, n_subjects: int) -> pd.DataFrame:
    told = {"table": "iv", "task": "CDE", "n_clips": n_clips, "n_subjects": n_subjects}
    listed = []
    for metric in ("WAR", "UAR", "F1", "WF1"):
        for condition in [*map(of.condition, conditions), AVERAGE]:
            for method in map(of.method, methods):
                value = float(rng.uniform(0.2, 0.8))
                own = {"value": value, "sd": 0.01, "low": value - 0.1, "high": value + 0.1}
                listed.append(told | own | {"condition": condition, "method": method, "metric": metric})
        floor = {"condition": AVERAGE, "metric": metric, "value": 0.2, "sd": np.nan, "low": np.nan, "high": np.nan}
        listed += [told | floor | {"method": line} for line in no_skill.LINES[:2]]
        listed.append(told | floor | {"method": no_skill.CHANCE, "low": 0.1, "high": 0.3})
    return pd.DataFrame(listed)


def _doubted(rng, of, methods, conditions) -> pd.DataFrame:
    listed = []
    for condition in [*map(of.condition, conditions), AVERAGE]:
        for method in map(of.method, methods):
            value = float(rng.uniform(0.3, 0.6))
            own = dict.fromkeys(doubts.COLUMNS, 0.0) | {"condition": condition, "method": method, "metric": "F1"}
            chosen = {"oracle_epoch": value + 0.05, "oracle_epoch_gain": 0.05}
            chosen |= {"oracle_fold": value + 0.15, "oracle_fold_gain": 0.15}
            own |= {"value": value, "seen_subjects": 0, "seen_by": "trainings", "poisoned": "same"} | chosen
            if method == of.method("lbp_top"):  # has no epochs
                own |= dict.fromkeys(chosen, np.nan) | {"seen_by": "folds"}
            own |= {name: value + 0.03 * number - 0.06 for number, name in enumerate(definitions.NAMES)}
            listed.append({"table": "iv", "task": "CDE"} | own)
    return pd.DataFrame(listed)


def _crossed(rng, of, methods, conditions) -> pd.DataFrame:
    labels = list(map(of.condition, conditions))
    listed = []
    for method in map(of.method, methods):
        for trained_on in labels:
            for condition in labels:
                value = float(rng.uniform(0.1, 0.9))
                own = {"method": method, "trained_on": trained_on, "condition": condition, "metric": "F1"}
                listed.append(own | {"value": value, "low": value - 0.1, "high": value + 0.1})
    return pd.DataFrame(listed)


def _compared(of, methods) -> pd.DataFrame:
    told = {"table": "iv", "metric": "F1", "condition": AVERAGE, "value": 0.5, "other_value": 0.3, "difference": 0.2}
    last = of.method(methods[-1])
    ends = {"low": 0.05, "high": 0.3, "p_holm": 0.004, "method": last}
    return pd.DataFrame(
        [told | ends | {"other": of.method(other)} for other in methods[:-1]], columns=[*told, *ends, "other"]
    )
