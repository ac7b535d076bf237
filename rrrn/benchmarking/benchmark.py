"""``rrrn.benchmark``: a model of one's own, by the folds, conditions, metrics and statistics of the workflow.

What counts is computed by what the stages run: trainings by ``rrrn.training.fold``, scores, tables, the ranking and
comparisons by the functions of their stages, from files of predictions as the workflow writes them.
"""

import contextlib
import shutil
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
from torch.nn import Module

from rrrn.benchmarking import contenders, estimators, networks
from rrrn.benchmarking.contenders import Contender
from rrrn.benchmarking.database import KEPT, Database
from rrrn.data import clips, digested, predictions, result
from rrrn.data.identity import by_hand
from rrrn.experiment import config as configuration
from rrrn.experiment import labels
from rrrn.experiment.labels import Labels
from rrrn.networks.plain import Sees
from rrrn.occlusion import given
from rrrn.running import in_python
from rrrn.running.stage import InputError
from rrrn.stages import compare, ranking, score, table
from rrrn.tables import cells, confusion, pooled, published
from rrrn.tables.published import AVERAGE
from rrrn.tables.robustness import REFERENCE
from rrrn.training.fold import Build

SCORES = [name for name in table.LONG if name not in table.OF_PAPER]
ABOUT = "benchmark.json"  # beside the tables, written last
_REMEDIES = {  # for those of the workflow's trainings
    "start fewer trainings on it": "end what else computes on it; or lower, in config, train.max_memory_gb, which "
    "changes no result, or train.batch_size; or set train.device: cpu there",
}
WITHOUT_REFERENCE = (
    "nothing of ResNet18 is there, so there is no mean relative degradation; run the workflow with 'resnet18' among "
    "'methods' to results/ranking.csv, or first benchmark('resnet18', …)"
)


@dataclass(frozen=True)
class Benchmark:
    """What a model scored.

    ``method`` is its name; ``predictions`` are the files of its predictions, ``folder`` holds these and all else.
    ``scores`` has the columns of the workflow's long tables, a row for each table, condition and metric, averages over
    conditions and the lines of no skill included. ``ranking`` has those of ``results/ranking.csv``, a row for each
    table and metric. ``comparisons`` has those of ``results/comparisons.csv`` but ``paper``: the model less each other
    method, with the interval, the p of the paired permutation test and Holm's correction over all its rows of a table;
    it is empty if there is no other method.
    """

    method: str
    folder: Path
    predictions: tuple[Path, ...]
    scores: pd.DataFrame
    ranking: pd.DataFrame
    comparisons: pd.DataFrame

    @property
    def mean_relative_degradation(self) -> float:
        """Return the number that methods are ranked by: F1's of Table IV, NaN if nothing of ResNet18 was there."""
        rows = self.ranking[(self.ranking["table"] == "iv") & (self.ranking["metric"] == "F1")]
        return float(rows["mean_relative_degradation"].iloc[0])


