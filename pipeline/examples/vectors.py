"""Pretrained word vectors from text files: GloVe's (a word and its numbers a line) and word2vec's (a first line
`count size` before those); packed where the name ends with .gz.

A word of the vocabulary has the vector of exactly this word, or else that of the word in lower case; the space before
a word, which scheme `pattern` keeps, does not count. Of a word that has several lines the first counts.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from pipeline.base.errors import CorpusError
from pipeline.examples.sets import Examples
from pipeline.text.files import opened
from pipeline.tokens.vocabulary import Vocabulary

Line = tuple[int, str, Sequence[bytes]]
"""Its number, its word, and its numbers as they are written."""

MAX_DIGITS = 10
SHOWN = 20
"""Bytes in an error."""
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Coverage:
    """How much of the vocabulary, and of the training tokens, has a vector; EOS and UNK are none of its types.

    >>> Coverage(types_with_vector=3, types=4, tokens_with_vector=9, tokens=10).token_share
    0.9
    """

    types_with_vector: int
    types: int
    tokens_with_vector: int
    tokens: int

    @property
    def type_share(self) -> float:
        """Of the different tokens."""
        return self.types_with_vector / max(self.types, 1)

    @property
    def token_share(self) -> float:
        """Of all tokens; one that the vocabulary has not has no vector."""
        return self.tokens_with_vector / max(self.tokens, 1)


def with_vectors(examples: Examples, file: str | None) -> Examples:
    """The same with the vectors of a file, if one is named, and their coverage among the counts.

    Raises:
        CorpusError: as `read_vectors` does.
    """
    if file is None:
        return examples
    assert examples.vocabulary is not None, "vectors are of words"
    vectors, coverage = read_vectors(Path(file), examples.vocabulary, examples.splits["train"].inputs)
    return replace(examples, vectors=vectors, counts={**examples.counts, **asdict(coverage)})


def read_vectors(
    file: Path, vocabulary: Vocabulary, train: Sequence[np.ndarray]
) -> tuple[Float[np.ndarray, "V E"], Coverage]:
    """The vectors of a vocabulary's tokens, zero where the file has none; the file is read once, a line at a time.

    Numbers are read of those words alone that the vocabulary has.

    Args:
        train: the ids of the training examples.

    Raises:
        CorpusError: with file and line, where the file is no such file, or has none of the words.
    """
    wanted = _wanted(vocabulary)
    found: dict[int, tuple[bool, np.ndarray]] = {}
    for number, word, values in _lines(file):
        for i, is_exact in wanted.get(word, ()):
            if i not in found or (is_exact and not found[i][0]):
                found[i] = is_exact, _vector(values, f"{file}: line {number}")
    if not found:
        rule, got = "a vector of some word of the training examples", f"none of {vocabulary.size - 2} words"
        raise CorpusError(str(file), rule, got, "name a file of vectors of their language")
    vectors = np.zeros((vocabulary.size, len(next(iter(found.values()))[1])), np.float32)
    for i, (_, vector) in found.items():
        vectors[i] = vector
    counts = np.bincount(np.concatenate(train), minlength=vocabulary.size)
    tokens = int(counts[list(found)].sum())
    return vectors, Coverage(len(found), vocabulary.size - 2, tokens, int(counts.sum()))


def _wanted(vocabulary: Vocabulary) -> dict[str, list[tuple[int, bool]]]:
    """The ids that a word of the file is for, and whether it is exactly theirs."""
    wanted = defaultdict(list)
    for i in range(vocabulary.UNK + 1, vocabulary.size):
        word = vocabulary.token(i).strip()
        wanted[word].append((i, True))
        if word.lower() != word:
            wanted[word.lower()].append((i, False))
    return wanted


def _lines(file: Path) -> Iterator[Line]:
    size, announced, number = 0, None, 0
    for number, line in enumerate(_raw_lines(file), start=1):
        if number == 1 and (header := _header(line)):
            announced, size = header
            continue
        size = size or line.count(b" ")
        yield _parsed(line, size, f"{file}: line {number}", number)
    if not number:
        raise CorpusError(str(file), "a word and its vector a line", "an empty file", "name another file")
    if announced not in (None, number - 1):
        got = f"{number - 1} of {announced}"
        raise CorpusError(str(file), "as many words as its first line says", got, "fetch the file again")


def _raw_lines(file: Path) -> Iterator[bytes]:
    """Without their ends, and without a byte-order mark."""
    try:
        with opened(file) as lines:
            for number, line in enumerate(lines):
                yield (line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line).rstrip(b" \r\n")
    except (EOFError, zlib.error, OSError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise CorpusError(str(file), "a file of word vectors that can be read", what, "name another file") from None


def _header(line: bytes) -> tuple[int, int] | None:
    """`count size`, the first line of word2vec's files.

    >>> _header(b"400000 300"), _header(b"the 0.1"), _header(b"the 0.1 -0.2")
    ((400000, 300), None, None)
    """
    fields = line.split(b" ")
    is_header = len(fields) == 2 and all(field.isdigit() and len(field) < MAX_DIGITS for field in fields)
    return (int(fields[0]), int(fields[1])) if is_header and int(fields[1]) else None


def _parsed(line: bytes, size: int, where: str, number: int) -> Line:
    """The word is all before the last `size` fields: in glove.840B some words have spaces. It does not end with a
    number of its own then: that would be one number too many."""
    word, *values = line.rsplit(b" ", size)
    head, _, last = word.rpartition(b" ")
    too_many = head and _is_number(last)
    if not size or len(values) != size or not word or too_many:
        fields = len(line.split(b" ")) - 1 if line else 0
        rule = f"a word and its {size} numbers, as in the lines before" if size else "a word and its numbers"
        raise CorpusError(where, rule, f"{fields} numbers", "correct the line, or fetch the file again")
    try:
        return number, word.decode(), values
    except UnicodeDecodeError:
        raise CorpusError(where, "a word in UTF-8", repr(word[:SHOWN]), "convert the file to UTF-8") from None


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _vector(values: Sequence[bytes], where: str) -> Float[np.ndarray, " E"]:
    wrong = next((value for value in values if not (_is_number(value) and abs(float(value)) <= LARGEST)), None)
    if wrong is not None:
        shown = wrong[:SHOWN].decode(errors="replace")
        raise CorpusError(where, "finite numbers behind the word", repr(shown), "correct the line")
    return np.array([float(value) for value in values], np.float32)
