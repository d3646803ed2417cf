"""Networks and windows on which the gradient by lag is measured."""

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor
from torch.nn import functional as F

from pipeline.analysis.gradients import positions_of
from pipeline.networks.build import Network, build_language_model
from pipeline.networks.cloze import ClozeModel
from pipeline.networks.language_model import LanguageModel
from pipeline.networks.params import Model
from pipeline.networks.stack import RecurrentStack
from pipeline.tokens.windows import Ids, Window

V, E, H, K, P = 11, 5, 7, 6, 3
SIZES = {
    "hidden_size": H,
    "embedding_size": E,
    "tied_embeddings": False,
    "readout_gain": 1.0,
    "dropout": 0.0,
    "learning_rate": 0.01,
    "max_grad_norm": 1.0,
}


def model(cell: str, num_layers: int, bidirectional: bool = False, **own: object) -> Model:
    values = SIZES | {"cell": cell, "num_layers": num_layers, "bidirectional": bidirectional} | own
    return TypeAdapter(Model).validate_python(values)


MODELS = {
    "rnn": model("rnn", 1, nonlinearity="tanh", recurrent_gain=1.0),
    "relu": model("rnn", 2, nonlinearity="relu", recurrent_gain=1.0),
    "gru": model("gru", 2, chrono_steps=None),
    "lstm": model("lstm", 1, forget_bias=1.0, chrono_steps=None),
    "deep_lstm": model("lstm", 2, forget_bias=1.0, chrono_steps=None),
    "cloze": model("lstm", 2, bidirectional=True, forget_bias=1.0, chrono_steps=None),
}
every_model = pytest.mark.parametrize("name", MODELS)


def network_of(name: str) -> Network:
    """In float64, with biases, and weights large enough for every path to count."""
    network = build_language_model(MODELS[name], V, seed=1).double().eval()
    generator = torch.Generator().manual_seed(2)
    for weight in network.parameters():
        weight.data += 0.2 * torch.randn(weight.shape, generator=generator, dtype=torch.float64)
    network.get_parameter("embed.weight").data[V] = 0
    return network


def stack_of(network: Network) -> RecurrentStack:
    return network.left if isinstance(network, ClozeModel) else network.stack


def weight_of(network: Network, name: str) -> Tensor:
    """A weight of the lowest layer of the stack that is measured."""
    return stack_of(network).rnn.get_parameter(f"{name}_l0")


def some_ids(size: int, seed: int = 3) -> Ids:
    return np.random.default_rng(seed).integers(0, V, size).astype(np.uint8)


def some_window(positions: int = P) -> Window:
    return positions_of(some_ids(60), V, K, positions)


def tensors(window: Window) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(window.inputs), torch.from_numpy(window.targets)


def losses(network: Network, h: Tensor, targets: Tensor) -> Tensor:
    """L_t of each lane from the left (or only) h at t, the right half of a cloze model by a pass over the window."""
    t = targets.shape[1] - 1 - K
    if isinstance(network, ClozeModel):
        right, _ = network.right(network.embed(network.right_inputs(targets)))
        h = torch.cat([h, right.flip(1)[:, t]], dim=1)
    return F.cross_entropy(network.readout(h[:, None])[:, 0], targets[:, t], reduction="none")


def linear_network(recurrent: Tensor) -> LanguageModel:
    """A relu network whose units are all alive, so that one step is h' = W h + U x + b: linear where it stands."""
    network = build_language_model(MODELS["relu"].model_copy(update={"num_layers": 1}), V, seed=1).double().eval()
    assert isinstance(network, LanguageModel)
    with torch.no_grad():
        weight_of(network, "weight_hh").copy_(recurrent)
        weight_of(network, "bias_ih").fill_(1000.0)
        network.get_parameter("readout.weight").mul_(1e-4)  # else the softmax is saturated by states of that size
    return network
