import argparse
import re
import shutil
import sys

import pandas as pd
import pytest

from rrrn.commands import show
from rrrn.data import result
from rrrn.data.identity import by_hand
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.tables import no_skill, published


@pytest.mark.parametrize("kind", ["synthetic", "mixed", "recorded"])
def test_table_on_the_terminal_says_what_its_clips_are(tmp_path, capsys, kind):
    path = tmp_path / "table_iv.csv"
    tables = {
        path: f"Condition,RRRN F1,RRRN WF1,Data\nUn-occ,0.500,0.610,{kind}\nAvg.,0.5,0.61,{kind}\n",
        tmp_path / "table_iv_long.csv": "condition,method\n",
    }
    result.write(tables, tmp_path / "table_iv.json", by_hand, {}, kind, ["F1 not above chance: no method"])
    args = stage.command("").parse_args([])
    args.table = path
    show.main(args)
    said = capsys.readouterr().out
    assert re.search(r"Un-occ +0\.500 +0\.610", said)
    assert (published.SYNTHETIC in said) == (kind != "recorded")
    assert "\nF1 not above chance: no method\n" in said
    assert "It cannot be compared with code and clips" in said  # nor settings are told, nor clips
    assert str(path) in said and "table_iv_long.csv" in said


@pytest.mark.parametrize(
    ("name", "message"), [("gone.csv", "gone.csv: is not there"), ("a.csv", "a.csv: is no table of results/")]
)
def test_what_is_no_table_is_not_called_damaged(tmp_path, name, message):
    (tmp_path / "a.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        show.main(argparse.Namespace(table=tmp_path / name))


METHODS = ("LBP-TOP", "LBP-SIP", "3DHOG", "VGG16", "ResNet18", "Backbone", "RRRN", "Avg.")


def written(path, spread="", alike=False):
    """A table of eight columns twice, each cell another value; ``alike``: both metrics have the same."""
    header = ["Condition", *(f"{name} {metric}" for name in METHODS for metric in ("F1", "WF1")), "Data"]
    values = iter(range(1000))
    lines = []
    for condition in ("Un-occ", "Occ-5%", "Avg."):
        cells = []
        for _ in METHODS:
            first = f"0.{next(values):03}{spread}"
            cells += [first, first if alike else f"0.{next(values):03}{spread}"]
        lines.append([condition, *cells, "synthetic"])
    lines.append([no_skill.CHANCE, *["0.113–0.288"] * 2 * len(METHODS), "synthetic"])
    pd.DataFrame(lines, columns=header).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("spread", ["", " ± 0.900"])
@pytest.mark.parametrize("width", [30, 80, 120])
def test_a_table_fits_a_terminal(tmp_path, width, spread):
    path = written(tmp_path / "table_iv.csv", spread)
    said = show.laid_out(path, width).splitlines()
    assert max(len(line) for line in said if not line.startswith("Deviations")) <= width
    assert [line for line in said if line in ("F1", "WF1")] == ["F1", "WF1"]
    assert said.count(f"{no_skill.CHANCE}: 0.113–0.288") == 2
    printed = [word for line in said if re.match("Un-occ|Occ|Avg", line) for word in line.split()[1:]]
    assert sorted(printed) == [f"0.{number:03}" for number in range(48)]
    heads = [line.split() for line in said if line.startswith("Condition")]
    assert [name for head in heads for name in head[1:]] == [*METHODS, *METHODS] and (width < 80 or len(heads) == 2)
    assert next(line.split()[1:3] for line in said if line.startswith("Un-occ")) == ["0.000", "0.002"]


def test_deviations_stay_where_they_fit(tmp_path):
    path = written(tmp_path / "table_iv.csv", " ± 0.900")
    assert "0.000 ± 0.900" in show.laid_out(path, 140) and "±) did not fit" not in show.laid_out(path, 140)
    assert "0.000 ± 0.900" not in show.laid_out(path, 80) and "±) did not fit" in show.laid_out(path, 80)


def test_a_metric_that_is_another_is_a_line(tmp_path):
    path = written(tmp_path / "table_iv.csv", alike=True)
    said = show.laid_out(path, 80)
    assert said.endswith("WF1 is F1 in every cell.") and said.count("Un-occ") == 1
    path.write_text(path.read_text().replace("0.005", "0.006", 1))
    assert "in every cell" not in show.laid_out(path, 80)


def test_where_it_fits_or_is_read_by_a_program_a_table_is_one(tmp_path, monkeypatch, capsys):
    path = written(tmp_path / "table_iv.csv")
    assert show.laid_out(path, 400) == show.laid_out(path)
    assert show.laid_out(path).splitlines()[0].count("RRRN") == 2
    (tmp_path / "long.csv").write_text("summary,value,note\n" + "a,0.5," + "long " * 30 + "\n")
    assert show.laid_out(tmp_path / "long.csv", 80) == show.laid_out(tmp_path / "long.csv")  # no table of results
    result.write({path: path.read_text()}, tmp_path / "table_iv.json", by_hand, {}, "synthetic", [])
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: argparse.Namespace(columns=80))
    show.main(argparse.Namespace(table=path))
    assert show.laid_out(path) in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    show.main(argparse.Namespace(table=path))
    assert show.laid_out(path, 80) in capsys.readouterr().out
