"""Render: draw the synthetic clips of one subject as image files, as a camera would leave them.

The truth about them (landmarks, flow, action units, head motion) is written beside the clips' folders in ``truth.h5``.
"""

import argparse
import logging
from dataclasses import dataclass
from pathlib import Path

import cv2

from rrrn.data import clips, digested, identity, listing
from rrrn.provenance import asked
from rrrn.running import stage, typed
from rrrn.synthetic.databases import recording
from rrrn.synthetic.databases.recording import Camera
from rrrn.synthetic.painting import action_units
from rrrn.synthetic.painting.presets import Name

TRUTH = "truth.h5"


@dataclass(frozen=True)
class Settings:
    """The section ``synthetic``."""

    seed: int
    preset: Name
    scale: float


def render_subject(table: list[clips.Clip], subject: str, folder: Path, settings: Settings) -> int:
    """Write all clips of ``subject`` in ``table`` under ``folder``, one folder per clip; return the number of frames.

    Raises InputError for a subject that is not in the table or not synthetic, and for classes that the renderer does
    not know.
    """
    rows = _checked(clips.of_subject(table, subject), subject)
    camera = Camera(settings.seed, settings.preset, float(settings.scale))
    folder.mkdir(parents=True)
    recordings = [recording.whole(row, folder / row.clip) for row in rows]
    return recording.write_subject(recordings, folder / TRUTH, camera)


def _checked(rows: list[clips.Clip], subject: str) -> list[clips.Clip]:
    if not rows:
        raise stage.InputError(f"the clip table has no subject {subject}")
    for row in rows:
        name = f"clip {row.subject}/{row.clip}"
        if row.source != "synthetic":
            raise stage.InputError(f"{name} is {row.source}; only clips whose source is synthetic can be rendered")
        if row.objective_class not in action_units.CLASSES:
            raise stage.InputError(
                f"{name} has class {row.objective_class}; the renderer knows {', '.join(action_units.CLASSES)}"
            )
        if Path(row.frames).parts[-2:] != (subject, row.clip):
            raise stage.InputError(
                f"{name} is rendered into a folder {subject}/{row.clip}, but its frames are in {row.frames}"
            )
    return rows


def _digest(folder: Path, clip: clips.Clip) -> str:
    return listing.digest(listing.between(listing.listing(folder), clip.onset, clip.offset))


def main(args: argparse.Namespace) -> None:
    """Render one subject of the clip table."""
    cv2.setNumThreads(1)
    settings = typed.section(Settings, args.settings, "render")
    made = asked.asked(args)
    table = made.clips(args.clips)
    with stage.replacing(args.folder) as partial:
        n_frames = render_subject(table, args.subject, partial, settings)
        own = clips.of_subject(table, args.subject)
        digests = [[clip.clip, _digest(partial / clip.clip, clip)] for clip in own]
        digested.write(["clip", clips.DIGEST], digests, partial / identity.FRAMES, made.identity)
    logging.info("%s: %d frames", args.subject, n_frames)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("folder", type=Path, help="receives a folder for each clip, and truth.h5")
    parser.add_argument("--clips", type=Path, required=True, help="the clip table")
    parser.add_argument("--subject", required=True)
    stage.run(main, parser)
