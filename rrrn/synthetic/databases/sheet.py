"""Draw the clip table of a synthetic experiment: python -m rrrn.synthetic.databases.sheet default data/clips.csv."""

import argparse
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from rrrn.data import clips
from rrrn.data.clips import Clip
from rrrn.experiment import megc2018, seeds
from rrrn.running import stage
from rrrn.synthetic.databases.durations import QUICK, REALISTIC, Duration, draw

CLASSES = megc2018.CLASSES
CASME2, SAMM = "syncasme2", "synsamm"

_ONSETS = {CASME2: (10, 120), SAMM: (800, 9000)}  # SAMM counts frames from the start of a long recording
_CLIPS_A_STIMULUS = 5


def default_sheet(seed: int) -> list[Clip]:
    """Return 80 short clips: 5 subjects after CASME II and 3 after SAMM, each with two clips of every class."""
    table = []
    for database, subjects in ((CASME2, _names(CASME2, 5)), (SAMM, _names(SAMM, 3))):
        for subject in subjects:
            classes = _shuffled(CLASSES * 2, seed, database, subject)
            table += _clips_of(database, subject, classes, seed, QUICK)
    return table


def paper_shape(seed: int) -> list[Clip]:
    """Return 253 clips: those of each class that each subject has in MEGC 2018, with durations as annotated."""
    return [clip for database in (CASME2, SAMM) for clip in paper_database(database, seed, REALISTIC)]


def paper_database(database: str, seed: int, duration: Duration) -> list[Clip]:
    """Return the clips of one of the two databases of ``paper_shape``."""
    table = []
    for subject, counts in _counted(database).items():
        classes = [name for name, count in counts.items() for _ in range(count)]
        table += _clips_of(database, subject, _shuffled(classes, seed, database, subject), seed, duration)
    return table


def balanced_database(database: str, n_subjects: int, n_clips: int, seed: int, duration: Duration) -> list[Clip]:
    """Return ``n_clips`` clips of each of ``n_subjects``, with equally many of each class, give or take one."""
    n_all = n_subjects * n_clips
    remaining = iter(_shuffled([CLASSES[i % len(CLASSES)] for i in range(n_all)], seed, database))
    table = []
    for subject in _names(database, n_subjects):
        table += _clips_of(database, subject, list(islice(remaining, n_clips)), seed, duration)
    return table


SHEETS = {"default": default_sheet, "paper": paper_shape}


def _counted(database: str) -> megc2018.Counts:
    return megc2018.counts(database.removeprefix("syn"))


def _names(database: str, count: int) -> list[str]:
    """Return the names of subjects: CASME II numbers them on, SAMM has gaps up to 37."""
    if database == CASME2:
        return [f"sub{number:02d}" for number in range(1, count + 1)]
    names = list(_counted(SAMM))
    return names[:count] + [f"{int(names[-1]) + i:03d}" for i in range(1, count - len(names) + 1)]


def _shuffled(values: Iterable[str], *owner: object) -> list[str]:
    values = list(values)
    return [values[i] for i in seeds.generator(*owner, "classes").permutation(len(values))]


def _clips_of(database: str, name: str, classes: list[str], seed: int, duration: Duration) -> list[Clip]:
    """Return a subject's clips. No class has a part in their times."""
    subject = f"{database}-{name}"
    rng = seeds.generator(seed, subject, "times")
    table = []
    for i, objective_class in enumerate(classes):
        stimulus, number = i // _CLIPS_A_STIMULUS + 1, i % _CLIPS_A_STIMULUS + 1
        clip = f"EP{stimulus:02d}_{number:02d}" if database == CASME2 else f"{name}_{stimulus}_{number}"
        onset = draw(rng, _ONSETS[database])
        rise, fall = duration.draw(rng, samm=database == SAMM)
        apex, offset = onset + rise, onset + rise + fall
        frames = f"data/synthetic/{subject}/{clip}"
        table.append(Clip(database, subject, clip, onset, apex, offset, objective_class, frames, "synthetic"))
    return table


def main(args: argparse.Namespace) -> None:
    """Write the table."""
    with stage.replacing(args.table) as partial:
        clips.write(SHEETS[args.sheet](args.seed), partial)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("sheet", choices=list(SHEETS))
    parser.add_argument("table", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    stage.run(main, parser)
