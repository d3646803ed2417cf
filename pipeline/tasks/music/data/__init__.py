"""The task's examples: tunes or chords as tokens, some tunes behind their kind."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

import numpy as np

from pipeline.base.errors import CorpusError
from pipeline.examples.sets import Examples, Split
from pipeline.tasks.music.data.baselines import baselines
from pipeline.tasks.music.data.encoding import tokens_of, tokens_of_chords
from pipeline.tasks.music.data.figures import piano_rolls
from pipeline.tasks.music.data.keys import moved
from pipeline.tasks.music.data.splits import Pieces, pieces_of_splits
from pipeline.tasks.music.data.tunes import LOWEST, NUM_KEYS, Chords, Note, Piece, Tune
from pipeline.tasks.music.params import MusicParams
from pipeline.tasks.source import Source
from pipeline.tokens.vocabulary import Vocabulary, learn

MIN_TUNES = 10
"""Training tunes of a kind that is a condition: of fewer a network does not learn what they have in common."""
UNCONDITIONED = 0.2
"""Of the training tunes: their first input is nothing, so that a network writes tunes of no kind, too."""
EVERY_SIZE = 10**7


def read(params: MusicParams) -> Examples:
    """The pieces as tokens, and what the training split says: the vocabulary and the kinds.

    Raises:
        CorpusError: where a file is wrong, or all tokens are rare.
    """
    found, counts = pieces_of_splits(params)
    found, num_long = _short_enough(params, found)
    kinds = Counter(piece.kind for piece in found["train"] if isinstance(piece, Tune) and piece.kind)
    classes = sorted(kind for kind, number in kinds.items() if number >= MIN_TUNES)
    train = [moved_by for piece in found["train"] for moved_by in _transposed(piece, params.transposed)]
    vocabulary = _vocabulary(params, train)
    splits = {
        name: _split(train if name == "train" else pieces, vocabulary, classes, name == "train")
        for name, pieces in found.items()
    }
    unknown = sum(
        int((ids[1:] == vocabulary.UNK).sum()) for name in ("validation", "test") for ids in splits[name].inputs
    )
    return Examples(splits, classes, vocabulary, counts={**counts, "too_long": num_long, "unknown_tokens": unknown})


def tokens_of_piece(piece: Piece) -> list[str]:
    """Its tokens, EOS aside."""
    return tokens_of_chords(piece) if isinstance(piece, Chords) else tokens_of(piece)


def _short_enough(params: MusicParams, found: Pieces) -> tuple[Pieces, int]:
    """The pieces of at most `max_steps` tokens with their EOS, and how many are longer."""
    if params.max_steps is None:
        return found, 0
    kept = {
        name: [piece for piece in pieces if len(tokens_of_piece(piece)) < params.max_steps]
        for name, pieces in found.items()
    }
    if not all(kept.values()):
        where, got = "params.yaml: tasks.music.max_steps", {name: len(pieces) for name, pieces in kept.items()}
        raise CorpusError(where, "each split has a piece that is short enough", got, "raise it, or set it to null")
    return kept, sum(len(found[name]) - len(kept[name]) for name in found)


def _transposed(piece: Piece, semitones: int) -> list[Piece]:
    """The piece itself, and it at up to so many semitones below and above, where a piano has all notes."""
    moves = sorted(range(-semitones, semitones + 1), key=abs)
    return [
        transposed(piece, by) for by in moves if all(0 <= pitch + by - LOWEST < NUM_KEYS for pitch in _pitches(piece))
    ]


def _pitches(piece: Piece) -> list[int]:
    if isinstance(piece, Chords):
        return [note for frame in piece.frames for note in frame]
    return [note.pitch for note in piece.notes if note.pitch is not None]


def transposed(piece: Piece, semitones: int) -> Piece:
    """
    >>> transposed(Chords("", [(60, 64), ()]), -1).frames
    [(59, 63), ()]
    """
    if isinstance(piece, Chords):
        return replace(piece, frames=[tuple(note + semitones for note in frame) for frame in piece.frames])
    bars = [[Note(None if n.pitch is None else n.pitch + semitones, n.beats) for n in bar] for bar in piece.bars]
    return replace(piece, key=moved(piece.key, semitones), bars=bars)


def _vocabulary(params: MusicParams, train: Sequence[Piece]) -> Vocabulary:
    counts = Counter(token for piece in train for token in tokens_of_piece(piece))
    if (most := max(counts.values())) < params.min_count:
        rule = f"some token occurs {params.min_count} times in training"
        raise CorpusError("params.yaml: tasks.music.min_count", rule, f"at most {most}", "lower it, or add music")
    return Vocabulary(learn(counts, EVERY_SIZE, "spaces", params.min_count))


def _split(pieces: Sequence[Piece], vocabulary: Vocabulary, classes: Sequence[str], is_training: bool) -> Split:
    """The tokens of each piece behind its kind, or behind the begin token, and the same tokens with their EOS."""
    random, begin = Random(1), vocabulary.size
    conditions = {kind: begin + 1 + i for i, kind in enumerate(classes)}
    inputs, targets = [], []
    for piece, ids in zip(pieces, vocabulary.encode_each([" ".join(tokens_of_piece(p)) for p in pieces]), strict=True):
        without = is_training and random.random() < UNCONDITIONED
        kind = piece.kind if isinstance(piece, Tune) and not without else ""
        inputs.append(np.array([conditions.get(kind, begin), *ids], np.int64))
        targets.append(np.array([*ids, vocabulary.EOS], np.int64))
    return Split(inputs, targets, _notes(pieces))


def _notes(pieces: Sequence[Piece]) -> Mapping[str, Sequence[object]]:
    """What is known of each piece: of chords its frames, how many they are, and the tokens of the first."""
    notes: dict[str, Sequence[object]] = {"title": [piece.title for piece in pieces]}
    if isinstance(pieces[0], Chords):
        frames = [piece.frames for piece in pieces if isinstance(piece, Chords)]
        lengths = {"frames": list(map(len, frames)), "first": [len(of[0]) + 1 for of in frames]}
        return {**notes, **lengths, "chords": [[list(frame) for frame in of] for of in frames]}
    tunes = [piece for piece in pieces if isinstance(piece, Tune)]
    return {**notes, **{name: [getattr(tune, name) for tune in tunes] for name in ("kind", "key", "metre")}}


SOURCE = Source(read, baselines, piano_rolls)
