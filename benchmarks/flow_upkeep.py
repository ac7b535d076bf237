"""What TV-L1 on a processor costs beside its flow: the compiler's time, once, and memory."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from rrrn.experiment import seeds
from rrrn.flow.numba import numba_engine
from rrrn.flow.parameters import Parameters

_FIRST = (
    "import numpy as np; from rrrn.flow.numba.numba_engine import solve; from rrrn.flow.parameters import Parameters; "
    "image = np.zeros((1, 240, 240), np.uint8); solve(image, image, Parameters())"
)
_BATCH = 50  # pairs of one size
_WARM_UP = 10  # batches, after which the sizes have all been seen


def first_flows(processes: int) -> tuple[float, float]:
    """Return the seconds from a start of processes at once to the last one's first flow: after an installation, later.

    After an installation nothing is compiled yet.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder, "PYTHONPATH": str(Path(__file__).parents[1])}
        taken = []
        for _ in range(2):
            start = time.perf_counter()
            started = [subprocess.Popen([sys.executable, "-c", _FIRST], env=environment) for _ in range(processes)]
            if any([process.wait() for process in started]):
                raise RuntimeError("a process that was to find a flow failed")
            taken.append(time.perf_counter() - start)
    return taken[0], taken[1]


def memory(pairs: int, threads: int) -> list[tuple[int, float]]:
    """Solve pairs of small images of five sizes in turn; return numbers of pairs and the megabytes held after them."""
    rng = seeds.generator(0, "memory")
    held = []
    for batch in range(-(-pairs // _BATCH)):
        side = 40 + 8 * (batch % 5)
        a, b = rng.integers(0, 256, (2, _BATCH, side, side + 3)).astype(np.uint8)
        numba_engine.solve(a, b, Parameters(warps=1, scales=2), threads)
        if batch % 2 == 0:
            numba_engine.refine(a, b, np.zeros((_BATCH, 2, side, side + 3), np.float32), Parameters(warps=1), threads)
        if batch + 1 >= _WARM_UP and (batch + 1) % _WARM_UP == 0:
            held.append(((batch + 1) * _BATCH, resident()))
    return held


def resident() -> float:
    """Return the megabytes of this process that lie in memory (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
