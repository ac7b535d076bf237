"""What there is in a folder of results: what is not there is said, and what is damaged stops the report."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rrrn.data import digested, result, rows, store
from rrrn.data.clips import Clip
from rrrn.data.rows import Key
from rrrn.experiment import protocol
from rrrn.experiment.conditions import CLEAR
from rrrn.experiment.labels import Labels
from rrrn.running.stage import InputError
from rrrn.tables import confusion, published

FACES = frozenset({"onset", "apex"})  # the pictures of a strip that show one
Cell = tuple[str, str]  # method, condition
_DEVICE = re.compile(r"^torch (\S+), device (.+), seed \d+$", re.MULTILINE)  # as trainings log it


@dataclass(frozen=True)
class Counts:
    """Confusion matrices of one method under one condition: int64 (seeds, subjects, classes, classes)."""

    subjects: Sequence[str]
    matrices: NDArray[np.int64]


@dataclass(frozen=True)
class Strip:
    """Pictures of a clip side by side, a WebP file; ``cells`` names them."""

    data: bytes
    cells: Sequence[str]


@dataclass(frozen=True)
class Found:
    """All that figures and pages are made of. Dictionaries and tables lack what is not on disk; ``missing`` names it.

    ``tables`` are the long forms by table; ``counts`` are by table, then method and condition; ``answers`` and
    ``weights`` are tables with a row for each clip (and seed) by method and condition, ``visible`` by condition;
    ``strips`` by condition, then clip. ``features`` are those of the first descriptor, of un-occluded clips. ``wheel``
    is the picture of the flow's colours, ``full`` the flow that is a pure one. ``notes`` are by result, and so are
    ``versions`` of libraries and ``digests`` of what each was made of. ``unfit`` says which no longer fit what is on
    disk. ``devices`` are those of trainings: network, torch, device, a row for each.
    """

    settings: Mapping[str, Any]
    clips: Sequence[Clip]
    labels: Labels
    tasks: Mapping[str, str]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    results: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    notes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    counts: Mapping[str, Mapping[Cell, Counts]] = field(default_factory=dict)
    answers: Mapping[Cell, pd.DataFrame] = field(default_factory=dict)
    weights: Mapping[Cell, pd.DataFrame] = field(default_factory=dict)
    visible: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    strips: Mapping[str, Mapping[Key, Strip]] = field(default_factory=dict)
    histories: pd.DataFrame = field(default_factory=pd.DataFrame)
    devices: pd.DataFrame = field(default_factory=pd.DataFrame)
    times: pd.DataFrame = field(default_factory=pd.DataFrame)
    sizes: pd.DataFrame = field(default_factory=pd.DataFrame)
    features: tuple[str, Sequence[Key], NDArray[np.float32]] | None = None
    wheel: bytes = b""
    full: float = 0.0
    missing: Sequence[str] = ()
    unfit: Sequence[str] = ()

    @property
    def methods(self) -> list[str]:
        """Return the configured methods, in order."""
        return list(self.settings["methods"])

    @property
    def conditions(self) -> list[str]:
        """Return the configured conditions, in order."""
        return list(self.settings["conditions"])

    @property
    def classes(self) -> list[str]:
        """Return the configured classes, in order."""
        return list(self.settings["classes"])

    @property
    def kind(self) -> str:
        """Return what the clips are: recorded, synthetic or mixed."""
        return published.data_kind(self.clips)

    @property
    def withheld(self) -> bool:
        """Return whether there are recorded faces that may not be shown."""
        return self.kind != "synthetic" and not self.settings["report"]["faces"]

    @property
    def subjects(self) -> list[str]:
        """Return the subjects, sorted."""
        return sorted({clip.subject for clip in self.clips})

    @property
    def attending(self) -> list[str]:
        """Return the methods that have region weights on disk, in order."""
        return [name for name in self.methods if any(method == name for method, _ in self.weights)]

    def method(self, name: str) -> str:
        """Return the label of a method."""
        return self.labels.method(name)

    def condition(self, name: str) -> str:
        """Return the label of a condition."""
        return self.labels.condition(name)

    def seeds(self) -> int:
        """Return the configured number of seeds."""
        return int(self.settings["protocol"]["n_seeds"])

    def seeds_told(self) -> str:
        """Return in words how many seeds there are."""
        return f"{counted(self.seeds(), 'seed')} of each network"

    def full_scale(self) -> str:
        """Return in words which flow is a pure colour."""
        told = self.settings["flow"]
        if told["norm"] == "fixed":
            return f"{self.full * told['full_scale_pct']:g} % of the face's width"
        return f"{self.full:g} of what each clip was normalised to ('flow.norm: {told['norm']}')"

    def extent(self, seeds: bool = True) -> str:
        """Return how many clips, subjects and, unless no network has a part, seeds there are, for captions."""
        trained = f", {self.seeds_told()}" if seeds else "; no network has a part in this"
        return f"{counted(len(self.clips), 'clip')}, {counted(len(self.subjects), 'subject')}{trained}"


def counted(number: int, name: str) -> str:
    """Return in words how many of something there are."""
    return f"{number:,} {name}{'' if number == 1 else 's'}"


class _Reader:
    """Reads files if they are there, and keeps the names of those that are not."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.missing: list[str] = []

    def path(self, name: str) -> Path | None:
        path = self.root / name
        if path.exists():
            return path
        self.missing.append(str(path))
        return None


