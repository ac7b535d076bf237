"""The engines of TV-L1 by name, and which of them a machine has: nothing is imported before it is asked for.

An engine is a module with a function ``solve(pairs_a, pairs_b, parameters)``. If it has ``stream`` and
``pairs_at_once``, as cuda_engine, it also solves batches beside its caller. It is in nobody's import closure: whoever
takes a digest of the code that solves a flow names ``module(engine)`` to ``rrrn.provenance.sources`` beside its own.
"""

import functools
import importlib
import json
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Literal, NamedTuple, get_args

from rrrn.flow.pairs import Flows, Images
from rrrn.flow.parameters import Parameters, is_whole
from rrrn.running import cards
from rrrn.running.stage import InputError

Name = Literal["auto", "numba", "cuda", "opencv"]
NAMES: tuple[Name, ...] = get_args(Name)
_ON_GPU = ("cuda",)

_LIBRARIES = {  # that a flow's bits depend on
    "numba": ("numba", "cv2"),
    "cuda": ("torch",),
    "opencv": ("cv2",),
}

Solver = Callable[[Images, Images, Parameters], Flows]
Refiner = Callable[[Images, Images, Flows, Parameters], Flows]


class Streamer(NamedTuple):
    """How an engine solves batches while its caller makes the next and writes the last; see cuda_engine."""

    stream: Callable[[Iterable[tuple[Images, Images]], Parameters], Iterator[Flows]]
    pairs_at_once: Callable[[int, int], int]


def resolve(name: Name, warm_start: bool = False, gpus: int = 1) -> Name:
    """Return the engine that ``name`` means on this machine: one of ``NAMES`` but auto.

    ``auto`` is cuda where PyTorch sees a GPU and at least one of ``gpus`` may be used, else numba; it is numba for a
    warm start, which no other engine has.
    Raises InputError for a name that is none of ``NAMES``, for an engine whose GPU is missing, and
    for an engine without a warm start where one is wanted.
    """
    if name not in NAMES:
        raise InputError(f"engine is {name!r}; it must be one of {', '.join(NAMES)}")
    if warm_start and name not in ("auto", "numba"):
        raise InputError(f"flow.warm_start needs flow.engine numba or auto, not {name}")
    if name == "auto":
        return "cuda" if not warm_start and gpus > 0 and gpu_is_seen() else "numba"
    if name == "cuda" and not gpu_is_seen():
        raise InputError(
            "the engine (flow.engine) is cuda, but PyTorch sees no GPU; set it to auto or numba, or look whether "
            "PyTorch is installed, what nvidia-smi shows and what CUDA_VISIBLE_DEVICES holds"
        )
    return name


def solver(name: Name, threads: int = 1) -> Solver:
    """Return the function of an engine that solves pairs of images uint8 (N, H, W), float32 (N, 2, H, W) in pixels.

    ``name`` is one of ``NAMES``; ``threads`` of the processor share the pairs, unless the engine runs on a GPU.
    Raises InputError as ``resolve``, and for a number of threads that is not whole or below 1.
    """
    name = resolve(name)
    _check_threads(threads)
    solve = _imported(name).solve
    return solve if name in _ON_GPU else functools.partial(solve, threads=threads)


def refiner(name: Name, threads: int = 1) -> Refiner:
    """Return the function of an engine that solves pairs from guesses of their flow: ``numba_engine.refine``.

    Raises InputError as ``resolve`` does for a warm start, and as ``solver`` for threads.
    """
    _check_threads(threads)
    return functools.partial(_imported(resolve(name, warm_start=True)).refine, threads=threads)


def streamer(name: Name) -> Streamer | None:
    """Return the functions of an engine that solve batches beside the caller, or None if it has none.

    Raises InputError as ``resolve``.
    """
    found = _imported(resolve(name))
    return Streamer(found.stream, found.pairs_at_once) if hasattr(found, "stream") else None


def facts(name: Name, parameters: Parameters) -> dict[str, str]:
    """Return what a file of flow says of its solver: engine, versions of its libraries, parameters as JSON."""
    name = resolve(name)
    versions = [f"{library} {importlib.import_module(library).__version__}" for library in _LIBRARIES[name]]
    return {
        "engine": name,
        "engine_version": ", ".join(versions),
        "parameters": json.dumps(parameters.section(), sort_keys=True),
    }


@functools.cache
def gpu_is_seen() -> bool:
    """Return whether PyTorch is installed and sees a GPU."""
    if cards.count() == 0:  # PyTorch would see none either, after seconds of import
        return False
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return False
    return bool(torch.cuda.is_available())


def module(name: str) -> str:
    """Return the name of the module of an engine, which is one of ``NAMES`` but auto."""
    return f"rrrn.flow.{name}.{name}_engine"


def _check_threads(threads: int) -> None:
    if not is_whole(threads) or threads < 1:
        raise InputError(f"the number of threads is {threads!r}; give a whole number, at least 1")


def _imported(name: str) -> ModuleType:
    return importlib.import_module(module(name))
