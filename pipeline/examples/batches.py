"""Padded batches of examples of similar length, in an order that the seed alone decides."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from pipeline.examples.sets import Split
from pipeline.tokens.windows import IGNORED

Padded = tuple[Tensor, Tensor, Tensor]
"""Inputs (B, T), ids, (B, T, 1 + K), ids of words and of their characters, or (B, T, D), frames; lengths (B);
targets (B), or (B, T) with IGNORED in the padding."""
POOL_BATCHES = 50
"""Batches whose examples are sorted by length together: enough that little is padded, few enough to stay mixed."""


def batches_of_epoch(lengths: Sequence[int], batch_size: int, rng: np.random.Generator) -> list[list[int]]:
    """The indices of each batch of one pass: every example once, those of a batch of similar length."""
    order = rng.permutation(len(lengths))
    pools = [order[i : i + POOL_BATCHES * batch_size] for i in range(0, len(order), POOL_BATCHES * batch_size)]
    batches = []
    for pool in pools:
        by_length = sorted(pool.tolist(), key=lengths.__getitem__)
        batches += [by_length[i : i + batch_size] for i in range(0, len(by_length), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def in_order(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """The indices of each batch of all examples, the shortest first, whatever the seed."""
    by_length = np.argsort(lengths, kind="stable").tolist()
    yield from (by_length[i : i + batch_size] for i in range(0, len(by_length), batch_size))


def padded(split: Split, indices: Sequence[int]) -> Padded:
    """These examples as one batch. Inputs are padded with zeros, which reach no state (see networks/encoder.py).

    >>> split = Split([np.array([3, 4]), np.array([5])], [np.array([1, 1]), np.array([0])])
    >>> [part.tolist() for part in padded(split, [0, 1])]
    [[[3, 4], [5, 0]], [2, 1], [[1, 1], [0, -1]]]
    """
    inputs = _inputs(split, indices)
    targets = [torch.from_numpy(np.asarray(split.targets[i])) for i in indices]
    lengths = torch.tensor([len(steps) for steps in inputs])
    return _stacked(inputs, 0), lengths, _stacked(targets, IGNORED)


def _inputs(split: Split, indices: Sequence[int]) -> list[Tensor]:
    """Those of each example; a word's characters come behind it, of equal number in the whole batch."""
    inputs = [torch.from_numpy(split.inputs[i]) for i in indices]
    if split.characters is None:
        return inputs
    spelled = [torch.from_numpy(split.characters[i]) for i in indices]
    most = max(words.shape[1] for words in spelled)
    pad = torch.nn.functional.pad
    return [
        torch.cat([ids[:, None], pad(words, (0, most - words.shape[1]))], 1)
        for ids, words in zip(inputs, spelled, strict=True)
    ]


def _stacked(rows: Sequence[Tensor], padding: int) -> Tensor:
    if rows[0].ndim == 0:
        return torch.stack(list(rows))
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=padding)
