"""The likeliest targets of a source: beam search, for many sources at once (Sutskever et al. 2014).

A beam holds K hypotheses. At each step every one of them is extended by every token, and the K likeliest stay. One that
ends with EOS keeps its place, so as many fewer are extended; the search is over when all have ended, or at a limit.
Hypotheses of one length are compared by their log-probability; at the end, where they have several lengths, by
log-probability / length ** penalty: each token costs something, so without a penalty short ones win (Wu et al. 2016,
arXiv:1609.08144, section 7). With K = 1 it is greedy search.

The reported log-probabilities are the model's own. No hypothesis begins another, so those of a beam sum to at most 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor

from pipeline.networks.encoder_decoder import EncoderDecoder
from pipeline.tokens.windows import EOS, IGNORED


@dataclass(frozen=True)
class Hypothesis:
    """A target that was found."""

    ids: Sequence[int]
    """With the EOS that ended it, if one did: at the limit of the search it is cut."""
    log_probability: float
    """ln p of the ids, given the source."""

    @property
    def ended(self) -> bool:
        """Ended by EOS, not by the limit."""
        return self.ids[-1] == EOS

    def rank(self, length_penalty: float) -> tuple[bool, float]:
        """The order of hypotheses, the best first: those that have ended, by their penalised log-probability.

        >>> Hypothesis([5, 0], -2.0).rank(1.0) < Hypothesis([5, 6, 7, 0], -5.0).rank(1.0)
        True
        >>> Hypothesis([5, 0], -2.0).rank(1.0) < Hypothesis([5, 6, 7, 0], -3.0).rank(1.0)
        False
        """
        return not self.ended, -self.log_probability / len(self.ids) ** length_penalty


@dataclass(frozen=True)
class _Beams:
    """K hypotheses of each source; a place that is not taken yet has probability 0."""

    ids: Int[Tensor, "B K U"]
    """IGNORED behind the EOS of those that have ended."""
    log_p: Float64[Tensor, "B K"]
    ended: Bool[Tensor, "B K"]

    @property
    def are_over(self) -> bool:
        """Whether none can be extended."""
        return bool((self.ended | self.log_p.isneginf()).all())

    def extended(self, log_p_next: Float[Tensor, "B K W"]) -> tuple["_Beams", Int[Tensor, "B K"]]:
        """The K likeliest of all extensions, those that have ended first; and which hypothesis each extends."""
        (num_beams, num_tokens), rows = log_p_next.shape[1:], torch.arange(len(self.ids), device=self.ids.device)
        grown = self.log_p[..., None] + log_p_next
        order = grown.masked_fill(self.ended[..., None], -torch.inf)
        order[..., EOS].masked_fill_(self.ended, torch.inf)
        chosen = order.flatten(1).topk(num_beams).indices
        parents, tokens = chosen // num_tokens, chosen % num_tokens
        rows = rows[:, None]
        had_ended = self.ended[rows, parents]
        log_p = torch.where(had_ended, self.log_p[rows, parents], grown[rows, parents, tokens])
        ids = torch.cat([self.ids[rows, parents], tokens.masked_fill(had_ended, IGNORED)[..., None]], dim=2)
        return _Beams(ids, log_p, (tokens == EOS) & ~log_p.isneginf()), parents

    def hypotheses(self, length_penalty: float) -> list[list[Hypothesis]]:
        """Of each source, the best first."""
        found = []
        for ids, log_p in zip(self.ids.tolist(), self.log_p.tolist(), strict=True):
            all_of = [
                Hypothesis([i for i in row if i != IGNORED], p)
                for row, p in zip(ids, log_p, strict=True)
                if p > -torch.inf
            ]
            found.append(sorted(all_of, key=lambda hypothesis: hypothesis.rank(length_penalty)))
        return found


@torch.inference_mode()
def search(
    network: EncoderDecoder,
    inputs: Int[Tensor, "B T"],
    lengths: Int[Tensor, " B"],
    *,
    beam_size: int,
    max_steps: int,
    length_penalty: float,
) -> list[list[Hypothesis]]:
    """The hypotheses of each source, the best first: `beam_size` of them, or fewer where there are no more.

    Args:
        max_steps: tokens of a hypothesis at most, its EOS counted.
    """
    memory, state = network.encode(inputs, lengths)
    memory, state = memory.repeated(beam_size), tuple(part.repeat_interleave(beam_size, 1) for part in state)
    beams = _first(len(inputs), beam_size, inputs.device)
    read = inputs.new_full((len(inputs) * beam_size, 1), network.begin_id)
    first_rows = torch.arange(len(inputs), device=inputs.device)[:, None] * beam_size
    for _ in range(max_steps):
        logits, _, state = network.decode(read, memory, state)
        beams, parents = beams.extended(logits[:, 0].log_softmax(-1).unflatten(0, (len(inputs), beam_size)))
        if beams.are_over:
            break
        rows = (first_rows + parents).flatten()
        state = tuple(part[:, rows] for part in state)
        read = beams.ids[..., -1].reshape(-1, 1).clamp(min=EOS)  # what has ended reads on; nothing comes of it
    return beams.hypotheses(length_penalty)


def _first(number: int, beam_size: int, device: torch.device) -> _Beams:
    """One hypothesis each, of no token: K equal ones would grow into K times the same."""
    log_p = torch.full((number, beam_size), -torch.inf, dtype=torch.float64, device=device)
    log_p[:, 0] = 0.0
    ids = torch.empty((number, beam_size, 0), dtype=torch.int64, device=device)
    return _Beams(ids, log_p, torch.zeros_like(log_p, dtype=torch.bool))


@torch.inference_mode()
def given(
    network: EncoderDecoder, inputs: Int[Tensor, "B T"], lengths: Int[Tensor, " B"], targets: Int[Tensor, "B U"]
) -> tuple[Float64[Tensor, "B U"], Float[Tensor, "B U T"] | None]:
    """ln p of each token of given targets, 0 in the padding; and the weights of the source's steps."""
    logits, weights, _ = network.decode(network.shifted(targets), *network.encode(inputs, lengths))
    log_p = logits.log_softmax(-1).gather(-1, targets.clamp(min=0)[..., None]).squeeze(-1)
    return log_p.masked_fill(targets == IGNORED, 0.0).double(), weights
