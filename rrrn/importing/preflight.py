"""Frames on disk against the table, before anything is computed from them: every frame of every clip is decoded."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from rrrn.data import frames, listing
from rrrn.running.stage import InputError


@dataclass(frozen=True)
class Checked:
    """What is wrong with the image files of a clip, or nothing, and then their digest."""

    problem: str
    digest: str


def check(clips: Sequence[Mapping[int, Path]], jobs: int) -> list[Checked]:
    """Return for each clip, {frame number: image file}, whether files are damaged or of several sizes.

    Decodes in ``jobs`` threads, with a progress bar where there is a terminal.
    """
    with (
        ThreadPoolExecutor(jobs) as pool,
        tqdm(total=sum(map(len, clips)), desc="frames", unit="", disable=None, leave=False) as bar,
    ):

        def checked(images: Mapping[int, Path]) -> Checked:
            problem = _check_clip(images.values())
            digest = "" if problem else listing.digest(images)
            bar.update(len(images))
            return Checked(problem, digest)

        return list(pool.map(checked, clips))


def _check_clip(paths: Iterable[Path]) -> str:
    shapes: dict[tuple[int, ...], Path] = {}
    damaged = []
    for path in paths:
        if not path.is_file():  # opening a pipe would wait for ever
            damaged.append(f"{path}: is not a file, or a link to nothing; copy the frame again from the database")
            continue
        try:
            shapes.setdefault(frames.read(path).shape, path)
        except InputError as error:
            damaged.append(str(error))
    if damaged:
        return damaged[0] + (f" ({len(damaged) - 1} more frames of this clip are damaged)" if damaged[1:] else "")
    if len(shapes) > 1:
        colours = {1: "gray", 3: "colour"}
        named = [f"{path.name} {shape[1]}x{shape[0]} {colours[shape[2]]}" for shape, path in shapes.items()]
        sizes = ", ".join(named[:4]) + " and more" * bool(named[4:])
        return f"the frames have different sizes or colours ({sizes}); copy the clip again from the database"
    return ""
