"""What a trained network writes for each kind, beside real pieces of that kind: measures, files and piano rolls."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.examples.sets import Examples
from pipeline.networks.language_model import LanguageModel
from pipeline.sampling.drawing import Choice, Sample, sample
from pipeline.sampling.novelty import Novelty
from pipeline.tasks.music.data.alphabet import Alphabet
from pipeline.tasks.music.data.tune_measures import measures_of
from pipeline.tasks.music.data.tunes import Piece

SEED = 1
"""Of the first kind's samples; each kind has the next one."""
MAX_KINDS = 5
"""Kinds that samples are drawn of: those with most training examples."""
COPIED = 8
"""Tokens of the windows that are looked for in the training split: about a bar."""


@dataclass(frozen=True)
class Sampled:
    """A piece that a network wrote."""

    kind: str | None
    piece: Piece
    drawn: Sample


def sampled(
    network: LanguageModel,
    alphabet: Alphabet,
    kind: str | None,
    primer: Sequence[int],
    choice: Choice,
    *,
    num_samples: int,
    max_tokens: int,
    seed: int,
) -> list[Sampled]:
    """Pieces of a kind that begin with `primer`; the key and the metre of a tune are its first tokens."""
    sizes = {"num_samples": num_samples, "max_tokens": max_tokens}
    drawn = sample(network, primer, choice, seed=seed, condition=alphabet.first_id(kind), **sizes)
    titles = [f"Sample {number}" + (f", {kind}" if kind else "") for number in range(1, num_samples + 1)]
    return [Sampled(kind, alphabet.piece(of.ids, title, kind), of) for of, title in zip(drawn, titles, strict=True)]


def frequent_kinds(examples: Examples, alphabet: Alphabet) -> list[str | None]:
    """The kinds with most training examples, equally frequent ones by name; of chords, which have none, None."""
    counts = Counter(alphabet.kind_of(int(ids[0])) for ids in examples.splits["train"].inputs)
    kinds: list[str | None] = sorted(
        (kind for kind in counts if kind is not None), key=lambda kind: (-counts[kind], kind)
    )
    return kinds[:MAX_KINDS] or [None]


def all_sampled(network: LanguageModel, examples: Examples, alphabet: Alphabet) -> dict[str | None, list[Sampled]]:
    """Samples of each frequent kind, as long as the longest training example at most."""
    params = alphabet.params
    choice = Choice(params.temperature, top_k=None, top_p=None)
    sizes = {"num_samples": params.samples, "max_tokens": max(examples.splits["train"].lengths)}
    return {
        kind: sampled(network, alphabet, kind, [], choice, seed=SEED + i, **sizes)
        for i, kind in enumerate(frequent_kinds(examples, alphabet))
    }


def sample_rows(by_kind: dict[str | None, list[Sampled]], examples: Examples) -> list[dict[str, Any]]:
    """The measures of the samples of each kind, and of all."""
    return _rows(
        {kind: [(one.piece, one.drawn.drawn, one.drawn.ended) for one in found] for kind, found in by_kind.items()},
        examples,
    )


def real_rows(kinds: Sequence[str | None], examples: Examples, alphabet: Alphabet) -> list[dict[str, Any]]:
    """The same of the test pieces of these kinds."""
    test = examples.splits["test"]
    found: dict[str | None, list[tuple[Piece, list[int], bool]]] = {kind: [] for kind in kinds}
    for first, ids in zip(test.inputs, test.targets, strict=True):
        if (kind := alphabet.kind_of(int(first[0]))) in found:
            found[kind].append((alphabet.piece(ids.tolist(), "", kind), ids[:-1].tolist(), True))
    return _rows({kind: pieces for kind, pieces in found.items() if pieces}, examples)


def _rows(by_kind: dict[str | None, list[tuple[Piece, list[int], bool]]], examples: Examples) -> list[dict[str, Any]]:
    """`copied`: share of windows of COPIED tokens that the training split has; `ended`: share that ended by EOS."""
    training = np.concatenate(examples.splits["train"].targets)
    together = {"all": [piece for pieces in by_kind.values() for piece in pieces]}
    groups = {kind: pieces for kind, pieces in by_kind.items() if kind is not None} | together
    return [
        {
            "kind": kind,
            "n": len(pieces),
            **measures_of([piece for piece, _, _ in pieces]),
            "copied": Novelty([ids for _, ids, _ in pieces], training).copied_share(COPIED),
            "ended": sum(ended for _, _, ended in pieces) / len(pieces),
        }
        for kind, pieces in groups.items()
        if pieces
    ]


def first_of_each(by_kind: dict[str | None, list[Sampled]]) -> list[tuple[str, Sampled]]:
    """The first sample of each kind, with the name of its files."""
    return [((kind or "sample").replace(" ", "_"), found[0]) for kind, found in by_kind.items()]


def shown(name: str, one: Sampled, alphabet: Alphabet) -> dict[str, Any]:
    """A sample as the report shows it."""
    cost = -one.drawn.log_probability / len(one.drawn.ids)
    tokens = alphabet.tokens(one.drawn.ids)
    return {"name": name, "kind": one.kind, "title": one.piece.title, "nats_per_token": cost, "tokens": tokens}
