"""Rates of this machine: every stage runs for real on two short clips per database, and is timed; so is every network.

Time is the processor's own, so that what else runs on the machine counts little; a GPU's is the clock's. What loads or
compiles something runs once before.
"""

import json
import logging
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np

from rrrn.data import clips, flow_store, listing, packed, store
from rrrn.data.clips import Clip
from rrrn.data.flow_store import FlowReader
from rrrn.experiment import conditions, control_conditions, protocol
from rrrn.experiment.methods import METHODS
from rrrn.face import landmarks
from rrrn.flow import engines
from rrrn.planning import geometry, networks
from rrrn.planning.geometry import MEGA
from rrrn.planning.rates import ANY, Rates, line
from rrrn.planning.units import augmented, solved
from rrrn.provenance import sources
from rrrn.running import typed
from rrrn.stages import anchor, art, augment, describe, faces, flow, occlude, pack, render, svm
from rrrn.svm import inner
from rrrn.svm.settings import Settings
from rrrn.synthetic.databases import layouts

SHORT, LONG, MANY = 10, 20, 70  # frames; the descriptors need nine
_FOLDS = 2

# what a process does before its work: imports, and what it loads once
STARTS = {
    "import rrrn.stages.render": ("render",),
    "import numpy, rrrn.stages.faces, rrrn.face.landmarks\n"
    "rrrn.face.landmarks.fit(numpy.zeros((64, 64), numpy.uint8), (0, 0, 64, 64))": ("faces",),
    "import numpy, rrrn.stages.flow\n"
    "still = numpy.zeros((64, 64), numpy.uint8)\n"
    "rrrn.stages.flow.tvl1(still, still, engine={engine!r})": ("flow",),
    "import rrrn.stages.anchor": ("anchor",),
    "import rrrn.stages.art": ("art",),
    "import rrrn.stages.occlude": ("occlude",),
    "import rrrn.stages.describe": ("pack", "describe"),
    "import torch, rrrn.networks.adam, rrrn.networks.architectures, rrrn.stages.train, rrrn.training.devices\n"
    "rrrn.training.devices.make_reproducible(0, torch.device('cpu'))\n"
    "rrrn.networks.architectures.module('resnet')\n"
    "layer = torch.nn.Conv2d(1, 1, 3)\n"
    "optimizer = rrrn.networks.adam.Adam(layer.parameters(), fused=True)\n"
    "layer(torch.zeros(1, 1, 8, 8)).sum().backward()\n"
    "optimizer.step()": ("train",),
    "import rrrn.stages.weights, torchvision.models": ("weights",),
    "import rrrn.stages.svm, sklearn.svm": ("svm",),
    "import rrrn.stages.score": ("augment", "split", "score", "table", "summary"),
}


def calibrate(config: Mapping[str, Any], table: Sequence[Clip], on_gpu: bool) -> Rates:
    """Return the rates of this machine under a configuration; raises InputError as the stages do.

    Networks are measured where they will be trained; if that is a GPU, and none is here, they are not.
    """
    values: dict[str, dict[str, float]] = {}

    def note(kind: str, rate: float, database: str = ANY) -> None:
        values.setdefault(kind, {})[database] = max(rate, 0.0)

    cv2.setNumThreads(1)
    config = _for_here(config)
    databases = list(dict.fromkeys(clip.database for clip in table))
    with tempfile.TemporaryDirectory() as folder, _quiet():
        samples = [_Sample(Path(folder) / name, name, table, config) for name in databases]
        samples[0].warm()
        for sample in samples:
            sample.measure(note)
        if protocol.networks(config):
            _measure_reading(samples[0], config, note)
            _measure_networks(config, on_gpu, note)
        if _descriptors(config):
            _measure_svm(config, table, note)
        for code, rules in STARTS.items():
            seconds = _process("-c", code.format(engine=config["flow"]["engine"]))
            for rule in rules:
                note(f"start.{rule}", seconds)
    named = _card() if any(kind.startswith("gpu.") for kind in values) else ""
    return Rates(_machine(config, named), values)


