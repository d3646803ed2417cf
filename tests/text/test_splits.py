"""Dealing units to splits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.params import HashSplit, PositionSplit
from pipeline.text.splits import by_hash, by_position
from pipeline.tokens.batches import as_batch


def dealt(batches, deal, *arguments) -> list[tuple[str, int]]:
    """(text, split) of each unit, in order."""
    pairs = deal((as_batch(texts) for texts in batches), *arguments)
    return [pair for batch, splits in pairs for pair in zip(batch.column("text").to_pylist(), splits, strict=True)]


HASH = HashSplit(method="hash", validation=0.2, test=0.1, seed=1)


def test_shares_of_a_hash_split():
    """Ten thousand texts: each share within 5 standard deviations of what params.yaml asks for."""
    splits = np.array([split for _, split in dealt([[str(i) for i in range(10_000)]], by_hash, HASH)])
    for index, share in enumerate((0.7, 0.2, 0.1)):
        assert abs((splits == index).mean() - share) < 5 * np.sqrt(share * (1 - share) / 10_000)


def test_added_text_moves_no_unit():
    """The split of a text is the same alone and among others; another seed deals anew."""
    texts = [f"line {i}" for i in range(200)]
    alone = dict(dealt([texts[:100]], by_hash, HASH))
    among = dict(dealt([["new"], texts[::-1]], by_hash, HASH))
    assert alone == {text: among[text] for text in alone}
    assert alone != dict(dealt([texts[:100]], by_hash, HASH.model_copy(update={"seed": 2})))


POSITION = PositionSplit(method="position", validation=0.2, test=0.3)


def test_positions_of_whole_units():
    """100 characters, cuts at 50 and 70: a unit goes where it starts, so a cut moves to the next unit end."""
    texts = ["a" * 49, "", "b" * 2, "c" * 19, "", "d" * 29, "e"]
    splits = dealt([texts[:3], texts[3:]], by_position, POSITION, False)
    assert splits == list(zip(texts, [0, 0, 0, 1, 2, 2, 2], strict=True))


def test_positions_inside_documents():
    """Documents are divided exactly at the cuts, also where one holds both of them."""
    assert dealt([["abcdefghij"]], by_position, POSITION, True) == [("abcde", 0), ("fg", 1), ("hij", 2)]
    whole = ["abcde", "fg", "hij"]  # cuts between documents divide none
    assert dealt([whole], by_position, POSITION, True) == list(zip(whole, range(3), strict=True))
    texts = ["ab", "cdef", "", "ghij"]
    expected = [("ab", 0), ("cde", 0), ("f", 1), ("", 1), ("g", 1), ("hij", 2)]
    assert dealt([texts[:1], texts[1:]], by_position, POSITION, True) == expected


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=9), min_size=1, max_size=9), st.integers(1, 3))
def test_documents_lose_no_character(texts, size):
    """Joined, the pieces are the text; and each split starts at the character that its share asks for."""
    batches = [texts[i : i + size] for i in range(0, len(texts), size)]
    pieces = dealt(batches, by_position, POSITION, True)
    whole = "".join(texts)
    assert "".join(piece for piece, _ in pieces) == whole
    train = "".join(piece for piece, split in pieces if split == 0)
    test = "".join(piece for piece, split in pieces if split == 2)
    assert len(train) == int(len(whole) * (1 - 0.2 - 0.3))
    assert len(test) == len(whole) - int(len(whole) * (1 - 0.3))


@pytest.mark.parametrize("cut_units", [True, False])
def test_nothing_in_nothing_out(cut_units):
    assert dealt([], by_position, POSITION, cut_units) == []
