"""Error rates of transcripts, beside jiwer and torchmetrics."""

import random

import jiwer
import pytest
from torchmetrics.functional.text import char_error_rate, word_error_rate

from pipeline.tasks.speech.data.scores import measure

WORDS = "one two three four five".split()


def texts(seed: int, number: int, shortest: int) -> list[str]:
    random_ = random.Random(seed)
    return [" ".join(random_.choices(WORDS, k=random_.randint(shortest, 6))) for _ in range(number)]


REFERENCES, ANSWERS = texts(1, 30, 1), [*texts(2, 29, 0), ""]


def test_error_rates_are_those_of_jiwer_and_torchmetrics():
    found = measure(ANSWERS, REFERENCES)
    assert found["wer"].value == pytest.approx(jiwer.wer(REFERENCES, ANSWERS))
    assert found["cer"].value == pytest.approx(jiwer.cer(REFERENCES, ANSWERS))
    assert found["wer"].value == pytest.approx(float(word_error_rate(ANSWERS, REFERENCES)))
    assert found["cer"].value == pytest.approx(float(char_error_rate(ANSWERS, REFERENCES)))


def test_the_rate_of_all_clips_is_not_the_mean_of_their_rates():
    references, answers = ["one", "one two three four"], ["two", "one two three four"]
    assert measure(answers, references)["wer"].value == 1 / 5  # the mean is 1 / 2


def test_a_right_transcript_has_no_error_and_spaces_are_characters():
    assert measure(["one two"], ["one two"])["wer"].value == 0
    found = measure(["onetwo"], ["one two"])
    assert found["cer"].value == pytest.approx(1 / 7)
    assert found["wer"].value == 1  # one word in place of two: a substitution and a deletion


def test_rates_can_exceed_one():
    assert measure(["one two three"], ["four"])["wer"].value == 3


def test_the_interval_is_of_clips():
    found = measure(["one", "two"] * 50, ["one"] * 100)["wer"]
    assert found.value == 0.5
    assert 0.38 < found.low < 0.42  # +- 1.96 sqrt(0.25 / 100)
    assert 0.58 < found.high < 0.62
