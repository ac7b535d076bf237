"""Synthesize: draw databases in the layouts of CASME II and SAMM, quirks and all, with the truth about every clip."""

import argparse
import logging
import multiprocessing
import os
import shlex
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from rrrn.data import pictures
from rrrn.importing.folders import MARKER
from rrrn.running import stage, writable
from rrrn.synthetic import preview
from rrrn.synthetic.databases import drawn, durations, quirks, recording, sheet, tree, workbooks
from rrrn.synthetic.databases.drawn import Database, Entry
from rrrn.synthetic.databases.layouts import LAYOUTS
from rrrn.synthetic.databases.recording import Camera, Recording
from rrrn.synthetic.painting.presets import PRESETS

TRUTH = "truth"
PREVIEW = "preview.png"
_SUBJECTS, _CLIPS = 4, 5
_MOST_PREVIEWED = 6  # subjects of a layout
_MOST_SUBJECTS = {"casme2": 999, "samm": 983}  # SAMM numbers people up to 37, then counts on
_POLL = 0.2  # seconds between looks at the workers
_NOTE = """\
Drawn faces in the layout of {title}. This is not {title}: no person was recorded, and numbers obtained with these
clips say nothing about people. Every face, clip and annotation was drawn by the command

    {command}

Planted on purpose, as the real databases have it:
{planted}
"""
_TITLES = {"casme2": "CASME II", "samm": "SAMM"}
_NAMES = {"casme2": sheet.CASME2, "samm": sheet.SAMM}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add = parser.add_argument
    add("out", type=Path, metavar="OUT", help="a new or empty folder")
    add("--layout", choices=[*LAYOUTS, "both"], default="both", help="which database to imitate (both)")
    add("--subjects", type=int, metavar="N", help=f"subjects of each layout ({_SUBJECTS})")
    add("--clips", type=int, metavar="N", help=f"clips of each subject ({_CLIPS})")
    add("--paper-shape", action="store_true", help="253 clips of 47 subjects, with MEGC 2018's classes of each")
    add("--seed", type=int, default=1, metavar="N", help="another seed draws other people (1)")
    add("--preset", choices=list(PRESETS), default="default", help="how hard the clips are (default)")
    add("--scale", type=float, default=1.0, metavar="NUMBER", help="size of the images relative to the real ones (1.0)")
    add("--image", choices=["jpg", "png"], default="jpg", help="format of the frames (jpg)")
    add("--frames", choices=tree.FRAMES, default="selected", help="CASME II from onset to offset, or whole recordings")
    add(
        "--quirks",
        default="all",
        metavar="LIST",
        help="all, none, or a comma-separated list: " + ", ".join(quirks.NAMES),
    )
    add("--truth", choices=["dense", "apex"], default="dense", help="true motion of every frame, or the apex's only")
    add("--short", action="store_true", help="clips of 9 to 13 frames instead of 24 to 141, for tests")
    add("--cores", type=int, metavar="N", help="processes (all cores)")
    add("--preview", action="store_true", help=f"also draw a contact sheet, {PREVIEW}")


def main(args: argparse.Namespace) -> None:
    """Draw the databases and write them whole."""
    _check(args)
    databases = plan(args)
    out = args.out.resolve()
    with stage.replacing(out) as partial:
        partial.mkdir()
        n_frames = draw(_subjects(databases, partial), _camera(args), args.cores or len(os.sched_getaffinity(0)))
        for database in databases:
            workbooks.write(database, partial)
            if database.stray_files:
                tree.litter(partial, [entry.clip.frames for entry in database.entries])
            _write_note(database, partial, args)
        drawn.write_table(databases, partial / drawn.TABLE)
        if args.preview:
            _write_preview(databases, partial / PREVIEW, args)
    n_clips = sum(len(database.entries) for database in databases)
    logging.info("%s: %d clips, %d frames, %s", args.out, n_clips, n_frames, drawn.TABLE)


def plan(args: argparse.Namespace) -> list[Database]:
    """Return the databases that the arguments ask for. Raises InputError for quirks without a clip."""
    layouts = _layouts(args)
    duration = durations.BRIEF if args.short else durations.REALISTIC
    databases = []
    for layout in layouts:
        name = _NAMES[layout]
        if args.paper_shape:
            table = sheet.paper_database(name, args.seed, duration)
        else:
            n_subjects, n_clips = args.subjects or _SUBJECTS, args.clips or _CLIPS
            table = sheet.balanced_database(name, n_subjects, n_clips, args.seed, duration)
        database = drawn.plan(layout, table, args.seed, PRESETS[args.preset], args.frames)
        if args.paper_shape:
            database = quirks.complete(database, args.seed)
        if args.quirks == "all":
            database = quirks.plant_all(database, args.seed)
        elif args.quirks != "none":
            database = quirks.plant(database, quirks.named(args.quirks, layouts), args.seed)
        databases.append(database)
    return databases


def draw(subjects: Sequence[tuple[list[Recording], Path]], camera: Camera, jobs: int) -> int:
    """Write recordings and truth of all subjects by ``jobs`` processes, with a progress bar on a terminal.

    The files do not depend on ``jobs``. Returns the number of frames.
    """
    n_frames = sum(_n_frames(recordings) for recordings, _ in subjects)
    with tqdm(total=n_frames, unit="frame", disable=None) as bar:
        if jobs == 1:
            cv2.setNumThreads(1)
            for recordings, truth in subjects:
                recording.write_subject(recordings, truth, camera, bar.update)
            return n_frames
        with _workers(min(jobs, len(subjects))) as (pool, counter):
            # A subject is one job: its face is painted once. The longest first, so that none is left over at the end.
            queue = sorted(subjects, key=lambda subject: -_n_frames(subject[0]))
            waiting = {pool.submit(_work, recordings, truth, camera) for recordings, truth in queue}
            while waiting:
                done, waiting = wait(waiting, _POLL, FIRST_EXCEPTION)
                for future in done:
                    future.result()
                bar.update(counter.value - bar.n)
    return n_frames


