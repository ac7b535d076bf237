"""Where progress is shown: one line written anew on a terminal; elsewhere few lines, and no control characters."""

import os
from typing import TextIO

_CLEAR = "\r\x1b[K"
_UP = "\x1b[1A\r"
_USUAL = 80  # columns of a terminal that does not tell
_STEPS = 10  # lines of progress where no line can be written anew, the first for none done


class Screen:
    """A terminal, or a pipe or file."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._line = ""
        self._step = -1

    def show(self, line: str, share: float) -> None:
        """Show a line of progress; but on a terminal only when ``share``, 0 to 1, has come to the next tenth."""
        if self.live:
            self._draw(line)
        elif self._step < int(share * _STEPS) < _STEPS:
            self._step = int(share * _STEPS)
            self._write(f"{line}\n")

    def say(self, text: str) -> None:
        """Print what stays, above the line of progress."""
        line, self._line = self._line, ""
        self._write((f"{_CLEAR}\n{_CLEAR}{_UP}" if line else "") + f"{text}\n")
        if line:
            self._draw(line)

    def end(self) -> None:
        """Take the line of progress away."""
        if self._line:
            self._write(f"{_CLEAR}\n{_CLEAR}{_UP}")
        self._line = ""

    def _draw(self, line: str) -> None:
        # The cursor rests on an empty line above: jobs write to the terminal, too, and theirs must not be mixed with
        # this. What they wrote has moved the cursor on to the old line of progress, which is cleared.
        self._line = line[: self._columns() - 1]
        self._write(f"{_CLEAR}\n{_CLEAR}{self._line}{_UP}")

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or _USUAL
        except (OSError, ValueError):
            return _USUAL

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
