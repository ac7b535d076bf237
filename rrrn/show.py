"""Print a result table on the terminal, with what the reader must know of it."""

import argparse
from pathlib import Path

import pandas as pd

from rrrn import metrics, no_skill, stage

SYNTHETIC = "SYNTHETIC faces from the built-in renderer: these numbers say nothing about the paper's results."


def main(args: argparse.Namespace) -> None:
    long = args.table.with_stem(args.table.stem + "_long")
    table = pd.read_csv(args.table, dtype=str, keep_default_na=False)
    kinds = table.pop("Data").unique().tolist()
    shown = [metric for metric in metrics.METRICS if any(name.endswith(f" {metric}") for name in table.columns)]
    table.columns = [name.replace(" ", "\n") for name in table.columns]
    print(table.to_markdown(index=False, tablefmt="simple", disable_numparse=True))
    print()
    print(no_skill.not_above_chance(pd.read_csv(long), shown))
    if kinds != ["recorded"]:
        print(SYNTHETIC)
    print(f"This table: {args.table}    Long form: {long}")


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("table", type=Path)
    stage.run(main, parser)
