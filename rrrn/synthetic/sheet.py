"""Draw the clip table of a synthetic experiment: python -m rrrn.synthetic.sheet default data/clips.csv."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from rrrn import clips, seeds, stage
from rrrn.clips import Clip

CLASSES = ("I", "II", "III", "IV", "V")
CASME2, SAMM = "syncasme2", "synsamm"

# Clips of each class in the two databases of MEGC 2018 (arXiv 2107.05904, Table II).
_COUNTS = {CASME2: (25, 15, 99, 26, 20), SAMM: (24, 13, 20, 8, 3)}
# Clips of each subject: SAMM's are the published ones; of CASME II only number and sum of subjects are published.
_CASME2_SUBJECTS = (6, 10, 5, 4, 13, 4, 7, 2, 10, 10, 7, 9, 6, 3, 2, 3, 26, 2, 11, 8, 1, 2, 9, 7, 5, 13)
_SAMM_SUBJECTS = {
    "006": 10, "007": 4, "009": 1, "011": 12, "012": 1, "014": 8, "015": 2, "016": 4, "018": 2, "019": 1, "020": 1,
    "021": 2, "022": 2, "026": 3, "028": 2, "030": 3, "032": 3, "033": 2, "035": 3, "036": 1, "037": 1,
}  # fmt: skip
_ONSETS = {CASME2: (10, 120), SAMM: (800, 9000)}  # SAMM counts frames from the start of a long recording
_CLIPS_A_STIMULUS = 5

Range = tuple[int, int]  # both ends included


@dataclass(frozen=True)
class Duration:
    """How many frames clips have from onset to apex, and from apex to offset."""

    rise: Range
    fall: Range


BRIEF = Duration(rise=(4, 6), fall=(4, 6))  # for tests
QUICK = Duration(rise=(8, 11), fall=(8, 11))  # for a default experiment that takes minutes
REALISTIC = Duration(rise=(14, 46), fall=(26, 54))  # 0.2 to 0.5 s at 200 frames a second


def default_sheet(seed: int) -> list[Clip]:
    """Return 80 short clips: 5 subjects after CASME II and 3 after SAMM, each with two clips of every class."""
    table = []
    for database, subjects in ((CASME2, _names(CASME2, 5)), (SAMM, _names(SAMM, 3))):
        for subject in subjects:
            classes = _shuffled(CLASSES * 2, seed, database, subject)
            table += _clips_of(database, subject, classes, seed, QUICK)
    return table


def paper_shape(seed: int) -> list[Clip]:
    """Return 253 clips with the subjects and class counts of the paper's Table II, and with realistic durations."""
    return [clip for database in (CASME2, SAMM) for clip in paper_database(database, seed, REALISTIC)]


def paper_database(database: str, seed: int, duration: Duration) -> list[Clip]:
    """Return the clips of one of the two databases of ``paper_shape``."""
    sizes = _SAMM_SUBJECTS if database == SAMM else dict(zip(_names(CASME2, 26), _CASME2_SUBJECTS, strict=True))
    classes = [name for name, count in zip(CLASSES, _COUNTS[database], strict=True) for _ in range(count)]
    return _database(database, sizes, classes, seed, duration)


def balanced_database(database: str, n_subjects: int, n_clips: int, seed: int, duration: Duration) -> list[Clip]:
    """Return ``n_clips`` clips of each of ``n_subjects``, with equally many of each class, give or take one."""
    n_all = n_subjects * n_clips
    classes = [CLASSES[i % len(CLASSES)] for i in range(n_all)]
    return _database(database, dict.fromkeys(_names(database, n_subjects), n_clips), classes, seed, duration)


SHEETS = {"default": default_sheet, "paper": paper_shape}


def _database(
    database: str, sizes: Mapping[str, int], classes: Sequence[str], seed: int, duration: Duration
) -> list[Clip]:
    """Deal ``classes`` to the subjects of ``sizes`` by chance."""
    remaining = iter(_shuffled(classes, seed, database))
    table = []
    for subject, size in sizes.items():
        table += _clips_of(database, subject, list(islice(remaining, size)), seed, duration)
    return table


def _names(database: str, count: int) -> list[str]:
    if database == CASME2:
        return [f"sub{number:02d}" for number in range(1, count + 1)]
    names = list(_SAMM_SUBJECTS)
    return names[:count] + [f"{int(names[-1]) + i:03d}" for i in range(1, count - len(names) + 1)]


def _shuffled(values: Iterable[str], *owner: object) -> list[str]:
    values = list(values)
    return [values[i] for i in seeds.generator(*owner, "classes").permutation(len(values))]


def _clips_of(database: str, name: str, classes: list[str], seed: int, duration: Duration) -> list[Clip]:
    """Return a subject's clips. Their times are drawn from ranges that no class has a part in."""
    subject = f"{database}-{name}"
    rng = seeds.generator(seed, subject, "times")
    table = []
    for i, objective_class in enumerate(classes):
        stimulus, number = i // _CLIPS_A_STIMULUS + 1, i % _CLIPS_A_STIMULUS + 1
        clip = f"EP{stimulus:02d}_{number:02d}" if database == CASME2 else f"{name}_{stimulus}_{number}"
        onset = _draw(rng, _ONSETS[database])
        apex = onset + _draw(rng, duration.rise)
        offset = apex + _draw(rng, duration.fall)
        frames = f"data/synthetic/{subject}/{clip}"
        table.append(Clip(database, subject, clip, onset, apex, offset, objective_class, frames, "synthetic"))
    return table


def _draw(rng: np.random.Generator, limits: Range) -> int:
    return int(rng.integers(limits[0], limits[1], endpoint=True))


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