@contextmanager
def _workers(number: int) -> Iterator[tuple[ProcessPoolExecutor, "Synchronized[int]"]]:
    """Yield processes and the number of frames that they have drawn; they stop if the block fails."""
    context = multiprocessing.get_context("spawn")
    counter, stopped = context.Value("q", 0), context.Event()
    pool = ProcessPoolExecutor(number, context, initializer=_start_worker, initargs=(counter, stopped))
    try:
        yield pool, counter
    except BrokenProcessPool:
        raise stage.InputError("a process was killed, most likely for want of memory; use fewer --cores") from None
    except BaseException:
        stopped.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


_advance: Callable[[int], None]  # in a worker: counts frames


def _start_worker(counter: "Synchronized[int]", stopped: Event) -> None:
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent stops us, and says so once

    def advance(frames: int) -> None:
        if stopped.is_set():
            raise RuntimeError("another process has failed")
        with counter.get_lock():
            counter.value += frames

    global _advance
    _advance = advance


def _work(recordings: list[Recording], truth: Path, camera: Camera) -> None:
    recording.write_subject(recordings, truth, camera, _advance)


def _check(args: argparse.Namespace) -> None:
    for name in ("subjects", "clips", "cores"):
        number = getattr(args, name)
        if number is not None and number < 1:
            raise stage.InputError(f"--{name} {number}: at least 1 is needed")
    most = min(_MOST_SUBJECTS[layout] for layout in _layouts(args))
    if (args.subjects or 0) > most:
        raise stage.InputError(f"--subjects {args.subjects}: {most} is the most, since names have two or three digits")
    if args.paper_shape and (args.subjects or args.clips):
        raise stage.InputError("--paper-shape has subjects and clips of its own; leave out --subjects and --clips")
    if not 0.05 <= args.scale <= 4:
        raise stage.InputError(f"--scale {args.scale}: needed is a number from 0.05 to 4")
    if args.frames == "raw" and args.layout == "samm":
        raise stage.InputError("--frames raw is of CASME II; SAMM has clips from onset to offset only")
    if args.quirks not in ("all", "none"):
        quirks.named(args.quirks, _layouts(args))
    if args.out.exists() and not (args.out.is_dir() and not any(args.out.iterdir())):
        raise stage.InputError(f"{args.out}: exists and is not an empty folder; name a new one, or remove it")
    writable.check_place(args.out.absolute())


def _layouts(args: argparse.Namespace) -> list[str]:
    return list(LAYOUTS) if args.layout == "both" else [args.layout]


def _camera(args: argparse.Namespace) -> Camera:
    return Camera(args.seed, args.preset, args.scale, f".{args.image}", dense=args.truth == "dense")


def _subjects(databases: Sequence[Database], out: Path) -> list[tuple[list[Recording], Path]]:
    """Return for each subject its recordings below ``out``, and the file of its truth."""
    subjects: dict[str, list[Recording]] = {}
    for database in databases:
        for entry in database.entries:
            subjects.setdefault(entry.clip.subject, []).append(_recording(entry, out))
        for entry in database.unlisted:
            subjects[entry.clip.subject].append(_recording(entry, out, truth=False))
    return [(recordings, out / TRUTH / f"{subject}.h5") for subject, recordings in subjects.items()]


def _recording(entry: Entry, out: Path, truth: bool = True) -> Recording:
    return Recording(entry.clip, entry.recording, entry.on_disk, out / entry.clip.frames, entry.digits, truth)


def _n_frames(recordings: Sequence[Recording]) -> int:
    return sum(one.frames[1] - one.frames[0] + 1 for one in recordings)


def _write_note(database: Database, out: Path, args: argparse.Namespace) -> None:
    planted = [f"  {name}: {place}" for name, place in database.planted.items()] or ["  nothing"]
    note = _NOTE.format(title=_TITLES[database.layout], command=_command(args), planted="\n".join(planted))
    (out / tree.ROOTS[database.layout] / MARKER).write_text(note, encoding="utf-8")


def _command(args: argparse.Namespace) -> str:
    """Return the command that draws the same databases."""
    words = ["rrrn", "synthesize", "OUT", "--layout", args.layout, "--seed", args.seed]
    if args.paper_shape:
        words += ["--paper-shape"]
    else:
        words += ["--subjects", args.subjects or _SUBJECTS, "--clips", args.clips or _CLIPS]
    for name in ("preset", "scale", "image", "frames", "quirks", "truth"):
        words += [f"--{name}", getattr(args, name)]
    return shlex.join(map(str, words + ["--short"] * args.short))


def _write_preview(databases: Sequence[Database], path: Path, args: argparse.Namespace) -> None:
    sheets = []
    for database in databases:
        subjects = list(dict.fromkeys(entry.clip.subject for entry in database.entries))[:_MOST_PREVIEWED]
        layout = LAYOUTS[database.layout]
        sheets.append(preview.contact_sheet(subjects, args.seed, layout, PRESETS[args.preset], args.scale))
    pictures.save(np.vstack(sheets), path)
