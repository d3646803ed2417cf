import math

import pytest

from pipeline.metrics import Score


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
