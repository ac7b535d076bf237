"""A grid in LaTeX, with the rules of booktabs, as wide as the page."""

from collections.abc import Sequence

from rrrn.tables.layout.grid import Entry, Grid, Line

_LETTERS = {letter: f"\\{letter}" for letter in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "−": "$-$",
    "–": "--",
}


def text(grid: Grid, label: str) -> str:
    """Return a floating table that is called ``tab:label``, with title, notes and footnotes."""
    columns, width = len(grid.axes.columns()), len(grid.axes.metrics)
    heads = [rf"\multicolumn{{{width}}}{{c}}{{{_safe(name)}}}" for _, name in grid.axes.groups]
    rules = [rf"\cmidrule(lr){{{first}-{first + width - 1}}}" for first in range(2, columns + 2, width)]
    metrics = [_safe(metric) for _, metric in grid.axes.columns()]
    lines = [
        r"% needs \usepackage{booktabs,graphicx}",
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{_safe(grid.title)}}}",
        rf"\label{{tab:{label}}}",
        r"\resizebox{\textwidth}{!}{%",
        rf"\begin{{tabular}}{{l*{{{columns}}}{{r}}}}",
        r"\toprule",
        _row(["", *heads]),
        "".join(rules),
        _row([_safe(grid.axes.corner), *metrics]),
    ]
    for number, block in enumerate(grid.blocks):
        inside = 0 < number < len(grid.blocks) - 1
        lines += [r"\addlinespace" if inside else r"\midrule", *map(_line, block)]
    lines += [r"\bottomrule", r"\end{tabular}}"]
    told = [*map(_safe, grid.notes)]
    told += [rf"\textsuperscript{{{mark}}} {_safe(reason)}" for mark, reason in grid.footnotes.items()]
    if told:
        lines += ["", r"\begin{flushleft}\footnotesize", "\\\\\n".join(told), r"\end{flushleft}"]
    return "\n".join([*lines, r"\end{table*}"]) + "\n"


def _line(line: Line) -> str:
    return _row([_safe(line.label), *map(_entry, line.entries)])


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _entry(entry: Entry) -> str:
    value = rf"\textbf{{{_safe(entry.text)}}}" if entry.bold else _safe(entry.text)
    marks = rf"\textsuperscript{{{','.join(entry.marks)}}}" if entry.marks else ""
    return value + _safe(entry.rest) + marks


def _safe(text: str) -> str:
    """Return a text that LaTeX prints as it is."""
    return "".join(_LETTERS.get(letter, letter) for letter in text)
