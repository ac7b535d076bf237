import re

import pytest

from rrrn import show, stage


@pytest.mark.parametrize("kind", ["synthetic", "mixed", "recorded"])
def test_table_on_the_terminal_says_what_its_clips_are(tmp_path, capsys, kind):
    path = tmp_path / "table_iv.csv"
    path.write_text(f"Condition,RRRN F1,RRRN WF1,Data\nUn-occ,0.500,0.610,{kind}\nAvg.,0.5,0.61,{kind}\n")
    (tmp_path / "table_iv_long.csv").write_text(
        "condition,method,metric,value,low,high\nUn-occ,RRRN,F1,0.5,,\nUn-occ,RRRN,WF1,0.61,,\nAvg.,RRRN,F1,0.1,,\n"
        "Avg.,Chance (95 %),F1,0.2,0.1131,0.2879\nAvg.,Chance (95 %),WF1,0.2,0.11,0.7\n"
    )
    args = stage.command("").parse_args([])
    args.table = path
    show.main(args)
    said = capsys.readouterr().out
    assert re.search(r"Un-occ +0\.500 +0\.610", said)
    assert (show.SYNTHETIC in said) == (kind != "recorded")
    assert "\nF1 not above chance (0.113–0.288): no method\n" in said
    assert "\nWF1 not above chance (0.110–0.700): RRRN in 1 of 1 conditions\n" in said
    assert str(path) in said and "table_iv_long.csv" in said
