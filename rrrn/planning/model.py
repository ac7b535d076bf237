"""The cost of a job: units of work, counted from clip table and configuration, times the rates."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from rrrn.data.clips import Clip
from rrrn.experiment import conditions, control_conditions, folds, protocol, variants
from rrrn.experiment.conditions import Kind
from rrrn.experiment.methods import METHODS
from rrrn.planning import geometry
from rrrn.planning.geometry import MEGA, Geometry
from rrrn.planning.jobs import Job
from rrrn.planning.rates import ANY, Rates
from rrrn.planning.units import augmented, solved
from rrrn.svm import inner

GPU_GFLOPS = 10_000.0  # what a training may reach in float32: half of an A100's peak, a sixth of an H100's
_NUMBER = 19  # bytes of a printed number in a table of predictions
_NAMES = 90  # bytes of its other columns
_MATRIX = 270  # bytes of what stands beside a subject's confusion matrix
_LANDMARKS_BYTES = 68 * 2 * 8 + 4  # of a frame's anchors: float64, and its number
_ANCHORS_BYTES = 8000  # of a clip's attributes and of what HDF5 adds
_PACK, _PACKED = 18_000, 130  # bytes of an index over flow: of itself, and per clip; 4 more per view
_STAGES = {  # rules that start as another's stage
    **{"ablation": "table", "ranking": "summary", "compare": "summary", "compare_ablation": "summary"},
    **{"faithfulness": "summary", "attention": "score", "visible": "pack", "tune": "train"},
    **{"jitter": "anchor", "occlude_jittered": "occlude", "shift": "augment", "within": "pack"},
    **{"oracle": "score", "poison": "train", "poison_svm": "svm", "leak": "summary"},
    **{"cross": "train", "cross_svm": "svm", "matrix": "summary"},
    **{"answers": "score", "strips": "pack", "figures": "summary", "report": "summary"},
}
_COMPARED = 150  # bytes of a comparison
_EPOCHS, _KEPT = 20_000, 8  # bytes of what a training leaves of every epoch: of itself, and of a number
_MASKED = 0.02  # seconds of a clip whose flow is kept on one side of an outline
_CELL, _CROSSED = 130, 0.5  # bytes of a cell of the matrix; seconds for each training and condition
_DOUBTED = 220  # bytes of a row of the leak meter
_VERDICT = 600  # bytes of what poison says of a training
_CORRELATION = 120  # bytes of a rank correlation, 13 under each condition and in the mean
_CORRELATED = 0.002  # seconds for each clip in each seed and condition, measured with 261 clips
_TRUTH = 250  # bytes of what is visible of a clip
_STRIP, _DRAWN = 4_000, 0.01  # bytes and seconds of a clip's pictures under a condition
_FIGURES, _PICTURES = 3.0, 8e6  # seconds for each method, and bytes, of all figures
_PAGE, _PAGES, _SAID = 2.5e6, 5.0, 550  # bytes and seconds of a report; bytes of an answer in it
_MARGIN = 2  # frames that are drawn before the onset and after the offset


@dataclass(frozen=True)
class Cost:
    """Seconds of a processor and of a GPU, bytes on disk, and files (0: one for each output of the job)."""

    cpu: float = 0.0
    gpu: float = 0.0
    bytes: float = 0.0
    files: int = 0


class Model:
    """Costs under one configuration and clip table; with ``on_gpu`` networks are trained on GPUs.

    A GPU's seconds are measured if ``rates`` has them, else counted from ``gflops``, for the networks that are then in
    ``counted``. A variant or control that was not measured is taken to compute as fast as the method that it is
    like. A network that was not measured, or what comes from outside of the package, is taken to cost the mean of the
    package's own of its kind, and is in ``guessed``.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        table: Sequence[Clip],
        rates: Rates,
        on_gpu: bool,
        gflops: float = GPU_GFLOPS,
    ) -> None:
        self.config, self.table, self.rates, self.on_gpu, self.gflops = config, table, rates, on_gpu, gflops
        self.of_subject: dict[str, list[Clip]] = {}
        for clip in table:
            self.of_subject.setdefault(clip.subject, []).append(clip)
        self._operations: dict[str, tuple[float, float]] = {}
        self._sizes: dict[str, float] = {}
        self.guessed: set[str] = set()
        self.counted: set[str] = set()

    def cost(self, job: Job) -> Cost:
        """Return the cost of a job, its start included."""
        cost: Cost = getattr(self, f"_{job.rule}")(**job.wildcards)
        return replace(cost, cpu=cost.cpu + self.rates.of(f"start.{_STAGES.get(job.rule, job.rule)}"))

    def checkpoint(self, network: str) -> float:
        """Return the bytes of a training's checkpoint: the weights, and the two moments of Adam of each."""
        from rrrn.planning import networks

        return 3 * networks.size(network, self.config)

    @cached_property
    def _geometry(self) -> dict[str, Geometry]:
        names = dict.fromkeys(clip.database for clip in self.table)
        rows = {name: [clip for clip in self.table if clip.database == name] for name in names}
        return {name: geometry.of_database(found, self.config, self.rates) for name, found in rows.items()}

    @cached_property
    def _numbers(self) -> float:
        """Millions of numbers of one flow map."""
        return 2 * float(self.config["flow"]["size"]) ** 2 / MEGA

    def _rate_of_method(self, kind: str, name: str, database: str = ANY) -> float:
        """Return a rate of a method, whose name stands in the braces of ``kind``."""
        own = METHODS[name]
        if not self.rates.has(kind.format(name)) and own.like != name:
            return self._rate_of_method(kind, own.like, database)
        alike = [other.name for other in METHODS.values() if other.kind == own.kind and not other.outside]
        return self._rate(kind, name, alike if own.outside or own.kind == "network" else [], database)

    def _rate_of_kind(self, kind: str, own: Kind, database: str = ANY) -> float:
        """Return a rate of a kind of occluder, likewise."""
        alike = [
            other.name for other in conditions.KINDS.values() if other.name != conditions.CLEAR and not other.outside
        ]
        return self._rate(kind, own.name, alike if own.outside else [], database)

    def _rate(self, kind: str, name: str, alike: Sequence[str], database: str) -> float:
        measured = [other for other in alike if self.rates.has(kind.format(other))]
        if self.rates.has(kind.format(name)) or not measured:
            return self.rates.of(kind.format(name), database)
        self.guessed.add(name)
        return sum(self.rates.of(kind.format(other), database) for other in measured) / len(measured)

    def _by_frames(
        self, kind: str, clip: Clip, unit: float, margin: int = 0, rate: Callable[[str, str], float] | None = None
    ) -> float:
        frames = clip.offset - clip.onset + 1 + margin
        each, fixed = ((rate or self.rates.of)(f"{kind}.{part}", clip.database) for part in ("frame", "clip"))
        return unit * (fixed + frames * each)

    def _render(self, subject: str) -> Cost:
        rows = self.of_subject[subject]
        image = self._geometry[rows[0].database].image
        seconds = sum(self._by_frames("render", clip, image, 2 * _MARGIN) for clip in rows)
        drawn = self.rates.of("render.subject", rows[0].database) * image
        return Cost(
            seconds + drawn,
            bytes=sum(self._by_frames("bytes.synthetic", clip, image, 2 * _MARGIN) for clip in rows),
            files=1 + sum(clip.offset - clip.onset + 1 + 2 * _MARGIN for clip in rows),
        )

    def _faces(self, subject: str) -> Cost:
        rows = self.of_subject[subject]
        size = self._geometry[rows[0].database]
        return Cost(
            sum(self._by_frames("faces", clip, size.image) for clip in rows),
            bytes=sum(self._by_frames("bytes.faces", clip, size.crop) for clip in rows),
        )

    def _anchor(self, subject: str) -> Cost:
        rows = self.of_subject[subject]
        crop = self._geometry[rows[0].database].crop
        frames = sum(clip.offset - clip.onset + 1 for clip in rows)
        return Cost(
            sum(self._by_frames("anchor", clip, crop) for clip in rows),
            bytes=_ANCHORS_BYTES * len(rows) + _LANDMARKS_BYTES * frames,
        )

    def _jitter(self, subject: str) -> Cost:
        return replace(self._anchor(subject), cpu=0.0)  # landmarks as they are

    def _occlude_jittered(self, condition: str, subject: str) -> Cost:
        return self._occlude(condition, subject)

    def _art(self, kind: str) -> Cost:
        own = conditions.KINDS[kind]
        return Cost(self._rate_of_kind("art.{}", own), bytes=self._rate_of_kind("bytes.art.{}", own))

    def _occlude(self, condition: str, subject: str) -> Cost:
        rows = self.of_subject[subject]
        crop, kind = self._geometry[rows[0].database].crop, conditions.kind_of(condition)

        def rate(name: str, database: str) -> float:
            return self._rate_of_kind(name, kind, database)

        return Cost(
            sum(self._by_frames("occlude.{}", clip, crop, rate=rate) for clip in rows),
            bytes=sum(self._by_frames("bytes.occluded", clip, crop) for clip in rows),
        )

    def _augment(self, subject: str) -> Cost:
        return Cost(bytes=30.0 * sum(len(augmented(clip, self.config)) for clip in self.of_subject[subject]))

    def _shift(self, control: str, subject: str) -> Cost:
        return self._augment(subject)

    def _within(self, condition: str, subject: str) -> Cost:
        solved = self._flow(control_conditions.base(condition), subject)
        return Cost(_MASKED * len(self.of_subject[subject]), bytes=solved.bytes)

    def _flow(self, condition: str, subject: str) -> Cost:
        settings, seconds, size = self.config["flow"], 0.0, 0.0
        for clip in self.of_subject[subject]:
            at, face = clip.database, self._geometry[clip.database].face
            views = augmented(clip, self.config)
            views = views if protocol.views(self.config, condition) == "all" else views[:1]
            pairs, _ = solved(views, settings["rotation"])
            seconds += face * self.rates.of("flow.clip", at)
            seconds += pairs * self.rates.of("flow.pair", at) * face * geometry.pyramid(settings)
            seconds += len(views) * self.rates.of("flow.sample", at) * self._numbers
            size += len(views) * self.rates.of("bytes.flow.view", at) * self._numbers
            size += self.rates.of("bytes.flow.clip", at)
        on_gpu = self.rates.has("flow.on_gpu")
        return Cost(gpu=seconds, bytes=size) if on_gpu else Cost(seconds, bytes=size)

    def _pack(self, condition: str) -> Cost:
        numbers = self._views(condition) * self._numbers
        seconds = sum(numbers * self.rates.of("pack.sample", clip.database) for clip in self.table)
        return Cost(seconds, bytes=_PACK + (_PACKED + 4 * self._views(condition)) * len(self.table))

    def _views(self, condition: str) -> int:
        """Return how many views of each clip are stored under a condition."""
        if protocol.views(self.config, condition) != "all":
            return 1
        told = self.config["augment"]
        return (1 + len(told["early"]) + len(told["late"])) * len(told["angles"])

    def _describe(self, descriptor: str, condition: str) -> Cost:
        area = float(self.config["describe"]["size"]) ** 2 / MEGA

        def rate(name: str, database: str) -> float:
            return self._rate_of_method(name, descriptor, database)

        seconds = sum(self._by_frames("describe.{}", clip, area, rate=rate) for clip in self.table)
        return Cost(seconds, bytes=4 * len(self.table) * self._rate_of_method("features.{}", descriptor))

    def _svm(self, descriptor: str, trained_on: str) -> Cost:
        asked = len(protocol.tested(self.config, trained_on))
        return self._fitted(descriptor, trained_on, self._fold_names, asked)

    def _fitted(self, descriptor: str, trained_on: str, names: Sequence[str], asked: int) -> Cost:
        """Return the cost of a machine of each of these folds that is asked about so many conditions."""
        samples = len(self.table) * len(protocol.training_sets(self.config)[trained_on])
        told = self.config["svm"]
        within = (len(inner.GRID) if told["C"] == "grid" else 0) + (told["calibrate"] != "none")
        fits = len(names) * (1 + inner.FOLDS * within)
        kernels = (samples + asked * len(self.table)) * samples
        seconds = kernels * self._rate_of_method("features.{}", descriptor) * self.rates.of("svm.kernel")
        rows = asked * sum(len(folds.split(self.table, name)[1]) for name in names)
        return Cost(seconds + fits * samples**2 * self.rates.of("svm.fold"), bytes=rows * self._row(descriptor))

    @cached_property
    def _fold_names(self) -> list[str]:
        return [name for names in protocol.tables(self.config, self.table)[0].values() for name in names]

    @cached_property
    def _tested_subjects(self) -> dict[str, int]:
        """The number of subjects that the folds of each table test."""
        named, _ = protocol.tables(self.config, self.table)
        tested = {table: [clip for name in names for clip in self._tested(name)] for table, names in named.items()}
        return {table: len({clip.subject for clip in found}) for table, found in tested.items()}

    def _row(self, method: str) -> float:
        numbers = len(self.config["classes"]) + (6 if METHODS[method].alpha else 0)
        return _NAMES + _NUMBER * numbers

    def _train(self, network: str, trained_on: str, fold: str, seed: str) -> Cost:
        cost = self._trained(network, trained_on, fold, variants.training(self.config, network))
        leaves = protocol.leaves_model(self.config, trained_on)
        return replace(cost, bytes=cost.bytes + self._left(network)) if leaves else cost

    def _tune(self, network: str, trained_on: str, fold: str, seed: str) -> Cost:
        told = variants.training(self.config, network)
        cost = self._trained(network, trained_on, fold, {**told, **told["tune"]})
        leaves = protocol.leaves_model(self.config, trained_on)
        return replace(cost, bytes=cost.bytes + self._left(network)) if leaves else cost

    def _cross(self, network: str, trained_on: str) -> Cost:
        names = protocol.tables(self.config, self.table)[0]["iv"]
        tested = sum(len(folds.split(self.table, name)[1]) for name in names) * len(self.config["conditions"])
        views = 1 if self.config["protocol"]["view"] == "original" else self._views(trained_on)
        predicted = tested * views * int(self.config["protocol"]["n_seeds"])
        read = predicted * self._numbers * self.rates.of("train.read")
        work = self._work(network, 0, 0, predicted)
        size = predicted * self._row(network)
        return Cost(read, work + read, size) if self.on_gpu else Cost(read + work, bytes=size)

    def _cross_svm(self, descriptor: str, trained_on: str) -> Cost:
        return self._fitted(descriptor, trained_on, self._fold_names, len(self.config["conditions"]))

    def _matrix(self) -> Cost:
        conditions = len(self.config["conditions"])
        trained = len(self.config["methods"]) * len(protocol.training_sets(self.config))
        return Cost(_CROSSED * trained * conditions, bytes=2.0 * _CELL * trained * conditions)

    def _trained(self, network: str, trained_on: str, fold: str, settings: Mapping[str, Any]) -> Cost:
        """Return the cost of a training with these settings, of ``train``, but for what it leaves to start from."""
        train, test = folds.split(self.table, fold)
        learnt = protocol.training_sets(self.config)[trained_on]
        asked = protocol.tested(self.config, trained_on)
        pool = sum(self._views(condition) for condition in learnt)
        samples = len(train) * min(pool, int(settings["views_per_clip_per_epoch"])) * int(settings["epochs"])
        steps = math.ceil(samples / int(settings["batch_size"]))
        views = 1 if self.config["protocol"]["view"] == "original" else self._views(asked[0])
        predicted = len(test) * len(asked) * views
        epochs = int(settings["epochs"]) if settings["score_every_epoch"] else 0
        held = len(train) * pool * self._numbers * 2 * MEGA <= float(settings["max_memory_gb"]) * 1e9
        size = predicted * self._row(network)
        if epochs:
            size += _EPOCHS + predicted * epochs * _KEPT * len(self.config["classes"])
        predicted *= 1 + epochs
        read = ((len(train) * pool if held else samples) + predicted) * self._numbers * self.rates.of("train.read")
        work = self._work(network, steps, samples, predicted)
        return Cost(read, work + read, size) if self.on_gpu else Cost(read + work, bytes=size)

    def _work(self, network: str, steps: int, samples: int, predicted: int) -> float:
        """Return the seconds, of a GPU if there is one, of so many steps on samples, and of so many predictions."""
        training, predicting = self._of_network(network)
        place = "gpu" if self.on_gpu else "cpu"
        measured = any(self.rates.has(f"gpu.{name}.gflop") for name in (network, METHODS[network].like))
        if self.on_gpu and not measured:
            self.counted.add(network)
            return (samples * training + predicted * predicting) / self.gflops
        step, learnt_gflop, predicted_gflop = (
            self._rate_of_method(f"{place}.{{}}.{part}", network) for part in ("step", "gflop", "predicted_gflop")
        )
        return steps * step + samples * training * learnt_gflop + predicted * predicting * predicted_gflop

    def _of_network(self, name: str) -> tuple[float, float]:
        if name not in self._operations:
            from rrrn.planning import networks  # PyTorch takes seconds, which a look at the disk need not wait for

            self._operations[name] = networks.operations(name, self.config)
        return self._operations[name]

    def _left(self, name: str) -> float:
        """Return the bytes of the model that a training of a network leaves."""
        if name not in self._sizes:
            from rrrn.planning import networks

            self._sizes[name] = networks.size(name, self.config)
        return self._sizes[name]

    def _weights(self, network: str) -> Cost:
        return Cost(bytes=METHODS[network].size)

    def _split(self) -> Cost:
        return Cost(bytes=80.0 * sum(len({clip.subject for clip in self._tested(name)}) for name in self._fold_names))

    def _tested(self, fold: str) -> list[Clip]:
        return folds.split(self.table, fold)[1]

    def _score(self, table: str, method: str, condition: str) -> Cost:
        seeds = 1 if METHODS[method].kind == "descriptor" else int(self.config["protocol"]["n_seeds"])
        matrix = _MATRIX + 2.0 * len(self.config["classes"]) ** 2
        return Cost(bytes=1000.0 + seeds * self._tested_subjects[table] * matrix)

    def _table(self, table: str) -> Cost:
        methods, conditions = len(self.config["methods"]), len(self.config["conditions"])
        return Cost(bytes=900.0 * methods * (conditions + 1))

    def _ablation(self) -> Cost:
        return Cost(bytes=900.0 * len(self.config["ablation"]) * (len(self.config["conditions"]) + 1))

    def _summary(self) -> Cost:
        methods, conditions = len(self.config["methods"]), len(self.config["conditions"])
        return Cost(bytes=80.0 * methods * (2 * conditions + 8))

    def _ranking(self) -> Cost:
        return Cost(bytes=200.0 * 2 * len(self._tested_subjects) * len(self.config["methods"]))

    def _compare(self) -> Cost:
        others, conditions = len(self.config["methods"]) - 1, len(self.config["conditions"]) + 1
        return Cost(bytes=_COMPARED * 2.0 * len(self._tested_subjects) * others * conditions)

    def _compare_ablation(self) -> Cost:
        methods, conditions = len(self.config["ablation"]), len(self.config["conditions"]) + 1
        return Cost(bytes=_COMPARED * 2.0 * methods * conditions)  # bases, which are few, counted too

    def _oracle(self, table: str, method: str, condition: str) -> Cost:
        return Cost(bytes=800.0 * int(self.config["protocol"]["n_seeds"]))

    def _poison(self, network: str, trained_on: str, fold: str, seed: str) -> Cost:
        told = {**variants.training(self.config, network), "score_every_epoch": False}
        return replace(self._trained(network, trained_on, fold, told), bytes=_VERDICT)

    def _poison_svm(self, descriptor: str, trained_on: str, fold: str) -> Cost:
        asked = len(protocol.tested(self.config, trained_on))
        return replace(self._fitted(descriptor, trained_on, [fold], asked), bytes=_VERDICT)

    def _leak(self) -> Cost:
        methods, conditions = len(self.config["methods"]), len(self.config["conditions"]) + 1
        return Cost(bytes=_DOUBTED * 2.0 * len(self._tested_subjects) * methods * conditions)

    def _visible(self, condition: str) -> Cost:
        return Cost(bytes=_TRUTH * len(self.table))

    def _attention(self, method: str, condition: str) -> Cost:
        return Cost(bytes=(_NAMES + _NUMBER * 6.0) * len(self.table) * int(self.config["protocol"]["n_seeds"]))

    def _faithfulness(self) -> Cost:
        methods, conditions = len(protocol.attending(self.config)), len(self.config["conditions"])
        pairs = methods * (conditions - 1) * int(self.config["protocol"]["n_seeds"]) * len(self.table)
        return Cost(_CORRELATED * pairs, bytes=_CORRELATION * 13.0 * methods * conditions)

    def _answers(self, method: str) -> Cost:
        rows = len(self.table) * len(self.config["conditions"]) * int(self.config["protocol"]["n_seeds"])
        return Cost(bytes=(_NAMES + _NUMBER * len(self.config["classes"])) * rows)

    def _strips(self, condition: str) -> Cost:
        return Cost(_DRAWN * len(self.table), bytes=_STRIP * len(self.table))

    def _figures(self) -> Cost:
        return Cost(_FIGURES * len(self.config["methods"]), bytes=_PICTURES)

    def _report(self) -> Cost:
        clips = len(self.table) * len(self.config["conditions"])
        return Cost(_PAGES, bytes=_PAGE + (1.34 * _STRIP + _SAID * len(self.config["methods"])) * clips)
