"""Where an occluded clip goes: checked before any work, written aside, and put in place whole."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rrrn.data import pictures
from rrrn.data.video import names
from rrrn.data.video.encode import encode
from rrrn.running import writable
from rrrn.running.stage import InputError

_FRAMES, _PREVIEW, _FACTS = "frames", "preview.png", "facts.json"


@dataclass(frozen=True)
class Output:
    """The folder of frames or the video ``out``, and what lies beside it."""

    out: Path

    @property
    def facts(self) -> Path:
        return self.out.with_name(f"{self.out.name}.json")

    @property
    def preview(self) -> Path:
        return self.out.with_name(f"{self.out.name}_preview.png")

    @property
    def partial(self) -> Path:
        """The folder that everything is written in, until it is whole."""
        return self.out.with_name(f"{self.out.name}.partial")

    @property
    def is_video(self) -> bool:
        return self.out.suffix.lower() in names.WRITTEN

    def check(self, with_preview: bool) -> None:
        """Raise InputError if this cannot be written, or would replace something."""
        out = self.out
        if out.name in ("", ".."):
            raise InputError(f"{out}: name the new folder or the video itself")
        if out.suffix.lower() in names.OTHERS:
            known = ", ".join(names.WRITTEN)
            raise InputError(f"{out}: such videos are not written; name a folder, or a video: {known}")
        for path in (out, self.facts, *([self.preview] if with_preview else [])):
            empty = path == out and not self.is_video and path.is_dir() and not any(path.iterdir())
            if (path.exists() or path.is_symlink()) and not empty:
                full = " and is not an empty folder" if path == out else ""
                raise InputError(f"{path}: exists{full}; name another OUT, or remove it")
        writable.check_place(out)
        if self._is_anothers():
            raise InputError(f"{self.partial}: is the place for unfinished output and holds something else; move it")

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Give the methods below their folder; what a killed run left in it goes first, and it goes at the end."""
        self._remove()
        try:
            self.partial.mkdir(parents=True)
            yield
        finally:
            self._remove()

    def write_clip(self, frames: Iterable[np.ndarray], numbers: Sequence[int], rate: float) -> None:
        """Write each frame, uint8 (H, W, C), as it comes."""
        if self.is_video:
            encode(frames, self._clip, rate)
            return
        self._clip.mkdir()
        for number, frame in zip(numbers, frames, strict=True):
            pictures.save(frame, self._clip / f"{number:05d}.png", noisy=True)

    def write_preview(self, sheet: np.ndarray) -> None:
        pictures.save(sheet, self.partial / _PREVIEW)

    def write_facts(self, facts: Mapping[str, Any]) -> None:
        (self.partial / _FACTS).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")

    def put_in_place(self) -> None:
        """Rename what was written: the facts last, so that they tell of what is there."""
        for part, path in ((self._clip, self.out), (self.partial / _PREVIEW, self.preview)):
            if part.exists():
                part.replace(path)
        (self.partial / _FACTS).replace(self.facts)

    @property
    def _clip(self) -> Path:
        return self.partial / (f"video{self.out.suffix.lower()}" if self.is_video else _FRAMES)

    def _is_anothers(self) -> bool:
        """Whether the temporary name is taken by what no run of this command can have left."""
        if not self.partial.is_dir() or self.partial.is_symlink():
            return self.partial.exists() or self.partial.is_symlink()
        ours = {_FRAMES, _PREVIEW, _FACTS, *(f"video{suffix}" for suffix in names.WRITTEN)}
        return not {path.name for path in self.partial.iterdir()} <= ours

    def _remove(self) -> None:
        if self.partial.is_dir():
            shutil.rmtree(self.partial)
