"""Gaps of a text, filled by a cloze model: the other way to sample, for networks that read both sides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int, Integer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from pipeline.base.params import Level
from pipeline.networks.cloze import ClozeModel
from pipeline.sampling.drawing import Choice, draw, log_probability_of, uniform_numbers
from pipeline.tokens.vocabulary import Vocabulary, known_ids

EOS, UNK = Vocabulary.EOS, Vocabulary.UNK
GAP = "___"
"""How one missing token is written."""


@dataclass(frozen=True)
class Gapped:
    """A text with gaps."""

    ids: Sequence[int]
    """What stands in a gap is the truth where it is known, else anything: no network looks at it."""
    gaps: Sequence[int]
    """Places in `ids`, rising."""
    condition: int | None = None
    """The id that is read first in place of the begin token."""


@dataclass(frozen=True)
class Filled:
    """The same text, filled."""

    ids: list[int]
    gaps: list[int]
    log_probabilities: list[float]
    """ln p of each fill in nats, given both sides, under the model itself: temperature and limits do not count."""

    @property
    def fills(self) -> list[int]:
        """The ids that were drawn, from left to right."""
        return [self.ids[gap] for gap in self.gaps]


def fill(network: ClozeModel, texts: Sequence[Gapped], choice: Choice, *, seed: int) -> list[Filled]:
    """Each text with its gaps filled, all texts at once."""
    lengths = torch.tensor([len(text.ids) for text in texts])
    ids = pad_sequence([torch.tensor(text.ids) for text in texts], batch_first=True, padding_value=EOS)
    gaps = torch.zeros_like(ids, dtype=torch.bool)
    for row, text in enumerate(texts):
        gaps[row, list(text.gaps)] = True
    first = torch.tensor([network.begin_id if text.condition is None else text.condition for text in texts])
    filled, log_probabilities = fill_gaps(network, ids, gaps, lengths, choice, seed=seed, first=first)
    return [
        Filled(filled[row, : len(text.ids)].tolist(), list(text.gaps), log_probabilities[row, list(text.gaps)].tolist())
        for row, text in enumerate(texts)
    ]


@torch.inference_mode()
def fill_gaps(
    network: ClozeModel,
    ids: Int[Tensor, "B T"],
    gaps: Bool[Tensor, "B T"],
    lengths: Int[Tensor, " B"],
    choice: Choice,
    *,
    seed: int,
    first: Int[Tensor, " B"] | None = None,
) -> tuple[Int[Tensor, "B T"], Float64[Tensor, "B T"]]:
    """The ids with every gap drawn given both sides, and ln p of each fill under the model itself (0 elsewhere).

    Gaps are drawn from left to right, all rows at once; a fill is known to the gaps after it. A gap that is still
    open is read as the zero vector, as an edge of the text is: nothing is known there. EOS fills no gap.

    Args:
        lengths: tokens of each row that count.
        first: what each row's left side starts with; the begin token where None.
    """
    known = ids.masked_fill(gaps, EOS)
    log_probabilities = torch.zeros(ids.shape, dtype=torch.float64)
    order = gaps.cumsum(1)
    num_gaps = int(order[:, -1].max())
    uniforms = uniform_numbers(len(ids), num_gaps, seed, ids.device)
    for i in range(num_gaps):
        rows, steps = (gaps & (order == i + 1)).nonzero(as_tuple=True)
        inputs = _inputs(known, network.begin_id)
        if first is not None:
            inputs[:, 0] = first
        logits, _ = network(inputs, known, lengths)
        known[rows, steps] = draw(choice(logits[rows, steps], (EOS, UNK)), uniforms[i, rows])
        log_probabilities[rows, steps] = log_probability_of(logits[rows, steps], known[rows, steps])
    return known, log_probabilities


def _inputs(ids: Int[Tensor, "B T"], begin: int) -> Int[Tensor, "B T"]:
    """The ids one step later, the begin token first and after EOS.

    >>> _inputs(torch.tensor([[5, 0, 6, 7]]), begin=9)
    tensor([[9, 5, 9, 6]])
    """
    previous = ids.roll(1, dims=1)
    previous[:, 0] = EOS
    return torch.where(previous == EOS, begin, previous)


def blanked(
    units: Sequence[Integer[np.ndarray, " _"]], *, max_gaps: int, min_distance: int, rng: np.random.Generator
) -> list[Gapped]:
    """Each unit with at most `max_gaps` gaps at random places, one in each of equal parts of its length.

    Parts have at least `min_distance` tokens, so that a gap has text on both sides; a shorter unit has one gap.
    """
    texts = []
    for ids in units:
        num_gaps = min(max_gaps, max(1, len(ids) // min_distance))
        edges = np.linspace(0, len(ids), num_gaps + 1).astype(int)
        texts.append(Gapped(ids.tolist(), rng.integers(edges[:-1], edges[1:]).tolist()))
    return texts


def read_gaps(text: str, vocabulary: Vocabulary, level: Level) -> Gapped:
    """A text in which each `___` is one missing token; between characters, or where a word (with its space) was.

    Raises:
        PipelineError: where the vocabulary lacks some of the other tokens.
    """
    if level != "char":
        text = text.replace(f" {GAP}", GAP)  # a token carries the space before it
    ids: list[int] = []
    gaps: list[int] = []
    for number, part in enumerate(text.split(GAP)):
        if number:
            gaps.append(len(ids))
            ids.append(UNK)
        ids.extend(known_ids(part, vocabulary))
    return Gapped(ids, gaps)


def write_gaps(text: Gapped, vocabulary: Vocabulary) -> str:
    """The text with `___` in place of each missing token."""
    whole = vocabulary.decode(text.ids)
    starts, stops = ([len(vocabulary.decode(text.ids[: gap + i])) for gap in text.gaps] for i in (0, 1))
    kept = zip([0, *stops], [*starts, len(whole)], strict=True)
    return GAP.join(whole[start:stop] for start, stop in kept)
