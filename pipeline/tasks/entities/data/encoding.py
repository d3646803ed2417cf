"""Sentences as examples: words as ids, tags as classes."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from pipeline.examples.characters import spelled
from pipeline.examples.sets import Split
from pipeline.tasks.entities.data.sentences import Sentence
from pipeline.tasks.entities.data.spans import Span, spans_of, tags_named
from pipeline.tasks.entities.data.words import form_of
from pipeline.tasks.entities.params import EntitiesParams
from pipeline.tokens.vocabulary import Vocabulary


def encoded(
    params: EntitiesParams,
    sentences: Sequence[Sentence],
    classes: Sequence[str],
    vocabulary: Vocabulary,
    characters: Vocabulary | None,
) -> Split:
    """The sentences of a split."""
    numbers = {tag: number for number, tag in enumerate(classes)}
    return Split(
        [word_ids(params, sentence.words, vocabulary) for sentence in sentences],
        [np.array([numbers[tag] for tag in sentence.tags], np.int64) for sentence in sentences],
        {"words": [list(s.words) for s in sentences], "origin": [s.origin for s in sentences]},
        None if characters is None else [spelled(sentence.words, characters) for sentence in sentences],
    )


def forms(params: EntitiesParams, words: Sequence[str]) -> list[str]:
    """The words as the look-up knows them."""
    return [form_of(word, params.lower_case, params.zero_digits) for word in words]


def word_ids(params: EntitiesParams, words: Sequence[str], vocabulary: Vocabulary) -> Int[np.ndarray, " T"]:
    """The id of each word."""
    return np.array([ids[0] for ids in vocabulary.encode_each(forms(params, words))], np.int64)


def tags_of_split(split: Split, classes: Sequence[str]) -> list[list[str]]:
    """The tags of each sentence."""
    return [tags_named(classes, target) for target in split.targets]


def spans_of_split(split: Split, classes: Sequence[str]) -> list[list[Span]]:
    """The entities that are wanted of each sentence."""
    return [spans_of(tags) for tags in tags_of_split(split, classes)]
