"""Options have one spelling, and one form, over all commands of rrrn."""

import argparse
import re

import pytest

from rrrn import cli
from rrrn.commands import report

PARSERS = cli.parsers(cli.COMMANDS)[1] | {"report --partial": report.partial_parser()}
FORMS = {  # what a spelling is: how many values, what they are called, and its short form
    "--configfile": ("+", "FILE", None),
    "--config": ("+", "KEY=VALUE", None),
    "--cores": (None, "N", None),
    "--gpus": (None, "N", None),
    "--output": (None, "FILE", "-o"),
    "--picture": (None, "PNG", None),
    "--seed": (None, "N", None),
    "--json": (0, None, None),
    "--preview": (0, None, None),
    "--quick": (0, None, None),
    "--force": (0, None, None),
}
# of the same things, as other programs and earlier versions of this one spell them
OTHERS = [
    "threads",
    "jobs",
    "processes",
    "workers",
    "ncores",
    "out",
    "outfile",
    "output-file",
    "out-dir",
    "cfg",
    "conf",
    "config-file",
    "configfiles",
    "settings",
    "random-seed",
    "rng",
    "as-json",
    "to-json",
    "format",
    "gpu",
    "device",
    "plot",
    "yes",
    "overwrite",
    "fast",
]

SEVERAL = ["--condition"]  # of which a command lays on one, and another asks of each


def options() -> list[tuple[str, argparse.Action]]:
    return [(name, action) for name, parser in PARSERS.items() for action in parser._actions if action.option_strings]


def long(action: argparse.Action) -> str:
    return max(action.option_strings, key=len)


@pytest.mark.parametrize("spelling", FORMS)
def test_a_spelling_has_one_form(spelling):
    nargs, metavar, short = FORMS[spelling]
    found = [(name, action) for name, action in options() if long(action) == spelling]
    assert found
    for name, action in found:
        assert (action.nargs, action.metavar) == (nargs, metavar), name
        assert action.option_strings == [*([short] if short else []), spelling], name


def test_nothing_is_spelled_otherwise():
    assert [(name, long(action)) for name, action in options() if long(action) in OTHERS] == []
    for name, action in options():
        for spelling in action.option_strings:
            assert spelling in ("-h", "-o") or re.fullmatch(r"--[a-z][a-z0-9]*(-[a-z0-9]+)*", spelling), (
                name,
                spelling,
            )


def test_options_of_several_commands_are_alike():
    forms: dict[str, set] = {}
    for _, action in options():
        if action.choices is None and action.dest != "help":
            values = None if long(action) in SEVERAL else action.nargs
            forms.setdefault(long(action), set()).add((tuple(action.option_strings), values, action.metavar))
    assert {spelling: found for spelling, found in forms.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", PARSERS)
def test_values_have_a_name_in_capitals_and_options_a_help(name):
    for action in PARSERS[name]._actions:
        if action.help is argparse.SUPPRESS:
            continue
        assert action.help, action
        if action.nargs != 0 and action.choices is None:
            assert action.metavar and action.metavar == action.metavar.upper(), action
