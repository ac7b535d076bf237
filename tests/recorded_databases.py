"""Small databases in the layouts of CASME II and SAMM, for tests of the importer: tiny images, real spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import openpyxl
from PIL import Image

from rrrn.experiment import seeds

CODING = (
    "Subject",
    "Filename",
    None,
    "OnsetFrame",
    "ApexFrame",
    "OffsetFrame",
    None,
    "Action Units",
    "Estimated Emotion",
)
CLASSES = ("Subject", "Filename", "Objective Class")
SAMM = (
    "Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration", "Micro",
    "Action Units", "Estimated Emotion", "Objective Classes", "Notes",
)  # fmt: skip


def workbook(path: Path, rows: Iterable[Iterable[object]], title: str = "Sheet1") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def images(folder: Path, numbers: Iterable[int], name: str = "img{}.jpg", size: tuple[int, int] = (8, 6)) -> Path:
    """Write gray noise that belongs to the frame and the folder's last two names: no two recordings are alike."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        noise = seeds.generator(*folder.parts[-2:], number).integers(0, 256, size[::-1], np.uint8)
        Image.fromarray(noise).save(folder / name.format(number))
    return folder


def filmed(folder: Path, onset: object, offset: object, name: str) -> None:
    """Write the frames from onset to offset, if both are numbers."""
    if isinstance(onset, int) and isinstance(offset, int):
        images(folder, range(onset, offset + 1), name)


@dataclass
class Casme2:
    """Clips (subject cell, clip, onset, apex, offset, action units, class), and what is written of them."""

    root: Path
    clips: list[list[object]] = field(
        default_factory=lambda: [
            [1, "EP01_01", 46, 50, 54, "4", 3],
            [1, "EP01_02", 10, 12, 15, "12", 1],
            [2, "EP03_04f", 100, 104, 108, "1+2", 2],
        ]
    )
    tree: str = "CASME2_RAW_selected/CASME2_RAW_selected"
    frame: str = "img{}.jpg"
    coding: str = "CASME2-coding-20140508.xlsx"
    header: tuple[object, ...] = CODING
    class_header: tuple[object, ...] = CLASSES
    extra_coding: list[list[object]] = field(default_factory=list)
    extra_classes: list[list[object]] = field(default_factory=list)

    def sheets(self) -> Casme2:
        rows = [[s, c, None, on, apex, off, None, au, "others"] for s, c, on, apex, off, au, _ in self.clips]
        workbook(self.root / self.coding, [self.header, *rows, *self.extra_coding])
        classes = [[s, c, name] for s, c, *_, name in self.clips]
        workbook(self.root / "CASME2-ObjectiveClasses.xlsx", [self.class_header, *classes, *self.extra_classes])
        return self

    def folder(self, index: int) -> Path:
        subject, clip = self.clips[index][:2]
        return self.root / self.tree / f"sub{int(str(subject).removeprefix('sub')):02d}" / str(clip)

    def write(self) -> Casme2:
        return self.sheets_and_first(len(self.clips))

    def sheets_and_first(self, count: int) -> Casme2:
        """Write the sheets whole and the frames of the first clips only."""
        self.sheets()
        for index, (_, _, onset, _, offset, _, _) in enumerate(self.clips[:count]):
            filmed(self.folder(index), onset, offset, self.frame)
        return self


@dataclass
class Samm:
    """The same for SAMM: (subject cell, clip, onset, apex, offset, action units, class)."""

    root: Path
    clips: list[list[object]] = field(
        default_factory=lambda: [
            [6, "006_1_2", 5562, 5566, 5570, "4 + 7", 3],
            [7, "007_3_1", 90, 95, 99, "R12", 1],
        ]
    )
    preamble: int = 13
    header: tuple[object, ...] = SAMM
    frame: str = "{subject}_{{:05d}}.jpg"
    name: str = "SAMM_Micro_FACS_Codes_v2.xlsx"

    def folder(self, index: int) -> Path:
        subject, clip = self.clips[index][:2]
        return self.root / f"{int(str(subject)):03d}" / str(clip)

    def write(self) -> Samm:
        rows = [
            [s, c, 1, on, apex, off, None, "Micro - 1/2", au, "Anger", name, None]
            for s, c, on, apex, off, au, name in self.clips
        ]
        notes = [["Micro-movements of SAMM"] + [None] * 11 for _ in range(self.preamble)]
        workbook(self.root / self.name, [*notes, self.header, *rows])
        for index, (subject, _, onset, _, offset, _, _) in enumerate(self.clips):
            filmed(self.folder(index), onset, offset, self.frame.format(subject=f"{int(str(subject)):03d}"))
        return self
