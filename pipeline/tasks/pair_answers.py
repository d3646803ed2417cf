"""What a network answers to a source: hypotheses, and their texts."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pipeline.examples.batches import in_order, padded
from pipeline.examples.pairs import ids_of, text_of
from pipeline.examples.sets import Examples, Split
from pipeline.examples.texts import as_read
from pipeline.networks.encoder_decoder import EncoderDecoder
from pipeline.sampling.beam import Hypothesis, given, search
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.pair_params import PairParams
from pipeline.tokens.vocabulary import Vocabulary
from pipeline.tokens.windows import IGNORED

SOURCES_AT_A_TIME = 64


class Answer(NamedTuple):
    """Of a source of T tokens."""

    hypotheses: Sequence[Hypothesis]
    """The best first."""
    weights: Sequence[Float[np.ndarray, "U T"] | None]
    """Of each the weights of the source's steps at each token; None of a network without attention."""


class Sides(NamedTuple):
    """How texts of both sides become ids, and ids texts."""

    params: PairParams
    source: Vocabulary
    target: Vocabulary

    @classmethod
    def of(cls, params: PairParams, holder: Examples | TaskBundle[PairParams]) -> "Sides":
        """Those of some examples or of a bundle."""
        assert holder.vocabulary is not None, "pair_examples makes one"
        assert holder.target_vocabulary is not None, "pair_examples makes one"
        return cls(params, holder.vocabulary, holder.target_vocabulary)

    def read(self, text: str) -> Int[np.ndarray, " T"]:
        """The ids of a source."""
        return ids_of([text], self.source, self.params.source)[0]

    def pieces(self, text: str) -> list[str]:
        """What of a source each id is for."""
        return self.source.pieces(as_read(text, self.params.source))

    def asked(self, text: str) -> Int[np.ndarray, " U"]:
        """The ids of a target, with EOS."""
        return np.append(ids_of([text], self.target, self.params.target)[0], Vocabulary.EOS)

    def text(self, answer: Answer, source: str, number: int = 0) -> str:
        """The text of a hypothesis; where params say so, with words of the source in the place of unknown ones."""
        ids, weights = answer.hypotheses[number].ids, answer.weights[number]
        if not self.params.copy_unknown or weights is None or Vocabulary.UNK not in ids:
            return text_of(ids, self.target)
        pieces = self.pieces(source)
        words = [
            self._copied(pieces[row.argmax()]) if i == Vocabulary.UNK else self.target.token(i)
            for i, row in zip(ids, weights, strict=True)
            if i != Vocabulary.EOS
        ]
        return (" " if self.params.target.scheme == "spaces" else "").join(words).strip()

    def _copied(self, piece: str) -> str:
        """A piece of the source as the target would have it: words of a text bring the space before them."""
        if self.params.source.scheme == self.params.target.scheme:
            return piece
        return f" {piece.strip()}" if self.params.target.scheme == "pattern" else piece.strip()


def answers(params: PairParams, network: EncoderDecoder, split: Split, n_best: int = 1) -> list[Answer]:
    """The answer to each source, in their order: no target is looked at."""
    was_training, device = network.training, next(network.parameters()).device
    network.eval()
    found: dict[int, Answer] = {}
    how = {"beam_size": params.beam_size, "max_steps": params.max_target_steps, "length_penalty": params.length_penalty}
    for indices in in_order(split.lengths, SOURCES_AT_A_TIME):
        inputs, lengths, _ = (part.to(device) for part in padded(split, indices))
        hypotheses = [of[:n_best] for of in search(network, inputs, lengths, **how)]
        found |= zip(indices, with_weights(network, inputs, lengths, hypotheses), strict=True)
    network.train(was_training)
    return [found[i] for i in range(len(split))]


def with_weights(
    network: EncoderDecoder,
    inputs: Int[Tensor, "B T"],
    lengths: Int[Tensor, " B"],
    hypotheses: Sequence[Sequence[Hypothesis]],
) -> list[Answer]:
    """The hypotheses of each source, and the attention at each of their tokens."""
    if network.attention is None:
        return [Answer(of, [None] * len(of)) for of in hypotheses]
    rows = [row for row, of in enumerate(hypotheses) for _ in of]
    targets = [torch.tensor(hypothesis.ids, device=inputs.device) for of in hypotheses for hypothesis in of]
    stacked = torch.nn.utils.rnn.pad_sequence(targets, batch_first=True, padding_value=IGNORED)
    _, weights = given(network, inputs[rows], lengths[rows], stacked)
    assert weights is not None, "it has attention"
    cut = (
        of[: len(ids), : int(lengths[row])].cpu().numpy() for row, ids, of in zip(rows, targets, weights, strict=True)
    )
    return [Answer(of, [next(cut) for _ in of]) for of in hypotheses]
