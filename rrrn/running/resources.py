"""Where the files are that lie beside the package in a checkout and inside of it in a wheel."""

from pathlib import Path

from rrrn.running.stage import InputError

HOME = Path(__file__).resolve().parents[2]
_IN_A_WHEEL = HOME / "rrrn/share"  # pyproject.toml puts them there under the same names
_ROOT = _IN_A_WHEEL if _IN_A_WHEEL.is_dir() else HOME


def path(name: str) -> Path:
    """Return where a file or folder of the repository is; raises InputError if this installation lost it."""
    found = _ROOT / name
    if not found.exists():
        raise InputError(
            f"{found}: is not there, and belongs to rrrn; install it again: pip install --force-reinstall --no-deps, "
            "and the wheel or the folder that it came from"
        )
    return found
