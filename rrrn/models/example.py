"""A small model of made-up numbers: to try ``rrrn predict`` before anything was trained."""

import contextlib
from pathlib import Path

from rrrn.benchmarking import example
from rrrn.data import clips
from rrrn.experiment import config as configuration
from rrrn.experiment import defaults
from rrrn.models import fit, saved


def model(folder: str | Path) -> Path:
    """Train RRRN on the flow of ``rrrn.benchmarking.example``, and return its file in the folder.

    It knows nothing of faces: what it says of one means nothing.
    """
    root = Path(folder)
    given = example.experiment(root)
    with contextlib.chdir(root):
        config = defaults.whole([], configuration.merge([given, {"train": {"checkpoint_minutes": 0}}]))
        table = clips.read(config["clips"])
        made = fit.fit(config, table, fit.wanted(config, table, "rrrn"), {"missing": "it learnt from made-up numbers"})
    saved.write(made, root / f"example{saved.SUFFIX}")
    return root / f"example{saved.SUFFIX}"
