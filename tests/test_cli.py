"""The command rrrn itself: what it says without a sub-command, and that it loads only the one that is asked for."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rrrn import cli
from rrrn.commands import report
from rrrn.running import arguments


def loaded(*words: str) -> set[str]:
    """The modules that are loaded when the command ends; it fails unless that is with 0."""
    script = "import atexit, sys\natexit.register(lambda: print(*sys.modules, file=sys.stderr))\nfrom rrrn import cli\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}cli.main({list(words)})"], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def test_the_help_loads_no_command():
    found = loaded("--help")
    assert "argparse" in found and not found & {module for module, _ in cli.COMMANDS.values()}
    assert not found & {"numpy", "cv2", "torch", "pandas", "yaml", "snakemake"}


def test_a_command_loads_no_other():
    found = loaded("resume", "--help")
    assert {module for module, _ in cli.COMMANDS.values()} & found == {"rrrn.resuming.resume"}


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_a_help(capsys, name):
    with pytest.raises(SystemExit) as stopped:
        cli.main([name, "--help"])
    assert stopped.value.code == 0 and f"usage: rrrn {name}" in capsys.readouterr().out


def test_without_a_command_there_are_the_four_things_that_people_come_for(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    told = capsys.readouterr()
    assert stopped.value.code == 2 and not told.out
    assert re.findall(r"^  (\w.*?)  ", told.err, re.M) == ["the table", "the report", "a clip", "your own"]
    named = re.findall(r"\brrrn (\w+)", told.err)
    assert {"run", "report", "fit", "predict", "occlude", "describe", "import", "init", "doctor"} <= set(named)
    assert set(named) - {"COMMAND"} <= cli.COMMANDS.keys() and "rrrn --help" in told.err
    assert max(map(len, told.err.splitlines())) <= 120


def test_the_help_lists_all_commands(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    told = capsys.readouterr().out
    assert "Four things" in told and all(re.search(rf"^    {name}\b", told, re.M) for name in cli.COMMANDS)


def test_an_unknown_command_is_named(capsys):
    for word, meant in (("ocdlude", "occlude"), ("bundel", "bundle"), ("verfy", "verify")):
        with pytest.raises(SystemExit) as stopped:
            cli.main([word])
        assert stopped.value.code == 2
        assert f"error: unknown command {word} (did you mean {meant}?)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("predict CLIP --modle X", "unknown option --modle (did you mean --model?)"),
        ("predict CLIP --model X --conditon mask", "unknown option --conditon (did you mean --condition?)"),
        ("predict CLIP --model X --cond=mask", "unknown option --cond (did you mean --condition?)"),
        ("occlude CLIP OUT --config my.yaml", "unknown option --config (did you mean --configfile?)"),
        ("flow 1.png 2.png -x", "unknown option -x"),
        ("run --core 2", "unknown option --core (did you mean --cores?)"),
        ("run --configfle my.yaml", "unknown option --configfle (did you mean --configfile?)"),
        ("report --patial", "unknown option --patial (did you mean --partial?)"),
        ("report --partial --confgfile x", "unknown option --confgfile (did you mean --configfile?)"),
        ("resume --wit", "unknown option --wit (did you mean --wait?)"),
        ("resume -- --core 2", "unknown option --core (did you mean --cores?)"),
        ("--versoin", "unknown option --versoin (did you mean --version?)"),
    ],
)
def test_an_unknown_option_is_named_first_by_its_command(capsys, monkeypatch, tmp_path, words, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        cli.main(words.split())
    told, name = capsys.readouterr().err, words.split()[0]
    usage = "rrrn" if name.startswith("-") else f"rrrn {name}"
    assert stopped.value.code == 2 and told.startswith(f"usage: {usage} ")
    assert f"{usage}: error: {message}" in told


def test_what_is_no_option_or_has_its_value_with_it_is_none_unknown():
    known = ["--seed", "-o", "-n", "-c"]
    for words in ("--seed -7", "--seed=x --", "-oFILE", "-nq", "-c4", "- -1e3", "-- --what", "x"):
        assert arguments.unknown(words.split(), known) == ""
    assert arguments.unknown(["--seed", "-x y"], known) == ""
    assert arguments.unknown(["-q"], known) == "unknown option -q"


@pytest.mark.parametrize("words", [(), ("-n",)])
def test_a_report_says_where_it_will_be_unless_it_is_only_planned(tmp_path, monkeypatch, caplog, words):
    caplog.set_level("INFO")
    started = []
    monkeypatch.setattr(os, "execv", lambda path, words: started.append(words[-1]))
    monkeypatch.chdir(tmp_path)
    Path("Snakefile").touch()
    report.main(argparse.Namespace(arguments=[*words], refuse=pytest.fail))
    assert started == [report.TARGET]
    assert (f"The report will be in {tmp_path / report.TARGET}" in caplog.text) == (not words)
