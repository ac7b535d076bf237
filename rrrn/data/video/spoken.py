"""What FFmpeg says while it works: its errors are the only sign of a picture that it has made up."""

from collections.abc import Iterator
from contextlib import contextmanager

import av
import av.logging


@contextmanager
def listening(errors: list[str]) -> Iterator[None]:
    """Add what FFmpeg logs in this thread as an error to ``errors``, and what it raises, once, in place of the raising.

    It decodes in this thread only: what is logged in others is not heard.
    """
    before, repeats = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)  # of one file's error and the next one's, too
    try:
        with av.logging.Capture() as logs:
            try:
                yield
            except av.FFmpegError as error:
                logs.append((av.logging.ERROR, "", error.strerror or type(error).__name__))
    finally:
        av.logging.set_level(before)
        av.logging.set_skip_repeated(repeats)
        errors += [" ".join(text.split()) for level, _, text in logs if level <= av.logging.ERROR]
