"""Recordings of one subject: the frames of its clips as image files, and the truth about them as HDF5."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rrrn.data import store
from rrrn.data.clips import Clip
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.databases.durations import Range
from rrrn.synthetic.painting import face as faces
from rrrn.synthetic.painting import motion
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS, Name

STEP = 4  # pixels between the points of the stored motion
_ENCODING = {".jpg": [cv2.IMWRITE_JPEG_QUALITY, 95], ".png": [cv2.IMWRITE_PNG_COMPRESSION, 3]}


@dataclass(frozen=True)
class Camera:
    """How clips are drawn and stored: ``suffix`` is .jpg or .png.

    With ``dense`` the truth has the motion of every frame, else that of the apex only.
    """

    seed: int
    preset: Name
    scale: float
    suffix: str = ".jpg"
    dense: bool = False


@dataclass(frozen=True)
class Recording:
    """A clip to be drawn, and where: its first and last frame, those of them that get a file, the folder of these.

    ``digits`` is what a layout that pads pads frame numbers to; without ``truth`` nothing is told about the clip.
    """

    clip: Clip
    frames: Range
    kept: Range
    folder: Path
    digits: int = 5
    truth: bool = True


def whole(clip: Clip, folder: Path) -> Recording:
    """Return the recording of a clip with the few frames around it that are always drawn, in ``folder``."""
    numbers = motion.span(clip)
    frames = int(numbers[0]), int(numbers[-1])
    return Recording(clip, frames, frames, folder)


def write_subject(
    recordings: Sequence[Recording], truth: Path, camera: Camera, advance: Callable[[int], object] = lambda frames: None
) -> int:
    """Write the recordings of one subject, and the file ``truth``; return the number of frames drawn.

    ``advance`` is called with a number of frames whenever so many are done.
    """
    clip = recordings[0].clip
    layout = layouts.of_database(clip.database)
    face = faces.paint(camera.seed, clip.subject, layout.eye_distance, camera.scale)
    n_frames = 0
    with store.create(truth) as file:
        for recording in recordings:
            drawn = SyntheticClip(
                face,
                recording.clip,
                layout,
                PRESETS[camera.preset],
                camera.seed,
                camera.scale,
                recording=recording.frames,
            )
            _write_frames(drawn, recording, camera.suffix, advance)
            if recording.truth:
                _put_truth(file.create_group(recording.clip.clip), drawn, recording.clip, camera.dense)
            n_frames += len(drawn.numbers)
    return n_frames


def _write_frames(drawn: SyntheticClip, recording: Recording, suffix: str, advance: Callable[[int], object]) -> None:
    recording.folder.mkdir(parents=True)
    layout = layouts.of_database(recording.clip.database)
    first, last = recording.kept
    for number in drawn.numbers.tolist():
        if first <= number <= last:
            done, code = cv2.imencode(suffix, drawn.render(number), _ENCODING[suffix])
            if not done:
                raise RuntimeError(f"{recording.folder}: frame {number} cannot be encoded")
            name = layout.file_name(recording.clip.subject, number, recording.digits, suffix)
            (recording.folder / name).write_bytes(code.tobytes())
        advance(1)


def _put_truth(group: Any, drawn: SyntheticClip, clip: Clip, dense: bool) -> None:
    """Store what is true of a clip whatever a sheet says: T frames, A action units, 68 landmarks, pixels, IOD."""
    for name in ("onset", "apex", "offset", "objective_class"):
        group.attrs[name] = getattr(clip, name)
    numbers = drawn.numbers.tolist()
    store.put(group, "numbers", drawn.numbers, chunk_axes=0)
    landmarks = np.stack([drawn.landmarks(number) for number in numbers])
    store.put(group, "landmarks", landmarks.astype(np.float32), chunk_axes=0)
    store.put_names(group, "aus", [activation.au for activation in drawn.expression])
    store.put(group, "intensities", drawn.intensities, chunk_axes=0)
    store.put(group, "sides", np.array([a.sides for a in drawn.expression], np.float32), chunk_axes=0)
    store.put_names(group, "class_aus", [a.au for a in drawn.expression if a.of_class])
    store.put_names(group, "nuisance_aus", [a.au for a in drawn.expression if not a.of_class])
    store.put(group, "blink", drawn.blink.astype(np.float32), chunk_axes=0)
    for name, values in vars(drawn.head_motion).items():
        store.put(group, name, values.astype(np.float32), chunk_axes=0)
    store.put(group, "flow", drawn.flow(clip.onset, clip.apex).astype(np.float16), compress=True)
    if dense:
        motions = [drawn.flow(clip.onset, number, STEP).astype(np.float16) for number in numbers]
        store.put(group, "motion", np.stack(motions), compress=True)
