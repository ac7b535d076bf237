"""The command ``rrrn``: what a user does beside the workflow, one sub-command each."""

import argparse
import importlib
import sys
from collections.abc import Collection

from rrrn.running import arguments, nearest, stage

COMMANDS = {
    "init": ("rrrn.commands.init", "make a working directory for the workflow"),
    "run": ("rrrn.commands.run", "run the workflow in the working directory, with Snakemake"),
    "doctor": ("rrrn.doctor.command", "look whether this machine can run an experiment, and say how to mend it"),
    "import": ("rrrn.importing.command", "make a clip table and an audit from CASME II, SAMM or a table of your own"),
    "flow": ("rrrn.flow.command", "find the optical flow between two images: a .flo file and a picture"),
    "occlude": ("rrrn.occlusion.command.command", "lay a mask, sunglasses or a patch over the face of any clip"),
    "describe": ("rrrn.commands.describe", "describe the face of any clip by LBP-TOP, LBP-SIP or 3DHOG: its numbers"),
    "fit": ("rrrn.commands.fit", "train a final model on all clips, and save it with a card of what is known of it"),
    "predict": ("rrrn.commands.predict", "tell what a saved model says of a clip, or of a table of many"),
    "spot": ("rrrn.commands.spot", "find onset, apex and offset of the expression in a clip, and say if that is sure"),
    "plan": ("rrrn.planning.command", "tell jobs, files, bytes and hours of an experiment before it is run"),
    "synthesize": (
        "rrrn.commands.synthesize",
        "draw synthetic databases in the layouts of CASME II and SAMM, with ground truth",
    ),
    "verify": ("rrrn.commands.verify", "tell whether results are what the present configuration, code and clips make"),
    "show": ("rrrn.commands.show", "print a table of results, and tell whether the files that it is of still fit it"),
    "bundle": ("rrrn.commands.bundle", "pack what can be shared of a run: predictions, tables, versions, and no face"),
    "compare": ("rrrn.commands.compare", "lay runs side by side, and the paper, with paired statistics"),
    "report": ("rrrn.commands.report", "make the report: tables, figures and every clip in one HTML file"),
    "completion": ("rrrn.commands.completion", "print a script with which a shell completes commands and options"),
    "resume": (
        "rrrn.resuming.resume",
        "go on after a run that was killed: end what it left running, unlock, run again",
    ),
}

_START = """\
Micro-expression recognition under occlusion. Four things people come for:

  the table    rrrn run --cores 8                        make Table IV, from synthetic faces unless told otherwise
  the report   rrrn report                               see tables, figures and every clip in one HTML file
  a clip       rrrn predict CLIP --model FILE            ask a model, which rrrn fit --method rrrn -o FILE saves
               rrrn occlude CLIP OUT --condition mask    lay a mask over its face
               rrrn describe CLIP --descriptor lbp-top   describe how that face moves
  your own     rrrn import table FILE.csv                bring a database; casme2 FOLDER and samm FOLDER likewise
               docs/extending.md                         bring a method, a descriptor or an occluder

Without a clone begin with: rrrn init work && cd work. If anything fails, rrrn doctor looks at this machine.
"""
_MORE = "rrrn --help lists all commands, rrrn COMMAND --help says what one takes."
PASSED_ON = ("run", "report")  # whose words are another program's
_HELP = ("-h", "--help")


def main(given: list[str] | None = None) -> None:
    """Run one sub-command; exit with 1 and one message for a user's mistake, 2 for wrong arguments, 130 for Ctrl-C.

    Without a sub-command say what people come for, and exit with 2: nothing was done.
    """
    words = sys.argv[1:] if given is None else list(given)
    with stage.interruptible():  # loading a command may take a second
        parser, _ = parsers(words[:1])
    if not words:
        print(_START, _MORE, sep="\n", file=sys.stderr)
        raise SystemExit(2)
    if not words[0].startswith("-") and words[0] not in COMMANDS:
        parser.error(f"unknown command {words[0]}{nearest.question(words[0], COMMANDS)}; rrrn --help lists all")
    if words[0] in PASSED_ON and words[1:2] not in ([word] for word in _HELP):
        words.insert(1, "--")
    stage.run(_dispatch, parser, words)


def parsers(loaded: Collection[str]) -> tuple[arguments.Parser, dict[str, arguments.Parser]]:
    """Return the parser of all commands, and that of each; only those in ``loaded`` know what their command takes."""
    parser = arguments.Parser(prog="rrrn", description=_START, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    parser.set_defaults(log=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    found = {}
    for name, (module, summary) in COMMANDS.items():
        own = found[name] = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name in loaded:
            command = importlib.import_module(module)
            command.add_arguments(own)
            own.set_defaults(run=command.main)
    return parser, found


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata  # not needed to show the help

        print(f"rrrn {metadata.version('rrrn')}")
        parser.exit()


def _dispatch(args: argparse.Namespace) -> None:
    args.run(args)
