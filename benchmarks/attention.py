"""Whether region weights follow occluders: F1, the rank correlation with its control, and how far weights move.

Run ``python -m benchmarks.attention clean`` (``mixed``, ``matched``: protocol.train_condition) in a working directory
that holds results/table_iv.csv and results/region_weights.csv under ``benchmarks/attention.yaml``.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from benchmarks import controls
from rrrn.experiment import labels
from rrrn.experiment.conditions import CLEAR
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.tables import faithful
from rrrn.tables.published import AVERAGE

LISTED = Path(__file__).with_name("attention.yaml")
TRAINED = {"clean": lambda rows: CLEAR, "mixed": lambda rows: "mixed", "matched": lambda rows: rows["condition"]}
CLIP = ["subject", "clip", "seed"]


def names() -> dict[str, str]:
    """Return what region_weights.csv calls the methods of ``benchmarks/attention.yaml``."""
    told = yaml.safe_load(LISTED.read_text(encoding="utf-8"))
    return {
        method: told["variants"][method]["label"] if method in told["variants"] else labels.method(method)
        for method in told["methods"]
    }


def scored(root: Path, method: str) -> dict[str, str]:
    """Return the F1 of un-occluded clips and its mean over the other conditions, each mean ± sd over seeds."""
    scores = controls.read(root / "results/scores/iv", [method])
    seeds = scores.pivot(index="seed", columns="condition", values="value")
    occluded = seeds.drop(columns=CLEAR)
    if seeds.isna().any(axis=None) or occluded.empty:
        raise InputError(f"{method}: not every condition has the same seeds; make results/table_iv.csv again")
    each = {"F1 un-occluded": seeds[CLEAR], f"F1, mean of {occluded.shape[1]}": occluded.mean(axis=1)}
    return {name: f"{value.mean():.3f} ± {value.std():.3f}" for name, value in each.items()}


def weights(root: Path, method: str, trained: str) -> dict[tuple[str, str, int], dict[str, NDArray[np.float64]]]:
    """Return the region weights of each tested clip and seed under each condition, (6,)."""
    folds = set(pd.read_csv(root / "results/folds.csv")["fold"])
    found: dict[tuple[str, str, int], dict[str, NDArray[np.float64]]] = {}
    for path in sorted((root / "results/predictions" / method).glob("*/*.csv")):
        rows = pd.read_csv(path, dtype={"subject": str, "clip": str})
        rows = rows[(rows["trained_on"] == TRAINED[trained](rows)) & rows["fold"].isin(folds)]
        values = rows.filter(like="alpha_").to_numpy(np.float64)
        for *clip, condition, own in zip(*(rows[key] for key in [*CLIP, "condition"]), values, strict=True):
            found.setdefault(tuple(clip), {})[condition] = own
    return found


def moved(found: Mapping[tuple[str, str, int], Mapping[str, NDArray[np.float64]]]) -> dict[str, str]:
    """Return the median change of a weight from a clip to the same one occluded, and the mean weight."""
    changes = [own[name] - own[CLEAR] for own in found.values() for name in own if name != CLEAR]
    every = [one for own in found.values() for one in own.values()]
    return {
        "median change of a weight": f"{np.median(np.abs(changes)):.3f}",
        "mean weight": f"{np.mean(every):.2f}",
    }


def rows(root: Path, methods: Sequence[str], trained: str) -> pd.DataFrame:
    """Return a row for each method of a working directory."""
    told = pd.read_csv(root / "results/region_weights.csv")
    whole = told[(told["condition"] == AVERAGE) & (told["region"] == faithful.WITHIN)].set_index("method")
    found, called = [], names()
    for method in methods:
        if called[method] not in whole.index:
            raise InputError(f"results/region_weights.csv: lacks {called[method]}; make it again with this method")
        own = whole.loc[called[method]]
        interval = "{:.2f} ({:.2f} to {:.2f})"
        correlations = {
            "correlation": interval.format(*own[["correlation", "low", "high"]]),
            "control": interval.format(*own[["control", "control_low", "control_high"]]),
        }
        of_clips = moved(weights(root, method, trained))
        found.append({"method": method, **scored(root, method), **correlations, **of_clips})
    return pd.DataFrame(found)


def main(args: argparse.Namespace) -> None:
    there = args.methods or [name for name in names() if (args.root / "results/scores/iv" / name).is_dir()]
    print(rows(args.root, there, args.trained).to_markdown(index=False))


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("trained", choices=TRAINED, help="protocol.train_condition")
    parser.add_argument("root", type=Path, nargs="?", default=Path(), help="the working directory")
    parser.add_argument("--methods", nargs="+", choices=names(), help="rows, in this order (all that are there)")
    stage.run(main, parser)
