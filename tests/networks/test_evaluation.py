import math

import numpy as np
import pytest
import torch
from sizes import V

from pipeline.networks.build import build_language_model
from pipeline.networks.evaluation import carried, evaluation_windows, nats_of, token_nats
from pipeline.tokens.windows import lane_windows


@pytest.fixture
def ids() -> np.ndarray:
    rng = np.random.default_rng(3)
    ids = rng.integers(0, V, size=41).astype(np.uint8)
    ids[-1] = 0
    return ids


@torch.no_grad()
def one_by_one(network, ids: np.ndarray, *, carry: bool) -> list[float]:
    """The slow obvious way: one token at a time, the begin token after every EOS, the first token counted."""
    nats, state, x = [], None, V
    for y in ids.tolist():
        logits, state = network(torch.tensor([[x]]), state)
        nats.append(-float(torch.log_softmax(logits[0, 0], 0)[y]))
        x = V if y == 0 else y
        state = None if y == 0 and not carry else state
    return nats


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("num_steps", [4, 7, 41, 100])
def test_an_unbroken_pass_carries_the_state_over_windows(model, ids, cell, num_steps):
    network = build_language_model(model(cell, num_layers=2), V, seed=1).eval()
    nats, tokens = nats_of(network, lane_windows(ids, V, 1, num_steps))
    assert tokens == len(ids)
    assert nats == pytest.approx(sum(one_by_one(network, ids, carry=True)), rel=1e-5)


@pytest.mark.parametrize("num_lanes", [1, 3])
def test_units_are_scored_each_from_the_zero_state(model, ids, num_lanes):
    network = build_language_model(model("lstm"), V, seed=1).eval()
    nats, tokens = nats_of(network, evaluation_windows(ids, V, "units", num_lanes))
    assert tokens == len(ids)
    assert nats == pytest.approx(sum(one_by_one(network, ids, carry=False)), rel=1e-5)


@pytest.mark.parametrize(("batching", "num_lanes"), [("stream", 1), ("units", 1), ("units", 3)])
def test_the_nats_of_tokens_come_in_the_order_of_the_text(model, ids, batching, num_lanes):
    """Units are read by length, here the last first."""
    ids = np.concatenate([ids, [2, 0, 0]]).astype(np.uint8)
    network = build_language_model(model("gru"), V, seed=1).eval()
    nats = token_nats(network, evaluation_windows(ids, V, batching, num_lanes), len(ids))
    assert nats == pytest.approx(one_by_one(network, ids, carry=batching == "stream"), rel=1e-4)


def test_the_nats_of_tokens_read_in_lanes_add_up_in_the_order_of_the_text(model, ids):
    """In three lanes: those of the first are those of an unbroken pass, and each other lane starts anew."""
    network = build_language_model(model("lstm"), V, seed=1).eval()
    nats = token_nats(network, lane_windows(ids, V, 3, 4), len(ids))
    lanes = [token_nats(network, lane_windows(ids[a:b], V, 1, 50), b - a) for a, b in ((0, 13), (13, 27), (27, 41))]
    assert nats == pytest.approx(np.concatenate(lanes), rel=1e-4)
    assert nats.sum() == pytest.approx(nats_of(network, lane_windows(ids, V, 3, 4))[0], rel=1e-5)


@pytest.mark.parametrize("batching", ["stream", "units"])
def test_the_cloze_model_scores_every_token_once(model, ids, batching):
    network = build_language_model(model("gru", bidirectional=True), V, seed=1)
    nats, tokens = nats_of(network, evaluation_windows(ids, V, batching, 2))
    assert tokens == len(ids)
    assert nats / tokens == pytest.approx(math.log(V), rel=0.15)


def test_evaluation_leaves_the_network_in_its_mode(model, ids):
    network = build_language_model(model("rnn", dropout=0.5), V, seed=1).train()
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
