"""Sections of params.yaml: how text is cut, which tokens have an id, and how networks read them."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.base.params import Count, OfLevels, Section


class CharTokenizationParams(Section):
    """Characters are Unicode code points after NFC: nothing to choose."""


class WordTokenizationParams(Section):
    """What a word is."""

    split: Literal["pattern", "spaces"]
    """pattern: a word carries the space before it, nothing is lost; spaces: tokenised already, cut at white space."""


class BpeTokenizationParams(Section):
    """Byte-level BPE never merges across the words of GPT-2's pattern: nothing to choose."""


class TokenizationParams(OfLevels):
    """How text is cut into tokens, level by level."""

    char: CharTokenizationParams
    word: WordTokenizationParams
    bpe: BpeTokenizationParams


class VocabularyParams(Section):
    """Which characters or words have an id, learned from the training split alone; the others are UNK."""

    max_size: Annotated[int, Field(ge=3)]
    """Most frequent tokens kept, EOS and UNK included."""
    min_count: Count
    """Occurrences in the training split that a token needs. 2 makes UNK of what occurs once: a network then learns when
    to expect UNK, and as often as new tokens turn up (Good 1953: their share is about that of tokens seen once)."""


class BpeVocabularyParams(Section):
    """Byte-level BPE, whose tokens are made of bytes: none is unknown, so there is nothing to count."""

    max_size: Annotated[int, Field(ge=258)]
    """The 256 bytes, EOS and UNK, and as many merges as there is room for."""


class VocabulariesParams(OfLevels):
    """The vocabulary of each level."""

    char: VocabularyParams
    word: VocabularyParams
    bpe: BpeVocabularyParams


class StreamBatching(Section):
    """Running text: contiguous lanes, the state carried over windows and unit ends."""

    mode: Literal["stream"]
    segment_tokens: Count
    """A lane's state is set to zero at the first unit end after this many tokens."""


class UnitBatching(Section):
    """Units that stand alone: each from the zero state."""

    mode: Literal["units"]


Batching = StreamBatching | UnitBatching


class BatchingParams(OfLevels):
    """How networks and n-grams read the text, level by level."""

    char: Annotated[Batching, Field(discriminator="mode")]
    word: Annotated[Batching, Field(discriminator="mode")]
    bpe: Annotated[Batching, Field(discriminator="mode")]
