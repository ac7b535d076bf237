"""How long jobs take on some processors and GPUs, one after another where one reads what the other makes."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from rrrn.planning.jobs import Job
from rrrn.planning.model import Cost


@dataclass(frozen=True)
class Wall:
    """Seconds: of the longest chain of jobs, and of all jobs on the processors and GPUs given."""

    chain: float
    total: float


def wall(jobs: Sequence[Job], costs: Sequence[Cost], cores: int, gpus: int) -> Wall:
    """Return the time from the first job's start to the last one's end.

    A job takes one core from its start to its end, and a GPU if it has work for one. Of jobs that are ready, those
    with the longest chain behind them start first.
    """
    maker = {path: number for number, job in enumerate(jobs) for path in job.outputs}
    needs = [{maker[path] for path in job.inputs if path in maker} for job in jobs]
    users: list[list[int]] = [[] for _ in jobs]
    for number, needed in enumerate(needs):
        for other in needed:
            users[other].append(number)
    lengths = [max(cost.cpu, cost.gpu) for cost in costs]
    behind = _behind(needs, users, lengths)
    return Wall(max(behind, default=0.0), _simulated(needs, users, lengths, behind, costs, cores, max(gpus, 1)))


def _behind(needs: list[set[int]], users: list[list[int]], lengths: list[float]) -> list[float]:
    """Return of each job the length of the longest chain that begins with it."""
    left = [len(found) for found in users]
    ready = [number for number, count in enumerate(left) if count == 0]
    longest = list(lengths)
    while ready:
        number = ready.pop()
        for other in needs[number]:
            longest[other] = max(longest[other], lengths[other] + longest[number])
            left[other] -= 1
            if left[other] == 0:
                ready.append(other)
    return longest


def _simulated(
    needs: list[set[int]],
    users: list[list[int]],
    lengths: list[float],
    behind: list[float],
    costs: Sequence[Cost],
    cores: int,
    gpus: int,
) -> float:
    left = [len(needed) for needed in needs]
    waiting: dict[bool, list[tuple[float, int]]] = {True: [], False: []}  # by whether a GPU is needed

    def release(number: int) -> None:
        heapq.heappush(waiting[costs[number].gpu > 0], (-behind[number], number))

    for number, count in enumerate(left):
        if count == 0:
            release(number)
    running: list[tuple[float, int]] = []
    now = 0.0
    while running or waiting[True] or waiting[False]:
        for on_gpu in (True, False):
            while waiting[on_gpu] and cores > 0 and (gpus > 0 or not on_gpu):
                _, number = heapq.heappop(waiting[on_gpu])
                cores, gpus = cores - 1, gpus - on_gpu
                heapq.heappush(running, (now + lengths[number], number))
        now, done = heapq.heappop(running)
        cores, gpus = cores + 1, gpus + (costs[done].gpu > 0)
        for user in users[done]:
            left[user] -= 1
            if left[user] == 0:
                release(user)
    return now
