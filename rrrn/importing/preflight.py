"""Frames on disk against the table, before anything is computed from them: every frame of every clip is decoded."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from rrrn import frames
from rrrn.stage import InputError


def check(clips: Sequence[Sequence[Path]], jobs: int) -> list[str]:
    """Return for each clip what is wrong with its image files, or nothing: damaged ones, and several sizes.

    Decodes in ``jobs`` threads, with a progress bar where there is a terminal.
    """
    with (
        ThreadPoolExecutor(jobs) as pool,
        tqdm(total=sum(map(len, clips)), desc="frames", unit="", disable=None, leave=False) as bar,
    ):

        def checked(paths: Sequence[Path]) -> str:
            problem = _check_clip(paths)
            bar.update(len(paths))
            return problem

        return list(pool.map(checked, clips))


def _check_clip(paths: Sequence[Path]) -> str:
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
        sizes = ", ".join(f"{path.name} {shape[1]}x{shape[0]} {colours[shape[2]]}" for shape, path in shapes.items())
        return f"the frames have different sizes or colours ({sizes}); copy the clip again from the database"
    return ""
