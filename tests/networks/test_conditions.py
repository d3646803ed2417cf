"""The first input of a language model can say what the sequence is to be."""

import pytest
import torch
from sizes import B, E, H, T, V

from pipeline.networks.build import build_language_model, num_weights
from pipeline.networks.inputs import OneHot
from pipeline.networks.language_model import LanguageModel

BEGIN = V


@pytest.fixture
def ids(generator) -> torch.Tensor:
    return torch.randint(1, V, (B, T), generator=generator)


@pytest.mark.parametrize("embedding_size", [E, None])
def test_a_condition_is_an_input_that_is_never_predicted(model, ids, embedding_size):
    section = model("gru", embedding_size=embedding_size)
    network = build_language_model(section, V, seed=1, num_conditions=2)
    assert isinstance(network, LanguageModel)
    firsts = [network(torch.tensor([[first]]))[0] for first in (BEGIN, BEGIN + 1, BEGIN + 2)]
    assert firsts[0].shape == (1, 1, V)
    assert not torch.allclose(firsts[1], firsts[2])
    torch.testing.assert_close(firsts[0], network.readout(network.stack(torch.zeros(1, 1, embedding_size or V + 2))[0]))
    given = torch.cat([torch.tensor([[BEGIN + 2]] * B), ids], 1)
    network(given)[0][:, -1].sum().backward()
    grads = [p.grad for p in network.parameters()]
    assert all(grad is not None and grad.any() for grad in grads)


def test_the_one_hot_vector_of_a_condition_is_behind_the_vocabulary():
    assert OneHot(2, 2)(torch.tensor([[1, 2, 3, 4]])).tolist() == [[[0, 1, 0, 0], [0] * 4, [0, 0, 1, 0], [0, 0, 0, 1]]]


def test_conditions_are_counted_before_they_are_drawn(model):
    for embedding_size in (E, None):
        section = model("lstm", embedding_size=embedding_size)
        network = build_language_model(section, V, seed=1, num_conditions=2)
        assert sum(p.numel() for p in network.parameters()) == num_weights(section, V, 2)


def test_a_tied_readout_has_no_place_for_conditions(model):
    network = build_language_model(model("gru", embedding_size=H, tied_embeddings=True), V, 1, num_conditions=2)
    assert network.readout(torch.zeros(1, H)).shape == (1, V)
