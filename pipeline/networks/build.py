"""From a model's section of params.yaml to a network with its initial weights: the only translator."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pipeline.base.memory import check_memory
from pipeline.base.params import GruModel, LstmModel, Model, RnnModel
from pipeline.networks.cloze import ClozeModel
from pipeline.networks.embedding import Readout, embedding
from pipeline.networks.language_model import LanguageModel
from pipeline.networks.stack import RecurrentStack

Network = LanguageModel | ClozeModel


def build(model: Model, vocabulary_size: int, seed: int) -> Network:
    """The network of `model` over V tokens; equal seeds give equal weights."""
    check_memory(4 * num_weights(model, vocabulary_size), "the model's weights")
    embed = embedding(vocabulary_size, model.embedding_size)
    tied_to = embed if model.tied_embeddings and isinstance(embed, nn.Embedding) else None
    readout = Readout(vocabulary_size, model.output_size, tied_to)
    if model.bidirectional:
        left, right = _stack(model, vocabulary_size), _stack(model, vocabulary_size)
        network = ClozeModel(vocabulary_size, embed, left, right, readout)
    else:
        network = LanguageModel(vocabulary_size, embed, _stack(model, vocabulary_size), readout)
    initialise(network, model, torch.Generator().manual_seed(seed))
    return network


def _stack(model: Model, vocabulary_size: int) -> RecurrentStack:
    sizes = {
        "input_size": model.embedding_size or vocabulary_size,
        "hidden_size": model.hidden_size,
        "num_layers": model.num_layers,
    }
    between_layers = model.dropout if model.num_layers > 1 else 0.0
    match model:
        case RnnModel():
            rnn = nn.RNN(**sizes, nonlinearity=model.nonlinearity, batch_first=True, dropout=between_layers)
        case GruModel():
            rnn = nn.GRU(**sizes, batch_first=True, dropout=between_layers)
        case LstmModel():
            rnn = nn.LSTM(**sizes, batch_first=True, dropout=between_layers)
    return RecurrentStack(rnn, model.dropout)


@torch.no_grad()
def initialise(network: nn.Module, model: Model, generator: torch.Generator) -> None:
    """Draw every weight anew.

    Recurrent weights are orthogonal, gate by gate: at step 0 they neither shrink nor stretch a gradient (Saxe et
    al. 2014, arXiv:1312.6120). Input weights are Glorot's, biases zero but those of `gate_biases`, output weights
    uniform within 1 / sqrt(F). Embeddings are normal: of size 1 alone, of norm 1 where they serve as output too.

    The biases of gates are drawn last: with them or without, all other weights are the same.
    """
    gain = model.recurrent_gain if isinstance(model, RnnModel) else 1.0
    for module in network.modules():
        if isinstance(module, nn.RNNBase):
            for name, weight in module.named_parameters():
                _initialise_recurrent(name, weight, module.hidden_size, gain, generator)
        elif isinstance(module, Readout):
            nn.init.zeros_(module.bias)
            if module.weight is not None:
                bound = 1 / math.sqrt(module.weight.shape[1])
                nn.init.uniform_(module.weight, -bound, bound, generator=generator)
            for tied in module.tied_to:
                tied.weight.mul_(1 / math.sqrt(tied.embedding_dim))
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, generator=generator)
            module.weight[module.padding_idx].zero_()
    for rnn in [module for module in network.modules() if isinstance(module, nn.RNNBase)]:
        for layer in range(rnn.num_layers):
            gates = rnn.get_parameter(f"bias_ih_l{layer}").view(-1, rnn.hidden_size)  # torch adds two; this carries it
            for gate, bias in gate_biases(model, generator).items():
                gates[gate] = bias


def _initialise_recurrent(name: str, weight: Tensor, hidden_size: int, gain: float, generator: torch.Generator) -> None:
    if name.startswith("bias"):
        nn.init.zeros_(weight)
        return
    for gate in weight.split(hidden_size):
        if name.startswith("weight_hh"):
            nn.init.orthogonal_(gate, gain, generator=generator)
        else:
            nn.init.xavier_uniform_(gate, generator=generator)


def gate_biases(model: Model, generator: torch.Generator) -> dict[int, Float[Tensor, " H"]]:
    """One layer's gate biases that do not start at zero, by their place among torch's gates: i, f, g, o and r, z, n.

    A constant opens the LSTM's forget gate; or the chrono initialisation spreads the time constants of the units,
    with b_f = ln u, b_i = -b_f, and in the GRU, where torch's z keeps the state, b_z = ln u, u ~ U[1, T_max - 1]
    (Tallec & Ollivier 2018, arXiv:1804.11188). sigmoid(ln u) = u / (1 + u): the gate forgets in 1 + u steps.
    """
    match model:
        case LstmModel(forget_bias=float(bias)):
            return {1: torch.full((model.hidden_size,), bias)}
        case LstmModel(chrono_steps=int(steps)):
            keep = _log_uniform_draws(model.hidden_size, steps, generator)
            return {0: -keep, 1: keep}
        case GruModel(chrono_steps=int(steps)):
            return {1: _log_uniform_draws(model.hidden_size, steps, generator)}
    return {}


def _log_uniform_draws(size: int, chrono_steps: int, generator: torch.Generator) -> Float[Tensor, " H"]:
    return torch.empty(size).uniform_(1, chrono_steps - 1, generator=generator).log()


def num_parameters(network: nn.Module) -> int:
    """Trained numbers; the begin token's fixed row is not one."""
    fixed = sum(m.embedding_dim for m in network.modules() if isinstance(m, nn.Embedding))
    return sum(p.numel() for p in network.parameters()) - fixed


def num_weights(model: Model, vocabulary_size: int) -> int:
    """How many numbers `build` will draw, the begin token's row among them."""
    width, directions = model.hidden_size, 2 if model.bidirectional else 1
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[model.cell]
    inputs = (model.embedding_size or vocabulary_size) + (model.num_layers - 1) * width  # of all layers
    stack = gates * width * (inputs + model.num_layers * (width + 2))  # torch has two biases
    embed = (vocabulary_size + 1) * (model.embedding_size or 0)
    readout = vocabulary_size * (1 if model.tied_embeddings else model.output_size + 1)
    return directions * stack + embed + readout
