"""The price of words."""

import math
from itertools import product

import numpy as np
import pytest

from pipeline.text.spelling import CODE_POINTS, SpellingModel

WORDS = ["aab", "ab", "b", "ba b"]


def test_words_are_paid_by_their_characters():
    """The chain rule: -ln p(word) is the sum over its characters and its end, from the model's own distribution."""
    model = SpellingModel.fit(WORDS)
    ids = {character: i for i, character in enumerate(" ab", start=2)}
    for word in ["ab", "bbb", "aab"]:
        context, nats = [0], 0.0
        for i in [*(ids[character] for character in word), 0]:
            nats -= math.log(model.characters.probabilities(context)[i])
            context.append(i)
        assert model.nats([word])[0] == pytest.approx(nats)


def test_all_words_together_have_probability_one():
    """Summed over all words of up to four characters (the new one among them), plus those that go on."""
    model = SpellingModel.fit(["a", "aa"])
    words = ["".join(letters) for n in range(5) for letters in product("ax", repeat=n)]
    nats = model.nats(words)
    escapes = np.array([word.count("x") for word in words])
    finished = np.exp(-(nats - escapes * math.log(CODE_POINTS))).sum()

    unfinished = 0.0
    for letters in product((1, 2), repeat=5):
        p = 1.0
        for n, letter in enumerate(letters):
            p *= model.characters.probabilities([0, *letters[:n]])[letter]
        unfinished += p
    assert finished + unfinished == pytest.approx(1.0)


def test_a_new_character_is_named_among_all_of_unicode():
    """Both `xb` and `yb` are new in the same place: the same price; two new characters cost one naming more."""
    model = SpellingModel.fit(WORDS)
    one, other, two = model.nats(["xb", "жb", "xx"])
    assert one == pytest.approx(other)
    assert one > math.log(CODE_POINTS)
    assert two > 2 * math.log(CODE_POINTS)


def test_the_order_of_words_does_not_matter():
    assert SpellingModel.fit(WORDS).nats(["abba"]) == SpellingModel.fit(WORDS[::-1]).nats(["abba"])


def test_words_do_not_reach_into_each_other():
    """A word costs the same wherever it stands in the list; the empty one costs its end."""
    model = SpellingModel.fit(WORDS)
    assert np.allclose(model.nats(["ab", "", "b"]), [model.nats([word])[0] for word in ("ab", "", "b")])


def test_words_like_those_of_training_are_cheaper():
    model = SpellingModel.fit(["walking", "talking", "making", "taking", "walked", "talked"])
    assert model.nats(["waking"])[0] < model.nats(["gnikaw"])[0]
