"""Make the report: all results of a configuration as one HTML file that loads nothing."""

import argparse
import json
import logging
from pathlib import Path
from typing import Any

from rrrn.data import result
from rrrn.experiment import labels, registry
from rrrn.provenance import asked
from rrrn.report import document, found
from rrrn.running import stage
from rrrn.tables import published


def read_figures(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the figures of a folder, by name; raises InputError if one is missing or damaged."""
    told = result.read(folder / "figures.json")
    names = [name for name in told["tables"] if name.endswith(".json")]
    figures = [json.loads((folder / name).read_text(encoding="utf-8")) for name in names]
    return {one["name"]: one for one in figures}


def main(args: argparse.Namespace) -> None:
    made = asked.asked(args, args.inputs)
    registry.use(args.settings)
    table = made.clips(args.clips)
    named = labels.Labels(**args.settings["labels"])
    what = found.read(args.results, args.logs, args.settings, table, named, args.settings["tasks"])
    kind = published.data_kind(table)
    notes = [*published.warning(kind), *(f"{name}: is missing" for name in what.missing)]
    text = document.html(what, read_figures(args.results / "figures"))
    result.write({args.output: text}, args.about, made.identity, args.settings, kind, notes, made.of)
    logging.info("%s: %.1f MB, of %d clips", args.output, len(text.encode()) / 1e6, len(table))


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="the report, HTML")
    parser.add_argument("about", type=Path, help="what it is of, JSON")
    parser.add_argument("--results", type=Path, required=True, help="folder of results")
    parser.add_argument("--logs", type=Path, required=True, help="folder of logs, for times and trainings")
    parser.add_argument("--inputs", type=Path, nargs="*", default=[], help="files of that folder that it is made of")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    stage.run(main, parser)
