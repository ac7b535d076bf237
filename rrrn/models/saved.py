"""A trained model in one file: its arrays in the format safetensors, and in the header what they are of.

The format (https://github.com/huggingface/safetensors) holds numbers and one table of texts, so that reading a file
runs nothing of it. It is not believed either: the code that builds a network is that of a registered method of its
name, never one that the file names.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from rrrn.running import stage, typed
from rrrn.running.stage import InputError

SUFFIX = ".safetensors"
FORMAT = 1
OF_A_CLIP = ("faces", "anchor", "occlude")  # the sections by which any clip is made into what a model sees
_SECTIONS = {  # of the settings, by the kind of a model
    "network": (*OF_A_CLIP, "augment", "flow", "pack", "train", "own"),
    "descriptor": (*OF_A_CLIP, "describe", "svm", "own"),
}
_READ = {"faces": ("max_missing", "upsample"), "pack": ("size",), "train": ("device", "precision", "batch_size")}
_KEY = "rrrn"  # of the header's table: one entry, since several come in any order
_REMEDY = "copy it again, or make it again with rrrn fit"
_MOST_BYTES = 8_000_000_000  # ResNet18 twice, with all of RRRN, has 0.15 GB


@dataclass(frozen=True)
class About:
    """What the arrays of a file are of.

    ``kind`` is network or descriptor (with a linear machine); ``base`` names the method whose code it is, of a variant
    the one that it varies. ``settings``: the sections of the configuration that a clip is made into numbers by, those
    of the training, and ``own``, the method's. ``view``: what the predictions of the workflow were of
    (``protocol.view``). ``training``: on what it was trained; ``data``: digests of that; ``code`` and ``versions``:
    with what. ``estimate``: see ``rrrn.models.estimate``.
    """

    kind: str
    method: str
    base: str
    label: str
    classes: list[str]
    view: str
    settings: dict[str, Any]
    training: dict[str, Any]
    data: dict[str, Any]
    code: dict[str, str]
    versions: dict[str, str]
    estimate: dict[str, Any]


@dataclass(frozen=True)
class Saved:
    """A model: its arrays by name, and what they are of."""

    arrays: Mapping[str, NDArray[Any]]
    about: About


def write(model: Saved, path: Path, before: Callable[[], None] = lambda: None) -> None:
    """Write a model, whole or not at all; equal models give equal bytes. Raises ValueError for another suffix.

    ``before`` is called when all is written, just before it is put in its place.
    """
    if path.suffix.lower() != SUFFIX:
        raise ValueError(f"{path}: a model's file ends in {SUFFIX}")
    arrays = {name: np.ascontiguousarray(values) for name, values in model.arrays.items()}
    # ascontiguousarray makes numbers alone into rows of one
    arrays = {name: values.reshape(model.arrays[name].shape) for name, values in arrays.items()}
    told = {"format": FORMAT, "digest": checksum(model), **asdict(model.about)}
    with stage.replacing(path) as partial:
        partial.write_bytes(save(arrays, {_KEY: json.dumps(told, sort_keys=True)}))
        before()


def checksum(model: Saved) -> str:
    """Return what a model's file is known by, which its card names."""
    return digest(model.arrays, asdict(model.about))


def checksum_of(path: Path) -> str:
    """Return the checksum that a file has in its header; raises InputError if it is no model."""
    return str(_told(path).get("digest", ""))


def read(path: Path) -> Saved:
    """Return a model; raises InputError, naming the file, if it is missing, damaged, no model or of a later version."""
    told = _told(path)
    form = told.pop("format", None)
    if form != FORMAT:
        remedy = "update rrrn" if isinstance(form, int) and form > FORMAT else "make it again with rrrn fit"
        raise InputError(f"{path}: is a model of another version of rrrn (format {form!r}, not {FORMAT}); {remedy}")
    known = told.pop("digest", "")
    try:
        about = typed.of(About, told, "header")
    except InputError as error:
        raise InputError(f"{path}: {error}; another version made it, or it was edited: {_REMEDY}") from None
    try:
        with safe_open(path, framework="np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: is damaged ({error}); {_REMEDY}") from None
    if digest(arrays, told) != known:
        raise InputError(f"{path}: is damaged or edited (other checksum); {_REMEDY}")
    _check(about, path)
    return Saved(arrays, about)


def _check(about: About, path: Path) -> None:
    """Raise InputError for a header whose checksum is right and which no ``rrrn fit`` wrote."""
    named = [*about.classes, about.label, about.method]
    if not all(isinstance(name, str) and name.isprintable() for name in named):
        raise InputError(f"{path}: has names with control characters, or that are no texts; {_REMEDY}")
    if len(set(about.classes)) < max(2, len(about.classes)):
        raise InputError(f"{path}: has the classes {about.classes}, which are not two and more of their own; {_REMEDY}")
    for name in _SECTIONS.get(about.kind, ()):
        if not isinstance(about.settings.get(name), dict):
            raise InputError(f"{path}: lacks the settings {name}; {_REMEDY}")
        if lacking := [key for key in _READ.get(name, ()) if key not in about.settings[name]]:
            raise InputError(f"{path}: lacks the setting {name}.{lacking[0]}; {_REMEDY}")


def _told(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name the file {SUFFIX} that rrrn fit wrote")
    if not path.is_file():
        raise InputError(f"{path}: there is no such model; rrrn fit -o {path.stem}{SUFFIX} makes one")
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(f"{path}: is larger than any model of rrrn; {_REMEDY}")
    try:
        with safe_open(path, framework="np") as file:
            table = file.metadata() or {}
        found = json.loads(table[_KEY])
    except KeyError:
        raise InputError(f"{path}: holds weights, but none that rrrn fit wrote: it does not say of what") from None
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: is damaged, or no model of rrrn ({error}); {_REMEDY}") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: is no model of rrrn; {_REMEDY}")
    return found


def digest(arrays: Mapping[str, NDArray[Any]], told: Mapping[str, Any]) -> str:
    """Return a digest of arrays with their names, types and shapes, and of what is told of them, after its own name."""
    found = hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16)
    for name in sorted(arrays):
        found.update(json.dumps([name, arrays[name].dtype.str, list(arrays[name].shape)]).encode())
        found.update(np.ascontiguousarray(arrays[name]).tobytes())
    return f"blake2b-{found.hexdigest()}"
