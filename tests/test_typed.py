"""Settings as a dataclass: nested, of the right type, and with one message for what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from rrrn.running import typed
from rrrn.running.stage import InputError


@dataclass(frozen=True)
class Inner:
    path: str
    lambda_: float


@dataclass(frozen=True)
class Outer:
    mode: Literal["a", "b"]
    count: int
    share: float
    on: bool
    angles: Sequence[float]
    more: Mapping[str, Any]
    nested: Literal["none"] | Inner
    size: int | Literal["same"]
    last: Inner | None = None


TOLD = {"mode": "a", "count": 1, "share": 0.5, "on": False, "angles": [0, 1.5], "more": {"x": 1}, "size": "same"}
TOLD |= {"nested": {"path": "x", "lambda": 2}}


def of(**changes):
    return typed.of(Outer, TOLD | changes, "part")


def test_values_stay_as_they_are():
    made = of(last={"path": "y", "lambda": 1.0})
    assert (made.nested, made.last) == (Inner("x", 2), Inner("y", 1.0))
    assert type(made.nested.lambda_) is int and type(made.last.lambda_) is float
    assert made.angles is TOLD["angles"] and made.more is TOLD["more"]
    assert (of().last, of(nested="none").nested, of(size=3).size) == (None, "none", 3)
    assert of(nested=Inner("z", 1)).nested == Inner("z", 1)


def test_a_section_is_found_by_its_last_name():
    assert typed.section(Inner, {"own": {"path": "x", "lambda": 2}}, "part.own") == Inner("x", 2)
    with pytest.raises(InputError, match=r"^the settings lack part\.own$"):
        typed.section(Inner, {"part": {}}, "part.own")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mode": "c"}, "part.mode is 'c'; it must be one of a, b"),
        ({"count": 1.0}, "part.count is 1.0; it must be a whole number"),
        ({"count": True}, "part.count is True; it must be a whole number"),
        ({"share": "0.5"}, "part.share is '0.5'; it must be a number"),
        ({"share": True}, "part.share is True; it must be a number"),
        ({"on": 1}, "part.on is 1; it must be true or false"),
        ({"angles": [0, "1"]}, "part.angles is [0, '1']; it must be a list, each item a number"),
        ({"angles": "01"}, "part.angles is '01'; it must be a list, each item a number"),
        ({"more": 1}, "part.more is 1; it must be a section with keys of its own"),
        ({"nested": 1}, "part.nested is 1; it must be none or a section with path, lambda"),
        ({"nested": {"path": "x"}}, "the settings lack part.nested.lambda"),
        ({"nested": {"path": "x", "lambda_": 1}}, "the settings have the unknown key part.nested.lambda_"),
        ({"size": "other"}, "part.size is 'other'; it must be a whole number or same"),
        ({"other": 1}, "the settings have the unknown key part.other; known are mode, count"),
    ],
)
def test_what_is_wrong_is_named(changes, message):
    with pytest.raises(InputError) as caught:
        of(**changes)
    assert str(caught.value).startswith(message)


def test_a_key_that_is_missing_is_named():
    with pytest.raises(InputError, match=r"^the settings lack part\.on$"):
        typed.of(Outer, {key: value for key, value in TOLD.items() if key != "on"}, "part")
    with pytest.raises(InputError, match=r"^part is 1; it must be a section with keys of its own$"):
        typed.of(Outer, 1, "part")
