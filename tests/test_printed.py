"""Tables for people: what is bold, what stands beneath, footnotes, and what Markdown and LaTeX take otherwise."""

import itertools
import re
import shutil
import subprocess

import pytest

from rrrn.experiment.labels import Labels
from rrrn.tables import no_skill
from rrrn.tables.layout import axes, comma, grid, latex, markdown, numbers
from rrrn.tables.published import AVERAGE

NAN = float("nan")
NAMED = Labels({"a": "A_1", "b": "B & C"}, {"none": "Un-occ", "mask": "50 %|x"})
METHODS, CONDITIONS, METRICS = ["a", "b"], ["none", "mask"], ["F1", "WF1"]


def cell(value, sd=NAN, low=NAN, high=NAN, paper=NAN, note=""):
    return {"value": value, "sd": sd, "low": low, "high": high, "paper": paper, "note": note}


@pytest.fixture
def cells():
    every = itertools.product([*CONDITIONS, AVERAGE], [*METHODS, AVERAGE], METRICS)
    found = {key: cell(0.5, 0.01, 0.4, 0.6) for key in every}
    found["none", "a", "F1"] = cell(0.61249, 0.02, 0.5, 0.7, 0.7, "impossible: so\nrepeated: it is")
    found["none", "b", "F1"] = cell(0.6, NAN, 0.51, 0.7, 0.6, "repeated: it is")
    found["mask", "b", "WF1"] = cell(0.49951, NAN, 0.4, 0.5)
    found[AVERAGE, AVERAGE, "F1"] = cell(0.9, NAN, 0.4, 0.95)
    found |= {(AVERAGE, line, metric): cell(0.2, low=0.1, high=0.3) for line in no_skill.LINES for metric in METRICS}
    return found


@pytest.fixture
def seen(cells):
    placed = axes.by_condition(METHODS, CONDITIONS, METRICS, NAMED)
    return grid.grid("Title_1", cells, placed, ["50 % of [all]"])


def test_best_of_the_methods_is_bold_and_so_are_equal_printed_ones(seen):
    lines = {block[0].label: block[0].entries for block in seen.blocks}
    assert [entry.bold for entry in lines["Un-occ"]] == [True, True, False, True, False, False]
    assert [entry.bold for entry in lines["50 %|x"]] == [True, True, True, True, False, False]  # 0.500 and 0.49951
    assert not any(entry.bold for entry in lines[AVERAGE][4:])  # the mean over methods is none of them
    assert (lines["Un-occ"][0].text, lines["Un-occ"][0].rest) == ("0.612", " ± 0.020") and not lines["Un-occ"][2].rest


def test_one_method_is_not_the_best(cells):
    alone = grid.grid("", cells, axes.by_method(["a"], CONDITIONS, METRICS, NAMED))
    assert not any(entry.bold for block in alone.blocks for line in block for entry in line.entries)


def test_intervals_and_the_papers_values_stand_beneath(seen):
    value, interval, paper = seen.blocks[0]
    assert (interval.label, paper.label) == ("95 %", "paper")
    assert [entry.text for entry in interval.entries[:3]] == ["0.500–0.700", "0.400–0.600", "0.510–0.700"]
    told = [(entry.text, entry.rest, entry.marks) for entry in paper.entries[:3]]
    assert told == [("0.700", " (−0.088)", ("a", "b")), ("", "", ()), ("0.600", " (0.000)", ("b",))]
    assert seen.footnotes == {"a": "impossible: so", "b": "repeated: it is"}
    assert [line.label for line in seen.blocks[1]] == ["50 %|x", "95 %"]
    assert [line.label for line in seen.blocks[-1]] == list(no_skill.LINES) and len(value.entries) == 6
    assert [line.entries[0].text for line in seen.blocks[-1]] == ["0.200", "0.200", "0.100–0.300"]


def test_by_method_best_is_of_a_column(cells):
    placed = axes.by_method(METHODS, CONDITIONS, METRICS, NAMED)
    first, second, _ = grid.grid("", cells, placed).blocks
    assert [entry.bold for entry in first[0].entries[:2]] == [True, True]
    assert [entry.bold for entry in second[0].entries[:2]] == [False, True]
    frame = comma.frame(cells, placed)
    assert frame["Method"].tolist() == ["A_1", "B & C", *no_skill.LINES]
    assert frame.columns[1] == "Un-occ F1" and frame.iloc[0, 1] == "0.612 ± 0.020" and frame.iloc[1, 1] == "0.600"


def test_markdown(seen):
    said = markdown.text(seen)
    header, rule, first, interval, paper = said.splitlines()[2:7]
    assert said.startswith("# Title\\_1\n\n| Condition | A\\_1 F1 |") and set(rule) == set("| :-")
    assert first.startswith("| Un-occ | **0.612** ± 0.020 | **0.500** ± 0.010 | 0.600 |")
    assert paper.startswith("| paper | 0.700 (−0.088)[^a][^b] |  | 0.600 (0.000)[^b] |")
    assert "\n| 50 %\\|x | " in said and "\n- 50 % of \\[all\\]\n" in said
    assert said.endswith("\n[^a]: impossible: so\n[^b]: repeated: it is\n")
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in said.splitlines() if line.startswith("|")}
    assert widths == {8} and interval.count("–") == 6 and header.count("Avg.") == 2


def test_latex(seen):
    said = latex.text(seen, "iv")
    assert r"\label{tab:iv}" in said and r"\caption{Title\_1}" in said
    assert r"\multicolumn{2}{c}{B \& C}" in said and r"\cmidrule(lr){4-5}" in said
    assert r"Un-occ & \textbf{0.612} $\pm$ 0.020 & \textbf{0.500} $\pm$ 0.010 & 0.600 & " in said
    assert r"paper & 0.700 ($-$0.088)\textsuperscript{a,b} &  & 0.600 (0.000)\textsuperscript{b} &" in said
    assert r"50 \%\textbar{}x & " in said and r"95 \% & 0.500--0.700 & " in said
    body = said[said.index(r"\midrule") : said.index(r"\bottomrule")].splitlines()
    rows = [line for line in body if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in rows} == {6} and len(rows) == 3 + 2 + 2 + 3
    assert said.isascii() and said.count("{") == said.count("}")
    assert len(re.findall(r"\\(?:top|mid|bottom)rule", said)) == 4 and said.count(r"\addlinespace") == 2


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX")
def test_latex_sets_the_table(seen, tmp_path):
    (tmp_path / "table.tex").write_text(latex.text(seen, "iv"))
    whole = r"\documentclass{article}\usepackage{booktabs,graphicx}\begin{document}\input{table}\end{document}"
    (tmp_path / "whole.tex").write_text(whole)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "whole.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0 and (tmp_path / "whole.pdf").exists(), run.stdout


@pytest.mark.parametrize(("value", "text"), [(0.0125, "+0.013"), (-0.0125, "−0.013"), (-0.0004, "0.000"), (0, "0.000")])
def test_differences_have_their_sign(value, text):
    assert numbers.signed(value) == text


def test_rounding_is_half_up():
    assert [numbers.rounded(x) for x in (0.0005, 0.0015, 0.1234999, 1.0)] == ["0.001", "0.002", "0.123", "1.000"]


def test_footnotes_have_as_many_letters_as_they_need():
    assert [grid._letters(number) for number in (0, 25, 26, 27, 701, 702)] == ["a", "z", "aa", "ab", "zz", "aaa"]
