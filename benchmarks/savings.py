"""What savings in training cost: F1 of un-occluded clips, the loss that training ends in, and seconds.

Run ``python -m benchmarks.savings`` in a working directory that holds results/ablation.csv under
``benchmarks/savings.yaml``. Whether more epochs would help is judged by the training loss: a plateau that was looked
for in tested clips would be a choice by them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.tables import cells


def trained(folder: Path) -> dict[str, float]:
    """Return what trainings ended in, in the mean over those whose histories lie in a folder.

    ``loss`` is the cross-entropy of the last epoch, which is the total of networks that have no other loss.
    """
    histories = [pd.read_csv(path) for path in sorted(folder.glob("*.csv"))]
    if not histories:
        raise InputError(f"{folder}: holds no history of a training; make results/ablation.csv first")
    return {
        "epochs": max(len(history) for history in histories),
        "loss": sum(history.get("classification", history["total"]).iloc[-1] for history in histories) / len(histories),
        "seconds": sum(history["seconds"].sum() for history in histories) / len(histories),
        "trainings": len(histories),
    }


def rows(root: Path, methods: Sequence[str]) -> pd.DataFrame:
    """Return a row for each method of a working directory."""
    found = []
    for method in methods:
        scores = cells.read(root / f"results/scores/iv/{method}/none.csv")
        f1 = scores[scores["metric"] == "F1"].groupby("seed")["value"].mean()
        told = trained(root / f"logs/train/{method}/none")
        found.append(
            {
                "method": method,
                "F1": f"{f1.mean():.3f} ± {f1.std():.3f}",
                "epochs": told["epochs"],
                "last training loss": f"{told['loss']:.3f}",
                "seconds of a training": f"{told['seconds']:.1f}",
                "trainings": told["trainings"],
            }
        )
    return pd.DataFrame(found)


def main(args: argparse.Namespace) -> None:
    methods = args.methods or sorted(path.name for path in (args.root / "results/scores/iv").iterdir())
    print(rows(args.root, methods).to_markdown(index=False))


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("root", type=Path, nargs="?", default=Path(), help="the working directory")
    parser.add_argument("--methods", nargs="+", help="rows, in this order (all)")
    stage.run(main, parser)
