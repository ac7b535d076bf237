"""Weights from a file: read safely, checked, and loaded whole or not at all."""

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rrrn.running.stage import InputError


@dataclass(frozen=True)
class File:
    """A weights file of the user's own: where it lies, and its digest."""

    path: str
    sha256: str

    def __str__(self) -> str:
        return self.path


Pretrained = Literal["imagenet", "none"] | File  # the setting ``pretrained``


def verify(path: Path, sha256: str) -> None:
    """Raise InputError unless the digest of a weights file begins with ``sha256``."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: the weights file cannot be read ({error})") from None
    if not digest.startswith(sha256):
        raise InputError(
            f"{path}: its sha256 is {digest}, and not {sha256} as asked for; another or a damaged file: remove it, and "
            "fetch or copy it again"
        )


def head(path: Path) -> bytes:
    """Return the first bytes of a weights file, which tell its format; raises InputError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(128)
    except OSError as error:
        raise InputError(f"{path}: the weights file cannot be read ({error})") from None


def read(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a weights file of PyTorch by name.

    Raises InputError for a file that is missing, is not a plain table of tensors, or unpacks to more than it is.
    """
    try:
        if zipfile.is_zipfile(path) and _unpacked(path) > path.stat().st_size:
            raise ValueError("its parts are larger than itself, and PyTorch does not compress")
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"{path}: the weights file cannot be read ({error})") from None
    except Exception as error:  # bytes that are no such file can end in any
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: not a weights file of PyTorch holding tensors only ({reason})") from None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InputError(f"{path}: holds no table of tensors; save the model's state_dict()")
    return state


def _unpacked(path: Path) -> int:
    with zipfile.ZipFile(path) as parts:
        return sum(part.file_size for part in parts.infolist())


def check(setting: Pretrained, weights: Path | None) -> None:
    """Raise InputError unless a weights file is given exactly where the setting ``pretrained`` asks for one."""
    if setting != "none" and weights is None:
        raise InputError(f"pretrained is {setting}, but no file was given; name one with --weights")
    if setting == "none" and weights is not None:
        raise InputError(f"{weights}: weights were given, but pretrained is none")


def load(model: nn.Module, state: Mapping[str, Tensor], head: str, path: Path) -> None:
    """Load all but the head of a published classifier.

    ``head`` is the prefix of the names of its last layer, whose classes are not ours; it keeps its values.
    Raises InputError, naming ``path``, if a name or a shape differs.
    """
    own = model.state_dict()
    given = {name: value for name, value in state.items() if not name.startswith(head)}
    # files from before PyTorch 0.4.1 lack this counter, which nothing here uses
    wanted = [name for name in own if not name.startswith(head) and not name.endswith("num_batches_tracked")]
    wrong = [name for name in wanted if name not in given or given[name].shape != own[name].shape]
    wrong += [name for name in given if name not in own]
    if wrong:
        raise InputError(
            f"{path}: not the weights of this network: {wrong[0]} and {len(wrong) - 1} more names "
            "are missing, unknown or of another shape"
        )
    model.load_state_dict(given, strict=False)
