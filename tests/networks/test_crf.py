"""The chain of classes against a list of all paths, one row at a time."""

import itertools
import math

import numpy as np
import pytest
import torch
from sizes import V
from torch import Tensor

from pipeline.examples.batches import padded
from pipeline.examples.sets import Split
from pipeline.networks import crf
from pipeline.networks.build import build_crf_tagger, build_tagger
from pipeline.networks.crf import Allowed, Chain
from pipeline.tokens.windows import IGNORED
from pipeline.training.supervised import class_nats, crf_nats

C, LENGTHS = 3, (4, 1, 5, 2)
"""Classes, and steps of the rows of a batch."""
ALLOWED = Allowed(
    torch.tensor([True, True, False]),
    torch.tensor([[True, True, False], [True, True, True], [True, False, True]]),
    torch.tensor([True, True, True]),
)
"""O, B and I: no I after an O or at the start; and here no B right after an I, so that no axis can be swapped."""


@pytest.fixture
def chain(generator) -> Chain:
    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return Chain(draw(C), draw(C, C), draw(C))


@pytest.fixture
def emissions(generator) -> Tensor:
    return 2 * torch.randn(len(LENGTHS), max(LENGTHS), C, generator=generator, dtype=torch.float64)


lengths = torch.tensor(LENGTHS)


def paths_of(emission: Tensor, chain: Chain, allowed: Allowed | None = None) -> dict[tuple[int, ...], float]:
    """exp(score) of each path of one row that may be, written out."""
    scores = {}
    for path in itertools.product(range(C), repeat=len(emission)):
        pairs = list(itertools.pairwise(path))
        if allowed and not (
            allowed.start[path[0]] and allowed.end[path[-1]] and all(allowed.between[a, b] for a, b in pairs)
        ):
            continue
        steps = sum(float(emission[t, c]) for t, c in enumerate(path))
        between = sum(float(chain.between[a, b]) for a, b in pairs)
        scores[path] = math.exp(float(chain.start[path[0]]) + steps + between + float(chain.end[path[-1]]))
    return scores


every_rule = pytest.mark.parametrize("allowed", [None, ALLOWED], ids=["any", "allowed"])


def test_a_path_pays_its_share_of_all_paths(chain, emissions, generator):
    path = torch.randint(C, emissions.shape[:2], generator=generator)
    for row, length in enumerate(LENGTHS):
        path[row, length:] = IGNORED
    found = crf.nats(emissions, lengths, path, chain)
    for row, length in enumerate(LENGTHS):
        of_paths = paths_of(emissions[row, :length], chain)
        expected = -math.log(of_paths[tuple(path[row, :length].tolist())] / sum(of_paths.values()))
        assert float(found[row]) == pytest.approx(expected)


@every_rule
def test_marginals_are_sums_over_paths(chain, emissions, allowed):
    found = crf.marginals(emissions, lengths, chain.only(allowed))
    for row, length in enumerate(LENGTHS):
        of_paths = paths_of(emissions[row, :length], chain, allowed)
        expected = np.zeros((length, C))
        for path, weight in of_paths.items():
            expected[np.arange(length), path] += weight / sum(of_paths.values())
        np.testing.assert_allclose(found[row, :length], expected, atol=1e-12)


def test_marginals_are_the_gradient_of_the_partition(chain, emissions):
    (gradient,) = torch.autograd.grad(crf.log_partition(emissions.requires_grad_(), lengths, chain).sum(), emissions)
    found = crf.marginals(emissions, lengths, chain)
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(found[row, :length], gradient[row, :length])
        assert not gradient[row, length:].any()


@every_rule
def test_the_best_path_is_the_best_of_all(chain, emissions, allowed):
    found = crf.best_path(emissions, lengths, chain.only(allowed)).tolist()
    for row, length in enumerate(LENGTHS):
        of_paths = paths_of(emissions[row, :length], chain, allowed)
        assert tuple(found[row][:length]) == max(of_paths, key=of_paths.__getitem__)
        assert found[row][length:] == [IGNORED] * (max(LENGTHS) - length)


