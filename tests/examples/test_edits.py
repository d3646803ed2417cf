"""Edits between sequences, beside all edit scripts, jiwer and torchmetrics."""

import random

import jiwer
import pytest
from torchmetrics.functional.text import edit_distance

from pipeline.examples.edits import aligned, num_edits

RANDOM = random.Random(1)
PAIRS = [["".join(RANDOM.choices("ab ", k=RANDOM.randint(0, 7))) for _ in range(2)] for _ in range(40)]


def fewest(answer: str, reference: str) -> int:
    """By the definition, without a table."""
    if not answer or not reference:
        return len(answer) + len(reference)
    return min(
        fewest(answer[1:], reference[1:]) + (answer[0] != reference[0]),
        fewest(answer[1:], reference) + 1,
        fewest(answer, reference[1:]) + 1,
    )


@pytest.mark.parametrize(("answer", "reference"), PAIRS[:20])
def test_no_edit_script_is_shorter(answer: str, reference: str):
    assert num_edits(answer, reference) == fewest(answer, reference)


def test_edits_are_those_of_torchmetrics():
    answers, references = ([pair[side] for pair in PAIRS] for side in (0, 1))
    assert list(map(num_edits, answers, references)) == edit_distance(answers, references, reduction="none").tolist()


@pytest.mark.parametrize(("answer", "reference"), PAIRS)
def test_an_alignment_holds_both_sequences_and_has_the_fewest_edits(answer: str, reference: str):
    pairs = aligned(answer, reference)
    assert "".join(said or "" for said, _ in pairs) == answer
    assert "".join(wanted or "" for _, wanted in pairs) == reference
    assert sum(said != wanted for said, wanted in pairs) == num_edits(answer, reference)
    assert (None, None) not in pairs


def test_words_are_substituted_inserted_and_deleted_as_jiwer_has_it():
    answer, reference = "set the time to five fifteen now", "set time to nine fifteen please"
    pairs = aligned(answer.split(), reference.split())
    theirs = jiwer.process_words(reference, answer)
    assert sum(None not in pair and pair[0] != pair[1] for pair in pairs) == theirs.substitutions
    assert sum(wanted is None for _, wanted in pairs) == theirs.insertions
    assert sum(said is None for said, _ in pairs) == theirs.deletions
