import argparse
import re

import pytest

from rrrn.commands import show
from rrrn.data import result
from rrrn.data.identity import by_hand
from rrrn.running import stage
from rrrn.running.stage import InputError
from rrrn.tables import published


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