Note = Callable[..., None]


class _Sample:
    """A short and a long piece of one clip of a database, and what the stages make of them."""

    def __init__(self, folder: Path, database: str, table: Sequence[Clip], config: Mapping[str, Any]) -> None:
        self.folder, self.database, self.config = folder, database, config
        folder.mkdir(parents=True)
        self.drawn, (self.short, self.long) = _pieces(database, table, folder)

    def warm(self) -> None:
        """Run what loads or compiles something the first time."""
        still = np.zeros((64, 64), np.uint8)
        landmarks.detect(still, 0)
        landmarks.fit(still, (0, 0, 64, 64))
        flow.tvl1(still, still, engine=self.config["flow"]["engine"])

    def measure(self, note: Note) -> None:
        """Run and time all stages up to packs and descriptors; keep the files for the networks."""
        at = self.database
        if self.drawn:
            self._render(note)
        width, height = self._image_size()
        image = width * height / MEGA
        self._stage("faces", self._faces, image, note)
        with h5py.File(self._path("faces", self.long), locking=False) as file:
            group = file[self.long.clip]
            crop = np.prod(group["frames"].shape[1:3]) / MEGA
            x0, y0, x1, y1 = (int(value) for value in group.attrs["face"])
        face = (x1 - x0) * (y1 - y0) / MEGA
        note("share.face", (face * MEGA) ** 0.5 / height, at)
        self._bytes("faces", crop, note)
        kinds = {conditions.parse(one)[0]: one for one in control_conditions.plain(self.config["conditions"])}
        if set(kinds) != {conditions.CLEAR}:
            self._stage("anchor", self._anchor, crop, note)
        for kind, condition in kinds.items():
            if conditions.KINDS[kind].pictures and not self._pictures(kind).exists():
                note(f"art.{kind}", _seconds(partial(self._art, kind)))
                note(f"bytes.art.{kind}", self._pictures(kind).stat().st_size)
            self._occlude(condition, self.short)  # loads its kind's code
            self._stage(f"occlude.{kind}", partial(self._occlude, condition), crop, note)
        self.condition = next(iter(kinds.values()))
        self._bytes("occluded", crop, note, self.condition)
        self._flow(face, note)
        for name in _descriptors(self.config):
            area = self.config["describe"]["size"] ** 2 / MEGA
            self._stage(f"describe.{name}", partial(self._describe, name), area, note)
            with h5py.File(self._path(f"features-{name}", self.long), locking=False) as file:
                note(f"features.{name}", file["features"].shape[1])

    def _stage(self, kind: str, run: Callable[[Clip], object], unit: float, note: Note) -> None:
        """Time a stage on both pieces: seconds per clip, and seconds per frame, for each megapixel of a frame."""
        times = [_seconds(partial(run, clip)) for clip in (self.short, self.long)]
        fixed, each = line((_length(self.short), times[0]), (_length(self.long), times[1]))
        note(f"{kind}.clip", fixed / unit, self.database)
        note(f"{kind}.frame", each / unit, self.database)

    def _bytes(self, kind: str, unit: float, note: Note, *parts: str) -> None:
        sizes = [self._path(kind, clip, *parts).stat().st_size for clip in (self.short, self.long)]
        fixed, each = line((_length(self.short), sizes[0]), (_length(self.long), sizes[1]))
        note(f"bytes.{kind}.clip", fixed / unit, self.database)
        note(f"bytes.{kind}.frame", each / unit, self.database)

    def _render(self, note: Note) -> None:
        image = np.prod(layouts.of_database(self.database).size(self.config["render"]["scale"])) / MEGA
        twin = replace(self.short, clip="twin", frames=str(Path(self.short.frames).with_name("twin")))
        last = self.short.onset + MANY - 1  # frames cost little beside the face that they show
        many = replace(self.short, clip="many", offset=last, frames=str(Path(self.short.frames).with_name("many")))
        runs = {"long": [self.long], "one": [self.short], "two": [self.short, twin], "many": [many]}
        settings = typed.of(render.Settings, self.config["render"], "render")
        seconds = {}
        for name, rows in runs.items():
            target = self.folder / name / rows[0].subject
            target.parent.mkdir()
            draw = partial(render.render_subject, rows, rows[0].subject, target, settings)
            seconds[name] = _seconds(draw)
        folders = [self.folder / name / self.short.subject for name in ("one", "long")]
        spans = [len(listing.listing(folders[0] / self.short.clip)), len(listing.listing(folders[1] / self.long.clip))]
        _, frame = line((spans[0], seconds["one"]), (spans[0] + MANY - SHORT, seconds["many"]))
        clip = max(seconds["two"] - seconds["one"] - spans[0] * frame, 0.0)
        note("render.frame", frame / image, self.database)
        note("render.clip", clip / image, self.database)
        note("render.subject", (seconds["one"] - clip - spans[0] * frame) / image, self.database)
        sizes = [_size(folder) for folder in folders]
        fixed, each = line((spans[0], sizes[0]), (spans[1], sizes[1]))
        note("bytes.synthetic.clip", fixed / image, self.database)
        note("bytes.synthetic.frame", each / image, self.database)
        where = {self.short.clip: "one", self.long.clip: "long"}
        self.short, self.long = (
            replace(clip, frames=str(self.folder / where[clip.clip] / clip.subject / clip.clip))
            for clip in (self.short, self.long)
        )

    def _image_size(self) -> tuple[int, int]:
        recorded = replace(self.long, source="rendered")  # on disk by now
        return geometry.image_size([recorded], 1.0)

    def _table(self, clip: Clip) -> Path:
        path = self.folder / f"{clip.clip}.csv"
        clips.write([clip], path)
        return path

    def _path(self, kind: str, clip: Clip, *parts: str) -> Path:
        return self.folder / "-".join([kind, *parts, f"{clip.clip}.h5"])

    def _faces(self, clip: Clip) -> None:
        faces.main(
            Namespace(
                output=self._path("faces", clip),
                clips=self._table(clip),
                subject=clip.subject,
                rendered=[],
                settings={"faces": self.config["faces"]},
                asked={},
            )
        )

    def _anchor(self, clip: Clip) -> None:
        anchor.main(
            Namespace(
                faces=self._path("faces", clip),
                anchors=self._path("anchors", clip),
                settings={"anchor": self.config["anchor"]},
                asked={},
                log=None,
            )
        )

    def _pictures(self, kind: str) -> Path:
        return self.folder.parent / f"art-{kind}.h5"  # drawn once for all databases, as for all subjects

    def _art(self, kind: str) -> None:
        told = {"occlude": self.config["occlude"]}
        art.main(Namespace(output=self._pictures(kind), kind=kind, plugin="", settings=told, asked={}))

    def _occlude(self, condition: str, clip: Clip) -> None:
        kind, _ = conditions.parse(condition)
        occlude.main(
            Namespace(
                faces=self._path("faces", clip),
                occluded=self._path("occluded", clip, condition),
                anchors=None if kind == conditions.CLEAR else self._path("anchors", clip),
                art=self._pictures(kind) if conditions.KINDS[kind].pictures else None,
                condition=condition,
                plugin="",  # is registered here
                settings={"occlude": self.config["occlude"]},
                asked={},
            )
        )

    def _describe(self, name: str, clip: Clip) -> None:
        describe.main(
            Namespace(
                shards=[self._path("occluded", clip, self.condition)],
                output=self._path(f"features-{name}", clip),
                clips=self._table(clip),
                descriptor=name,
                module=METHODS[name].module,
                settings={"describe": self.config["describe"]},
                asked={},
            )
        )

    def _flow(self, face: float, note: Note) -> None:
        """Time one view and all views of the longer piece, and the storing and packing of what they give."""
        clip, settings = self.long, self.config["flow"]
        plan = self.folder / "plan.csv"
        table = self._table(clip)
        augment.main(
            Namespace(
                output=plan, clips=table, subject=clip.subject, settings={"augment": self.config["augment"]}, asked={}
            )
        )

        on_gpu = engines.resolve(settings["engine"], settings["warm_start"]) == "cuda"
        if on_gpu:
            note("flow.on_gpu", 1.0)

        def solve(views: str) -> float:
            told = Namespace(
                shard=self._path("occluded", clip, self.condition),
                plan=plan,
                output=self._path("flow", clip),
                views=views,
                threads=1,
                gpus=1,
                settings={"flow": settings},
                asked={},
            )
            return _seconds(lambda: flow.main(told), clock=on_gpu)

        solve("original")
        one, every = solve("original"), solve("all")
        with FlowReader(self._path("flow", clip), f"{clip.clip}/flow") as reader:
            values, n_views = reader.read(()), reader.shape[0]
        with h5py.File(self._path("flow", clip), locking=False) as file:
            stored = file[clip.clip]["flow"].id.get_storage_size()

        def put() -> None:
            with store.create(self.folder / "again.h5") as file:
                flow_store.put(file, "flow", values, **settings["store"])

        packing = Namespace(
            shards=[self._path("flow", clip)],
            output=self._path("pack", clip),
            clips=table,
            settings={"pack": self.config["pack"]},
            asked={},
        )
        numbers = 2 * settings["size"] ** 2 / MEGA
        sample = _seconds(put) / n_views
        n_pairs, n_turned = solved(augmented(clip, self.config), settings["rotation"])
        pair = (every - one - (n_turned - 1) * sample) / max(n_pairs - 1, 1) if n_pairs > 1 else one - sample
        work = face * geometry.pyramid(settings)
        note("flow.clip", (one - pair - sample) / face, self.database)
        note("flow.pair", pair / work, self.database)
        note("flow.sample", sample / numbers, self.database)
        note("pack.sample", _seconds(lambda: pack.main(packing)) / n_views / numbers, self.database)
        note("bytes.flow.view", stored / n_views / numbers, self.database)
        note("bytes.flow.clip", self._path("flow", clip).stat().st_size - stored, self.database)


