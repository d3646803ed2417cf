"""The vocabulary: which tokens have an id, learned from the training split, kept as a Hugging Face tokenizer.

EOS is 0, UNK is 1, then come the tokens by falling count. Neither name is matched inside a text: neither is a special
token of the tokenizer, and a text that holds them is cut like any other (see EOS_TOKEN for the one exception).
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Int, Integer
from tokenizers import Encoding, Tokenizer, decoders, models, pre_tokenizers, trainers

from pipeline.base.artifacts import damaged
from pipeline.base.errors import CorpusError, PipelineError
from pipeline.tokens import windows
from pipeline.tokens.tokenization import Scheme, pre_tokenizer
from pipeline.tokens.units import normalize

EOS_TOKEN = "<end of unit>"
"""With spaces, so that no scheme can cut it out of a text."""
UNK_TOKEN = "<unk>"
"""The scheme `spaces` alone can cut it out of a text; there it is the mark of an unknown word, as in WikiText."""
NUM_BYTES = 256


class Vocabulary:
    """Ids of tokens, and how to get from text to ids and back.

    >>> vocabulary = Vocabulary(learn(Counter("to be or not to be"), 5, "char"))
    >>> vocabulary.encode("to beat").tolist(), vocabulary.decode([3, 2, 0])
    ([4, 3, 2, 1, 1, 1, 4], 'o ')
    """

    EOS = windows.EOS
    UNK = windows.UNK

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read a tokenizer.json.

        Raises:
            ArtifactError: where it is missing or damaged.
        """
        try:
            tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
        except Exception as error:  # tokenizers has no class of its own for what it cannot read
            raise damaged(path, error) from None
        if (tokenizer.id_to_token(cls.EOS), tokenizer.id_to_token(cls.UNK)) != (EOS_TOKEN, UNK_TOKEN):
            raise damaged(path, ValueError(f"ids 0 and 1 are not {EOS_TOKEN} and {UNK_TOKEN}"))
        if sorted(tokenizer.get_vocab().values()) != list(range(tokenizer.get_vocab_size())):
            raise damaged(path, ValueError("ids do not count from 0 to V - 1"))
        return cls(tokenizer)

    @classmethod
    def load_if_there(cls, path: Path) -> "Vocabulary | None":
        """The same of a file that may be missing."""
        return cls.load(path) if path.exists() else None

    def save(self, path: Path) -> None:
        """Write tokenizer.json; equal vocabularies have equal bytes."""
        path.write_text(self._tokenizer.to_str(pretty=True) + "\n", encoding="utf-8")

    def save_listing(self, path: Path, counts: Int[np.ndarray, " V"]) -> None:
        """Write what people read: id, count and token, one a line."""
        lines = [f"{i}\t{count}\t{self.token(i)!r}\n" for i, count in enumerate(counts.tolist())]
        path.write_text("".join(lines), encoding="utf-8")

    def __eq__(self, other: object) -> bool:
        """Whether both give every text the same ids."""
        return isinstance(other, Vocabulary) and self._tokenizer.to_str() == other._tokenizer.to_str()

    __hash__ = None  # type: ignore[assignment]

    @property
    def size(self) -> int:
        """V: the tokens that can be predicted, EOS and UNK among them."""
        return self._tokenizer.get_vocab_size()

    def encode(self, text: str) -> Int[np.ndarray, " T"]:
        """The ids of a text; no EOS is put at its end.

        Raises:
            PipelineError: where the text is none: bytes that are not UTF-8 come from a shell as half characters.
        """
        return np.array(self._encoding(text).ids, np.int64)

    def _encoding(self, text: str) -> Encoding:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            got = f"{text[error.start]!a} at place {error.start}"
            raise PipelineError("text", "whole Unicode characters", got, "write it in UTF-8") from None
        return self._tokenizer.encode(text, add_special_tokens=False)

    def encode_each(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of many short texts."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]

    def pieces(self, text: str) -> list[str]:
        """What of a text each of its ids is for.

        >>> Vocabulary(learn(Counter("to be"), 4, "pattern")).pieces("to beat")
        ['to', ' beat']
        """
        return [text[start:stop] for start, stop in self._encoding(text).offsets]

    def unknown(self, text: str) -> list[str]:
        """What of a text has no id of its own: each such token once, as it stands there."""
        encoding = self._encoding(text)
        spans = zip(encoding.ids, encoding.offsets, strict=True)
        return list(dict.fromkeys(text[start:stop] for i, (start, stop) in spans if i == self.UNK))

    def decode(self, ids: Iterable[int] | Integer[np.ndarray, " T"]) -> str:
        """The text of the ids; an EOS gives nothing."""
        kept = [int(i) for i in ids if i != self.EOS]
        return self._tokenizer.decode(kept, skip_special_tokens=False)

    def token(self, id: int) -> str:
        """The token of an id; at level bpe in the byte alphabet of GPT-2, in which Ġ is a space."""
        token = self._tokenizer.id_to_token(id)
        assert token is not None, f"id {id} is not below V = {self.size}"
        return token


def known_ids(text: str, vocabulary: Vocabulary) -> list[int]:
    """The tokens of a prompt, read as the corpus was: in NFC.

    Raises:
        PipelineError: where the vocabulary lacks some of them.
    """
    text = normalize(text)
    if unknown := vocabulary.unknown(text):
        raise PipelineError("prompt", "tokens that the model's vocabulary has", unknown, "leave these out")
    return vocabulary.encode(text).tolist()


def count_types(batches: Iterable[pa.ListArray]) -> Counter[str]:
    """How often each token occurs."""
    counts: Counter[str] = Counter()
    for rows in batches:
        tokens = rows.flatten()
        occurrences = np.bincount(tokens.indices.to_numpy(), minlength=len(tokens.dictionary))
        counts.update(dict(zip(tokens.dictionary.to_pylist(), occurrences.tolist(), strict=True)))
    return counts


def learn(counts: Mapping[str, int], max_size: int, scheme: Scheme, min_count: int = 1) -> Tokenizer:
    """The tokenizer of at most `max_size` ids for the tokens with these counts in the training split.

    Args:
        min_count: occurrences that a token needs; of `bytes`, where BPE makes all of its bytes, none is asked.

    Raises:
        CorpusError: where no token is left.
    """
    return _learn_bpe(counts, max_size) if scheme == "bytes" else _learn_words(counts, max_size, scheme, min_count)


def _learn_words(counts: Mapping[str, int], max_size: int, scheme: Scheme, min_count: int) -> Tokenizer:
    """The most frequent tokens, whole."""
    words = {token: n for token, n in counts.items() if token != UNK_TOKEN}
    known = {token: n for token, n in words.items() if n >= min_count}
    if not words:
        rule, got = f"the training text holds a word other than {UNK_TOKEN}", f"{sum(counts.values())} words"
        what_to_do = "give it more text, or set tokenization.word.split: pattern"
        raise CorpusError("params.yaml: corpus", rule, got, what_to_do)
    if not known:
        where = f"params.yaml: vocabulary.{'char' if scheme == 'char' else 'word'}.min_count"
        rule = f"some token occurs {min_count} times in the training text"
        raise CorpusError(where, rule, f"at most {max(words.values())}", "lower it, or give more text")
    vocabulary = _numbered(known, max_size)
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNK_TOKEN))
    tokenizer.pre_tokenizer = pre_tokenizer(scheme)
    if scheme != "spaces":  # whose tokens are joined by spaces, as tokenizers does when told nothing
        tokenizer.decoder = decoders.Fuse()
    return tokenizer


