"""What it costs to spell a word that the vocabulary lacks.

A word model that predicts UNK has left open which word it was. To compare its bits per character with other levels,
each unknown word is spelled by a character model of the training words: interpolated Kneser-Ney over the different
words, in which EOS ends a word, and one id stands for every character that no training word has. Such a character
is named among all of Unicode on top.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int

from pipeline.text.ngram import KneserNey
from pipeline.tokens.batches import code_points, lengths
from pipeline.tokens.windows import EOS

CODE_POINTS = 0x110000
CODE_POINT_NATS = math.log(CODE_POINTS)
"""The price of naming one character among all of Unicode."""
ORDER = 5
NEW = 1
"""The id of a character that no training word has."""


@dataclass(frozen=True)
class SpellingModel:
    """Probabilities of words, spelled character by character to their end.

    >>> SpellingModel.fit(["aab", "ab"]).nats(["ab", "ba", "é"]).round().tolist()
    [1.0, 6.0, 18.0]
    """

    alphabet: Int[np.ndarray, " A"]
    """Code points of the training words, ascending; id 2 is the first."""
    characters: KneserNey

    @classmethod
    def fit(cls, words: Collection[str]) -> "SpellingModel":
        """The model of these different words; their order does not matter."""
        texts = pa.array(sorted(words), pa.string())
        alphabet = np.unique(code_points(texts)).astype(np.int64)
        return cls(alphabet, KneserNey.fit(_ids(texts, alphabet), len(alphabet) + 2, ORDER, "units"))

    def nats(self, words: Sequence[str]) -> Float[np.ndarray, " W"]:
        """-ln p of each word, its end included."""
        texts = pa.array(words, pa.string())
        ids = _ids(texts, self.alphabet)
        costs = self.characters.nats(ids)[-1] + CODE_POINT_NATS * (ids == NEW)
        ends = np.cumsum(lengths(texts) + 1)
        return np.diff(np.concatenate([[0.0], np.cumsum(costs)])[np.concatenate([[0], ends])])


def _ids(texts: pa.StringArray, alphabet: Int[np.ndarray, " A"]) -> Int[np.ndarray, " T"]:
    """Ids of the characters of all words, each word closed by EOS.

    >>> _ids(pa.array(["ab", "", "xa"]), np.array([97, 98])).tolist()
    [2, 3, 0, 0, 1, 2, 0]
    """
    points = code_points(texts)
    places = np.minimum(np.searchsorted(alphabet, points), len(alphabet) - 1)
    ids = np.where(alphabet[places] == points, places + 2, NEW)
    return np.insert(ids, np.cumsum(lengths(texts)), EOS)
