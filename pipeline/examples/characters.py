"""The characters of words, for networks that read how a word is spelled: also of words that no vocabulary has."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Int

from pipeline.tokens.vocabulary import Vocabulary, learn

LONGEST_WORD = 20
"""Characters of a word that are read: of a longer one the first and the last ten."""


def learn_characters(words: Iterable[str]) -> Vocabulary:
    """The characters of training words. Those that occur once are unknown, so that UNK is learned, too.

    Raises:
        CorpusError: where there is no character.
    """
    counts = Counter("".join(words))
    seen_often = min(2, max(counts.values(), default=1))
    return Vocabulary(learn(counts, len(counts) + 2, "char", seen_often))


def spelled(words: Sequence[str], characters: Vocabulary) -> Int[np.ndarray, "T K"]:
    """The ids of each word's characters; K is that of the longest, and zeros fill up the others.

    >>> spelled(["to", "a"], learn_characters(["toot", "a"])).tolist()
    [[3, 2], [1, 0]]
    """
    ids = characters.encode_each([cut(word) for word in words])
    rows = np.zeros((len(ids), max(1, *map(len, ids))), np.int64)
    for row, of_word in zip(rows, ids, strict=True):
        row[: len(of_word)] = of_word
    return rows


def cut(word: str) -> str:
    """Its ends, where it is longer than LONGEST_WORD.

    >>> cut("https://t.co/abcdefghijk"), cut("short")
    ('https://t.bcdefghijk', 'short')
    """
    half = LONGEST_WORD // 2
    return word if len(word) <= LONGEST_WORD else word[:half] + word[-half:]
