"""Copies of the project in scratch folders, bare or with the toy's clip table, and the real workflow in them."""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import warm_python

from rrrn.provenance import sources

HOME = Path(__file__).resolve().parents[1]
PARTS = [
    "Snakefile",
    "config.yaml",
    "config/paper.yaml",
    "rrrn",
    "snakemake_logger_plugin_rrrn",
    "workflow",
    "data/paper",
    "envs",
]
# without PYTHONDONTWRITEBYTECODE: every process would compile the package again
SET_ASIDE = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in SET_ASIDE}
CONFIG = ["--configfile", "tests/config.yaml"]
HANGS = 24 * 3600  # seconds, the only limit of a test's time: what takes as long never ends


def bare(root: Path, *more: str) -> Path:
    """A copy of what a user has, without clips; ``more`` are further files of the project."""
    for part in (*PARTS, *more):
        (root / part).parent.mkdir(parents=True, exist_ok=True)
        if (HOME / part).is_dir():
            shutil.copytree(HOME / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(HOME / part, root / part)
    return root


def copy(root: Path, *methods: str) -> Path:
    """A copy with the toy's clip table and configuration and, unless others are named, two of the six methods."""
    bare(root, "tests/config.yaml", "tests/clips.csv")
    with (root / "tests/config.yaml").open("a") as file:
        file.write(f"methods: [{', '.join(methods or ('lbp_top', 'rrrn'))}]\n")
    return root


def with_machine_code(root: Path) -> Path:
    """Let a copy load what this checkout's optical flow is compiled to: numba keeps it by the folder of the source."""
    from numba.core.caching import UserProvidedCacheLocator  # when the number of threads is set

    from rrrn.flow.numba import compiled, level

    place = compiled.directory()
    if place is not None:
        level.solver()
        sources_of = (str(top / Path(level.__file__).relative_to(HOME)) for top in (HOME, root))
        own, its = (place / UserProvidedCacheLocator.get_suitable_cache_subpath(source) for source in sources_of)
        if own.is_dir():
            shutil.copytree(own, its, dirs_exist_ok=True)
    return root


def twin(done: Path, root: Path) -> Path:
    """A copy of a run, whose frames and results are links: stages replace files, and never write into one."""
    for part in ("results", "data/synthetic"):
        shutil.copytree(done / part, root / part, copy_function=os.link)
    for folder in (done, done / "data"):
        others = [path for path in folder.iterdir() if path.name not in ("results", "data", "synthetic")]
        # a fifth of what shutil takes
        subprocess.run(["cp", "-RPp", *others, root / folder.relative_to(done)], check=True)
    return root


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "snakemake", "--scheduler", "greedy", *arguments]


@cache
def code_read() -> str:
    """What a first run leaves behind for later ones: what the files of the code compute, by their bytes."""
    modules = [".".join(path.relative_to(HOME).with_suffix("").parts) for path in HOME.glob("rrrn/**/*.py")]
    sources.current(*(name.removesuffix(".__init__") for name in modules))
    with TemporaryDirectory() as folder:
        sources.remember(Path(folder))
        return (Path(folder) / "code.json").read_text()


def knowing(folder: Path) -> Path:
    """Let the first run in a folder find that, which is half of what a dry run takes."""
    known = folder / sources.STATE / "code.json"
    if not known.exists():
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text(code_read())
    return folder


def snakemake(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    knowing(root)
    words = [str(warm_python.python()), *command(*arguments)[1:]]
    return subprocess.run(words, cwd=root, env=ENVIRONMENT | variables, capture_output=True, text=True)


def planned(root: Path, **variables: str) -> dict[str, int]:
    """How many jobs of each rule a run would start."""
    done = snakemake(root, "--dry-run", "--quiet", "rules", *CONFIG, "--", "all", **variables)
    assert done.returncode == 0, done.stderr
    table = re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.M)
    return {rule: int(count) for rule, count in table if rule not in ("all", "total")}


def distribution(folder: Path, name: str, version: str) -> Path:
    """A folder for Python's path in which a distribution seems to be installed."""
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return folder


def results(root: Path) -> dict[str, bytes]:
    """All predictions and tables, by path."""
    paths = [*root.glob("results/predictions/**/*.csv"), *root.glob("results/*.csv")]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def begin(root: Path, done: Path, *patterns: str) -> None:
    """Take files of the toy run that are what another run would make, with the frames: Snakemake knows nothing of them.

    Whoever begins so need not draw, find faces and solve flow again. Files of other settings would stop the run.
    """
    for pattern in patterns:
        found = list(done.glob(pattern))
        assert found, pattern
        for path in found:
            target = root / path.relative_to(done)
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if path.is_dir() else shutil.copy2)(path, target)
