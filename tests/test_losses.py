"""The losses against cases computed by hand, their invariants, and their gradients in double precision."""

import math

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from rrrn.networks.rrrn import losses

BETA = 0.02


def logits_of(probabilities):
    return torch.log(torch.tensor(probabilities, dtype=torch.float64))


def random(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape)).requires_grad_()


def test_classification_is_the_mean_of_minus_log_p():
    logits = logits_of([[0.7, 0.2, 0.1], [0.1, 0.5, 0.4]])
    expected = -(math.log(0.7) + math.log(0.4)) / 2
    assert losses.classification(logits, torch.tensor([0, 2])).item() == pytest.approx(expected)


def test_region_biased_by_hand():
    alpha = torch.tensor(
        [
            [0.50, 0.1, 0.2, 0.3, 0.9, 0.4],  # the best crop leads by 0.4: nothing
            [0.50, 0.1, 0.50, 0.3, 0.2, 0.4],  # equal: the margin
            [0.90, 0.1, 0.2, 0.6, 0.2, 0.4],  # behind by 0.3
            [0.50, 0.1, 0.2, 0.3, 0.2, 0.51],  # leads by half the margin
        ],
        dtype=torch.float64,
    )
    each = [losses.region_biased(row[None], BETA).item() for row in alpha]
    assert each == pytest.approx([0.0, 0.02, 0.32, 0.01])
    assert losses.region_biased(alpha, BETA).item() == pytest.approx(0.35 / 4)


def test_region_biased_does_not_count_the_face_among_the_crops():
    alpha = torch.tensor([[1.0, 0, 0, 0, 0, 0]])
    assert losses.region_biased(alpha, BETA).item() == pytest.approx(1.02)


def test_correlation_by_hand():
    whole = logits_of([[0.5, 0.5], [0.9, 0.1]])
    regions = logits_of([[[0.8, 0.2], [0.3, 0.7], [0.5, 0.5]], [[0.6, 0.4], [0.8, 0.2], [0.95, 0.05]]])
    # sample 0, class 0: only 0.8 beats 0.5; sample 1, class 1: 0.4 and 0.2 beat 0.1
    expected = (math.log(0.8 / 0.5) + math.log(0.4 / 0.1) + math.log(0.2 / 0.1)) / 2
    assert losses.correlation(regions, whole, torch.tensor([0, 1])).item() == pytest.approx(expected)


def test_correlation_vanishes_where_the_whole_is_surest():
    whole = logits_of([[0.8, 0.2], [0.3, 0.7]])
    regions = logits_of([[[0.8, 0.2], [0.1, 0.9]], [[0.9, 0.1], [0.4, 0.6]]])
    assert losses.correlation(regions, whole, torch.tensor([0, 1])).item() == pytest.approx(0, abs=1e-12)


def test_region_classification_is_the_mean_over_regions():
    regions = logits_of([[[0.8, 0.2], [0.3, 0.7]], [[0.6, 0.4], [0.5, 0.5]]])
    expected = -(math.log(0.8) + math.log(0.3) + math.log(0.4) + math.log(0.5)) / 4
    assert losses.region_classification(regions, torch.tensor([0, 1])).item() == pytest.approx(expected)


def test_gradients():
    target = torch.tensor([0, 3, 1])
    logits, regions, alpha = random(3, 5), random(3, 6, 5, seed=1), random(3, 6, seed=2)
    assert losses.region_biased(alpha, 2.0) > 0
    assert losses.correlation(regions, logits, target) > 0
    assert gradcheck(lambda x: losses.classification(x, target), logits)
    assert gradcheck(lambda x: losses.region_biased(x, 2.0), alpha)
    assert gradcheck(lambda r, x: losses.correlation(r, x, target), (regions, logits))
    assert gradcheck(lambda r: losses.region_classification(r, target), regions)
