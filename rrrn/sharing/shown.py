"""Runs side by side as text, Markdown, CSV and JSON."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from rrrn.sharing.beside import PAPER, Beside
from rrrn.sharing.run import Run
from rrrn.tables import titles
from rrrn.tables.layout import numbers
from rrrn.tables.published import AVERAGE

_KEY = ["condition", "method"]
_LEFT_OUT = "The cells of {} are left out here; all rows are in -o FILE.csv and in --json."


def lines(found: Beside) -> str:
    """Return the comparison for a terminal."""
    return _document(found, "{}", "simple", "")


def markdown(found: Beside) -> str:
    """Return the comparison in Markdown."""
    return f"# Runs side by side\n\n{_document(found, '## {}', 'github', '- ')}\n"


def safe(text: str) -> str:
    """Return a text in which no letter is one of Markdown's."""
    return "".join(f"\\{letter}" if letter in "\\|*_`[]<>" else letter for letter in text)


def comma(found: Beside) -> str:
    """Return all rows as CSV, numbers to six digits."""
    rows = found.rows.assign(run=_named(found, "run"), other=_named(found, "other"))
    return str(rows.to_csv(index=False, lineterminator="\n", float_format="%.6g"))


def as_json(found: Beside) -> dict[str, Any]:
    """Return runs, notes and rows; what is no number is null."""
    return {
        "runs": {letter: _facts(run) for letter, run in found.runs.items()},
        "warnings": list(found.warnings),
        "notes": list(found.notes),
        "rows": json.loads(found.rows.to_json(orient="records", double_precision=9)),
    }


def _named(found: Beside, column: str) -> list[str]:
    return [found.runs[letter].name if letter in found.runs else letter for letter in found.rows[column]]


def _facts(run: Run) -> dict[str, Any]:
    table = next(iter(run.tables.values()))
    return {
        "name": run.name,
        "bundle": run.digits,
        "data": run.told["data"],
        "clips": len(run.contents.clips),
        "subjects": len({row["subject"] for row in run.contents.clips}),
        "subjects_are": run.told["subjects"],
        "seeds": run.settings["protocol"]["n_seeds"],
        "folds": len(table.folds),
        "tables": list(run.tables),
        "rrrn": run.told["rrrn"],
        "libraries": run.told["libraries"],
        "of": {name: dict(told["of"]) for name, told in run.told["tables"].items()},
    }


def _legend(letter: str, run: Run) -> str:
    facts = _facts(run)
    what = f"bundle {run.digits}" if run.digits else "folder"
    seeds = f"{facts['seeds']} seed{'' if facts['seeds'] == 1 else 's'}"
    return (
        f"{letter}: {run.name} ({what}; {facts['data']}, {facts['clips']} clips of {facts['subjects']} subjects, "
        f"{seeds}, rrrn {facts['rrrn']})"
    )


def _document(found: Beside, heading: str, form: str, item: str) -> str:
    write = safe if form == "github" else str
    parts = ["\n".join(f"{item}{write(_legend(letter, run))}" for letter, run in found.runs.items())]
    parts.append("\n".join(f"{item}{write(f'{said} {_LEFT_OUT}'.format(one))}" for one, said in found.same.items()))
    parts.append("\n".join(f"{item}WARNING: {write(said)}." for said in found.warnings))
    for title, frame in _frames(found):
        texts = frame.map(write).rename(columns=write)
        told = texts.to_markdown(index=False, tablefmt=form, disable_numparse=True)
        parts.append(f"{heading.format(write(title))}\n\n{told}")
    parts.append("\n".join(f"- {write(said)}" for said in found.notes if said not in found.same.values()))
    return "\n\n".join(part for part in parts if part)


def _frames(found: Beside) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield for each table and metric its title, and a row for each condition and method.

    Of runs whose predictions are the first's there is nothing.
    """
    shown = found.rows[~found.rows[["run", "other"]].isin(list(found.same)).any(axis=1)]
    for (table, metric), own in shown.groupby(["table", "metric"], sort=False):
        keys = _keys(own, next(iter(found.runs.values())))
        columns: dict[str, list[str]] = {
            "Condition": keys["condition"].tolist(),
            "Method": keys["method"].tolist(),
        }
        index = pd.MultiIndex.from_frame(keys)
        for run, of_run in own.groupby("run", sort=False):
            for other, rows in of_run.groupby("other", sort=False):
                told = rows.set_index(_KEY).reindex(index)
                _add(columns, str(run), str(other), _values(told["value"]))
                _add(columns, str(other), str(run), _values(told["other_value"]))
                if told["difference"].notna().any():
                    columns[f"{run} − {other}"] = [_spread(row) for row in told.to_dict("records")]
                if other != PAPER and told["p_holm"].notna().any():
                    columns[f"p {run}, {other}"] = [f"{p:.2g}" if pd.notna(p) else "" for p in told["p_holm"]]
        task = own["task"].iloc[0]
        yield f"{titles.TITLES[str(table)]}, {metric} ({task})", pd.DataFrame(columns)


def _keys(own: pd.DataFrame, first: Run) -> pd.DataFrame:
    """Return each condition and method of some rows once: by method, in the first run's order of conditions, Avg. last.

    Conditions that it has not are behind its own.
    """
    labels = first.told["labels"]["conditions"]
    places = {labels.get(name, name): place for place, name in enumerate(first.conditions)}
    keys = own[_KEY].drop_duplicates()
    methods = {name: place for place, name in enumerate(keys["method"].unique())}
    order = [
        (methods[method], condition == AVERAGE, places.get(condition, len(places)))
        for condition, method in keys.itertuples(index=False, name=None)
    ]
    return keys.iloc[sorted(range(len(order)), key=order.__getitem__)]


def _add(columns: dict[str, list[str]], name: str, beside: str, values: list[str]) -> None:
    """Fill a column's gaps with what a run has beside another one; where it has other values there, add a column.

    It may: the mean over conditions is over those of both.
    """
    there = columns.setdefault(name, values)
    if any(one and other and one != other for one, other in zip(there, values, strict=True)):
        columns[f"{name} beside {beside}"] = values
    else:
        columns[name] = [one or other for one, other in zip(there, values, strict=True)]


def _values(values: pd.Series) -> list[str]:
    return [numbers.rounded(value) if pd.notna(value) else "" for value in values]


def _spread(row: dict[Any, Any]) -> str:
    if pd.isna(row["difference"]):
        return ""
    ends = f" ({numbers.signed(row['low'])} to {numbers.signed(row['high'])})" if pd.notna(row["low"]) else ""
    return numbers.signed(row["difference"]) + ends
