"""Draw all figures: each as SVG, as PNG, and as Vega-Lite with its numbers, which the report shows."""

import argparse
import json
import logging
from pathlib import Path

from rrrn.data import result
from rrrn.experiment import labels, registry
from rrrn.provenance import asked
from rrrn.report import drawing, figure, found
from rrrn.running import stage
from rrrn.tables import published


def main(args: argparse.Namespace) -> None:
    made = asked.asked(args, args.inputs)
    registry.use(args.settings)
    table = made.clips(args.clips)
    named = labels.Labels(**args.settings["labels"])
    what = found.read(args.results, args.logs, args.settings, table, named, args.settings["tasks"])
    folder, kind = args.output.parent, published.data_kind(table)
    warning = " ".join(published.warning(kind))
    texts = {}
    for one in drawing.every(what):
        whole = figure.spec(one, warning)
        texts[folder / f"{one.name}.svg"] = figure.svg(whole)
        texts[folder / f"{one.name}.json"] = json.dumps(drawing.told(one))
        with stage.replacing(folder / f"{one.name}.png") as partial:
            partial.write_bytes(figure.png(whole))
        logging.info("%s: %d panels", one.name, len(one.panels))
    result.write(texts, args.output, made.identity, args.settings, kind, [*published.warning(kind)], made.of)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("output", type=Path, help="what the figures are of, JSON; they are written beside it")
    parser.add_argument("--results", type=Path, required=True, help="folder of results")
    parser.add_argument("--logs", type=Path, required=True, help="folder of logs, for times and trainings")
    parser.add_argument("--inputs", type=Path, nargs="*", default=[], help="files of that folder that they are made of")
    parser.add_argument("--clips", type=Path, required=True, help="clip table")
    stage.run(main, parser)
