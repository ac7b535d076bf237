"""The working directory of an installed package: what ``rrrn init`` put into it, and what its jobs import."""

import shlex
from contextlib import suppress
from pathlib import Path

from rrrn.running import resources, stage


def own(name: str) -> Path | None:
    """Return where the working directory has a file or folder of its own in the place of the installation's, if so.

    It is a directory of rrrn if its Snakefile names the package, as the one of ``rrrn init`` does: another project's
    ``config.yaml`` is none of ours.
    """
    snakefile, found = Path("Snakefile"), Path(name)
    if not (found.exists() and snakefile.is_file() and b"rrrn" in snakefile.read_bytes()):
        return None
    return found


def path(name: str) -> Path:
    """Return where a file or folder is that users change: in the working directory, else where it is installed."""
    return own(name) or resources.path(name)


def importable(state: Path) -> Path:
    """Return a folder for Python's path from which rrrn is imported and no other package.

    Of a checkout it is the checkout. Beside an installed package stand those of its environment, which would hide the
    packages of a job's own: then it is a folder below ``state`` with a link to the package, made if it can be.
    """
    if _is_checkout():
        return resources.HOME
    package, link = resources.HOME / "rrrn", state.absolute() / "code/rrrn"
    if not (link.is_symlink() and link.readlink() == package):
        with suppress(OSError), stage.replacing(link) as partial:  # a run says itself that it cannot write here
            partial.symlink_to(package)
    return link.parent


def snakemake() -> str:
    """Return how Snakemake is called, for messages: in a checkout it is in the environment of ``make demo``."""
    return ".venv/bin/snakemake" if _is_checkout() else "snakemake"


def installing() -> str:
    """Return the command that installs the tested libraries, for messages."""
    return f"pip install -r {shlex.quote(str(resources.path('requirements.txt')))}"


def _is_checkout() -> bool:
    return resources.path("Snakefile").parent == resources.HOME
