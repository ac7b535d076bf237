"""The weights that a training ends in, as a file that other trainings start from (``protocol.start: clean``).

The file says of whom they were learnt: method, fold, seed, classes, settings, and every training clip. So a training
that starts from it can tell that it is of its own fold, and that no subject whom it tests was ever seen. Statistics of
batches are among the weights; Adam's state is not.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from rrrn.data import rows, store
from rrrn.data.clips import Clip
from rrrn.networks.network import Network
from rrrn.running.stage import InputError
from rrrn.training import tensors

_NOT_COMPARED = ("train.device", "train.tune")  # where a model was trained, which rounds only; what starts from it
_TRAINED_ON = "none"  # what a model to start from was trained on: rrrn.experiment.conditions.CLEAR, which is not
# imported, or an edit of what declares occluders would run all trainings again
_REMEDY = "name the model of the same fold, method and seed with --start, or delete the file and run again"


@dataclass(frozen=True)
class Origin:
    """What a model was trained as: ``trained_on`` names the condition; ``settings`` are {dotted key: value}."""

    method: str
    trained_on: str
    fold: str
    seed: int
    classes: list[str]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """A model's file: its origin, the clips that it was trained on as (subject, clip), and its tensors by name."""

    path: Path
    origin: Origin
    clips: frozenset[rows.Key]
    weights: Mapping[str, Tensor]


def settings(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a training is told of the configuration by dotted keys, but for what changes no weight."""
    flat = {f"train.{key}": value for key, value in told["train"].items()}
    flat |= {f"networks.{name}.{key}": value for name, own in told["networks"].items() for key, value in own.items()}
    return {key: value for key, value in flat.items() if key not in _NOT_COMPARED}


def write(path: Path, network: Network[Any], origin: Origin, clips: Sequence[Clip], made: Callable[[], str]) -> None:
    """Write a trained network, whole or not at all; ``made`` is asked at the end what the file is to say of itself."""
    with store.create(path, made) as file:
        tensors.put(file, network.state_dict())
        store.put_names(file, "origin", [json.dumps(asdict(origin), sort_keys=True)])
        rows.put(file, clips)


def read(path: Path) -> Model:
    """Return what ``write`` wrote; raises InputError if the file is missing, damaged or no model."""
    try:
        with store.reading(path) as file:
            (told,) = store.names(file, "origin")
            return Model(path, Origin(**json.loads(told)), frozenset(rows.of_file(file, path)), tensors.get(file))
    except InputError:
        raise
    except (KeyError, ValueError, TypeError):
        raise InputError(f"{path}: is no model that a training left; {_REMEDY}") from None


def check(model: Model, wanted: Origin, train: Sequence[Clip], test: Iterable[Clip]) -> None:
    """Raise InputError that names what is wrong unless a training on ``train``, tested on ``test``, may start here.

    No tested subject may be among those that the model saw, and no occluded condition; then method, fold, seed,
    classes, settings and clips must be those of ``wanted`` and ``train``.
    """
    seen = {subject for subject, _ in model.clips}
    if tested := sorted(seen.intersection(clip.subject for clip in test)):
        raise InputError(
            f"{model.path}: was trained on subject {tested[0]!r}, whom fold {wanted.fold!r} tests; {_REMEDY}"
        )
    if model.origin.trained_on != _TRAINED_ON:
        raise InputError(f"{model.path}: was trained on {model.origin.trained_on!r}, not un-occluded clips; {_REMEDY}")
    for name in ("method", "fold", "seed", "classes"):
        found, own = getattr(model.origin, name), getattr(wanted, name)
        if found != own:
            raise InputError(f"{model.path}: is of {name} {_said(found)}, and not of {_said(own)}; {_REMEDY}")
    for key in sorted({*model.origin.settings, *wanted.settings}):
        found, own = (one.settings.get(key) for one in (model.origin, wanted))
        if found != own:
            raise InputError(f"{model.path}: was trained with {key} {found!r}, and not {own!r}; {_REMEDY}")
    if other := sorted(model.clips.symmetric_difference(map(rows.key, train))):
        which = "was not" if other[0] not in model.clips else "was"
        raise InputError(
            f"{model.path}: {which} trained on clip {'/'.join(other[0])}, unlike fold {wanted.fold!r}; {_REMEDY}"
        )


def load(network: Network[Any], model: Model) -> None:
    """Give a network the weights of a model, in their places in memory; raises InputError if they do not fit it."""
    try:
        network.load_state_dict(dict(model.weights))
    except RuntimeError:
        raise InputError(f"{model.path}: has weights of another network; {_REMEDY}") from None


def _said(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else repr(value)
