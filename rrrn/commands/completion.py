"""``rrrn completion``: a script with which a shell completes commands, options and files."""

import argparse

import shtab

from rrrn import cli
from rrrn.running import options

_SHELLS = ("bash", "zsh", "fish")
_FILES = {"FILE", "PNG", "CLIP", "OUT", "A", "B", "TABLE", "TARGET"}  # what help calls paths
_FOLDERS = {"DIR", "FOLDER"}
_TARGETS = ("all", "results/table_iv.csv", "results/report.html")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.epilog = (
        "rrrn completion bash > ~/.local/share/bash-completion/completions/rrrn and a new shell; of zsh, into a file "
        "_rrrn in a folder of $fpath; of fish, into ~/.config/fish/completions/rrrn.fish. Again for a new version."
    )
    parser.add_argument("shell", choices=_SHELLS, help="the shell that the script is for")


def main(args: argparse.Namespace) -> None:
    """Print the script."""
    print(script(args.shell))


def script(shell: str) -> str:
    """Return the script for a shell, which starts nothing of rrrn when it completes."""
    parser, commands = cli.parsers(cli.COMMANDS)
    for name in cli.PASSED_ON:  # whose words are Snakemake's
        options.configfile(commands[name])
        commands[name].add_argument("--cores", metavar="N")
        (words,) = [action for action in commands[name]._actions if action.dest == "arguments"]
        words.choices, words.help = _TARGETS, "targets"
    commands["report"].add_argument("--partial", action="store_true")
    for command in commands.values():
        for action in command._actions:
            if action.metavar in _FILES:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            elif action.metavar in _FOLDERS:
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    return str(shtab.complete(parser, shell))
