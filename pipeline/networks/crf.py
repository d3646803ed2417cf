"""A chain of classes (linear-chain conditional random field): each path through a sequence has a score.

    score(y) = start[y_1] + sum_t emissions[t, y_t] + sum_t between[y_{t-1}, y_t] + end[y_T]
    p(y)     = exp(score(y)) / Z,    Z = the sum of exp(score) over all C^T paths

Lafferty, McCallum & Pereira 2001 (ICML); the emissions are a network's logits, as in Lample et al. 2016
(arXiv:1603.01360). A score of -inf forbids a transition. Where all scores but the emissions are zero, each step is a
softmax of its own.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pipeline.networks.encoder import flipped, is_padding, last_step
from pipeline.tokens.windows import IGNORED


class Allowed(NamedTuple):
    """Which transitions a path may have."""

    start: Bool[Tensor, " C"]
    between: Bool[Tensor, "C C"]
    """From row to column."""
    end: Bool[Tensor, " C"]


class Chain(NamedTuple):
    """The scores of a path that do not depend on what is read."""

    start: Float[Tensor, " C"]
    between: Float[Tensor, "C C"]
    """From row to column."""
    end: Float[Tensor, " C"]

    @property
    def reverse(self) -> "Chain":
        """That of the same paths, read from their ends."""
        return Chain(self.end, self.between.T, self.start)

    def only(self, allowed: Allowed | None) -> "Chain":
        """The same where no other transition is possible; the owner sees to it that some path is left."""
        if allowed is None:
            return self
        return Chain(*(scores.masked_fill(~may, -torch.inf) for scores, may in zip(self, allowed, strict=True)))


def nats(
    emissions: Float[Tensor, "B T C"], lengths: Int[Tensor, " B"], path: Int[Tensor, "B T"], chain: Chain
) -> Float[Tensor, " B"]:
    """-ln p(path) of each row; what is behind its length does not count."""
    return log_partition(emissions, lengths, chain) - path_score(emissions, lengths, path, chain)


def path_score(
    emissions: Float[Tensor, "B T C"], lengths: Int[Tensor, " B"], path: Int[Tensor, "B T"], chain: Chain
) -> Float[Tensor, " B"]:
    """The score of a path a row."""
    padding = is_padding(lengths, path.shape[1])
    path = path.masked_fill(padding, 0)
    last = path.gather(1, lengths[:, None] - 1)[:, 0]
    of_steps = emissions.gather(2, path[..., None])[..., 0].masked_fill(padding, 0.0)
    of_transitions = chain.between[path[:, :-1], path[:, 1:]].masked_fill(padding[:, 1:], 0.0)
    return chain.start[path[:, 0]] + of_steps.sum(1) + of_transitions.sum(1) + chain.end[last]


def log_partition(emissions: Float[Tensor, "B T C"], lengths: Int[Tensor, " B"], chain: Chain) -> Float[Tensor, " B"]:
    """ln Z of each row."""
    return torch.logsumexp(last_step(prefix_scores(emissions, chain), lengths) + chain.end, dim=1)


def prefix_scores(emissions: Float[Tensor, "B T C"], chain: Chain) -> Float[Tensor, "B T C"]:
    """The logarithm of the sum of exp(score) over all paths up to step t that have class c there."""
    scores = [chain.start + emissions[:, 0]]
    for emission in emissions[:, 1:].unbind(1):
        scores.append(torch.logsumexp(scores[-1][:, :, None] + chain.between, dim=1) + emission)
    return torch.stack(scores, dim=1)


def marginals(emissions: Float[Tensor, "B T C"], lengths: Int[Tensor, " B"], chain: Chain) -> Float[Tensor, "B T C"]:
    """p(y_t = c), by the forward-backward algorithm; behind a row's length the values mean nothing."""
    before = prefix_scores(emissions, chain)
    after = flipped(prefix_scores(flipped(emissions, lengths), chain.reverse), lengths)
    return (before + after - emissions).softmax(2)  # both have the emission of t


def log_probability(
    emissions: Float[Tensor, "B T C"], lengths: Int[Tensor, " B"], chain: Chain, classes: Bool[Tensor, "B T C"]
) -> Float[Tensor, " B"]:
    """ln p(the class of each step is one of `classes`): of a span, all classes but at its own steps."""
    some = log_partition(emissions.masked_fill(~classes, -torch.inf), lengths, chain)
    return some - log_partition(emissions, lengths, chain)


def best_path(emissions: Float[Tensor, "B T C"], lengths: Int[Tensor, " B"], chain: Chain) -> Int[Tensor, "B T"]:
    """The path with the highest score of each row (Viterbi 1967), and IGNORED behind its length."""
    scores, came_from = [chain.start + emissions[:, 0]], []
    for emission in emissions[:, 1:].unbind(1):
        best, origin = (scores[-1][:, :, None] + chain.between).max(dim=1)
        scores.append(best + emission)
        came_from.append(origin)
    last = (last_step(torch.stack(scores, dim=1), lengths) + chain.end).argmax(1)
    path = [last]
    for step in reversed(range(1, emissions.shape[1])):
        earlier = came_from[step - 1].gather(1, path[-1][:, None])[:, 0]
        path.append(torch.where(step < lengths, earlier, last))  # behind a row's length `last` waits for its step
    return torch.stack(path[::-1], dim=1).masked_fill(is_padding(lengths, len(path)), IGNORED)