def read(
    root: Path, logs: Path, settings: Mapping[str, Any], table: Sequence[Clip], labels: Labels, tasks: Mapping[str, str]
) -> Found:
    """Return what is in the folder ``root`` of a configuration; raises InputError for what is damaged."""
    reader = _Reader(root)
    methods, conditions, classes = (list(settings[key]) for key in ("methods", "conditions", "classes"))
    tables, results, notes, versions, digests = {}, {}, {}, {}, {}
    attending, plain = protocol.attending(settings), protocol.held_against(settings)
    names = [*(f"table_{name}" for name in tasks), "summary", "ranking", "comparisons", "leak", "folds"]
    names += ["matrix"] if settings["protocol"]["test_all"] else []
    for name in [*names, *(["region_weights"] if attending else [])]:
        if about := reader.path(f"{name}.json"):
            told = result.read(about)
            notes[name], versions[name], digests[name] = told["notes"], told["versions"], told.get("of", {})
            long = "_long" if name.startswith("table_") else ""
            results[name] = pd.read_csv(about.with_name(f"{name}{long}.csv"), dtype={"subject": str, "fold": str})
    for name in tasks:
        if f"table_{name}" in results:
            tables[name] = results[f"table_{name}"]
    cells = [(method, condition) for method in methods for condition in conditions]
    wheel, full = _wheel(root, conditions)
    return Found(
        settings=settings,
        clips=table,
        labels=labels,
        tasks=tasks,
        tables=tables,
        results=results,
        notes=notes,
        versions=versions,
        digests=digests,
        counts={name: _counts(reader, name, cells, classes) for name in tasks},
        answers=_answers(reader, methods),
        weights={
            (method, condition): _frame(path)
            for method, condition in cells
            if method in attending
            and condition in plain
            and (path := reader.path(f"attention/{method}/{condition}.csv"))
        },
        visible={
            condition: _frame(path)
            for condition in plain
            if attending and condition != CLEAR and (path := reader.path(f"visible/{condition}.csv"))
        },
        strips={
            condition: _strips(reader, path, table, settings["report"]["faces"])
            for condition in conditions
            if (path := reader.path(f"strips/{condition}.h5"))
        },
        histories=_histories(logs),
        devices=_devices(logs),
        times=_times(logs),
        sizes=_sizes(root),
        features=_features(root, methods),
        wheel=wheel,
        full=full,
        missing=reader.missing,
    )


def _counts(reader: _Reader, table: str, cells: Sequence[Cell], classes: Sequence[str]) -> dict[Cell, Counts]:
    found = {}
    for method, condition in cells:
        if path := reader.path(f"confusion/{table}/{method}/{condition}.csv"):
            subjects, counts = confusion.read({method: {condition: path}}, classes)
            found[method, condition] = Counts(subjects, counts[method][0])
    return found


