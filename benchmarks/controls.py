"""What of RRRN earns its place: RRRN beside its controls, mean ± sd over seeds.

Run ``python -m benchmarks.controls`` in a working directory that holds the scores of Table IV under
``benchmarks/controls.yaml``.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rrrn.experiment import labels, methods
from rrrn.experiment.conditions import CLEAR
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.tables import cells

METHODS = ("rrrn", "backbone", "crops", "rrrn-no-ri", "rrrn-no-rr", "resnet18")


def read(folder: Path, methods: Sequence[str]) -> pd.DataFrame:
    """Return the F1 of every method, condition and seed; raises InputError for one that a method lacks."""
    found = {method: sorted((folder / method).glob("*.csv")) for method in methods}
    for method in methods:
        if {path.name for path in found[method]} != {path.name for path in found[methods[0]]} or not found[method]:
            raise InputError(f"{folder / method}: lacks conditions that others have; make results/table_iv.csv first")
    scores = pd.concat([cells.read(path) for paths in found.values() for path in paths])
    return scores[scores["metric"] == "F1"]


def summary(scores: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Return a row for each method: un-occluded F1, F1 averaged over conditions, each over seeds, and their number."""
    rows = []
    for method in methods:
        seeds = scores[scores["method"] == method].pivot(index="seed", columns="condition", values="value")
        if seeds.isna().any(axis=None):
            raise InputError(f"{method}: not every condition has the same seeds; make results/table_iv.csv again")
        each = {"un-occluded": seeds[CLEAR], f"mean of {seeds.shape[1]} conditions": seeds.mean(axis=1)}
        shown = {name: f"{value.mean():.3f} ± {value.std():.3f}" for name, value in each.items()}
        rows.append({"F1": labels.method(method), **shown, "seeds": len(seeds)})
    return pd.DataFrame(rows)


def main(args: argparse.Namespace) -> None:
    print(summary(read(args.scores, args.methods), args.methods).to_markdown(index=False))


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("scores", type=Path, nargs="?", default=Path("results/scores/iv"), help="scores of Table IV")
    parser.add_argument("--methods", nargs="+", choices=methods.METHODS, default=METHODS, help="rows, in this order")
    stage.run(main, parser)
