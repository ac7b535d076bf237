"""Do region weights follow what is visible? Their change from the clean clip, against what occluders hide of it."""

import argparse
import itertools
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rrrn.data import digested, result, rows
from rrrn.data.clips import Clip
from rrrn.experiment import labels
from rrrn.experiment.conditions import CLEAR
from rrrn.face.region_names import REGIONS
from rrrn.provenance import asked
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.tables import faithful, published
from rrrn.tables.faithful import Hidden
from rrrn.tables.published import AVERAGE

COLUMNS = ("method", "data", *faithful.COLUMNS, "n_seeds")


def weights(path: Path, table: Sequence[Clip]) -> NDArray[np.float64]:
    """Return the region weights of each clip, (seeds, clips, 6); raises InputError unless all clips are there."""
    found: dict[int, dict[rows.Key, list[float]]] = {}
    for row in digested.read(path):
        own = [float(value) for name, value in row.items() if name.startswith("alpha_")]
        found.setdefault(int(row["seed"]), {})[row["subject"], row["clip"]] = own
    for of_clip in found.values():
        rows.check(of_clip, table, path)
    return np.array([[found[seed][rows.key(clip)] for clip in table] for seed in sorted(found)])


def hidden(path: Path, table: Sequence[Clip]) -> Hidden:
    """Return what is hidden of the clips of the table; raises InputError unless all are there."""
    of_clip = {(row["subject"], row["clip"]): row for row in digested.read(path)}
    rows.check(of_clip, table, path)
    own = [of_clip[rows.key(clip)] for clip in table]
    visible = [[float(row[f"visible_{number}"]) for number in range(len(REGIONS))] for row in own]
    return Hidden(np.array(visible), np.array([float(row["covered_units"]) for row in own]))


def of_method(paths: Mapping[str, Path], seen: Mapping[str, Hidden], table: Sequence[Clip]) -> tuple[pd.DataFrame, int]:
    """Return the rows of a method (``faithful.rows``) and its number of seeds; ``paths`` are {condition: weights}.

    Raises InputError for files of different clips or seeds.
    """
    clear = weights(paths[CLEAR], table)
    change = {}
    for name in seen:
        own = weights(paths[name], table)
        if own.shape != clear.shape:
            raise InputError(f"{paths[name]}: other seeds or regions than {paths[CLEAR]}; delete both and run again")
        change[name] = own - clear
    return faithful.rows(change, seen, [clip.subject for clip in table]), len(clear)


def notes(found: pd.DataFrame, settings: Mapping[str, Any]) -> list[str]:
    """Return what a reader must know: the correlation of each method in a sentence, and of which networks it is."""
    average = found[(found["condition"] == AVERAGE) & (found["region"] == faithful.WITHIN)]
    told = [
        f"{row.method}: the six weights have no correlation with what is visible: in no clip do both differ"
        if not row.n_clips
        else f"{row.method}: the change of the six weights follows what is visible with a rank correlation of "
        f"{row.correlation:+.2f} ({row.low:+.2f} to {row.high:+.2f}) within a clip, mean over conditions; held against "
        f"what is hidden in clips of other subjects it is {row.control:+.2f} ({row.control_low:+.2f} to "
        f"{row.control_high:+.2f})"
        for row in average.itertuples()
    ]
    if settings.get("protocol", {}).get("train_condition") == "matched":
        told.append(
            "The weights with and without an occluder are of networks that were trained under each "
            "('protocol.train_condition: matched'), not of one"
        )
    return told


def main(args: argparse.Namespace) -> None:
    methods, conditions = args.methods.split(","), args.conditions.split(",")
    named = args.labels or labels.of(methods, conditions)
    made = asked.asked(args, [*args.attention, *args.visible])
    table = made.clips(args.clips)
    occluded = [name for name in conditions if name != CLEAR]
    seen = {name: hidden(path, table) for name, path in zip(occluded, args.visible, strict=True)}
    files = dict(zip(itertools.product(methods, conditions), args.attention, strict=True))
    parts = []
    for method in methods:
        own, n_seeds = of_method({name: files[method, name] for name in conditions}, seen, table)
        parts.append(own.assign(method=named.method(method), n_seeds=n_seeds))
    kind = published.data_kind(table)
    found = pd.concat(parts, ignore_index=True).assign(data=kind)
    found["condition"] = found["condition"].map(named.condition)
    text = found[list(COLUMNS)].to_csv(index=False, lineterminator="\n", float_format="%.6g")
    told = notes(found, args.settings)
    result.write({args.output: text}, args.about, made.identity, args.settings, kind, told, made.of)
    for note in told:
        logging.info("%s", note)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the correlations, a CSV table")
    parser.add_argument("about", type=Path, help="what they are of, JSON")
    parser.add_argument("--attention", type=Path, nargs="+", required=True, help="weights, by method and condition")
    parser.add_argument("--visible", type=Path, nargs="+", required=True, help="what is visible, by occluded condition")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    parser.add_argument("--methods", required=True, help="methods with region weights, separated by commas")
    parser.add_argument("--conditions", required=True, help="conditions, separated by commas, none among them")
    parser.add_argument("--labels", type=labels.told, help="what the table calls methods and conditions, as JSON")
    stage.run(main, parser)
