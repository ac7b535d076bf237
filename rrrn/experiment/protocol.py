"""What is trained on what: the conditions behind each training, its views, and where initial weights come from.

Asked by the workflow and by whoever plans it. Read by the Snakefile in every job, hence the standard library only.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rrrn.data.clips import Clip
from rrrn.experiment import control_conditions, folds, methods
from rrrn.experiment.conditions import CLEAR

START = CLEAR  # the training whose models others start from
WITHOUT_EFFECT = ("max_memory_gb", "checkpoint_minutes", "score_every_epoch")  # keys of train that change no result


def trained_on(config: Mapping[str, Any]) -> dict[str, str]:
    """Return {tested condition: name of the training that is tested on it}."""
    conditions = config["conditions"]
    return {
        "matched": {condition: condition for condition in conditions},
        "clean": dict.fromkeys(conditions, CLEAR),
        "mixed": dict.fromkeys(conditions, "mixed"),
    }[config["protocol"]["train_condition"]]


def training_sets(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return {name of a training: the conditions that it learns from}."""
    every = list(config["conditions"])
    return {name: every if name == "mixed" else [name] for name in trained_on(config).values()}


def tuned(config: Mapping[str, Any]) -> list[str]:
    """Return the names of the trainings that start from the model of another, the one named ``START``."""
    if config["protocol"]["start"] == "scratch":
        return []
    return [name for name in training_sets(config) if name != START]


def leaves_model(config: Mapping[str, Any], name: str) -> bool:
    """Return whether trainings of that name leave their model: for others to start from, or to be tested on all."""
    return bool(config["protocol"]["test_all"] or (tuned(config) and name == START))


def model(network: str, fold: str, seed: str, name: str = START) -> str:
    """Return the file in which that training of a network leaves its model."""
    return f"results/models/{network}/{name}/{fold}-{seed}.h5"


def tested(config: Mapping[str, Any], name: str) -> list[str]:
    """Return the conditions that a training is tested on."""
    return [condition for condition, training in trained_on(config).items() if training == name]


def tables(config: Mapping[str, Any], clips: Sequence[Clip]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return {table: its folds} and {table: its task, as the paper's values name it}.

    Tables III a and b, the holdouts, are only there if the clips are of the two databases of ``protocol.holdout``.
    """
    named, tasks = {"iv": folds.over_subjects(clips, config["protocol"]["folds"])}, {"iv": "CDE"}
    one, other = config["protocol"]["holdout"]
    if {one, other} <= {clip.database for clip in clips}:
        for table, trained, tested in (("iii_a", one, other), ("iii_b", other, one)):
            named[table] = [folds.holdout(trained, tested)]
            tasks[table] = f"HDE {trained.upper()}->{tested.upper()}"
    return named, tasks


def views(config: Mapping[str, Any], condition: str) -> str:
    """Return ``all`` for a condition that is trained on, else the views that are tested: ``all`` or ``original``."""
    learnt = any(condition in conditions for conditions in training_sets(config).values())
    return "all" if learnt or config["protocol"]["view"] != "original" else "original"


def compared(config: Mapping[str, Any]) -> list[str]:
    """Return all methods of a configuration, each once: of the paper's tables, and of the ablation."""
    return list(dict.fromkeys([*config["methods"], *config["ablation"]]))


def held_against(config: Mapping[str, Any]) -> list[str]:
    """Return the conditions under which region weights are held against what is visible: all but controls."""
    return control_conditions.plain(config["conditions"])


def attending(config: Mapping[str, Any]) -> list[str]:
    """Return the methods whose region weights can be held against what is visible, under occlusion and without."""
    told = held_against(config)
    if START not in told or len(told) < 2:
        return []
    return [name for name in config["methods"] if methods.METHODS[name].alpha]


def watched(config: Mapping[str, Any]) -> list[str]:
    """Return the networks of the tables whose tested clips are scored after every epoch."""
    looks = config["train"]["score_every_epoch"]
    return [name for name in config["methods"] if looks and methods.METHODS[name].kind == "network"]


def poisoned(config: Mapping[str, Any]) -> list[str]:
    """Return the methods of the tables of which a fold of each table is trained again, with tested clips poisoned."""
    return list(config["methods"]) if config["leak"]["poison"] else []


def first_training(config: Mapping[str, Any]) -> str:
    """Return the name of the first training that starts from no other one's model."""
    return next(name for name in training_sets(config) if name not in tuned(config))


def networks(config: Mapping[str, Any]) -> list[str]:
    """Return those that are networks."""
    return [name for name in compared(config) if methods.METHODS[name].kind == "network"]


def weights(config: Mapping[str, Any], network: str) -> list[str]:
    """Return the file of a network's initial weights: of the rule ``weights``, the user's own, or none."""
    settings = methods.settings(config, network)
    pretrained = settings.get("pretrained", "none")
    if pretrained == "none" or settings.get("backbone") == "shallow":
        return []
    if pretrained == "imagenet":
        return [f"data/weights/{methods.METHODS[network].weights}.pth"]
    return [pretrained["path"]]


def sha256(config: Mapping[str, Any], network: str) -> str:
    """Return the digits that the digest of a network's initial weights begins with; none for a network without."""
    setting = methods.settings(config, network).get("pretrained", "none")
    if setting == "imagenet":
        return methods.METHODS[methods.METHODS[network].weights].sha256
    return str(setting["sha256"]) if isinstance(setting, Mapping) else ""


def files(config: Mapping[str, Any]) -> list[str]:
    """Return the files of initial weights that the methods of a configuration need, each once."""
    return list(dict.fromkeys(path for name in networks(config) for path in weights(config, name)))