def test_the_rule_matters_here(chain, emissions):
    """Without it some of the best paths are none that are allowed: the test above would not see it missing."""
    free, bound = (crf.best_path(emissions, lengths, chain.only(rule)) for rule in (None, ALLOWED))
    assert not torch.equal(free, bound)


@every_rule
def test_the_probability_of_a_span_is_a_sum_over_paths(chain, emissions, allowed):
    classes = torch.ones(emissions.shape, dtype=torch.bool)
    classes[:, 0] = torch.tensor([False, True, False])  # B at the first step,
    classes[:, 1] = torch.tensor([True, True, False])  # and no I behind it
    found = crf.log_probability(emissions, lengths, chain.only(allowed), classes)
    for row, length in enumerate(LENGTHS):
        of_paths = paths_of(emissions[row, :length], chain, allowed)
        spans = sum(w for path, w in of_paths.items() if path[0] == 1 and path[1:2] != (2,))
        assert float(found[row]) == pytest.approx(math.log(spans / sum(of_paths.values())))


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    split = Split([rng.integers(V, size=t) for t in LENGTHS], [rng.integers(C, size=t) for t in LENGTHS])
    return padded(split, range(len(LENGTHS)))


def test_without_transitions_it_is_a_softmax_a_step(model, batch):
    network = build_tagger(model("gru", bidirectional=True), V, C, seed=1)
    inputs, row_lengths, _ = batch
    torch.testing.assert_close(crf_nats(network, batch), class_nats(network, batch))
    torch.testing.assert_close(network.marginals(inputs, row_lengths), network(inputs, row_lengths).softmax(2))
    guesses = network(inputs, row_lengths).argmax(2)
    for row, length in enumerate(LENGTHS):
        assert network.decode(inputs, row_lengths)[row, :length].tolist() == guesses[row, :length].tolist()


def test_a_new_crf_is_the_plain_tagger_of_the_same_seed(model, batch):
    plain, chained = (build(model("lstm"), V, C, seed=4) for build in (build_tagger, build_crf_tagger))
    assert plain.state_dict().keys() == chained.state_dict().keys() - {"start", "between", "end"}
    torch.testing.assert_close(crf_nats(plain, batch), crf_nats(chained, batch), rtol=0, atol=0)


def test_it_learns_that_a_class_never_follows_itself(model):
    """Inputs say nothing; targets alternate from a random start: a plain tagger pays ln 2 a step, the chain a path."""
    network = build_crf_tagger(model("rnn"), V, 2, seed=1)
    targets = torch.tensor([[0, 1, 0, 1, 0], [1, 0, 1, 0, 1]])
    batch = (torch.zeros(2, 5, dtype=torch.int64), torch.tensor([5, 5]), targets)
    optimizer = torch.optim.Adam(network.parameters(), 0.2)
    for _ in range(60):
        optimizer.zero_grad()
        crf_nats(network, batch).backward()
        optimizer.step()
    with torch.inference_mode():
        assert float(crf_nats(network, batch)) / 2 == pytest.approx(math.log(2), abs=0.05)
        path = network.decode(batch[0], batch[1])[0].tolist()
    assert path in targets.tolist()


@torch.inference_mode()
def test_decoding_keeps_to_what_is_allowed(model, batch, generator):
    """Brute force over the logits of each row alone."""
    network = build_crf_tagger(model("gru"), V, C, seed=2)
    for weight in network.parameters():
        weight.normal_(generator=generator)
    inputs, row_lengths, _ = batch
    found = network.decode(inputs, row_lengths, ALLOWED)
    for row, length in enumerate(LENGTHS):
        of_paths = paths_of(network(inputs[row : row + 1, :length])[0], network.chain, ALLOWED)
        assert tuple(found[row, :length].tolist()) == max(of_paths, key=of_paths.__getitem__)