def benchmark(
    model: str | Path | ModuleType | type[Module] | Callable[..., Module] | Build | Any,
    database: str | Path,
    *,
    conditions: Sequence[str] | None = None,
    seeds: int | None = None,
    features: str = "lbp_top",
    sees: Sees = "flow",
    compared_with: Sequence[str] | None = None,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    configfiles: Sequence[str | Path] = (),
    config: Mapping[str, Any] | None = None,
    output: str | Path | None = None,
) -> Benchmark:
    """Train and test a model on every fold of a database, un-occluded and occluded, and score it as the workflow does.

    ``model`` is one of

    - a plain module of PyTorch: its class, or a function that makes a new one. Each is given what it names of
      ``n_classes``, ``side``, ``channels`` and the ``settings``. ``forward`` takes float32 maps and returns logits
      (B, n_classes), from which it learns by cross-entropy. It ``sees`` the ``"flow"`` of the whole face,
      (B, 2, side, side), from -1 to 1; or optical ``"strain"`` as a third channel, (B, 3, side, side); or the flow of
      six ``"regions"``, (B, 6, 2, side, side). Every training draws initial weights of its own, from its own seed: a
      module that is made already is refused;
    - a network of rrrn: the file of a plugin, its imported module or its function
      ``build(settings, n_classes, side, weights)`` (docs/extending.md), or the name of a method. Its predictions are
      those of the workflow with the plugin, to the last digit; their files say "by hand" where the workflow's say what
      they were made from. It learns and is tested on the flow of ``results/pack/``, as a plain module is;
    - a classifier of scikit-learn, cloned for each fold. It learns and is tested on the vectors of the descriptor
      ``features``, in ``results/features/``. A ``random_state`` that is None is seeded.

    ``database`` is the working directory in which the workflow has made these files:
    ``snakemake results/pack/none.h5`` and so on, or any table. Its configuration is config.yaml, with the directory's
    own over it, then ``configfiles``, then ``config``, as Snakemake has them by ``--configfile`` and ``--config``:
    folds, classes, training conditions and epochs are there. ``conditions`` (all that it names) are tested, and with
    ``train_condition: mixed`` are what is trained on; ``seeds`` is the number of trainings of each fold
    (``protocol.n_seeds``). ``name`` names a class, function or classifier, and seeds it; ``settings`` go over those of
    a network. All is written to ``output``, or else to ``benchmark/NAME`` in the database: predictions, scores,
    confusion matrices, ``scores.csv``, ``ranking.csv`` and ``comparisons.csv``, in place of those of an earlier
    benchmark() there.

    ``compared_with`` names methods whose confusion matrices are in ``results/confusion/`` or of an earlier benchmark();
    without it these are all of the configuration's ``methods`` that are there.

    ResNet18, which the ranking refers to, is that of ``results/confusion/``, where the workflow leaves it, or of an
    earlier ``benchmark("resnet18", …)``. Of it and of the methods to compare with it is checked that they tested the
    same clips, not that they were trained by the same configuration. Without ResNet18 there is a warning, and no mean
    relative degradation.

    One training after the other, so that a large experiment is better run by the workflow, which runs many at once and
    goes on after a stop. PyTorch's random numbers and threads are afterwards as they were.

    Raises ValueError, in one sentence with the remedy, for what is missing, damaged or cannot be used.

    >>> import tempfile
    >>> from rrrn import benchmark
    >>> from rrrn.benchmarking import example
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from torch import nn
    >>> def shallow(n_classes, side, channels):  # float32 (B, channels, side, side) in, logits (B, n_classes) out
    ...     return nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(channels * (side // 4) ** 2, n_classes))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     config = example.experiment(folder)  # of numbers at random, which the workflow makes of faces
    ...     reference = benchmark("resnet18", folder, config=config)
    ...     found = benchmark(KNeighborsClassifier(3), folder, features="lbp_top", config=config)
    ...     plain = benchmark(shallow, folder, config=config, compared_with=["resnet18", "KNeighborsClassifier"])
    >>> found.method, [path.name for path in found.predictions]
    ('KNeighborsClassifier', ['all-0.csv'])
    >>> found.scores.loc[found.scores["metric"] == "F1", "condition"].tolist()[:3]
    ['Un-occ', 'Mask', 'Avg.']
    >>> found.ranking["metric"].tolist(), reference.mean_relative_degradation
    (['F1', 'WF1'], 1.0)
    >>> plain.comparisons["other"].unique().tolist()
    ['ResNet18', 'KNeighborsClassifier']
    """
    with in_python.mistakes(_REMEDIES):
        asked = in_python.mapping(config, "config")
        if conditions is not None:
            found = _names(conditions, "conditions")
            if not found:
                raise InputError("conditions is empty; leave it out for all that the configuration names")
            asked = configuration.merge([asked, {"conditions": found}])
        if seeds is not None:
            asked = configuration.merge([asked, {"protocol": {"n_seeds": given.number(seeds, "seeds", 1)}}])
        root = in_python.path(database, "database").resolve()
        if not root.is_dir():
            raise InputError(f"{database}: is no directory; name the one in which the workflow runs")
        files = [path.resolve() for path in in_python.paths(configfiles, "configfiles")]
        chosen = None if output is None else in_python.path(output, "output").resolve()
        own = in_python.mapping(settings, "settings")
        called = None if name is None else in_python.text(name, "name")
        others = None if compared_with is None else _names(compared_with, "compared_with")
        known = contenders.given(model)
        with contextlib.chdir(root):  # paths in a configuration start there
            contender, whole = contenders.of(known, called, own, contenders.asked(known, files, asked), sees)
            rows = clips.read(Path(whole["clips"]))
            configuration.check_together(whole, rows)
        place = Database(root, whole, rows)
        return _score(contender, place, chosen or root / KEPT / contender.name, features, others)


