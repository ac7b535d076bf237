"""Print a result table on the terminal, with what the reader must know of it."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from rrrn.commands import verify
from rrrn.data import clips, result
from rrrn.experiment import registry
from rrrn.running import stage
from rrrn.running.stage import InputError

SYNTHETIC = "SYNTHETIC faces from the built-in renderer: these numbers say nothing about the paper's results."


def standing(path: Path, told: Mapping[str, Any]) -> str:
    """Return in a sentence whether the files on disk, the code and the clips are still those of a table."""
    try:
        settings = told["configuration"]
        registry.use(settings)
        table = clips.read(settings["clips"])
        recipes = verify.of_experiment(settings, table)
        found = verify.check(recipes, table, [recipes.of(str(path))], quick=True)
    except (InputError, KeyError) as error:  # a table of a version with other settings
        return f"It cannot be compared with code and clips: {error}"
    note = verify.unchecked(table)
    if not found:
        return f"Files on disk, code and clips are those that it was made of. {note}".rstrip()
    return f"WARNING: {len(found)} files are not those that it was made of any more. The first: {found[0].text} {note}"


def main(args: argparse.Namespace) -> None:
    told = result.read(result.beside(args.table))
    table = pd.read_csv(args.table, dtype=str, keep_default_na=False)
    kinds = table.pop("Data").unique().tolist()
    table.columns = [name.replace(" ", "\n") for name in table.columns]
    print(table.to_markdown(index=False, tablefmt="simple", disable_numparse=True))
    print()
    print("\n".join(told["notes"]))
    if kinds != ["recorded"]:
        print(SYNTHETIC)
    print(standing(args.table, told))
    print(f"Files: {', '.join(str(args.table.with_name(name)) for name in told['tables'])}")


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("table", type=Path)
    stage.run(main, parser)
