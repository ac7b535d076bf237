"""The files of initial weights that the configuration names."""

import hashlib
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rrrn.doctor.finding import Finding, error, ok, warning
from rrrn.experiment import methods, protocol

FETCHED = "data/weights/"  # where the workflow puts what it fetches
_SECONDS = 4.0
_FETCH = "on the login node: snakemake --cores 1 {path} (a run does it by itself where there is internet)"


@dataclass(frozen=True)
class File:
    """A file of weights: who needs it, the digits that its sha256 must begin with, those it has (empty: no file).

    ``address`` is where it is fetched from, empty for the user's own; ``reached`` whether that answers.
    """

    path: str
    networks: tuple[str, ...]
    wanted: str
    digest: str
    address: str = ""
    reached: bool = False


def fetched(config: Mapping[str, Any]) -> dict[str, str]:
    """Return {network: where from} of the published weights that the workflow fetches, by the names of their files."""
    names = [Path(path).stem for path in protocol.files(config) if path.startswith(FETCHED)]
    return {name: methods.METHODS[name].source for name in names}


def collect(config: Mapping[str, Any], addresses: Mapping[str, str]) -> list[File]:
    """Read the files and ask the addresses of those that are missing."""
    needed: dict[str, list[str]] = {}
    wanted: dict[str, str] = {}
    for name in protocol.networks(config):
        for path in protocol.weights(config, name):
            needed.setdefault(path, []).append(name)
            wanted[path] = protocol.sha256(config, name)
    with ThreadPoolExecutor() as pool:
        digests = dict(zip(needed, pool.map(_digest, needed), strict=True))
        lost = {path: addresses.get(Path(path).stem, "") for path in needed if not digests[path]}
        reached = dict(zip(lost, pool.map(_reached, lost.values()), strict=True))
    return [
        File(path, tuple(names), wanted[path].lower(), digests[path], lost.get(path, ""), reached.get(path, False))
        for path, names in needed.items()
    ]


def check(files: Sequence[File]) -> list[Finding]:
    """Judge every file."""
    return [one(file) for file in files]


def one(file: File) -> Finding:
    """Judge one file."""
    name = f"weights {', '.join(file.networks)}"
    if file.digest and not file.digest.startswith(file.wanted):
        return error(
            name,
            f"{file.path} has sha256 {file.digest[:12]}…, not {file.wanted[:12]}…",
            "another or a damaged file: remove it, and fetch or copy it again",
        )
    if file.digest:
        return ok(name, file.path + (", sha256 as wanted" if file.wanted else ", no sha256 to compare with"))
    if not file.address and file.path.startswith(FETCHED):
        return warning(name, f"{file.path} is not fetched yet", _FETCH.format(path=file.path))
    if not file.address:
        return error(
            name, f"{file.path} is not there or cannot be read", "correct 'pretrained' of the network, or copy the file"
        )
    if file.reached:
        return warning(
            name,
            f"{file.path} is not fetched yet",
            _FETCH.format(path=file.path),
        )
    return error(
        name,
        f"{file.path} is not there, and {file.address} does not answer",
        "fetch it on a machine with internet and put it there, or set 'pretrained: none'",
    )


def _digest(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _reached(address: str) -> bool:
    if not address:
        return False
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
