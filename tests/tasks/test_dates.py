"""Dates: one meaning each, no day in two splits, formats that training never has, and equal draws."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest

from pipeline.tasks.dates import FIRST, FORMATS, LAST, date_pairs, is_ambiguous
from pipeline.text.params import HashSplit

SPLIT = HashSplit(method="hash", validation=0.1, test=0.2, seed=1)
DAY = date(2026, 11, 27)


@pytest.fixture(scope="module")
def dealt():
    return date_pairs(3000, SPLIT)


@pytest.mark.parametrize(
    ("language", "pattern", "text"),
    [
        ("en_US", "short", "11/27/26"),
        ("en_GB", "full", "Friday, 27 November 2026"),
        ("de", "yMMMEd", "Fr., 27. Nov. 2026"),
        ("es", "long", "27 de noviembre de 2026"),
        ("ru", "long", "27 ноября 2026\u202f\u0433."),
        ("ja", "full", "2026年11月27日金曜日"),
    ],
)
def test_formats_are_those_that_people_write(language, pattern, text):
    (form,) = [form for form in FORMATS if (form.language, form.pattern) == (language, pattern)]
    assert form.written(DAY) == text


def test_splits_are_of_days_and_no_source_is_in_two(dealt):
    days = {name: {pair.target for pair in pairs} for name, pairs in dealt.items()}
    for one, other in pairwise([*days, "train"]):
        assert not days[one] & days[other]
    sources = [pair.source for pairs in dealt.values() for pair in pairs]
    assert len(sources) == len(set(sources)) == 3000
    shares = {name: len(pairs) / 3000 for name, pairs in dealt.items()}
    assert shares == pytest.approx({"train": 0.7, "validation": 0.1, "test": 0.2}, abs=0.03)


def test_whole_formats_are_in_the_test_split_alone(dealt):
    formats = {name: Counter(pair.notes["format"] for pair in pairs) for name, pairs in dealt.items()}
    unseen = {f"{form.language} {form.pattern}" for form in FORMATS if not form.seen}
    assert set(formats["train"]) == set(formats["validation"])
    assert set(formats["test"]) - set(formats["train"]) == unseen
    assert {pair.notes["format"] for pair in dealt["test"] if not pair.notes["seen"]} == unseen
    assert all(pair.notes["seen"] for name in ("train", "validation") for pair in dealt[name])


@pytest.mark.slow
def test_no_date_has_two_meanings():
    """Every format of every fifth day and of all days of two years: what is not left out says one day."""
    meanings: dict[str, set[date]] = {}
    days = {FIRST + timedelta(n) for n in range(0, (LAST - FIRST).days + 1, 5)}
    days |= {date(2005, 1, 1) + timedelta(n) for n in range(730)}
    for form in FORMATS:
        for day in days:
            meanings.setdefault(form.written(day), set()).add(day)
    two = {text for text, of in meanings.items() if len(of) > 1}
    assert two
    assert all(is_ambiguous(text) for text in two)


def test_what_can_be_read_as_two_days_is_left_out(dealt):
    assert not [pair for pairs in dealt.values() for pair in pairs if is_ambiguous(pair.source)]


def test_a_target_is_the_iso_form_of_its_source(dealt):
    written = {f"{form.language} {form.pattern}": form.written for form in FORMATS}
    for pair in dealt["test"]:
        assert written[pair.notes["format"]](date.fromisoformat(pair.target)) == pair.source


def test_equal_arguments_draw_equal_pairs_and_more_pairs_keep_the_first(dealt):
    assert date_pairs(3000, SPLIT) == dealt
    fewer = date_pairs(300, SPLIT)
    assert all(dealt[name][: len(pairs)] == pairs for name, pairs in fewer.items())
    other = date_pairs(300, SPLIT.model_copy(update={"seed": 2}))
    assert other != fewer
