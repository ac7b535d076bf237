"""The reference pages: every key, option and public name is there, with its words."""

import re

import pytest
import yaml

import rrrn
from docs.building import commands, configuration
from docs.building.links import HOME
from rrrn import cli, descriptors

DEFAULT = yaml.safe_load((HOME / "config.yaml").read_text(encoding="utf-8"))
KEYS = {key.name: key for key in configuration.described()}


def leaves(settings, name=""):
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{name}{key}.")
        else:
            yield f"{name}{key}"


def test_the_keys_are_those_of_the_default():
    assert sorted(KEYS) == sorted(leaves(DEFAULT))
    text, _ = configuration.page()
    assert re.findall(r"^````{confval} (\S+)$", text, re.M) == list(KEYS)


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_every_key_is_described(key):
    assert len(key.reason) > 5, f"config.yaml has no comment beside {key.name}"
    assert key.kind and len(key.kind) < 120


def test_a_key_has_what_the_files_say():
    lr, box = KEYS["train.tune.lr"], KEYS["faces.box"]
    assert (lr.kind, lr.default, lr.papers) == ("number, 1e-10 to 10", 0.0005, 0.0001)
    assert lr.reason == KEYS["train.tune.epochs"].reason and lr.papers_reason.startswith("only with protocol.start")
    assert box.choices == ("onset", "median", "per_frame") and not box.is_papers
    assert KEYS["augment.angles"].papers_reason == "ten apexes at seven angles: 70 views per clip"  # of the section
    assert KEYS["train.batch_size"].is_papers and KEYS["train.batch_size"].papers == 32
    text, _ = configuration.page()
    entry = re.search(r"{confval} faces\.box\n(.*?)^````$", text, re.M | re.S)[1]
    assert entry == (
        ":type: one of onset, median, per_frame\n:default: `onset`\n\nOne box per clip, from the onset frame\n\n"
        "- `median` over the clip\n- `per_frame` (literal; its jitter reads as motion)\n"
    )


def test_comments_are_told_from_values():
    text = "a: '#1'  # first\nb:\n  c: [1, 2]  # second | third # fourth\n  d: {e: 1, f: x}  # both\ng: 1\n# alone\n"
    assert configuration.comments(text) == {"a": "first", "b.c": "second | third # fourth"} | dict.fromkeys(
        ("b.d", "b.d.e", "b.d.f"), "both"
    )


@pytest.mark.parametrize(
    ("value", "text"), [("none", "none"), (True, "true"), ({"a": [1, 0.5]}, "{a: [1, 0.5]}"), ([], "[]"), ("1", "'1'")]
)
def test_values_are_shown_as_one_writes_them(value, text):
    assert configuration.shown(value) == text and yaml.safe_load(text) == value


def test_every_command_and_option_is_told():
    text, _ = commands.page()
    _, parsers = cli.parsers(cli.COMMANDS)
    for name, parser in parsers.items():
        (section,) = re.findall(rf"^## `rrrn {name}`\n(.*?)(?=^## |\Z)", text, re.M | re.S)
        assert f"usage: rrrn {name}" in section
        for action in parser._actions:
            assert all(option in section for option in action.option_strings)


def test_every_public_name_is_told():
    text = (HOME / "docs/reference/python.md").read_text(encoding="utf-8")
    for name in (*rrrn.__all__, *(f"descriptors.{name}" for name in descriptors.__all__)):
        assert name == "descriptors" or re.search(rf"auto\w+:: rrrn\.{re.escape(name)}$", text, re.M), name
