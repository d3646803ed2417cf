import math

import numpy as np
import pytest
import torch
from sizes import V

from pipeline.networks.build import build
from pipeline.networks.evaluation import carried, evaluation_windows, nats_of, sums_of
from pipeline.tokens.windows import lane_windows


@pytest.fixture
def ids() -> np.ndarray:
    rng = np.random.default_rng(3)
    ids = rng.integers(0, V, size=41).astype(np.uint8)
    ids[-1] = 0
    return ids


@torch.no_grad()
def one_by_one(network, ids: np.ndarray, *, carry: bool, of: int | None = None) -> float:
    """The slow obvious way: one token at a time, the begin token after every EOS, the first token counted.

    Args:
        of: the only target that is counted.
    """
    nats, state, x = 0.0, None, V
    for y in ids.tolist():
        logits, state = network(torch.tensor([[x]]), state)
        nats -= float(torch.log_softmax(logits[0, 0], 0)[y]) if of in (None, y) else 0.0
        x = V if y == 0 else y
        state = None if y == 0 and not carry else state
    return nats


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("num_steps", [4, 7, 41, 100])
def test_an_unbroken_pass_carries_the_state_over_windows(model, ids, cell, num_steps):
    network = build(model(cell, num_layers=2), V, seed=1).eval()
    nats, tokens = nats_of(network, lane_windows(ids, V, 1, num_steps))
    assert tokens == len(ids)
    assert nats == pytest.approx(one_by_one(network, ids, carry=True), rel=1e-5)


@pytest.mark.parametrize("num_lanes", [1, 3])
def test_units_are_scored_each_from_the_zero_state(model, ids, num_lanes):
    network = build(model("lstm"), V, seed=1).eval()
    nats, tokens = nats_of(network, evaluation_windows(ids, V, "units", num_lanes))
    assert tokens == len(ids)
    assert nats == pytest.approx(one_by_one(network, ids, carry=False), rel=1e-5)


@pytest.mark.parametrize(("batching", "num_lanes"), [("stream", 1), ("units", 3)])
def test_unknown_targets_are_summed_apart(model, ids, batching, num_lanes):
    network = build(model("gru"), V, seed=1).eval()
    sums = sums_of(network, evaluation_windows(ids, V, batching, num_lanes))
    of_unk = one_by_one(network, ids, carry=batching == "stream", of=1)
    assert 0 < sums.unknown_nats < sums.nats
    assert sums.unknown_nats == pytest.approx(of_unk, rel=1e-5)
    known = sums_of(network, evaluation_windows(np.where(ids == 1, 2, ids).astype(np.uint8), V, batching, num_lanes))
    assert (known.unknown_nats, known.tokens) == (0.0, len(ids))


@pytest.mark.parametrize("batching", ["stream", "units"])
def test_the_cloze_model_scores_every_token_once(model, ids, batching):
    network = build(model("gru", bidirectional=True), V, seed=1)
    nats, tokens = nats_of(network, evaluation_windows(ids, V, batching, 2))
    assert tokens == len(ids)
    assert nats / tokens == pytest.approx(math.log(V), rel=0.15)


def test_evaluation_leaves_the_network_in_its_mode(model, ids):
    network = build(model("rnn", dropout=0.5), V, seed=1).train()
    first, _ = nats_of(network, lane_windows(ids, V, 1, 7))
    again, _ = nats_of(network, lane_windows(ids, V, 1, 7))
    assert first == again
    assert network.training


def test_a_fresh_lane_forgets_and_the_others_remember():
    state = (torch.ones(1, 2, 3, requires_grad=True) * 5,)
    carried_on = carried(state, torch.tensor([True, False]))
    assert carried_on is not None
    (after,) = carried_on
    assert after[0].tolist() == [[0, 0, 0], [5, 5, 5]]
    assert not after.requires_grad
