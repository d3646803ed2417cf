"""Entity scores: hand-worked cases by conlleval's rules, and seqeval's figures on random tags."""

import random
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.metrics.sequence_labeling import get_entities

from pipeline.tasks.entities.data.scores import entity_measures, f1, precision, recall, tag_measures
from pipeline.tasks.entities.data.spans import Span, classes_of, counts, spans_of, tags_named, tags_of

CASES = {
    "no entity": ("O O", []),
    "one": ("O B-a I-a O", [(1, 3, "a")]),
    "two that touch": ("B-a B-a", [(0, 1, "a"), (1, 2, "a")]),
    "I after O starts one": ("O I-a I-a", [(1, 3, "a")]),
    "I of another type starts one": ("B-a I-b", [(0, 1, "a"), (1, 2, "b")]),
    "I of the first type again": ("B-a I-b I-a", [(0, 1, "a"), (1, 2, "b"), (2, 3, "a")]),
    "IOB1: B parts two that touch": ("I-a I-a B-a I-a", [(0, 2, "a"), (2, 4, "a")]),
    "BIOES": ("S-a B-a I-a E-a S-a", [(0, 1, "a"), (1, 4, "a"), (4, 5, "a")]),
    "BILOU": ("U-a B-b L-b", [(0, 1, "a"), (1, 3, "b")]),
    "I after E starts one": ("B-a E-a I-a", [(0, 2, "a"), (2, 3, "a")]),
    "E after O is one": ("O E-a", [(1, 2, "a")]),
    "E of another type": ("B-a E-b", [(0, 1, "a"), (1, 2, "b")]),
    "B that nothing closes": ("B-a B-a E-a", [(0, 1, "a"), (1, 3, "a")]),
    "a type with a hyphen": ("B-a-b I-a-b", [(0, 2, "a-b")]),
}
random_tags = st.lists(
    st.sampled_from(["O", *(f"{mark}-{kind}" for mark in "BIES" for kind in ("a", "b", "c-d"))]),
    min_size=1,
    max_size=12,
)
bio_tags = st.lists(st.sampled_from(classes_of("ab")), min_size=1, max_size=12)


@pytest.mark.parametrize(("tags", "spans"), CASES.values(), ids=CASES)
def test_spans_of_tags(tags, spans):
    assert spans_of(tags.split()) == spans


@given(random_tags)
def test_seqeval_reads_the_same_spans(tags):
    """Its default is conlleval's reading; a span's end is included there."""
    assert [(kind, start, stop - 1) for start, stop, kind in spans_of(tags)] == get_entities(tags)


@given(bio_tags)
def test_tags_of_spans_say_the_same_spans(tags):
    written = tags_of(spans_of(tags), len(tags))
    assert spans_of(written) == spans_of(tags)
    assert all(tag[0] != "I" or before[1:] == tag[1:] for before, tag in zip(["O", *written], written, strict=False))


def test_scores_are_seqevals_on_random_tags():
    """Sentences with and without entities, right and wrong ones, valid tags and not."""
    rng = random.Random(1)
    for _ in range(50):
        wanted = [rng.choices(classes_of("abc"), [6, 3, 3, 2, 2, 1, 1], k=rng.randint(1, 9)) for _ in range(8)]
        found = [[tag if rng.random() < 0.8 else rng.choice(classes_of("abc")) for tag in tags] for tags in wanted]
        measures = tag_measures(wanted, found)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of seqeval, where nothing is found
            expected = [score(wanted, found) for score in (f1_score, precision_score, recall_score)]
        assert [measures[name].value for name in ("f1", "precision", "recall")] == pytest.approx(expected)


def test_a_hand_worked_score():
    """Of 3 wanted and 4 found, 2 are right: P 2/4, R 2/3, F1 4/7; of 7 words 5 are right."""
    wanted = [["B-a", "I-a", "O", "B-b"], ["O", "B-a", "O"]]
    found = [["B-a", "I-a", "B-a", "B-a"], ["O", "B-a", "O"]]
    measures = tag_measures(wanted, found)
    values = [measures[name].value for name in ("precision", "recall", "f1", "token_accuracy")]
    assert values == pytest.approx([2 / 4, 2 / 3, 4 / 7, 5 / 7])
    assert all(measure.low <= measure.value <= measure.high for measure in measures.values())


def test_a_span_of_another_type_or_another_end_is_wrong():
    assert counts([Span(0, 2, "a")], [Span(0, 2, "b")]) == (0, 1, 1)
    assert counts([Span(0, 2, "a")], [Span(0, 1, "a"), Span(1, 2, "a")]) == (0, 2, 1)


def test_nothing_wanted_and_nothing_found_scores_nothing():
    for score in (f1, precision, recall):
        assert score(np.zeros(3)) == 0.0
    assert entity_measures([[]], [[]])["f1"].value == 0.0


def test_classes_are_numbered_so_that_an_inside_class_comes_after_its_begin():
    classes = classes_of({"b", "a"})
    assert tags_named(classes, np.array([0, 1, 2, 3, 4])) == ["O", "B-a", "I-a", "B-b", "I-b"]
