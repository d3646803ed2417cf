"""The grammar: what was asked for, and nothing but the subject tells the verb."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from pipeline.base.errors import PipelineError
from pipeline.tasks.agreement.data.sentences import IDS, NOUNS, PLURALS, SINGULARS, VERBS, WORDS, Agreement
from pipeline.tasks.string_source import drawn, without_memory
from pipeline.tasks.strings import FIRST

TASK = Agreement([0, 1, 2, 3, 6, 11, 24], [40], max_attractors=2)


def words_of(string) -> list[str]:
    assert string.ids[-1] == 0
    return [WORDS[i - FIRST] for i in string.ids[:-1]]


class OneFlipped(Random):
    """A stream of choices in which one call of randrange(2) gives the other answer."""

    def __init__(self, seed: int, flipped: int | None = None) -> None:
        super().__init__(seed)
        self.flipped, self.calls = flipped, 0

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        self.calls += 1
        drawn = super().randrange(start, stop, step)
        return 1 - drawn if self.calls == self.flipped else drawn


def test_every_word_has_an_id_of_its_own():
    assert len(set(WORDS)) == len(WORDS) == len(IDS) == len(TASK.names)
    assert len(SINGULARS) == len(PLURALS) >= 20
    assert without_memory(TASK) == (1.0, 0.5)


@pytest.mark.parametrize("distance", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 24, 40])
def test_the_verb_agrees_and_stands_so_many_words_behind_its_subject(distance):
    random = Random(1)
    for _ in range(50):
        string = TASK.sentence(random, distance)
        words = words_of(string)
        (place,) = string.places
        assert place - 1 - distance == 1
        assert VERBS.index(words[place]) == [words[1] in nouns for nouns in NOUNS].index(True)
        assert [i for i, word in enumerate(words) if word in VERBS] == [place]
        assert len(words) == distance + 5
        assert string.distance == distance


def test_attractors_are_the_nouns_between_of_the_other_number():
    random, seen = Random(1), Counter()
    for _ in range(400):
        string = TASK.sentence(random, 11)
        words = words_of(string)
        subject, between = words[1], words[2 : string.places[0]]
        other = NOUNS[subject in SINGULARS]
        assert sum(word in SINGULARS + PLURALS for word in between) == 2
        assert string.attractors == sum(word in other for word in between)
        seen[string.attractors] += 1
    assert seen.keys() == {0, 1, 2}
    assert TASK.sentence(random, 3).attractors is None, "no room for two"


@pytest.mark.parametrize("distance", TASK.lengths)
def test_nothing_but_the_subject_tells_the_number(distance):
    """With the same choices but the number, subject and verb alone are other words: so the verb costs 1 bit."""
    plural_of: dict[str, str] = dict(zip(SINGULARS, PLURALS, strict=True))
    for seed in range(30):
        random = OneFlipped(seed)
        given = TASK.sentence(random, distance)
        flipped = TASK.sentence(OneFlipped(seed, flipped=random.calls), distance)  # the last choice is the number
        one, other = sorted([words_of(given), words_of(flipped)], key=lambda words: words[-3])
        differ = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
        assert differ == [(one[1], plural_of[one[1]]), ("was", "were")]


def test_both_numbers_are_as_frequent():
    verbs = Counter(words_of(TASK.draw(random))[-3] for random in [Random(1)] for _ in range(4000))
    assert abs(verbs["was"] - 2000) < 4 * 32


def test_strings_are_drawn_up_to_the_budget_at_every_length():
    strings = drawn(TASK, Random(1), 5000)
    ids = [i for string in strings for i in string.ids]
    assert len(ids) >= 5000 > len(ids) - len(strings[-1].ids)
    assert Counter(string.distance for string in strings).keys() == set(TASK.lengths)
    assert 1 not in ids, "UNK never occurs"


def test_the_test_has_as_many_questions_of_each_length_unseen_ones_too():
    asked = Counter(string.distance for string in TASK.questions(Random(1), 3))
    assert asked == dict.fromkeys([*TASK.lengths, 40], 3)


def test_equal_seeds_give_equal_strings():
    assert drawn(TASK, Random("a"), 300) == drawn(TASK, Random("a"), 300) != drawn(TASK, Random("b"), 300)
    assert drawn(replace(TASK, max_attractors=0), Random("a"), 300)[0].attractors == 0


def test_a_sentence_that_a_user_began_is_asked_for_its_verb():
    string = TASK.asked("the cat, which saw our dogs,", "x")
    assert words_of(string) == ["the", "cat", ",", "which", "saw", "our", "dogs", ",", "was", "tired", "."]
    assert (string.places, string.distance) == ([8], 6)


@pytest.mark.parametrize("line", ["", "the cat was", "the cat .", "the elephant"])
def test_a_line_that_is_no_beginning_of_a_sentence_is_named(line):
    with pytest.raises(PipelineError, match=r"^FILE, line 3: "):
        TASK.asked(line, "FILE, line 3")
