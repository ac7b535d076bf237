"""What every file of an experiment is made from, as one digest per file: its recipe.

A recipe holds the code that is run, the part of the configuration that it is told, the columns of the clip table that
it reads, and the recipes of its inputs: all that decides what is in the file, known before anything is made. Which
libraries compute it is found from what its code imports, and stands beside the digest (``libraries.py``). One method
per rule of the workflow, with the rule's wildcards; whoever changes what a rule is told changes it here.

Read by the Snakefile in every job, hence nothing heavy.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

from rrrn.data import clips, identity, listing, result
from rrrn.data.clips import Clip
from rrrn.data.identity import Identity
from rrrn.experiment import conditions, control_conditions, labels, pairs, protocol, variants
from rrrn.experiment.config import merge, pick
from rrrn.experiment.methods import METHODS
from rrrn.experiment.pairs import Pair
from rrrn.provenance import asked, sources
from rrrn.provenance.frames_seen import Seen, stretches
from rrrn.running import libraries, resources
from rrrn.running.stage import InputError

ONE = ("database", "subject", "clip", "objective_class")  # what names a clip and its class
_SHOWN = ("config.yaml", "config/paper.yaml", "data/paper/table_ii.csv")  # read by the report beside templates
_SAME = {"flow": ("engine", "numba"), "train": ("device", "cpu")}  # what ``auto`` is on every machine without a GPU


@dataclass(frozen=True)
class Recipe:
    """What the file ``path`` is made from.

    ``told``: what its stage is told of the configuration, as JSON; ``settings``: what of that decides; ``columns``:
    what it reads of the clip table, of one ``subject`` or of all, with their digest ``rows``; ``other``: what else
    decides, which the stage can compare if it is ``found`` on disk. ``watched``: whether the libraries
    that are installed here are those that it is made with.
    """

    path: str
    modules: tuple[str, ...]
    settings: str = "{}"
    told: str = "{}"
    columns: tuple[str, ...] = ()
    subject: str | None = None
    rows: str = ""
    other: str = ""
    found: bool = False
    inputs: tuple["Recipe", ...] = ()
    watched: bool = True

    @cached_property
    def code(self) -> str:
        """Return the digest of the code."""
        return sources.digest(*self.modules)

    @cached_property
    def digest(self) -> str:
        """Return 16 hexadecimal digits for all of it, inputs included."""
        own = [self.path, self.code, self.settings, self.rows, self.other, [one.digest for one in self.inputs]]
        return hashlib.sha256(json.dumps(own).encode()).hexdigest()[:16]

    @cached_property
    def computing(self) -> frozenset[str]:
        """Return the watched libraries that the code imports, and those that its inputs were made with."""
        own = sources.beyond(*self.modules).intersection(libraries.WATCHED)
        return own.union(*(one.computing for one in self.inputs))

    @cached_property
    def libraries(self) -> str:
        """Return these with their versions; nothing if none are watched."""
        return libraries.told(self.computing) if self.watched else ""

    @cached_property
    def of(self) -> dict[str, str]:
        """Return a digest each of the configuration, code, clip table and versions that had any part in it."""
        whole = list(closure([self]))
        parts = {
            "configuration": {one.settings for one in whole},
            "code": {one.code for one in whole},
            "clips": {one.rows for one in whole} - {""},
            "versions": {self.libraries} - {""},
        }
        return {name: identity.combined(sorted(values)) if values else "" for name, values in parts.items()}

    @property
    def identity(self) -> Identity:
        """Return what the file says of itself, but for the checksums of its inputs."""
        return Identity(self.path, self.digest, libraries=self.libraries)

    def asked(self) -> str:
        """Return what the stage is told, so that it can compare."""
        return asked.text(
            asked.Asked(
                path=self.path,
                recipe=self.digest,
                code=self.code,
                modules=self.modules,
                rows=self.rows,
                columns=self.columns,
                subject=self.subject,
                other=self.other if self.found else "",
                recipes=asked.named([one.digest for one in self.inputs]),
                libraries=self.libraries,
                of=self.of if self.path.endswith(".json") else {},
            )
        )


def canonical(value: Any) -> Any:
    """Return a value of the configuration with whole numbers as such: 10000.0 is 10000."""
    if isinstance(value, Mapping):
        return {str(key): canonical(part) for key, part in value.items()}
    if isinstance(value, list):
        return [canonical(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Recipes:
    """The recipes of one experiment: of a checked configuration, its clip table, and what was seen of its frames.

    ``watched``: whether its files are made with the libraries that are installed here, and not in other environments.
    """

    def __init__(self, config: Mapping[str, Any], table: Sequence[Clip], seen: Seen, watched: bool = True) -> None:
        self._seen = seen
        self._watched = watched
        self._config = config
        self._table = table
        self._rows: dict[tuple[str | None, tuple[str, ...]], str] = {}
        self._told: dict[tuple[str, ...], tuple[str, str]] = {}
        self._classes = ",".join(config["classes"])
        self._trained_on = protocol.trained_on(config)
        self._tuned = protocol.tuned(config)
        self._training_sets = protocol.training_sets(config)
        self.subjects = sorted({clip.subject for clip in table})
        self.tables, self.tasks = protocol.tables(config, table)
        self.folds = sorted({fold for names in self.tables.values() for fold in names})

    @cache  # noqa: B019  # lives as long as the process
    def render(self, subject: str) -> Recipe:
        return self._recipe(
            f"data/synthetic/{subject}", "rrrn.stages.render", "render", columns=clips.COLUMNS, subject=subject
        )

    @cache  # noqa: B019
    def faces(self, subject: str) -> Recipe:
        own = clips.of_subject(self._table, subject)
        drawn = own[0].source == "synthetic"
        return self._recipe(
            f"results/faces/{subject}.h5",
            "rrrn.stages.faces",
            "faces",
            columns=("database", "clip", "onset", "apex", "offset", "frames"),
            subject=subject,
            other="" if drawn else self._seen.fingerprint(stretches(own)),
            found=not drawn,
            inputs=[self.render(subject)] if drawn else [],
        )

    @cache  # noqa: B019
    def anchor(self, subject: str) -> Recipe:
        mode = self._config["anchor"]["mode"]
        told = ["anchor.mode", *(["anchor.stable"] if mode == "stable" else [])]
        path = f"results/anchors/{subject}.h5"
        return self._recipe(path, "rrrn.stages.anchor", *told, inputs=[self.faces(subject)])

    @cache  # noqa: B019
    def jitter(self, subject: str) -> Recipe:
        """Return the recipe of the anchors that follow each frame's landmarks, whatever the configuration has."""
        told = json.dumps({"anchor": {"mode": "per_frame"}})
        return replace(self.anchor(subject), path=f"results/anchors_jittered/{subject}.h5", settings=told, told=told)

    @cache  # noqa: B019
    def art(self, kind: str) -> Recipe:
        wanted = self._config["occlude"][kind].get("art", "built_in")
        own = wanted != "built_in"
        return self._recipe(
            f"results/art/{kind}.h5",
            ("rrrn.stages.art", *([] if own else [conditions.KINDS[kind].module])),
            f"occlude.{kind}.art",
            other=listing.contents(Path(wanted)) if own else "",
            found=own,
        )

    @cache  # noqa: B019
    def occlude(self, condition: str, subject: str) -> Recipe:
        """Return the recipe of the occluded frames that a condition has, which may be those of another one."""
        base, control = control_conditions.split(condition)
        if control == control_conditions.JITTERED:
            return self.occlude_jittered(base, subject)
        if control:
            return self.occlude(base, subject)
        kind = conditions.kind_of(condition)
        told, inputs, modules = [], [self.faces(subject)], ["rrrn.stages.occlude", kind.module]
        if kind.name != conditions.CLEAR:
            told = ["occlude.seed", kind.section]
            inputs += [self.anchor(subject)]
        if kind.dressed:
            told += ["occlude.look"]
        if kind.pictures:  # which of them there are, the stage art is told
            told.remove(kind.section)
            told += [f"{kind.section}.{key}" for key in self._config["occlude"][kind.name] if key != "art"]
            inputs += [self.art(kind.name)]
            modules += ["rrrn.occlusion.kinds.art_shard"]
        return self._recipe(f"results/occluded/{condition}/{subject}.h5", tuple(modules), *told, inputs=inputs)

    @cache  # noqa: B019
    def occlude_jittered(self, condition: str, subject: str) -> Recipe:
        held, made = self.anchor(subject).path, self.occlude(condition, subject)
        inputs = tuple(self.jitter(subject) if one.path == held else one for one in made.inputs)
        return replace(made, path=f"results/occluded_jittered/{condition}/{subject}.h5", inputs=inputs)

    @cache  # noqa: B019
    def augment(self, subject: str) -> Recipe:
        columns = ("clip", "onset", "apex", "offset")
        path = f"results/augment/{subject}.csv"
        return self._recipe(path, "rrrn.stages.augment", "augment", columns=columns, subject=subject)

    @cache  # noqa: B019
    def shift(self, control: str, subject: str) -> Recipe:
        return self._recipe(
            f"results/augment/{control}/{subject}.csv",
            "rrrn.stages.shift",
            "control_conditions",
            columns=("clip", "offset"),
            subject=subject,
            other=control,
            inputs=[self.augment(subject)],
        )

    @cache  # noqa: B019
    def within(self, condition: str, subject: str) -> Recipe:
        base, control = control_conditions.split(condition)
        return self._recipe(
            f"results/flow/{condition}/{subject}.h5",
            "rrrn.stages.within",
            other=control,
            inputs=[self.flow(base, subject), self.occlude(base, subject), self.augment(subject)],
        )

    @cache  # noqa: B019
    def flow(self, condition: str, subject: str) -> Recipe:
        control = control_conditions.split(condition)[1]
        if control in control_conditions.SIDES:
            return self.within(condition, subject)
        plan = self.shift(control, subject) if control in control_conditions.SHIFTS else self.augment(subject)
        engine = self._config["flow"]["engine"]
        engines = ["cuda", "numba"] if engine in ("auto", "numba") else [engine]
        return self._recipe(
            f"results/flow/{condition}/{subject}.h5",
            ("rrrn.stages.flow", *(f"rrrn.flow.{name}.{name}_engine" for name in engines)),
            "flow",
            other=protocol.views(self._config, condition),
            inputs=[self.occlude(condition, subject), plan],
        )

    @cache  # noqa: B019
    def pack(self, condition: str) -> Recipe:
        return self._recipe(
            f"results/pack/{condition}.h5",
            "rrrn.stages.pack",
            "pack",
            columns=("subject", "clip"),
            inputs=[self.flow(condition, subject) for subject in self.subjects],
        )

    @cache  # noqa: B019
    def train(self, network: str, trained_on: str, fold: str, seed: str) -> Recipe:
        tuned = trained_on in self._tuned
        untold = protocol.WITHOUT_EFFECT if tuned else (*protocol.WITHOUT_EFFECT, "tune")
        told = [f"train.{key}" for key in self._config["train"] if key not in untold]
        names = [*self._training_sets[trained_on], *protocol.tested(self._config, trained_on)]
        return self._recipe(
            f"results/predictions/{network}/{trained_on}/{fold}-{seed}.csv",
            ("rrrn.stages.train", METHODS[network].module),
            *told,
            METHODS[network].section,
            columns=ONE,
            other=f"{self._classes} {self._config['protocol']['view']}",
            inputs=[
                *(self.pack(condition) for condition in names),
                *([self.model(network, fold, seed)] if tuned else []),
            ],
            config={**self._config, "train": variants.training(self._config, network)},
        )

    @cache  # noqa: B019
    def model(self, network: str, fold: str, seed: str, trained_on: str = protocol.START) -> Recipe:
        """Return the recipe of the model that a training leaves beside its predictions."""
        trained = self.train(network, trained_on, fold, seed)
        return replace(trained, path=protocol.model(network, fold, seed, trained_on))

    @cache  # noqa: B019
    def cross(self, network: str, trained_on: str) -> Recipe:
        names, seeds = self.tables["iv"], range(self._config["protocol"]["n_seeds"])
        trained = self.train(network, trained_on, names[0], "0")  # tells what all of them are told
        left = [self.model(network, fold, str(seed), trained_on) for fold in names for seed in seeds]
        return replace(
            trained,
            path=f"results/crossed/{network}/{trained_on}.csv",
            modules=("rrrn.stages.cross", METHODS[network].module),
            inputs=(*left, *(self.pack(name) for name in self._config["conditions"])),
        )

    @cache  # noqa: B019
    def cross_svm(self, descriptor: str, trained_on: str) -> Recipe:
        made, names = self.svm(descriptor, trained_on), self._config["conditions"]
        learnt = [self.describe(descriptor, name) for name in self._training_sets[trained_on]]
        inputs = (*learnt, *(self.describe(descriptor, name) for name in names))
        return replace(made, path=f"results/crossed/{descriptor}/{trained_on}.csv", inputs=inputs)

    @cache  # noqa: B019
    def matrix(self) -> Recipe:
        made = [
            self.cross_svm(method, name) if METHODS[method].kind == "descriptor" else self.cross(method, name)
            for method in self._config["methods"]
            for name in self._training_sets
        ]
        return self._result("results/matrix.json", "rrrn.stages.matrix", [], {"iv": made})

    @cache  # noqa: B019
    def epochs(self, network: str, trained_on: str, fold: str, seed: str) -> Recipe:
        """Return the recipe of what a training leaves of every epoch, beside predictions that are the same without."""
        trained = self.train(network, trained_on, fold, seed)
        return replace(trained, path=f"results/epochs/{network}/{trained_on}/{fold}-{seed}.h5")

    @cache  # noqa: B019
    def describe(self, descriptor: str, condition: str) -> Recipe:
        return self._recipe(
            f"results/features/{descriptor}/{condition}.h5",
            ("rrrn.stages.describe", METHODS[descriptor].module),
            *("describe.size", "describe.blocks", "describe.tim_frames", METHODS[descriptor].section),
            columns=("subject", "clip"),
            inputs=[self.occlude(condition, subject) for subject in self.subjects],
        )

    @cache  # noqa: B019
    def svm(self, descriptor: str, trained_on: str) -> Recipe:
        conditions = [*self._training_sets[trained_on], *protocol.tested(self._config, trained_on)]
        return self._recipe(
            f"results/predictions/{descriptor}/{trained_on}/all.csv",
            "rrrn.stages.svm",
            "svm",
            columns=ONE,
            other=f"{self._classes} {','.join(self.folds)}",
            inputs=[self.describe(descriptor, condition) for condition in conditions],
        )

    @cache  # noqa: B019
    def score(self, table: str, method: str, condition: str) -> Recipe:
        trained_on = self._trained_on[condition]
        if METHODS[method].kind == "descriptor":
            inputs = [self.svm(method, trained_on)]
        else:
            seeds = range(self._config["protocol"]["n_seeds"])
            inputs = [self.train(method, trained_on, fold, str(seed)) for fold in self.tables[table] for seed in seeds]
        return self._recipe(
            f"results/scores/{table}/{method}/{condition}.csv",
            "rrrn.stages.score",
            columns=ONE,
            other=f"{self._classes} {','.join(self.tables[table])} {self._config['protocol']['view']}",
            inputs=inputs,
        )

    @cache  # noqa: B019
    def confusion(self, table: str, method: str, condition: str) -> Recipe:
        """Return the recipe of what the scores of a method leave beside them: the confusion of each subject."""
        scored = self.score(table, method, condition)
        return replace(scored, path=f"results/confusion/{table}/{method}/{condition}.csv")

    @cache  # noqa: B019
    def oracle(self, table: str, method: str, condition: str) -> Recipe:
        scored, trained_on = self.score(table, method, condition), self._trained_on[condition]
        seeds = range(self._config["protocol"]["n_seeds"])
        return self._recipe(
            f"results/oracle/{table}/{method}/{condition}.csv",
            "rrrn.stages.oracle",
            columns=ONE,
            other=scored.other,
            inputs=[self.epochs(method, trained_on, fold, str(seed)) for fold in self.tables[table] for seed in seeds],
        )

    @cache  # noqa: B019
    def poison(self, network: str, trained_on: str, fold: str, seed: str) -> Recipe:
        trained = self.train(network, trained_on, fold, seed)
        return replace(
            trained,
            path=f"results/poison/{network}/{trained_on}/{fold}-{seed}.csv",
            modules=("rrrn.stages.poison", METHODS[network].module),
            inputs=(trained, *trained.inputs),
        )

    @cache  # noqa: B019
    def poison_svm(self, descriptor: str, trained_on: str, fold: str) -> Recipe:
        fitted = self.svm(descriptor, trained_on)
        return replace(
            fitted,
            path=f"results/poison/{descriptor}/{trained_on}/{fold}-0.csv",
            modules=("rrrn.stages.poison_svm",),
            inputs=(fitted, *fitted.inputs),
        )

    def poisoned(self, table: str) -> list[Recipe]:
        """Return the recipes of a table's poison tests: of each method the first fold and, of networks, seed."""
        name, fold = protocol.first_training(self._config), self.tables[table][0]
        return [
            self.poison_svm(method, name, fold)
            if METHODS[method].kind == "descriptor"
            else self.poison(method, name, fold, "0")
            for method in protocol.poisoned(self._config)
        ]

    @cache  # noqa: B019
    def leak(self) -> Recipe:
        names = self._config["conditions"]
        inputs = {
            table: [
                *self._confusion(table),
                *(self.oracle(table, method, name) for method in protocol.watched(self._config) for name in names),
                *self.poisoned(table),
            ]
            for table in self.tables
        }
        made = self._result("results/leak.json", "rrrn.stages.leak", [], inputs)
        # these say what its inputs are
        own = [pick(self._config, name) for name in ("train.score_every_epoch", "leak.poison")]
        told = merge([json.loads(made.told), *own])
        return replace(made, told=json.dumps(told, sort_keys=True))

    @cache  # noqa: B019
    def table(self, table: str) -> Recipe:
        paper = [f"table_{table}.csv", "misprints.csv"]
        inputs = {table: [*self._scores(table), *self._confusion(table)]}
        return self._result(f"results/table_{table}.json", "rrrn.stages.table", paper, inputs)

    @cache  # noqa: B019
    def summary(self) -> Recipe:
        paper = ["notes.csv", *(f"table_{table}.csv" for table in self.tables)]
        scores = {table: self._scores(table) for table in self.tables}
        return self._result("results/summary.json", "rrrn.stages.summary", paper, scores)

    @cache  # noqa: B019
    def ranking(self) -> Recipe:
        counted = {table: self._confusion(table) for table in self.tables}
        return self._result("results/ranking.json", "rrrn.stages.ranking", [], counted)

    @cache  # noqa: B019
    def compare(self) -> Recipe:
        paper = [f"table_{table}.csv" for table in self.tables]
        counted = {table: self._confusion(table) for table in self.tables}
        return self._result("results/comparisons.json", "rrrn.stages.compare", paper, counted, own=("compare",))

    @cache  # noqa: B019
    def visible(self, condition: str) -> Recipe:
        return self._recipe(
            f"results/visible/{condition}.csv",
            "rrrn.stages.visible",
            columns=("subject", "clip"),
            inputs=[self.occlude(condition, subject) for subject in self.subjects],
        )

    @cache  # noqa: B019
    def attention(self, method: str, condition: str) -> Recipe:
        return self._recipe(
            f"results/attention/{method}/{condition}.csv",
            "rrrn.stages.attention",
            columns=ONE,
            other=f"{self._classes} {','.join(self.tables['iv'])}",
            inputs=self.score("iv", method, condition).inputs,
        )

    @cache  # noqa: B019
    def faithfulness(self) -> Recipe:
        methods, names = protocol.attending(self._config), protocol.held_against(self._config)
        weights = [self.attention(method, condition) for method in methods for condition in names]
        seen = [self.visible(condition) for condition in names if condition != protocol.START]
        inputs = {"iv": [*weights, *seen]}
        return self._result("results/region_weights.json", "rrrn.stages.faithfulness", [], inputs)

    @cache  # noqa: B019
    def split(self) -> Recipe:
        return self._recipe(
            "results/folds.json",
            "rrrn.stages.split",
            "protocol.folds",
            columns=(*ONE, "source"),
            other=f"{self._classes} {','.join(self.folds)}",
        )

    @cache  # noqa: B019
    def answers(self, method: str) -> Recipe:
        scored = [self.score("iv", method, condition) for condition in self._config["conditions"]]
        return self._recipe(
            f"results/answers/{method}.csv",
            "rrrn.stages.answers",
            columns=ONE,
            other=" ".join([",".join(self._config["conditions"]), scored[0].other]),
            inputs=list(dict.fromkeys(one for scores in scored for one in scores.inputs)),
        )

    @cache  # noqa: B019
    def strips(self, condition: str) -> Recipe:
        shards = [made(condition, subject) for made in (self.occlude, self.flow) for subject in self.subjects]
        return self._recipe(
            f"results/strips/{condition}.h5",
            "rrrn.stages.strips",
            "report.faces",
            columns=("subject", "clip", "source"),
            inputs=shards,
        )

    @cache  # noqa: B019
    def figures(self) -> Recipe:
        return self._shown("results/figures/figures.json", "rrrn.stages.figures", self._behind())

    @cache  # noqa: B019
    def report(self) -> Recipe:
        return self._shown("results/report.json", "rrrn.stages.report", [*self._behind(), self.figures()])

    def _behind(self) -> list[Recipe]:
        """Return the recipes of all that figures and the report show."""
        methods, names = self._config["methods"], self._config["conditions"]
        found = [one for path, one in self._results().items() if not path.startswith("results/ablation")]
        inputs = [recipe() for recipe in found]
        inputs += [one for table in self.tables for one in self._confusion(table)]
        inputs += [self.answers(method) for method in methods]
        if attending := protocol.attending(self._config):
            plain = protocol.held_against(self._config)
            inputs += [self.attention(method, name) for method in attending for name in plain]
            inputs += [self.visible(name) for name in plain if name != protocol.START]
        descriptors = [name for name in methods if METHODS[name].kind == "descriptor"]
        if descriptors and protocol.START in names:
            inputs.append(self.describe(descriptors[0], protocol.START))
        return inputs + [self.strips(name) for name in names]

    def _shown(self, path: str, module: str, inputs: Sequence[Recipe]) -> Recipe:
        """Return the recipe of something for people, which is told the whole configuration."""
        told = canonical(self._config) | {"labels": json.loads(self.labels()), "tasks": self.tasks}
        columns = clips.COLUMNS
        return Recipe(
            path=path,
            modules=(module,),
            settings=json.dumps(_deciding({key: told[key] for key in told if key != "clips"}), sort_keys=True),
            told=json.dumps(told, sort_keys=True),
            columns=columns,
            rows=self._digest(None, columns),
            other=listing.digits([*_templates(), *(resources.path(name) for name in _SHOWN)]),
            inputs=tuple(inputs),
            watched=self._watched,
        )

    @cache  # noqa: B019
    def ablation(self) -> Recipe:
        inputs = {"iv": [*self._scores("iv", "ablation"), *self._confusion("iv", "ablation")]}
        return self._result("results/ablation.json", "rrrn.stages.table", [], inputs, "ablation")

    @cache  # noqa: B019
    def compare_ablation(self) -> Recipe:
        path, inputs = "results/ablation_comparisons.json", {"iv": self._confusion("iv", "ablation")}
        made = self._result(path, "rrrn.stages.compare", [], inputs, "ablation", own=("compare.draws",))
        decided = json.loads(made.settings) | {"pairs": self.paired("ablation")}
        return replace(made, settings=json.dumps(decided, sort_keys=True))

    def results(self) -> list[Recipe]:
        """Return the recipes of all tables: what an experiment is for."""
        return [recipe() for recipe in self._results().values()]

    def _results(self) -> dict[str, Callable[[], Recipe]]:
        """Return how to get the recipe of each table, by the file beside it: one table may lack settings of another."""
        found: dict[str, Callable[[], Recipe]] = {
            f"results/table_{name}.json": partial(self.table, name) for name in self.tables
        }
        found["results/summary.json"] = self.summary
        found["results/ranking.json"] = self.ranking
        found["results/comparisons.json"] = self.compare
        found["results/leak.json"] = self.leak
        if protocol.attending(self._config):
            found["results/region_weights.json"] = self.faithfulness
        found["results/folds.json"] = self.split
        if self._config["protocol"]["test_all"]:
            found["results/matrix.json"] = self.matrix
        if self._config["ablation"]:
            found["results/ablation.json"] = self.ablation
            found["results/ablation_comparisons.json"] = self.compare_ablation
        return found

    def labels(self, key: str = "methods") -> str:
        """Return what the tables call methods and conditions, as JSON; ``key`` names the methods."""
        return json.dumps(vars(labels.of(self._config[key], self._config["conditions"])))

    def paired(self, key: str = "methods") -> list[Pair]:
        """Return which method is compared with which other; ``key`` names the methods."""
        methods = self._config[key]
        if key == "ablation":
            return pairs.of_ablation(methods, {name: METHODS[name].like for name in methods})
        return pairs.of_tables(methods, self._config["compare"]["against"])

    def of(self, path: str) -> Recipe:
        """Return the recipe of a file, of a table that of the file beside it; raises InputError if there is none."""
        named = Path(os.path.relpath(path))
        place = result.beside(named) if named.parent == Path("results") else named
        if found := self._results().get(str(place)):
            return found()
        for recipe in self.with_report():
            if recipe.path == str(place):
                return recipe
        raise InputError(f"{path}: is no file of this configuration; name one as the workflow does")

    def _scores(self, table: str, key: str = "methods") -> list[Recipe]:
        methods, names = self._config[key], self._config["conditions"]
        return [self.score(table, method, condition) for method in methods for condition in names]

    def _confusion(self, table: str, key: str = "methods") -> list[Recipe]:
        methods, names = self._config[key], self._config["conditions"]
        return [self.confusion(table, method, condition) for method in methods for condition in names]

    def _result(
        self,
        path: str,
        module: str,
        paper: Sequence[str],
        scores: Mapping[str, Sequence[Recipe]],
        key: str = "methods",
        own: Sequence[str] = (),
    ) -> Recipe:
        """Return the recipe of a table, whose settings are all that had a part in it.

        ``scores`` are its inputs by table, ``key`` names its methods, ``own`` are keys of the configuration, with
        dots, that this table reads besides.
        """
        inputs = [one for group in scores.values() for one in group]
        named = merge([pick(self._config, name) for name in ("classes", "conditions", "protocol", *own)])
        named["methods"] = self._config[key]
        decided = merge([canonical(named), *(json.loads(text) for text in {one.settings for one in closure(inputs)})])
        told = merge([canonical(named), *(json.loads(text) for text in {one.told for one in closure(inputs)})])
        for part in (decided, told):
            for name in {"anchor", "train"} & part.keys():  # what all are told that are no variants and no controls
                part[name] = {key: canonical(self._config[name])[key] for key in part[name]}
        decided = _deciding(decided)
        decided["protocol"] = {key: value for key, value in decided["protocol"].items() if key != "test_all"}
        told |= {"clips": str(self._config["clips"]), "plugins": list(self._config["plugins"])}
        told |= {"ablation": named["methods"] if key == "ablation" else [], "variants": self._varied(named["methods"])}
        if set(scores) == {"iv"}:
            decided["protocol"] = {key: value for key, value in decided["protocol"].items() if key != "holdout"}
        decided |= {"labels": self.labels(key), "tasks": [self.tasks[name] for name in scores]}
        columns = (*ONE, "source")
        return Recipe(
            path=path,
            modules=(module,),
            settings=json.dumps(decided, sort_keys=True),
            told=json.dumps(told, sort_keys=True),
            columns=columns,
            rows=self._digest(None, columns),
            other=listing.digits(resources.path(f"data/paper/{name}") for name in paper) if paper else "",
            found=True,
            inputs=tuple(inputs),
            watched=self._watched,
        )

    def _varied(self, names: Sequence[str]) -> dict[str, Any]:
        """Return what the configuration says of those methods that are variants."""
        return {name: told for name, told in self._config["variants"].items() if name in names}

    def _digest(self, subject: str | None, columns: tuple[str, ...]) -> str:
        """Return the digest of columns of the clip table, of one subject or of all; nothing of none."""
        key = subject, columns
        if columns and key not in self._rows:
            rows = self._table if subject is None else clips.of_subject(self._table, subject)
            self._rows[key] = clips.digest(rows, *columns)
        return self._rows[key] if columns else ""

    def every(self) -> Iterator[Recipe]:
        """Yield each recipe once, inputs before what is made of them."""
        return closure(self.results())

    def with_report(self) -> Iterator[Recipe]:
        """Yield each recipe once, and those of figures and report, which any change of the configuration makes anew."""
        return closure([*self.results(), self.report()])

    def _recipe(
        self,
        path: str,
        modules: str | tuple[str, ...],
        *told: str,
        columns: tuple[str, ...] = (),
        subject: str | None = None,
        other: str = "",
        found: bool = False,
        inputs: Sequence[Recipe] = (),
        config: Mapping[str, Any] | None = None,
    ) -> Recipe:
        if told not in self._told:
            chosen = canonical(merge([pick(config or self._config, path) for path in told]))
            deciding = json.dumps(_deciding(chosen), sort_keys=True)
            self._told[told] = deciding, json.dumps(chosen, sort_keys=True)
        return Recipe(
            path=path,
            modules=(modules,) if isinstance(modules, str) else modules,
            settings=self._told[told][0],
            told=self._told[told][1],
            columns=columns,
            subject=subject,
            rows=self._digest(subject, columns),
            other=other,
            found=found,
            inputs=tuple(inputs),
            watched=self._watched,
        )


def _templates() -> list[Path]:
    """Return the files that pages are laid out by, which are no code."""
    return sorted(resources.HOME.joinpath("rrrn/report/templates").iterdir())


def closure(wanted: Iterable[Recipe]) -> Iterator[Recipe]:
    """Yield recipes and all that they need, each once, inputs before what is made of them."""
    seen: set[str] = set()

    def walk(recipe: Recipe) -> Iterator[Recipe]:
        if recipe.path not in seen:
            seen.add(recipe.path)
            for one in recipe.inputs:
                yield from walk(one)
            yield recipe

    for recipe in wanted:
        yield from walk(recipe)


def _deciding(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as they decide what is made: ``auto`` is what it is on a machine without a GPU."""
    deciding = dict(settings)
    for section, (key, usual) in _SAME.items():
        if deciding.get(section, {}).get(key) == "auto":
            deciding[section] = deciding[section] | {key: usual}
    return deciding
