import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrrn.doctor import profile
from rrrn.experiment import defaults, doubles
from rrrn.running.stage import InputError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "a stands twice, in lines 1 and 3,"),
        ("a:\n  b: 1\n  c: 2\n  'b': 3\n", "a.b stands twice, in lines 2 and 4,"),
        ("a: [{b: 1}, {b: 1, c: 2, b: 3}]\n", "a.1.b stands twice, in line 1,"),
        ('{"a": {"b": 1,\n"b": 2}}', "a.b stands twice, in lines 1 and 2,"),
        ("a: 1\na: 1\na: 1\n", "a stands twice, in lines 1 and 2,"),
    ],
)
def test_a_key_that_stands_twice_is_named_with_both_lines(text, message):
    with pytest.raises(InputError, match=f"^x.yaml: {message}"):
        doubles.check(text, "x.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a: {b: 1}\nc: {b: 1}\n",
        "1: a\n'1': b\n",
        "a: &x {b: 1}\nc: *x\nd: *x\n",
        "a: &x\n  b: *x\n",
        "? [1, 2]\n: 3\n? [1, 2]\n: 3\n",
        "a: [1, 2\na: 3\n",
        "a: 1\n---\na: 1\n",
    ],
)
def test_other_texts_pass(text):
    doubles.check(text, "x.yaml")


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab:{}[],&*?-|>'\"#\n \t\x00é"), max_size=40))
def test_any_text_passes_or_is_refused_by_a_message(text):
    try:
        doubles.check(text, "x.yaml")
    except InputError as error:
        assert str(error).startswith("x.yaml: ")


def test_configurations_of_commands_and_profiles_are_read_so(tmp_path):
    (tmp_path / "mine.yaml").write_text("flow: {warps: 3}\ntrain: {lr: 0.1}\nflow: {scales: 2}\n")
    (tmp_path / "profile.yaml").write_text("executor: slurm\nretries: 1\nretries: 2\n")
    with pytest.raises(InputError, match=r"mine\.yaml: flow stands twice, in lines 1 and 3"):
        defaults.whole([tmp_path / "mine.yaml"])
    with pytest.raises(InputError, match=r"mine\.yaml: flow stands twice, in lines 1 and 3"):
        defaults.section("flow", [tmp_path / "mine.yaml"])
    with pytest.raises(InputError, match=r"profile\.yaml: retries stands twice, in lines 2 and 3"):
        profile.file(tmp_path)
