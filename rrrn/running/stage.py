"""The one way a module becomes a command: arguments, log, error messages, and files that are whole or absent."""

import argparse
import errno
import glob
import json
import logging
import math
import secrets
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from rrrn.running import unread

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_REMEDIES = (
    dict.fromkeys(
        (*_NO_ROOM, errno.EACCES, errno.EPERM, errno.EROFS),
        "make room or correct the permissions, and run again",
    )
    | dict.fromkeys(
        (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP),
        "name another place, or look whether another process moved it",
    )
    | dict.fromkeys(
        (errno.EFBIG, errno.EIO, errno.ESTALE),
        "its file system refuses it: look after its limits and its health, and run again",
    )
)
_INTERRUPTED = 128 + signal.SIGINT


class InputError(ValueError):
    """A user's mistake. The message names the file, row or frame and the remedy; a command shows no traceback of it."""


def command(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all stages share: --settings and --asked (JSON objects), --log (a file)."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("--settings", type=_json_object, default={}, help="config sections of this stage, as JSON")
    parser.add_argument(
        "--asked", type=_json_object, default={}, help="what the workflow asks for (rrrn/provenance/asked.py)"
    )
    parser.add_argument("--log", type=Path, help="also write messages to this file")
    return parser


def above_zero(text: str) -> float:
    """Return an argument that must be a finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def named_file(text: str) -> tuple[str, Path]:
    """Return an argument NAME=FILE as both."""
    name, found, path = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FILE")
    return name, Path(path)


def run(
    main: Callable[[argparse.Namespace], None], parser: argparse.ArgumentParser, arguments: list[str] | None = None
) -> None:
    """Parse the arguments, run ``main`` and exit: 0, 1 with one message for an InputError, or 130 for Ctrl-C.

    If nobody reads what is printed any more (``| head``), exit with 141 and without a word.
    ``arguments`` are those of the command line, unless given.
    """
    with unread.quiet():
        _run(main, parser.parse_args(arguments))


def _run(main: Callable[[argparse.Namespace], None], args: argparse.Namespace) -> None:
    handlers: list[logging.Handler] = [unread.Terminal(sys.stdout)]
    if args.log:
        args.log.parent.mkdir(parents=True, exist_ok=True)
        handlers = [logging.FileHandler(args.log, mode="w", encoding="utf-8")]
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=handlers)
    signal.signal(signal.SIGTERM, _leave)  # so that a cancelled job removes its partial file
    try:
        main(args)
    except InputError as error:
        _fail(f"error: {error}", 1, args.log)
    except KeyboardInterrupt:
        _fail("interrupted", _INTERRUPTED, args.log)
    except OSError as error:
        if unread.is_meant(error):
            raise
        if error.errno not in _REMEDIES:
            logging.exception("this is a defect of rrrn, or of a library that it uses")
            raise
        _fail(f"error: {error.filename or 'a file'}: {error.strerror}; {_REMEDIES[error.errno]}", 1, args.log)
    except Exception:
        logging.exception("this is a defect of rrrn, or of a library that it uses")
        raise


@contextmanager
def interruptible() -> Iterator[None]:
    """Exit as ``run`` does when the user interrupts the block (Ctrl-C)."""
    try:
        yield
    except KeyboardInterrupt:
        _fail("interrupted", _INTERRUPTED, None)


def _fail(message: str, status: int, log: Path | None) -> NoReturn:
    """Say why on the terminal, once, and in the log file if there is one, and exit."""
    if log:
        logging.error(message)
    print(message, file=sys.stderr)
    raise SystemExit(status) from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` which becomes it at the end, and vanishes if the block fails.

    Works for a file and, if the block makes a directory, for a directory. What killed writers of the same path left
    is removed first; one that still runs then fails instead of putting its file in the place of this one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        _remove(leftover)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        yield partial
        if partial.is_dir():
            _remove(path)
        partial.replace(path)
    except OSError as error:
        if error.errno in _NO_ROOM and error.filename is None:  # writing tells no name
            error.filename = str(path)
        raise
    finally:
        _remove(partial)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _json_object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
