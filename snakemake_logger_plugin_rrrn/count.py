"""How far a run is: jobs done of all, which rules run, and about how long it still takes."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Count:
    """The jobs of a run that began at ``began``; all times are seconds of one clock.

    ``left`` has the number of unfinished jobs of each rule, ``running`` the rule and the start of each running job.
    """

    began: float
    left: Counter[str]
    total: int
    done: int = 0
    running: dict[int, tuple[str, float]] = field(default_factory=dict)
    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, stats: Mapping[str, int], now: float) -> "Count":
        """Return the count of a run that has just begun, by Snakemake's statistics: jobs of each rule, ``total``."""
        left = Counter({rule: number for rule, number in stats.items() if rule != "total"})
        return cls(now, left, left.total())

    def start(self, job: int, rule: str, now: float) -> None:
        """Note that a job was handed to Snakemake's executor, again if it failed before."""
        self.running[job] = rule, now

    def finish(self, job: int, now: float) -> None:
        """Note that a job has ended well."""
        if job in self.running:
            rule, since = self.running.pop(job)
            self.took[rule].append(now - since)
            self.left[rule] -= 1

    def fail(self, job: int) -> None:
        """Note that a job has failed."""
        self.running.pop(job, None)

    def seconds_left(self, now: float) -> float | None:
        """Return about how long the rest takes, None before a job has ended.

        A job takes as long as the finished ones of its rule in the mean, or as all finished ones if there are none of
        its rule; and as many run at a time as did so far.
        """
        every = [seconds for times in self.took.values() for seconds in times]
        spent = sum(every) + sum(now - since for _, since in self.running.values())
        if not every or spent <= 0:
            return None
        mean = {rule: sum(times) / len(times) for rule, times in self.took.items() if times}
        overall = sum(every) / len(every)
        work = sum(number * mean.get(rule, overall) for rule, number in self.left.items() if number > 0)
        work -= sum(min(now - since, mean.get(rule, overall)) for rule, since in self.running.values())
        return work * (now - self.began) / spent

    def text(self, now: float) -> str:
        """Return the line of progress, without its end."""
        rules = list(dict.fromkeys(rule for rule, _ in self.running.values()))
        shown = ", ".join(rules[:3]) + (", …" if len(rules) > 3 else "")
        left = self.seconds_left(now)
        parts = [f"{self.done} of {self.total} jobs done"]
        if left is not None and self.done < self.total:
            parts.append(f"about {duration(left)} left")
        return (f"{shown}: " if shown else "") + ", ".join(parts)


def duration(seconds: float) -> str:
    """Return a time in the two units that matter."""
    if round(seconds) < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
