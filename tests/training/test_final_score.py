"""The score of a text in lanes that have warmed up, beside that of one unbroken pass."""

import numpy as np
import pytest
from sizes import V

from pipeline.base.metrics import NATS_PER_BIT
from pipeline.networks.build import Network, build_language_model
from pipeline.networks.evaluation import LANES, WARM_UP, evaluation_windows, nats_of, warm_lanes
from pipeline.training.language_modelling import final_nats
from pipeline.training.split import Split

from .fitting import objective, train


def moods(seed: int, size: int) -> Split:
    """Of two tokens the likelier one changes every 50 tokens or so: a reader has to remember the last few."""
    rng = np.random.default_rng(seed)
    mood = np.cumsum(rng.random(size) < 0.02) % 2
    ids = np.where(rng.random(size) < 0.8, 2 + mood, 3 - mood).astype(np.uint8)
    ids[-1] = 0
    return Split(ids, characters=size, spelling_nats=0.0)


@pytest.fixture(scope="module")
def network(model) -> Network:
    """A GRU that starts with a long memory, and has learned of moods."""
    network = build_language_model(model("gru", chrono_steps=60), V, seed=1)
    data = objective(moods(1, 8000), segment_tokens=2000, batch_size=8, bptt_steps=40, budget_tokens=40000)
    train(network, data, num_validations=1, max_grad_norm=5.0, weight_decay=0.0)
    return network


def bits(network: Network, text: Split, num_lanes: int, warm_up: int) -> float:
    nats, tokens = nats_of(network, evaluation_windows(text.ids, V, "stream", num_lanes, warm_up))
    assert tokens == len(text.ids)
    return nats / tokens / NATS_PER_BIT


def test_warm_lanes_cost_what_an_unbroken_pass_costs(network):
    """Within 0.001 bits; lanes that start without a past are not."""
    text = moods(3, 5 * 4 * WARM_UP)
    unbroken = bits(network, text, 1, 0)
    score = text.score(final_nats(network, text, "stream", 3))
    assert warm_lanes(network, len(text.ids)) == 5
    assert abs(score.bits_per_char - unbroken) < 0.001
    assert score.bits_per_char == pytest.approx(bits(network, text, 5, WARM_UP), rel=1e-6)
    assert bits(network, text, 5, 0) - unbroken > 0.001


def test_short_texts_have_fewer_lanes_and_cloze_models_one(network, model):
    sizes = (1, WARM_UP, 8 * WARM_UP - 1, 8 * WARM_UP, 100 * WARM_UP)
    assert [warm_lanes(network, size) for size in sizes] == [1, 1, 1, 2, LANES]
    cloze = build_language_model(model("gru", bidirectional=True), V, seed=1)
    assert warm_lanes(cloze, 100 * WARM_UP) == 1
    for size in (1, WARM_UP - 1, WARM_UP + 1, 8 * WARM_UP + 1):
        assert np.isfinite(final_nats(network, moods(3, size), "stream", 3)).sum() == size
