"""The working directory that a model is tried on: its configuration, its clips, and what the workflow made there."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rrrn.data.clips import Clip
from rrrn.experiment import declared, folds, methods, protocol
from rrrn.running import workplace
from rrrn.running.stage import InputError
from rrrn.tables import confusion

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

    def counted(self, method: str) -> dict[str, dict[str, Path]]:
        """Return {table: {condition: the confusion matrices of a method}}; nothing if some are missing.

        They are the workflow's, or else those that the method left when it was given itself.
        """
        for folder in (self.root / "results/confusion/{}" / method, self.root / KEPT / method / "confusion/{}"):
            found = {
                table: {name: Path(str(folder).format(table)) / f"{name}.csv" for name in self.config["conditions"]}
                for table in self.tables
            }
            if all(path.exists() for files in found.values() for path in files.values()):
                return found
        return {}

    def others(self, method: str, names: Sequence[str] | None) -> dict[str, dict[str, dict[str, Path]]]:
        """Return {other method: what ``counted`` has of it}, of those that a method is to be compared with.

        They are those of ``names``, or, if it is None, all of the configuration's ``methods`` that are there. Raises
        InputError for a name that is the method's own, or of which some matrices are missing.
        """
        if names is None:
            found = {name: self.counted(name) for name in self.config["methods"] if name != method}
            return {name: files for name, files in found.items() if files}
        return {name: self._wanted(method, name) for name in dict.fromkeys(names)}

    def check_clips(self, files: Mapping[str, Mapping[str, Mapping[str, Path]]]) -> None:
        """Raise InputError unless all confusion matrices are whole, and of the clips that the folds of a table test.

        ``files`` are {method: {table: {condition: file}}}.
        """
        for table, names in self.tables.items():
            tested = Counter(
                (clip.subject, clip.objective_class) for name in names for clip in folds.split(self.clips, name)[1]
            )
            for method, own in files.items():
                subjects, counts = confusion.read({method: own[table]}, self.classes)
                true = counts[method][0, 0].sum(axis=-1)  # the same under all conditions and in all seeds
                wanted = np.array([[tested[subject, name] for name in self.classes] for subject in subjects])
                if {*subjects} != {subject for subject, _ in tested} or (
                    true * wanted.sum() != wanted * true.sum()  # of several views each clip counts as often
                ).any():
                    path = next(iter(own[table].values()))
                    raise InputError(
                        f"{path}: other clips were tested than the clip table has; delete it and run again"
                    )

    def _wanted(self, method: str, name: str) -> dict[str, dict[str, Path]]:
        if name == method:
            raise InputError(f"compared_with has {name!r}, which is the model itself; leave it out")
        if not declared.NAME.fullmatch(name) or not (found := self.counted(name)):
            raise InputError(
                f"compared_with has {name!r}, of which {self.root} has no confusion matrices of all tables and "
                f"conditions, in results/confusion or {KEPT}/{name}; run the workflow with it among 'methods', or "
                f"first benchmark({name!r}, …)"
            )
        return found

    def _there(self, pattern: str) -> dict[str, Path]:
        found = {}
        for condition in self.config["conditions"]:
            name = pattern.format(condition)
            found[condition] = self.root / name
            if not found[condition].exists():
                make = f"{workplace.snakemake()} --cores 2 -- {name}"
                raise InputError(f"{found[condition]}: is not there; let the workflow make it: {make}")
        return found
