"""Draw the clip table of a synthetic experiment: python -m rrrn.synthetic.sheet default data/clips.csv."""

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from rrrn import clips, seeds, stage
from rrrn.clips import Clip

CLASSES = ("I", "II", "III", "IV", "V")
CASME2, SAMM = "syncasme2", "synsamm"

# Clips of each class in the two databases of MEGC 2018 (arXiv 2107.05904, Table II).
_CASME2_COUNTS = (25, 15, 99, 26, 20)
_SAMM_COUNTS = (24, 13, 20, 8, 3)
# Clips of each subject: SAMM's are the published ones; of CASME II only number and sum of subjects are published.
_CASME2_SUBJECTS = (6, 10, 5, 4, 13, 4, 7, 2, 10, 10, 7, 9, 6, 3, 2, 3, 26, 2, 11, 8, 1, 2, 9, 7, 5, 13)
_SAMM_SUBJECTS = {
    "006": 10, "007": 4, "009": 1, "011": 12, "012": 1, "014": 8, "015": 2, "016": 4, "018": 2, "019": 1, "020": 1,
    "021": 2, "022": 2, "026": 3, "028": 2, "030": 3, "032": 3, "033": 2, "035": 3, "036": 1, "037": 1,
}  # fmt: skip
_ONSETS = {CASME2: (10, 120), SAMM: (800, 9000)}  # SAMM counts frames from the start of a long recording
_CLIPS_A_STIMULUS = 5

Range = tuple[int, int]  # both ends included


def default_sheet(seed: int) -> list[Clip]:
    """Return 80 short clips: 5 subjects after CASME II and 3 after SAMM, each with two clips of every class."""
    table = []
    for database, subjects in ((CASME2, _casme2_names(5)), (SAMM, list(_SAMM_SUBJECTS)[:3])):
        for subject in subjects:
            classes = _shuffled(CLASSES * 2, seed, database, subject)
            table += _clips_of(database, subject, classes, seed, rise=(8, 11), fall=(8, 11))
    return table


def paper_shape(seed: int) -> list[Clip]:
    """Return 253 clips with the subjects and class counts of the paper's Table II, and with realistic durations."""
    table = []
    for database, counts, sizes in (
        (CASME2, _CASME2_COUNTS, dict(zip(_casme2_names(26), _CASME2_SUBJECTS, strict=True))),
        (SAMM, _SAMM_COUNTS, _SAMM_SUBJECTS),
    ):
        every = [name for name, count in zip(CLASSES, counts, strict=True) for _ in range(count)]
        remaining = _shuffled(every, seed, database)
        for subject, size in sizes.items():
            classes, remaining = remaining[:size], remaining[size:]
            table += _clips_of(database, subject, classes, seed, rise=(8, 21), fall=(8, 23))
    return table


SHEETS = {"default": default_sheet, "paper": paper_shape}


def _casme2_names(count: int) -> list[str]:
    return [f"sub{number:02d}" for number in range(1, count + 1)]


def _shuffled(values: Iterable[str], *owner: object) -> list[str]:
    values = list(values)
    return [values[i] for i in seeds.generator(*owner, "classes").permutation(len(values))]


def _clips_of(database: str, name: str, classes: list[str], seed: int, rise: Range, fall: Range) -> list[Clip]:
    """Return a subject's clips. Their times are drawn from ranges that no class has a part in."""
    subject = f"{database}-{name}"
    rng = seeds.generator(seed, subject, "times")
    table = []
    for i, objective_class in enumerate(classes):
        stimulus, number = i // _CLIPS_A_STIMULUS + 1, i % _CLIPS_A_STIMULUS + 1
        clip = f"EP{stimulus:02d}_{number:02d}" if database == CASME2 else f"{name}_{stimulus}_{number}"
        onset = _draw(rng, _ONSETS[database])
        apex = onset + _draw(rng, rise)
        offset = apex + _draw(rng, fall)
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
