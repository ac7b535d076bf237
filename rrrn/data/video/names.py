"""Which files are videos by their name. What they are is judged by their content, when they are opened."""

from pathlib import Path

WRITTEN = (".mp4", ".mov", ".mkv", ".avi")
OTHERS = (".3gp", ".dv", ".flv", ".gif", ".m2ts", ".m4v", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob",
          ".webm", ".wmv")  # fmt: skip


def is_video(path: Path) -> bool:
    """Whether a file's suffix is one that videos have."""
    return path.suffix.lower() in (*WRITTEN, *OTHERS)