def _for_here(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration that a machine without a GPU, such as a login node, can follow as well."""
    own = dict(config)
    if not engines.gpu_is_seen():
        own["flow"] = {**own["flow"], "engine": "numba" if own["flow"]["engine"] == "cuda" else own["flow"]["engine"]}
    return own


def _descriptors(config: Mapping[str, Any]) -> list[str]:
    return [name for name in protocol.compared(config) if METHODS[name].kind == "descriptor"]


def _networks(config: Mapping[str, Any]) -> list[str]:
    """Return the networks to measure: for those of the ablation, which may be many, the ones that they are like."""
    names = [name if name in config["methods"] else METHODS[name].like for name in protocol.networks(config)]
    return list(dict.fromkeys(METHODS[name].base or name for name in names))


def _measure_reading(sample: _Sample, config: Mapping[str, Any], note: Note) -> None:
    """Time how samples get into memory."""
    import torch

    from rrrn.training.samples import Samples

    numbers = 2 * config["flow"]["size"] ** 2 / MEGA
    with ExitStack() as stack:
        path = sample._path("pack", sample.long)
        opened = packed.open_packs([path], stack)[path]
        stored = [(opened, sample.long, view) for view in opened.views]
        cpu = torch.device("cpu")
        note("train.read", _seconds(lambda: Samples(stored, 1e12, cpu)) / len(stored) / numbers)


def _measure_networks(config: Mapping[str, Any], on_gpu: bool, note: Note) -> None:
    """Time steps of each network where it will be trained, unless that is elsewhere."""
    import torch

    from rrrn.planning import pace

    if on_gpu and not torch.cuda.is_available():
        return
    device = torch.device("cuda" if on_gpu else "cpu")
    place = "gpu" if on_gpu else "cpu"
    with pace.training(config, device):
        for name in _networks(config):
            training, predicting = networks.operations(name, config)
            found = pace.measure(name, config, device)
            note(f"{place}.{name}.step", found.step)
            note(f"{place}.{name}.gflop", found.sample / training)
            note(f"{place}.{name}.predicted_gflop", found.predicted / predicting)
            note(f"{place}.{name}.batch", found.batch)


def _measure_svm(config: Mapping[str, Any], table: Sequence[Clip], note: Note) -> None:
    """Time the kernel and the folds on features drawn at random, which are harder to part than real ones."""
    names = sorted({clip.subject for clip in table})
    classes = list(config["classes"])
    features = np.random.default_rng(0).random((len(table), 1000))

    told = typed.section(Settings, config, "svm")
    penalty = max(inner.GRID) if told.C == "grid" else told.C  # of the grid the one that takes longest
    settings = replace(told, C=penalty, calibrate="none")  # one machine a fold, which the plan multiplies

    tested = {conditions.CLEAR: features}

    def predict(n_folds: int) -> float:
        return _seconds(lambda: svm.predict([features], tested, table, classes, names[:n_folds], settings))

    predict(1)
    kernel, fold = line((1, predict(1)), (1 + _FOLDS, predict(1 + _FOLDS)))
    note("svm.fold", fold / len(table) ** 2)
    note("svm.kernel", kernel / len(table) ** 2 / features.shape[1])


def _pieces(database: str, table: Sequence[Clip], folder: Path) -> tuple[bool, tuple[Clip, Clip]]:
    """Return whether a database must be drawn, and a short and a long piece of one of its clips.

    Recorded clips that are not on disk are stood in for by drawn ones in the layout of the database.
    """
    rows = [clip for clip in table if clip.database == database]
    rows.sort(key=lambda clip: clip.offset - clip.onset)
    middle = rows[len(rows) // 2]
    drawn = middle.source == "synthetic" or not _on_disk(middle)
    pieces = []
    for name, frames in (("short", SHORT), ("long", LONG)):
        frames = frames if drawn else min(frames, middle.offset - middle.onset + 1)
        clip = replace(
            middle,
            clip=name if drawn else f"{name}-{middle.clip}",
            apex=middle.onset + frames // 2,
            offset=middle.onset + frames - 1,
            frames_digest="",  # of the whole clip
        )
        if drawn:
            where = folder / "one" / middle.subject / name
            clip = replace(clip, source="synthetic", objective_class="I", frames=str(where))
        pieces.append(clip)
    return drawn, (pieces[0], pieces[1])


def _on_disk(clip: Clip) -> bool:
    folder = Path(clip.frames)
    return folder.is_dir() and {clip.onset, clip.offset} <= listing.listing(folder).keys()


def _length(clip: Clip) -> int:
    return clip.offset - clip.onset + 1


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _seconds(run: Callable[[], object], clock: bool = False) -> float:
    now = time.perf_counter if clock else time.process_time
    start = now()
    run()
    return now() - start


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(sources.HOME)}


def _process(*arguments: str) -> float:
    """Return the processor's time of a process of Python from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-P", *arguments]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=_environment())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the stages' messages to themselves."""
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(before)


def _card() -> str:
    import torch

    return f" with {torch.cuda.get_device_name()}"


def _machine(config: Mapping[str, Any], card: str) -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        named = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = named[0].partition(":")[2].strip() if named else model
    told = json.dumps({"flow.size": config["flow"]["size"], "pack.size": config["pack"]["size"]})
    return f"{model}{card}; {told}"
