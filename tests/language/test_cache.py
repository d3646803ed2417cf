"""The neural cache beside a slow one that looks back step by step."""

import math

import numpy as np
import pytest
import torch
from bigrams import FIRST, NEXT, bigram_network
from sizes import V

from pipeline.language.cache import THETAS, adapt, cache_nats, looked_up
from pipeline.networks.build import build_language_model
from pipeline.networks.evaluation import evaluation_windows, token_nats
from pipeline.networks.language_model import LanguageModel
from pipeline.text.mixture import mixed
from pipeline.tokens.windows import lane_windows


@pytest.fixture
def network(model) -> LanguageModel:
    network = build_language_model(model("gru", num_layers=2), V, seed=1)
    assert isinstance(network, LanguageModel)
    return network.eval()


def random_ids(seed: int, num_tokens: int = 150) -> np.ndarray:
    ids = np.random.default_rng(seed).integers(0, V, size=num_tokens).astype(np.uint8)
    ids[-1] = 0
    return ids


@torch.no_grad()
def p_cache_step_by_step(
    network: LanguageModel, ids: np.ndarray, theta: float, size: int, *, carry: bool = True
) -> np.ndarray:
    """The definition: p_cache of every token (T, V), one step at a time."""
    past: list[tuple[torch.Tensor, int]] = []
    state, x, found = None, V, []
    for y in ids.tolist():
        features, state = network.features(torch.tensor([[x]]), state)
        h = features[0, 0].double()
        weights = [math.exp(theta * float(h @ before)) for before, _ in past[-size:]]
        p = np.zeros(V) if past else np.full(V, 1 / V)
        for weight, (_, token) in zip(weights, past[-size:], strict=True):
            p[token] += weight / sum(weights)
        found.append(p)
        past.append((h, y))
        x = V if y == 0 else y
        if y == 0 and not carry:
            past, state = [], None
    return np.stack(found)


def costs(
    network: LanguageModel, ids: np.ndarray, thetas=(0.5, 3.0), size: int = 20, num_steps: int = 90
) -> np.ndarray:
    return cache_nats(network, lane_windows(ids, V, 1, num_steps), len(ids), thetas, size)


@pytest.mark.parametrize(("num_steps", "size"), [(90, 20), (7, 20), (150, 1), (150, 200), (64, 64)])
def test_the_cache_is_the_definition_in_windows_of_any_length(network, num_steps, size):
    ids = random_ids(3)
    for theta, found in zip((0.5, 3.0), costs(network, ids, size=size, num_steps=num_steps), strict=True):
        expected = p_cache_step_by_step(network, ids, theta, size)
        assert expected.sum(1) == pytest.approx(np.ones(len(ids)))
        assert np.exp(-found) == pytest.approx(expected[np.arange(len(ids)), ids], rel=1e-4, abs=1e-9)


def test_units_that_stand_alone_begin_with_an_empty_cache(network):
    ids = np.concatenate([random_ids(3), [2, 2, 0, 0]]).astype(np.uint8)
    (found,) = cache_nats(network, evaluation_windows(ids, V, "units", 3), len(ids), [0.5], 4)
    expected = p_cache_step_by_step(network, ids, 0.5, 4, carry=False)
    assert np.exp(-found) == pytest.approx(expected[np.arange(len(ids)), ids], rel=1e-4, abs=1e-9)


def test_probabilities_of_the_next_token_sum_to_one(network):
    """Of every token in the last place of a text, whose past stays the same."""
    ids = random_ids(5)
    lasts = [costs(network, np.append(ids[:-1], last).astype(np.uint8))[:, -1] for last in range(V)]
    assert np.exp(-np.array(lasts)).sum(0) == pytest.approx([1, 1], rel=1e-5)


def test_a_later_token_changes_no_earlier_probability(network):
    ids = random_ids(7)
    changed = ids.copy()
    changed[100] = (ids[100] + 1) % V
    before, after = costs(network, ids), costs(network, changed)
    assert (before[:, :100] == after[:, :100]).all()
    assert (before[:, 101:] != after[:, 101:]).any()


def test_a_case_by_hand():
    """h is the last token as a one-hot: like states have the product 1, others 0. The text is a b a b."""
    a, b, begin = torch.eye(3)
    keys = torch.stack([begin, a, b, a])[None]
    values = torch.tensor([[2, 3, 2, 3]])
    (p,) = looked_up(keys, values, 4, [math.log(2)], size=9)
    assert p[0, 0].isnan()  # nothing before it
    assert p[0, 1] == 0  # only a stands in the cache
    assert p[0, 2] == pytest.approx(1 / 2)  # one a, one b, none in a state like this one
    assert p[0, 3] == pytest.approx(2 / 4)  # b after a counts double: 1 (a) + 2 (b) + 1 (a)


def test_lanes_have_caches_of_their_own(network):
    ids = random_ids(9, 90)
    both = cache_nats(network, lane_windows(ids, V, 2, 16), len(ids), [0.5], 20)
    halves = [cache_nats(network, lane_windows(half, V, 1, 16), 45, [0.5], 20) for half in np.split(ids, 2)]
    assert both == pytest.approx(np.concatenate(halves, axis=1), rel=1e-4)


def adapted(network: LanguageModel, ids: dict[str, np.ndarray]):
    nats = {
        name: token_nats(network, lane_windows(of_split, network.begin_id, 1, 50), len(of_split))
        for name, of_split in ids.items()
    }
    return nats, adapt(network, ids, nats, "stream", 3)


def test_a_text_that_repeats_itself_is_worth_a_cache_and_theta_comes_from_the_validation_text(network):
    ids = {"validation": np.tile(random_ids(1, 25), 6), "test": np.tile(random_ids(2, 25), 6)}
    nats, found = adapted(network, ids)
    assert found.theta in THETAS
    of_test = cache_nats(network, lane_windows(ids["test"], V, 1, 50), 150, [found.theta])[0]
    assert found.nats["test"] == pytest.approx(mixed(nats["test"], of_test, found.weight), rel=1e-5)
    assert found.weight > 0.2
    assert found.nats["validation"].sum() < nats["validation"].sum() - 10
    assert found.nats["test"].sum() < nats["test"].sum() - 5
    other = adapted(network, ids | {"test": random_ids(4)})[1]
    assert (other.theta, other.weight) == (found.theta, found.weight)


def test_a_network_that_knows_everything_needs_no_cache():
    """Of bigrams, when the text is drawn from them: the cache costs nothing where it is of no use."""
    rng = np.random.default_rng(1)
    ids, table = [2], NEXT.double().numpy()
    while len(ids) < 4000:
        ids.append(int(rng.choice(4, p=FIRST.double().numpy() if ids[-1] == 0 else table[ids[-1]])))
    text = np.array(ids, np.uint8)
    nats, found = adapted(bigram_network(FIRST, NEXT), {"validation": text, "test": text})
    assert found.weight < 0.05
    assert found.nats["validation"].mean() == pytest.approx(nats["validation"].mean(), abs=1e-3)
