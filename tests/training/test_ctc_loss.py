"""The loss of transcripts, beside the sum over all paths, path by path."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from sizes import B
from torch import Tensor
from torch.nn import functional as F

from pipeline.examples.batches import Padded, padded
from pipeline.examples.sets import Split
from pipeline.networks.build import build_frame_tagger
from pipeline.networks.tagger import Tagger
from pipeline.sampling.ctc import best_path, collapsed
from pipeline.training.supervised import Supervised, ctc_nats

C, D = 3, 5
LENGTHS = (4, 3, 1, 4)
TRANSCRIPTS = ([1, 1], [2], [1], [2, 1, 2])


@pytest.fixture
def split() -> Split:
    rng = np.random.default_rng(4)
    inputs = [rng.normal(size=(length, D)).astype(np.float32) for length in LENGTHS]
    return Split(inputs, [np.array(labels) for labels in TRANSCRIPTS])


@pytest.fixture
def batch(split: Split) -> Padded:
    return padded(split, range(len(split)))


@pytest.fixture(params=[False, True], ids=["one way", "both ways"])
def network(model, request) -> Tagger:
    network = build_frame_tagger(model("lstm", bidirectional=request.param), D, C, seed=1)
    generator = torch.Generator().manual_seed(2)
    for weight in network.parameters():
        weight.data += 0.5 * torch.randn(weight.shape, generator=generator)
    return network


def of_paths(logits: Tensor, labels: list[int]) -> float:
    """-ln of the summed probability of all paths that say the labels."""
    p = logits.detach().double().softmax(-1)
    paths = itertools.product(range(C), repeat=len(p))
    said = [math.prod(float(p[t, c]) for t, c in enumerate(path)) for path in paths if collapsed(path) == labels]
    return -math.log(sum(said))


def test_the_loss_is_the_sum_over_all_paths(network: Tagger, batch: Padded):
    logits = network(*batch[:2])
    expected = [
        of_paths(row[:length], labels) for row, length, labels in zip(logits, LENGTHS, TRANSCRIPTS, strict=True)
    ]
    assert float(ctc_nats(network, batch).detach()) == pytest.approx(sum(expected), rel=1e-5)


def test_the_loss_is_torchs_with_other_reductions(network: Tagger, batch: Padded):
    inputs, lengths, _ = batch
    log_p = network(inputs, lengths).log_softmax(-1).transpose(0, 1)
    sizes = torch.tensor([len(labels) for labels in TRANSCRIPTS])
    concatenated = torch.tensor([label for labels in TRANSCRIPTS for label in labels])
    of_rows = F.ctc_loss(log_p, concatenated, lengths, sizes, reduction="none")
    torch.testing.assert_close(ctc_nats(network, batch), of_rows.sum())
    mean = F.ctc_loss(log_p, concatenated, lengths, sizes, reduction="mean")
    torch.testing.assert_close((of_rows / sizes).mean(), mean)


def test_the_gradient_is_what_the_network_says_less_what_the_paths_have(network: Tagger, split: Split):
    """d loss / d logit_t[k] = y_t[k] - P(path_t = k | transcript), with the posterior path by path."""
    logits: list[Any] = []
    network.readout.register_forward_hook(lambda module, given, out: logits.append(out))
    loss = ctc_nats(network, padded(split, [0]))
    (gradient,) = torch.autograd.grad(loss, logits)
    y = logits[0].detach()[0].softmax(-1)
    paths = [path for path in itertools.product(range(C), repeat=len(y)) if collapsed(path) == TRANSCRIPTS[0]]
    weights = torch.stack([y[range(len(y)), path].prod() for path in paths])
    posterior = sum(weight * F.one_hot(torch.tensor(path), C) for weight, path in zip(weights, paths, strict=True))
    torch.testing.assert_close(gradient[0], y - posterior / weights.sum())


@pytest.mark.parametrize(("num_steps", "is_possible"), [(2, False), (3, True)])
def test_equal_labels_need_a_blank_between_them(network: Tagger, num_steps: int, is_possible: bool):
    split = Split([np.ones((num_steps, D), np.float32)], [np.array([1, 1])])
    loss = ctc_nats(network, padded(split, [0]))
    assert math.isfinite(float(loss.detach())) == is_possible


def test_targets_are_the_labels_of_the_transcripts(split: Split, batch: Padded):
    objective = Supervised(split, split, ctc_nats, epochs=1, batch_size=B, seed=1)
    assert objective.num_targets(batch) == sum(map(len, TRANSCRIPTS))


@pytest.mark.slow
def test_it_learns_to_say_what_it_hears(model):
    """Frames are noisy labels, each held for some steps: the greedy transcript is right soon."""
    rng = np.random.default_rng(5)
    transcripts = [rng.integers(1, C, size=3) for _ in range(8)]
    inputs = [np.eye(D)[np.repeat(np.c_[t, [0] * 3].ravel(), 3)] + 0.1 * rng.normal(size=(18, D)) for t in transcripts]
    batch = padded(Split([of.astype(np.float32) for of in inputs], transcripts), range(8))
    network = build_frame_tagger(model("gru", bidirectional=True), D, C, seed=1)
    optimizer = torch.optim.Adam(network.parameters(), 0.05)
    for _ in range(40):
        optimizer.zero_grad()
        ctc_nats(network, batch).backward()
        optimizer.step()
    logits = network(*batch[:2]).detach()
    assert [best_path(row.numpy()) for row in logits] == [t.tolist() for t in transcripts]
