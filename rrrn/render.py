"""Render: draw the synthetic clips of one subject as image files, as a camera would leave them.

The truth about them (landmarks, flow, action units) is written beside the clips' folders in ``truth.h5``.
"""

import argparse
import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rrrn import clips, stage, store
from rrrn.synthetic import action_units, layouts
from rrrn.synthetic import face as faces
from rrrn.synthetic.clip import SyntheticClip
from rrrn.synthetic.layouts import Layout
from rrrn.synthetic.presets import PRESETS

TRUTH = "truth.h5"
_JPEG_QUALITY = 95


def render_subject(table: list[clips.Clip], subject: str, folder: Path, settings: dict[str, Any]) -> int:
    """Write all clips of ``subject`` in ``table`` under ``folder``, one folder a clip; return the number of frames.

    ``settings`` has ``seed``, ``preset`` and ``scale``. Raises InputError for a subject that is not in the table or
    not synthetic, and for settings or classes that the renderer does not know.
    """
    rows = _checked(clips.of_subject(table, subject), subject)
    seed, scale = int(settings["seed"]), float(settings["scale"])
    if settings["preset"] not in PRESETS:
        raise stage.InputError(f"synthetic.preset {settings['preset']!r} is none of {', '.join(PRESETS)}")
    preset = PRESETS[settings["preset"]]
    layout = layouts.of_database(rows[0].database)
    face = faces.paint(seed, subject, layout.eye_distance, scale)
    n_frames = 0
    folder.mkdir(parents=True)
    with store.create(folder / TRUTH) as truth:
        for row in rows:
            clip = SyntheticClip(face, row, layout, preset, seed, scale)
            write_frames(clip, row, layout, folder / row.clip)
            _put_truth(truth.create_group(row.clip), clip, row)
            n_frames += len(clip.numbers)
    return n_frames


def write_frames(clip: SyntheticClip, row: clips.Clip, layout: Layout, folder: Path) -> None:
    """Write each frame of a clip as a JPEG file in a new ``folder``."""
    folder.mkdir()
    for number in clip.numbers.tolist():
        done, code = cv2.imencode(".jpg", clip.render(number), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        if not done:
            raise RuntimeError(f"{folder}: frame {number} cannot be encoded")
        (folder / layout.file_name(row.subject, number)).write_bytes(code.tobytes())


def _put_truth(group: Any, clip: SyntheticClip, row: clips.Clip) -> None:
    group.attrs["objective_class"] = row.objective_class
    store.put(group, "numbers", clip.numbers, chunk_axes=0)
    landmarks = np.stack([clip.landmarks(number) for number in clip.numbers.tolist()])
    store.put(group, "landmarks", landmarks.astype(np.float32), chunk_axes=0)
    store.put_names(group, "aus", [activation.au for activation in clip.expression])
    store.put(group, "intensities", clip.intensities, chunk_axes=0)
    store.put(group, "flow", clip.flow(row.onset, row.apex).astype(np.float16), compress=True)


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


def main(args: argparse.Namespace) -> None:
    """Render one subject of the clip table."""
    cv2.setNumThreads(1)
    with stage.replacing(args.folder) as partial:
        n_frames = render_subject(clips.read(args.clips), args.subject, partial, args.settings["synthetic"])
    logging.info("%s: %d frames", args.subject, n_frames)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("folder", type=Path, help="receives a folder for each clip, and truth.h5")
    parser.add_argument("--clips", type=Path, required=True, help="the clip table")
    parser.add_argument("--subject", required=True)
    stage.run(main, parser)
