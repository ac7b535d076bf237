"""How often intervals over subjects hold the true value, how wide they are, and how often equal methods differ.

Run ``python -m benchmarks.coverage``. Samples of subjects are drawn from an endless population: each has the clips per
class of one subject of MEGC 2018 and is easier or harder than others, as each clip is. Two equally good methods name
the classes of the same clips under three conditions. What a cell, an average or a difference would be in the whole
population is known, and the intervals of rrrn/tables/statistics are held against it.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rrrn.experiment import megc2018, metrics, seeds
from rrrn.running import stage
from rrrn.tables.statistics import exchange, intervals, resampling

DRAWS = 2000  # those of region weights; tables have more, with which ends of a few subjects lie further out
SKILL = (0.62, 0.55, 0.5)  # of a median clip under each condition, the chance of being right in the largest class
LESS = (0.85, 0.7, 1.0, 0.75, 0.65)  # of the others
BIAS = np.array([0.15, 0.1, 0.5, 0.15, 0.1])  # what wrong clips are called, but for their own class
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)


@dataclass(frozen=True)
class Population:
    """Subjects like those of ``databases``, whose skill varies by ``between`` and ``within`` them, sd of its logit."""

    databases: tuple[str, ...]
    between: float
    within: float = 1.0

    def templates(self) -> NDArray[np.int64]:
        """Return the clips per class of each recorded subject, (subjects, 5)."""
        return np.array([list(own.values()) for name in self.databases for own in megc2018.counts(name).values()])

    def skill(self) -> NDArray[np.float64]:
        """Return the logit of the chance of a median clip to be named rightly, (conditions, 5)."""
        chance = np.outer(SKILL, LESS)
        return np.log(chance / (1 - chance))

    def truth(self) -> dict[str, NDArray[np.float64]]:
        """Return {metric: its true value under each condition, and their mean}, (conditions + 1,)."""
        spread = np.hypot(self.between, self.within) * _NODES[:, None, None]
        right = np.tensordot(_WEIGHTS / _WEIGHTS.sum(), _sigmoid(self.skill() + spread), 1)
        clips = self.templates().mean(axis=0)
        found = []
        for chance in right:
            matrix = (clips * (1 - chance))[:, None] * _wrong()
            found.append(metrics.scores(matrix + np.diag(clips * chance)))
        values = {name: np.array([one[name] for one in found]) for name in metrics.METRICS}
        return {name: np.append(own, own.mean()) for name, own in values.items()}

    def sample(self, rng: np.random.Generator, n_subjects: int) -> NDArray[np.int64]:
        """Return confusion matrices of two methods, (2, conditions, 1, subjects, 5, 5); every class has a clip."""
        templates = self.templates()
        clips = np.zeros((n_subjects, 5), np.int64)
        while not clips.any(axis=0).all():
            clips = templates[rng.integers(0, len(templates), n_subjects)]
        subject = np.repeat(np.arange(n_subjects), clips.sum(axis=1))
        true = np.concatenate([np.repeat(np.arange(5), own) for own in clips])
        ease = self.between * rng.standard_normal(n_subjects)[subject] + self.within * rng.standard_normal(len(true))
        counts = np.zeros((2, len(SKILL), 1, n_subjects, 5, 5), np.int64)
        for method in range(2):
            for condition, logit in enumerate(self.skill()):
                right = rng.random(len(true)) < _sigmoid(logit[true] + ease)
                other = (rng.random((len(true), 1)) > _wrong().cumsum(axis=1)[true]).sum(axis=1)
                np.add.at(counts[method, condition, 0], (subject, true, np.where(right, true, other)), 1)
        return counts


def _wrong() -> NDArray[np.float64]:
    """Return what clips of each class are called that are named wrongly, (5, 5)."""
    chance = np.tile(BIAS, (5, 1)) * (1 - np.eye(5))
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-x))


def measured(population: Population, n_subjects: int, samples: int, draws: int = DRAWS) -> pd.DataFrame:
    """Return a row for each metric: shares of samples in %, and half widths.

    ``cell``, ``average``: how often the interval of a cell and of the mean over conditions holds the true value;
    ``percentiles``: that of a cell between plain percentiles; ``difference``: that of both methods' averages holds 0;
    ``p < 0.05``: how often they are told apart; ``noise``: half the width of the difference's interval, in one
    condition and in the mean.
    """
    truth, found = population.truth(), []
    for number in range(samples):
        rng = seeds.generator("coverage", *population.databases, population.between, n_subjects, number)
        counts, names = population.sample(rng, n_subjects), [f"{number}-{subject}" for subject in range(n_subjects)]
        weights = resampling.weights(names, draws)
        one, other = (_with_mean(resampling.scores(own, weights)) for own in counts)
        tested = exchange.differences(*counts, exchange.exchanges(names, draws))
        for metric in metrics.METRICS:
            ends = intervals.ends(one[metric], n_subjects)
            plain = np.quantile(one[metric][1 : 1 + draws, 0], [0.025, 0.975])
            apart = intervals.ends(one[metric] - other[metric], n_subjects)
            held = (ends.low <= truth[metric]) & (truth[metric] <= ends.high)
            found.append(
                {
                    "metric": metric,
                    "value": truth[metric][0],
                    "cell": 100.0 * held[0],
                    "percentiles": 100.0 * (plain[0] <= truth[metric][0] <= plain[1]),
                    "average": 100.0 * held[-1],
                    "difference": 100.0 * (apart.low[-1] <= 0 <= apart.high[-1]),
                    "p < 0.05": 100.0 * (exchange.p_values(tested[metric].mean(axis=1)) < 0.05),
                    "half width of a cell": (ends.high[0] - ends.low[0]) / 2,
                    "noise, one condition": (apart.high[0] - apart.low[0]) / 2,
                    "noise, mean of three": (apart.high[-1] - apart.low[-1]) / 2,
                }
            )
    return pd.DataFrame(found).groupby("metric", sort=False).mean()


def _with_mean(values: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    return {metric: np.concatenate([own, own.mean(axis=1, keepdims=True)], axis=1) for metric, own in values.items()}


POPULATIONS: Sequence[tuple[str, Population, int]] = (
    ("Table IV", Population(megc2018.DATABASES, 0.5), 47),
    ("Table IV, uneven subjects", Population(megc2018.DATABASES, 1.0), 47),
    ("Table III a", Population(("samm",), 0.5), 21),
    ("Table III b", Population(("casme2",), 0.5), 26),
    ("eight subjects", Population(megc2018.DATABASES, 0.5), 8),
)


def main(args: argparse.Namespace) -> None:
    for name, population, n_subjects in POPULATIONS:
        print(f"\n{name}: {n_subjects} subjects, {args.samples} samples, {args.draws} draws\n")
        print(measured(population, n_subjects, args.samples, args.draws).round(3).to_markdown(), flush=True)


if __name__ == "__main__":
    parser = stage.command(__doc__)
    parser.add_argument("--samples", type=int, default=2000, metavar="N", help="of subjects, of each size")
    parser.add_argument("--draws", type=int, default=DRAWS, metavar="N", help="of subjects for an interval")
    stage.run(main, parser)