def _answers(reader: _Reader, methods: Sequence[str]) -> dict[Cell, pd.DataFrame]:
    found = {}
    for method in methods:
        if path := reader.path(f"answers/{method}.csv"):
            for condition, own in _frame(path).groupby("condition", sort=False):
                found[method, str(condition)] = own.reset_index(drop=True)
    return found


def _frame(path: Path) -> pd.DataFrame:
    """Return a sealed table, with numbers as such."""
    texts = ("subject", "clip", "condition", "true")
    frame = pd.DataFrame(digested.read(path)).drop(columns=["made", "digest"], errors="ignore")
    return frame.astype({name: float for name in frame.columns if name not in texts})


def _strips(reader: _Reader, path: Path, table: Sequence[Clip], faces: bool) -> dict[Key, Strip]:
    """Return the pictures of each clip; those of a recorded face that were made when faces were shown are left out."""
    with store.reading(path) as file:
        of_clip = rows.of_file(file, path)
        rows.check(of_clip, table, path)
        found = {key: _strip(file[f"strip/{number}"]) for key, number in of_clip.items()}
    recorded = {rows.key(clip) for clip in table if clip.source == "recorded" and not faces}
    shown = {key: strip for key, strip in found.items() if key not in recorded or FACES.isdisjoint(strip.cells)}
    if len(shown) < len(found):
        reader.missing.append(f"{path} without faces")
    return shown


def _strip(dataset: h5py.Dataset) -> Strip:
    return Strip(dataset[()].tobytes(), str(dataset.attrs["cells"]).split(","))


def _wheel(root: Path, conditions: Sequence[str]) -> tuple[bytes, float]:
    """Return the wheel of the flow's colours and what is a pure one, of the first strips that are there."""
    for condition in conditions:
        path = root / f"strips/{condition}.h5"
        if path.exists():
            with store.reading(path) as file:
                return file["wheel"][()].tobytes(), float(file.attrs["full"])
    return b"", 0.0


def _features(root: Path, names: Sequence[str]) -> tuple[str, Sequence[Key], NDArray[np.float32]] | None:
    for name in names:
        path = root / f"features/{name}/{CLEAR}.h5"
        if path.exists():
            with store.reading(path) as file:
                return name, list(rows.of_file(file, path)), file["features"][()]
    return None


def _sizes(root: Path) -> pd.DataFrame:
    """Return the megabytes of each folder of results: folder, megabytes."""
    found = [
        (folder.name, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6)
        for folder in sorted(root.iterdir())
        if folder.is_dir()
    ]
    return pd.DataFrame(found, columns=["folder", "megabytes"])


def _histories(logs: Path) -> pd.DataFrame:
    """Return what is told of each epoch of all trainings: network, trained_on, fold, seed, epoch, total."""
    found = []
    for path in sorted(logs.glob("train/*/*/*.csv")):
        own = _plain(path)
        fold, _, seed = path.stem.rpartition("-")
        found.append(own.assign(network=path.parts[-3], trained_on=path.parts[-2], fold=fold, seed=seed))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _devices(logs: Path) -> pd.DataFrame:
    """Return where each training ended: network, torch (its version), device, as its log says."""
    found = [
        (path.parts[-3], *told)
        for path in sorted(logs.glob("train/*/*/*.log"))
        for told in _DEVICE.findall(path.read_text(encoding="utf-8", errors="replace"))[-1:]
    ]
    return pd.DataFrame(found, columns=["network", "torch", "device"])


def _times(logs: Path) -> pd.DataFrame:
    """Return what Snakemake measured of each job: rule, s (wall), cpu_time, max_rss (MB)."""
    found = []
    for path in sorted(logs.rglob("*.tsv")):
        own = _plain(path, sep="\t", na_values="-")
        found.append(own.tail(1).assign(rule=path.relative_to(logs).parts[0].removesuffix(".tsv")))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _plain(path: Path, **how: Any) -> pd.DataFrame:
    try:
        return pd.read_csv(path, **how)
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: cannot be read as a table ({error}); delete it and run again") from None
