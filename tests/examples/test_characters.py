"""Words spelled out, and the files and batches that have them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.examples.batches import padded
from pipeline.examples.characters import LONGEST_WORD, cut, learn_characters, spelled
from pipeline.examples.sets import Examples, Split
from pipeline.tokens.vocabulary import Vocabulary

CHARACTERS = learn_characters(["the", "tree", "hat"])
"""t 3, e 3, h 2; r and a once."""


def test_a_character_that_occurs_once_is_unknown():
    assert [CHARACTERS.token(i) for i in range(2, CHARACTERS.size)] == ["e", "t", "h"]
    assert spelled(["heat", "r"], CHARACTERS).tolist() == [[4, 2, 1, 3], [1, 0, 0, 0]]


def test_an_alphabet_of_single_characters_is_known():
    assert learn_characters(["a", "b"]).size == 4


@given(st.lists(st.text(max_size=3 * LONGEST_WORD), min_size=1))
def test_every_word_has_its_characters_up_to_the_longest_and_zeros_behind(words):
    rows = spelled(words, CHARACTERS)
    assert rows.shape == (len(words), max(1, *(len(cut(word)) for word in words)))
    for row, word in zip(rows, words, strict=True):
        assert (row[: len(cut(word))] > 0).all()
        assert not row[len(cut(word)) :].any()


def test_a_long_word_keeps_its_ends():
    word = "".join(map(chr, range(0x100, 0x100 + LONGEST_WORD + 1)))
    assert cut(word) == word[:10] + word[-10:]
    assert cut(word[1:]) == word[1:]


@pytest.fixture
def split() -> Split:
    words = [["the", "tree"], ["hat"], ["t", "a", "eh"]]
    inputs = [np.array([5, 6]), np.array([7]), np.array([8, 9, 2])]
    targets = [np.array([1, 0]), np.array([1]), np.array([0, 0, 1])]
    return Split(inputs, targets, {"text": words}, [spelled(of, CHARACTERS) for of in words])


def test_a_batch_has_each_word_beside_its_characters(split):
    inputs, lengths, targets = padded(split, [1, 2])
    assert inputs.tolist() == [
        [[7, 4, 1, 3], [0, 0, 0, 0], [0, 0, 0, 0]],
        [[8, 3, 0, 0], [9, 1, 0, 0], [2, 2, 4, 0]],
    ]
    assert lengths.tolist() == [1, 3]
    assert targets.tolist() == [[1, -1, -1], [0, 0, 1]]
    assert inputs.dtype == torch.int64


def test_characters_come_back_from_the_files(split, tmp_path):
    examples = Examples(dict.fromkeys(("train", "validation", "test"), split), ["O", "B"], characters=CHARACTERS)
    examples.save(tmp_path)
    loaded = Examples.load(tmp_path)
    assert loaded.characters == CHARACTERS == Vocabulary.load(tmp_path / "characters.json")
    test = loaded.splits["test"]
    assert test.characters is not None
    assert [words.tolist() for words in test.characters] == [words.tolist() for words in split.characters or ()]
    assert all(words.dtype == np.int64 for words in test.characters)
    assert test.notes == split.notes
    torch.testing.assert_close(padded(test, [0, 1, 2]), padded(split, [0, 1, 2]))


def test_without_characters_there_are_none(split, tmp_path):
    plain = Split(split.inputs, split.targets)
    Examples(dict.fromkeys(("train", "validation", "test"), plain)).save(tmp_path)
    loaded = Examples.load(tmp_path)
    assert (loaded.characters, loaded.splits["train"].characters) == (None, None)
    assert not (tmp_path / "characters.json").exists()
