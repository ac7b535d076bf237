"""The command ``rrrn``: what a user does beside the workflow, one sub-command each."""

import argparse
import importlib

from rrrn.running import stage

COMMANDS = {
    "doctor": ("rrrn.doctor.command", "look whether this machine can run an experiment, and say how to mend it"),
    "import": ("rrrn.importing.command", "make a clip table and an audit from CASME II, SAMM or a table of your own"),
    "flow": ("rrrn.tvl1.command", "find the optical flow between two images: a .flo file and a picture"),
    "occlude": ("rrrn.occlusion.command.command", "lay a mask, sunglasses or a patch over the face of any clip"),
    "plan": ("rrrn.planning.command", "tell jobs, files, bytes and hours of an experiment before it is run"),
    "synthesize": (
        "rrrn.commands.synthesize",
        "draw synthetic databases in the layouts of CASME II and SAMM, with ground truth",
    ),
    "verify": ("rrrn.commands.verify", "tell whether results are what the present configuration, code and clips make"),
    "resume": (
        "rrrn.resuming.resume",
        "go on after a run that was killed: end what it left running, unlock, run again",
    ),
}


def main(arguments: list[str] | None = None) -> None:
    """Run one sub-command; exit with 1 and one message for a user's mistake, 2 for wrong arguments, 130 for Ctrl-C."""
    with stage.interruptible():  # loading the commands takes a second
        parser = _parser()
    stage.run(_dispatch, parser, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rrrn", description="Micro-expression recognition under occlusion.")
    parser.set_defaults(log=None)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, (module, summary) in COMMANDS.items():
        command = importlib.import_module(module)
        own = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        command.add_arguments(own)
        own.set_defaults(run=command.main)
    return parser


def _dispatch(args: argparse.Namespace) -> None:
    args.run(args)
