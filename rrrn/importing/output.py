"""What an import writes: the clip table with columns for the origin of each number, and a configuration to lay over."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from rrrn.data import clips
from rrrn.data.clips import Clip
from rrrn.running import stage, workplace

COLUMNS = (*clips.COLUMNS, clips.DIGEST, *clips.ORIGIN)
HEAD = "# Written by rrrn import"  # of the configuration


@dataclass(frozen=True)
class Imported:
    """A row of the table that is written: the clip, and by column where its numbers come from.

    ``unused`` says in words what lies in its folder beside the frames from onset to offset.
    """

    clip: Clip
    origin: dict[str, str]
    unused: str = ""

    def with_digest(self, digest: str) -> "Imported":
        """Return the row with what was computed of its clip's frames."""
        return replace(self, clip=replace(self.clip, frames_digest=digest))


def write_table(rows: Sequence[Imported], path: Path) -> None:
    """Write the clip table; ``clips.read`` ignores the columns of origin."""
    with stage.replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(vars(row.clip) | row.origin for row in rows)


def write_overlay(rows: Sequence[Imported], classes: Sequence[str], cropped: bool, table: Path, path: Path) -> None:
    """Write the configuration that runs the workflow on ``table``: its path, classes, and databases of Table III."""
    overlay: dict[str, object] = {"clips": str(table), "classes": list(classes)}
    databases = list(dict.fromkeys(row.clip.database for row in rows))
    if len(databases) > 1:
        overlay["protocol"] = {"holdout": databases[:2]}
    if cropped:
        overlay["faces"] = {"no_face": "full_image"}  # a face that fills its image is often not found
    with stage.replacing(path) as partial:
        head = f"{HEAD}. Run: {workplace.snakemake()} --cores 8 --configfile {path} -- all\n"
        partial.write_text(head + yaml.safe_dump(overlay, sort_keys=False, allow_unicode=True), encoding="utf-8")
