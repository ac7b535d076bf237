"""Rebuild the table of reproductions from a folder of bundles."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rrrn.experiment import labels
from rrrn.experiment.conditions import CLEAR
from rrrn.running import resources, stage
from rrrn.running.stage import InputError
from rrrn.sharing import beside, run, shown
from rrrn.sharing.run import Run
from rrrn.tables import bounds, published
from rrrn.tables.layout import numbers
from rrrn.tables.published import AVERAGE

BEGIN, END = "<!-- made of bundles: begin -->", "<!-- made of bundles: end -->"
METRICS = {"iv": "F1", "iii_a": "UAR", "iii_b": "UAR"}  # that methods are ranked by
NONE = "Nobody has shared a bundle yet."


def text(runs: Sequence[Run], paper: Path) -> str:
    """Return the tables in Markdown: runs of the paper's clips beside its values, and all others apart from them."""
    if not runs:
        return NONE
    why = {one.name: beside.unlike_paper(one, paper) for one in runs}
    ours, others = [one for one in runs if not why[one.name]], [one for one in runs if why[one.name]]
    parts = [_bundles(runs)]
    parts += [f"### {_title(table)}\n\n{told}" for table in METRICS if (told := _table(table, ours, paper))]
    if others:
        parts.append("### No reproductions")
        parts.append("\n".join(f"- {_called(one)}: {shown.safe(why[one.name])}." for one in others))
        parts += [f"{_title(table)}:\n\n{told}" for table in METRICS if (told := _table(table, others, None))]
    return "\n\n".join(parts)


def put(told: str, path: Path) -> None:
    """Write what was told between the marks of a page, or as a page of its own where none is there."""
    page = path.read_text(encoding="utf-8") if path.exists() else f"# Reproductions\n\n{BEGIN}\n{END}\n"
    before, begun, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise InputError(f"{path}: has not the lines {BEGIN} and {END}, between which the table belongs; add them")
    with stage.replacing(path) as partial:
        partial.write_text(f"{before}{BEGIN}\n\n{told}\n\n{END}{after}", encoding="utf-8")


def _called(one: Run) -> str:
    return shown.safe(Path(one.name).stem)


def _title(table: str) -> str:
    return f"{published.TITLES[table]}, {METRICS[table]}, un-occluded / mean over conditions"


def _bundles(runs: Sequence[Run]) -> str:
    """Return a row for each bundle: of what and with what it was made."""
    rows = []
    for one in runs:
        protocol, audit = one.settings["protocol"], one.told["audit"]
        clips = ", ".join(f"{sum(own.values())} of {name}" for name, own in audit["clips"].items())
        code = ", ".join(dict.fromkeys(told["of"].get("code", "") for told in one.told["tables"].values()))
        folds = protocol.get("folds", "loso")
        rows.append(
            {
                "Bundle": _called(one),
                "Digits": f"`{one.digits}`",
                "Clips": f"{shown.safe(clips)} ({one.told['data']})",
                "Subjects": str(sum(audit["subjects"].values())),
                "Conditions": str(len(one.conditions)),
                "Trained on": shown.safe(str(protocol.get("train_condition", ""))),
                "Folds": "loso" if folds == "loso" else "grouped",
                "Seeds": str(protocol["n_seeds"]),
                "rrrn": shown.safe(one.told["rrrn"]),
                "Code": shown.safe(code),
            }
        )
    return str(pd.DataFrame(rows).to_markdown(index=False, tablefmt="github", disable_numparse=True))


def _table(table: str, runs: Sequence[Run], paper: Path | None) -> str:
    """Return a table with a row for the paper and each bundle that has it, a column for each method; or nothing."""
    printed = None if paper is None else pd.read_csv(paper / f"table_{table}.csv")
    task = "" if printed is None else str(printed["task"].iloc[0])
    rows = {_called(one): _row(one, name, METRICS[table]) for one in runs if (name := _own(one, table, task))}
    if not rows:
        return ""
    if printed is not None:
        own = printed[printed["metric"] == METRICS[table]].set_index(["method", "condition"])["value"]
        methods = [name for name in printed["method"].unique() if name != AVERAGE]
        first = {
            name: f"{numbers.rounded(own[name, labels.condition(CLEAR)])} / {numbers.rounded(own[name, AVERAGE])}"
            for name in methods
        }
        rows = {"the paper": first} | rows
    methods = list(dict.fromkeys(name for row in rows.values() for name in row))
    listed = [
        {"": name, **{shown.safe(method): row.get(method, "") for method in methods}} for name, row in rows.items()
    ]
    return str(pd.DataFrame(listed).to_markdown(index=False, tablefmt="github", disable_numparse=True))


def _own(one: Run, table: str, task: str) -> str:
    """Return which table of a run is that one: by its task, if that is known, as holdouts may be the other way round.

    Nothing if it has none.
    """
    if not task:
        return table if table in one.tables else ""
    return next((name for name in METRICS if name in one.tables and one.tables[name].task == task), "")


def _row(one: Run, table: str, metric: str) -> dict[str, str]:
    """Return {label of a method: its un-occluded value and its mean, with the interval over subjects of the mean}."""
    own, labels = one.tables[table], one.told["labels"]
    cells = bounds.of_cells(own.counts, one.conditions, own.subjects)
    cells = cells[(cells["metric"] == metric) & (cells["condition"] == AVERAGE)].set_index("method")
    found = {}
    for method, counts in own.counts.items():
        values = beside.values(counts)[metric]
        clear = numbers.rounded(values[one.conditions.index(CLEAR)]) if CLEAR in one.conditions else "–"
        ends = numbers.interval(cells.loc[method].to_dict())
        found[labels["methods"].get(method, method)] = f"{clear} / {numbers.rounded(values[-1])}" + (
            f" ({ends})" if ends else ""
        )
    return found


def main(args: argparse.Namespace) -> None:
    if not args.folder.is_dir():
        raise InputError(f"{args.folder}: is no folder; name one with bundles (*.zip)")
    runs = [run.read(path) for path in sorted(args.folder.iterdir()) if path.suffix.lower() == ".zip"]
    put(text(runs, resources.path("data/paper")), args.output)
    logging.info("%s: %d bundles", args.output, len(runs))


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("folder", type=Path, help="a folder of bundles")
    parser.add_argument("-o", "--output", type=Path, required=True, help="a page in Markdown, with marks or new")
    stage.run(main, parser)
