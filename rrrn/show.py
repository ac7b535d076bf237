"""Print a result table on the terminal, with what the reader must know of it."""

import argparse
from pathlib import Path

import pandas as pd

from rrrn import stage

SYNTHETIC = "SYNTHETIC faces from the built-in renderer: these numbers say nothing about the paper's results."


def main(args: argparse.Namespace) -> None:
    table = pd.read_csv(args.table, dtype=str, keep_default_na=False)
    kinds = table.pop("Data").unique().tolist()
    table.columns = [name.replace(" ", "\n") for name in table.columns]
    print(table.to_markdown(index=False, tablefmt="simple", disable_numparse=True))
    print()
    if kinds != ["recorded"]:
        print(SYNTHETIC)
    print(f"This table: {args.table}    Long form: {args.table.with_stem(args.table.stem + '_long')}")


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("table", type=Path)
    stage.run(main, parser)
