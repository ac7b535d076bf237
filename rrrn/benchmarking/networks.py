"""Train a network as the stage ``train`` does, on all folds and seeds, and keep what it predicts."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

from tqdm import tqdm

from rrrn.benchmarking.contenders import Contender
from rrrn.benchmarking.database import Database
from rrrn.data import predictions
from rrrn.data.identity import by_hand
from rrrn.experiment import protocol
from rrrn.networks import pretrained
from rrrn.training import devices, fold, models


def predict(contender: Contender, database: Database, folder: Path) -> list[Path]:
    """Return the files of predictions, ``TRAINED_ON/FOLD-SEED.csv`` in a folder, once all are written.

    Raises InputError as a training does.
    """
    packs = database.packs()
    if contender.weights:
        pretrained.verify(contender.weights, contender.sha256)
    tasks = list(_tasks(contender, database, packs))
    written = []
    for task in tqdm(tasks, unit=" trainings", disable=None, leave=False):
        with devices.kept():
            written.append(_train(task, contender, database, folder))
    return written


def _tasks(contender: Contender, database: Database, packs: dict[str, Path]) -> Iterator[fold.Task]:
    """Yield all trainings, those before others that start from their models."""
    assert contender.told is not None
    config = database.config
    learnt = protocol.training_sets(config)
    names = sorted(learnt, key=lambda name: name in protocol.tuned(config))
    for trained_on, name, seed in product(names, database.folds, range(config["protocol"]["n_seeds"])):
        yield fold.Task(
            method=contender.name,
            trained_on=trained_on,
            fold=name,
            seed=seed,
            classes=database.classes,
            train=[packs[condition] for condition in learnt[trained_on]],
            test={condition: packs[condition] for condition in protocol.tested(config, trained_on)},
            view=config["protocol"]["view"],
            told=contender.told,
        )


def _train(task: fold.Task, contender: Contender, database: Database, folder: Path) -> Path:
    assert contender.build is not None
    tuned = protocol.tuned(database.config)
    model = folder.parent / "models" / f"{task.fold}-{task.seed}.h5"
    trained = fold.run(
        task,
        database.clips,
        contender.build,
        devices.choose(task.settings.device),
        database.config["train"]["max_memory_gb"] * 1e9,
        start=models.read(model) if task.trained_on in tuned else None,
        weights=contender.weights,
    )
    if tuned and task.trained_on == protocol.START:
        models.write(model, trained.network, task.origin, trained.clips, by_hand)
    path = folder / task.trained_on / f"{task.fold}-{task.seed}.csv"
    predictions.write(trained.rows, task.classes, path)
    return path
