import math

import pytest
from scipy.stats import binomtest

from pipeline.base.metrics import Score, wilson


def test_sums_travel_and_are_divided_once():
    """Means of batches would give (1 + 3) / 2 = 2; the short batch must not count as much as the long one."""
    whole = Score(nats=9.0, tokens=9, characters=30) + Score(nats=3.0, tokens=1, characters=10)
    assert whole.nats_per_token == pytest.approx(1.2)
    assert whole.perplexity == pytest.approx(math.exp(1.2))
    assert whole.bits_per_char == pytest.approx(12 / math.log(2) / 40)


def test_a_uniform_model_over_v_tokens_has_perplexity_v():
    assert Score(nats=7 * math.log(11), tokens=7, characters=7).perplexity == pytest.approx(11)


def test_unknown_words_pay_for_their_spelling_in_characters_alone():
    without, charged = Score(10.0, 5, 20), Score(10.0, 5, 20, spelling_nats=6.0)
    assert charged.perplexity == without.perplexity
    assert charged.bits_per_char == pytest.approx(without.bits_per_char * 1.6)


def test_the_share_of_unknown_tokens_is_of_all_nats_of_both_texts():
    whole = Score(10.0, 5, 20, 6.0, 2.0) + Score(14.0, 5, 20, 10.0, 3.0)
    assert whole.unknown_share == (5 + 16) / (24 + 16)
    assert Score(0.0, 1, 1).unknown_share == 0


@pytest.mark.parametrize(
    ("successes", "n"), [(0, 1), (0, 20), (1, 29), (15, 148), (81, 263), (56, 56), (9_000, 10_000)]
)
def test_the_wilson_interval_is_that_of_scipy(successes, n):
    low, high = binomtest(successes, n).proportion_ci(0.95, method="wilson")
    assert wilson(successes, n) == pytest.approx((low, high), abs=1e-12)


def test_the_wilson_interval_by_newcombe():
    """81 of 263: 0.2553 to 0.3662 (Newcombe 1998, Stat. Med. 17, table I, method 3)."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_no_trial_says_nothing_and_no_interval_leaves_zero_and_one():
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 3)[0] == 0.0
    assert wilson(3, 3)[1] == 1.0


def test_half_a_success_lies_between_none_and_one():
    none, half, one = (wilson(successes, 5) for successes in (0, 0.5, 1))
    assert none < half < one


def test_a_perplexity_beyond_floats_is_infinite_and_no_metric():
    exploded = Score(nats=1000.0, tokens=1, characters=1)
    assert exploded.perplexity == math.inf
    assert set(exploded.as_metrics("train")) == {"train/nats_per_token", "train/bits_per_char"}
    assert "train/perplexity" in Score(nats=709.0, tokens=1, characters=1).as_metrics("train")