def _score(
    contender: Contender, database: Database, folder: Path, features: str, compared_with: Sequence[str] | None
) -> Benchmark:
    reference = {} if contender.name == REFERENCE else database.counted(REFERENCE)
    others = database.others(contender.name, compared_with)
    # what is damaged or of other clips is told before hours of training
    database.check_clips(others | ({REFERENCE: reference} if reference else {}))
    named = labels.of([contender.name, REFERENCE, *others], database.config["conditions"])
    if contender.estimator is None:
        written = networks.predict(contender, database, folder / "predictions")
    else:
        written = estimators.predict(contender, database, features, folder / "predictions")
    if (folder / ABOUT).exists():
        _forget(folder, written)
    rows = [row for path in written for row in predictions.read(path, database.classes)]
    kind = published.data_kind(database.clips)
    scored, counted = [], {}
    for name, folds in database.tables.items():
        found, counted[name] = _of_table(contender.name, database, folder, rows, name)
        own, conditions = {contender.name: counted[name]}, list(database.config["conditions"])
        cell = table.all_rows(found, own, database.clips, folds, database.classes, [contender.name], conditions)
        labelled = cells.labelled(cell[cell["method"] != AVERAGE], named)
        scored.append(labelled.assign(table=name, task=database.tasks[name], data=kind))
    scores = pd.concat(scored, ignore_index=True)[SCORES]
    rank = _rank(contender.name, database, counted, reference, named).assign(data=kind)[list(ranking.COLUMNS)]
    compared = _compared(contender.name, database, counted, others, named).assign(data=kind)
    texts = {
        folder / "scores.csv": scores.to_csv(index=False, lineterminator="\n", float_format="%.6g"),
        folder / "ranking.csv": ranking.text(rank, kind),
        folder / "comparisons.csv": compare.text(compared, compare.WITHOUT_PAPER),
    }
    told = {key: database.config[key] for key in ("classes", "conditions", "protocol")} | dict(contender.told or {})
    told |= {"compare": {"with": list(others), "draws": database.config["compare"]["draws"]}}
    if contender.sees:
        told |= {"sees": contender.sees}
    if contender.estimator is not None:
        told |= {"estimator": repr(contender.estimator), "features": features}
    result.write(texts, folder / ABOUT, by_hand, told, kind, [])
    shown = compared[list(compare.WITHOUT_PAPER)]
    return Benchmark(contender.name, folder, tuple(written), scores, rank, shown)


def _names(values: object, name: str) -> list[str]:
    """Return an argument that must be several names; raises InputError, naming it, for what are none."""
    if isinstance(values, str):
        raise InputError(f"{name} is the text {values!r}; give a list: [{values!r}]")
    found = list(values) if isinstance(values, Iterable) else [None]
    if not all(isinstance(one, str) for one in found):
        raise InputError(f"{name} is {values!r}; give a list of names, each a text")
    return [str(one) for one in found]


def _forget(folder: Path, written: Sequence[Path]) -> None:
    """Delete what an earlier benchmark() left, which may be of other seeds or conditions, but for what was written."""
    for path in set((folder / "predictions").glob("*/*.csv")) - set(written):
        path.unlink()
    for name in ("scores", "confusion"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _of_table(
    method: str, database: Database, folder: Path, rows: Sequence[predictions.Prediction], name: str
) -> tuple[pd.DataFrame, dict[str, Path]]:
    """Write the scores and confusion matrices of a table, and return the scores and where the matrices are."""
    classes, folds = database.classes, database.tables[name]
    found, files = [], {}
    for condition in database.config["conditions"]:
        own = pooled.by_seed(rows, database.clips, folds, method, condition, database.config["protocol"]["view"])
        path = folder / "scores" / name / f"{condition}.csv"
        digested.write(*score.scores(own, classes, method, condition, len(folds)), path)
        found.append(cells.read(path))
        files[condition] = folder / "confusion" / name / f"{condition}.csv"
        confusion.write(own, classes, method, condition, files[condition])
    return pd.concat(found, ignore_index=True), files


def _rank(
    method: str,
    database: Database,
    counted: Mapping[str, dict[str, Path]],
    reference: Mapping[str, Mapping[str, Path]],
    named: Labels,
) -> pd.DataFrame:
    """Return the rows of a method in the ranking, beside REFERENCE if it is there."""
    if not reference and method != REFERENCE:
        warnings.warn(f"{database.root}: {WITHOUT_REFERENCE}", stacklevel=4)
    files: dict[str, dict[str, Mapping[str, Path]]] = {name: {method: own} for name, own in counted.items()}
    for name, own in reference.items():
        files[name][REFERENCE] = own
    found = ranking.rows(files, database.tasks, database.classes, named)
    return found[found["method"] == named.method(method)].reset_index(drop=True)


def _compared(
    method: str,
    database: Database,
    counted: Mapping[str, dict[str, Path]],
    others: Mapping[str, Mapping[str, Mapping[str, Path]]],
    named: Labels,
) -> pd.DataFrame:
    """Return what the stage ``compare`` says of a method and each other one, in its columns but ``data``."""
    pairs, draws = [(method, other) for other in others], database.config["compare"]["draws"]
    parts = []
    for name, own in counted.items():
        files = {method: own, **{other: tables[name] for other, tables in others.items()}}
        found = compare.compared(files, database.classes, name, pairs, draws, named)
        parts.append(found.assign(table=name, task=database.tasks[name]))
    return pd.concat(parts, ignore_index=True)
