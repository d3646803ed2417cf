"""Mixtures of tiny distributions, whose sums and best weights can be enumerated."""

import numpy as np
import pytest

from pipeline.text.mixture import best_weight, mixed

V = 5


def random_nats(seed: int, num_tokens: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """What two models say of every token of the vocabulary at each place of a text."""
    rng = np.random.default_rng(seed)
    first, second = rng.dirichlet(np.full(V, 0.5), (2, num_tokens))
    return -np.log(first), -np.log(second)


@pytest.mark.parametrize("weight", [0.0, 0.25, 0.9])
def test_the_probabilities_of_a_mixture_sum_to_one(weight):
    first, second = random_nats(1)
    p = np.exp(-mixed(first.ravel(), second.ravel(), weight)).reshape(-1, V)
    assert p == pytest.approx((1 - weight) * np.exp(-first) + weight * np.exp(-second))
    assert p.sum(1) == pytest.approx(np.ones(40))


@pytest.mark.parametrize("seed", range(8))
def test_no_weight_of_a_fine_grid_is_better(seed):
    first, second = (nats[:, 0] for nats in random_nats(seed))
    grid = [mixed(first, second, w).sum() for w in np.linspace(0, 1, 1001)[:-1]]
    best = best_weight(first, second)
    assert mixed(first, second, best).sum() <= min(grid) + 1e-9
    assert best == pytest.approx(np.argmin(grid) / 1000, abs=1.1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_a_mixture_costs_no_more_than_the_better_of_the_two(seed):
    first, second = (nats[:, 0] for nats in random_nats(seed))
    for one, other in ((first, second), (first, first + 1), (first + 1, first), (first, first)):
        cost = mixed(one, other, best_weight(one, other)).sum()
        assert cost <= min(one.sum(), other.sum()) + 1e-9


def test_the_weight_of_two_experts_is_the_share_of_tokens_that_each_is_sure_of():
    """Where each is all but certain of its own tokens, the likelihood is w^k (1 - w)^(n - k)."""
    first, second = np.repeat([1e-9, 50.0], [3, 1]), np.repeat([50.0, 1e-9], [3, 1])
    assert best_weight(first, second) == pytest.approx(1 / 4)


def test_tokens_that_the_second_model_rules_out_and_that_the_first_hardly_expects():
    """p = 0 and p too small for a float64."""
    first, second = np.array([1.0, 1.0, 5000.0]), np.array([0.25, np.inf, 1.0])
    weight = best_weight(first, second)
    assert 0 < weight < 1
    cost = mixed(first, second, weight)
    assert np.isfinite(cost).all()
    assert cost[1] == pytest.approx(1 - np.log1p(-weight))
    assert cost[2] == pytest.approx(1 - np.log(weight))
