"""The command rrrn itself: what it says without a sub-command, and that it loads only the one that is asked for."""

import re
import subprocess
import sys

import pytest

from rrrn import cli


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


def test_without_a_command_there_is_the_help(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    told = capsys.readouterr()
    assert stopped.value.code == 2 and not told.out
    assert "rrrn init work" in told.err and all(re.search(rf"^    {name}\b", told.err, re.M) for name in cli.COMMANDS)


def test_an_unknown_command_is_named(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["ocdlude"])
    assert stopped.value.code == 2 and "ocdlude" in capsys.readouterr().err
