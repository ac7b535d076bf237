"""The working directory that a model is tried on: its configuration, its clips, and what the workflow made there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rrrn.data.clips import Clip
from rrrn.experiment import methods, protocol
from rrrn.running import workplace
from rrrn.running.stage import InputError
from rrrn.tables.robustness import REFERENCE

KEPT = "benchmark"  # the folder in it that holds what is written


@dataclass(frozen=True)
class Database:
    """The working directory ``root``, its whole configuration and its clip table."""

    root: Path
    config: Mapping[str, Any]
    clips: Sequence[Clip]

    @property
    def classes(self) -> list[str]:
        """Return the class names in order."""
        return list(self.config["classes"])

    @property
    def tables(self) -> dict[str, list[str]]:
        """Return {table: its folds}, as the workflow has them."""
        return protocol.tables(self.config, self.clips)[0]

    @property
    def tasks(self) -> dict[str, str]:
        """Return {table: its task}."""
        return protocol.tables(self.config, self.clips)[1]

    @property
    def folds(self) -> list[str]:
        """Return all folds, each once."""
        return sorted({fold for names in self.tables.values() for fold in names})

    def packs(self) -> dict[str, Path]:
        """Return {condition: its pack}, of all conditions; raises InputError for one that is not there."""
        return self._there("results/pack/{}.h5")

    def features(self, descriptor: str) -> dict[str, Path]:
        """Return {condition: the features of a descriptor}; raises InputError for none, and for what is not there."""
        known = methods.names("descriptor")
        if descriptor not in known:
            raise InputError(f"features is {descriptor!r}; it must be a descriptor: {', '.join(known)}")
        return self._there(f"results/features/{descriptor}/{{}}.h5")

    def reference(self) -> dict[str, dict[str, Path]]:
        """Return {table: {condition: the confusion matrices of REFERENCE}}; nothing if some are missing.

        They are the workflow's, or else those that REFERENCE left when it was given itself.
        """
        for folder in (self.root / "results/confusion/{}" / REFERENCE, self.root / KEPT / REFERENCE / "confusion/{}"):
            found = {
                table: {name: Path(str(folder).format(table)) / f"{name}.csv" for name in self.config["conditions"]}
                for table in self.tables
            }
            if all(path.exists() for files in found.values() for path in files.values()):
                return found
        return {}

    def _there(self, pattern: str) -> dict[str, Path]:
        found = {}
        for condition in self.config["conditions"]:
            name = pattern.format(condition)
            found[condition] = self.root / name
            if not found[condition].exists():
                make = f"{workplace.snakemake()} --cores 2 -- {name}"
                raise InputError(f"{found[condition]}: is not there; let the workflow make it: {make}")
        return found