def _learn_bpe(counts: Mapping[str, int], max_size: int) -> Tokenizer:
    """Byte-level BPE (Sennrich et al. 2016; bytes as in Radford et al. 2019): no character is unknown."""
    assert max_size >= NUM_BYTES + 2, "BpeVocabularyParams"
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=max_size - 2, initial_alphabet=alphabet, show_progress=False)
    trained.train_from_iterator(Counter(counts).elements(), trainer)
    return _bpe(_numbered(_bpe_counts(trained, counts), max_size), _merges(trained))


def _bpe(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _bpe_counts(tokenizer: Tokenizer, counts: Mapping[str, int]) -> dict[str, int]:
    """How often each BPE token occurs in pretokens with these counts."""
    found = dict.fromkeys(tokenizer.get_vocab(), 0)
    for encoding, count in zip(tokenizer.encode_batch(list(counts)), counts.values(), strict=True):
        for token in encoding.tokens:
            found[token] += count
    return found


def _merges(tokenizer: Tokenizer) -> list[tuple[str, str]]:
    """The learned merges in their order, which only the tokenizer's JSON tells."""
    return [(left, right) for left, right in json.loads(tokenizer.to_str())["model"]["merges"]]


def _numbered(counts: Mapping[str, int], max_size: int) -> dict[str, int]:
    """EOS, UNK, and the most frequent tokens; equal counts stand in the order of their text.

    >>> _numbered({"b": 1, "a": 1, "c": 2}, max_size=4)
    {'<end of unit>': 0, '<unk>': 1, 'c': 2, 'a': 3}
    """
    frequent = sorted(counts, key=lambda token: (-counts[token], token))[: max_size - 2]
    return {token: number for number, token in enumerate([EOS_TOKEN, UNK_TOKEN, *frequent])}
