"""From a model's section of params.yaml to a network with its initial weights: the only translator."""

import math

import torch
from torch import nn

from pipeline.networks.cloze import ClozeModel
from pipeline.networks.embedding import Readout, embedding
from pipeline.networks.language_model import LanguageModel
from pipeline.networks.stack import RecurrentStack
from pipeline.params import GruModel, LstmModel, Model, RnnModel

Network = LanguageModel | ClozeModel


def build(model: Model, vocabulary_size: int, seed: int) -> Network:
    """The network of `model` over V tokens; equal seeds give equal weights."""
    embed = embedding(vocabulary_size, model.embedding_size)
    tied_to = embed if model.tied_embeddings and isinstance(embed, nn.Embedding) else None
    readout = Readout(vocabulary_size, model.output_size, tied_to)
    if model.bidirectional:
        left, right = _stack(model, vocabulary_size), _stack(model, vocabulary_size)
        network = ClozeModel(vocabulary_size, embed, left, right, readout)
    else:
        network = LanguageModel(vocabulary_size, embed, _stack(model, vocabulary_size), readout)
    initialise(network, torch.Generator().manual_seed(seed), getattr(model, "forget_bias", 0.0))
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
def initialise(network: nn.Module, generator: torch.Generator, forget_bias: float) -> None:
    """Draw every weight anew.

    Recurrent weights are orthogonal, gate by gate: at step 0 they neither shrink nor stretch a gradient (Saxe et
    al. 2014, arXiv:1312.6120). Input weights are Glorot's, biases zero but the forget gate's, output weights
    uniform within 1 / sqrt(F). Embeddings are normal: of size 1 alone, of norm 1 where they serve as output too.
    """
    for module in network.modules():
        if isinstance(module, nn.RNNBase):
            for name, weight in module.named_parameters():
                _initialise_recurrent(name, weight, module.hidden_size, generator)
            if isinstance(module, nn.LSTM):
                _open_forget_gates(module, forget_bias)
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


def _initialise_recurrent(name: str, weight: torch.Tensor, hidden_size: int, generator: torch.Generator) -> None:
    if name.startswith("bias"):
        nn.init.zeros_(weight)
        return
    for gate in weight.split(hidden_size):
        if name.startswith("weight_hh"):
            nn.init.orthogonal_(gate, generator=generator)
        else:
            nn.init.xavier_uniform_(gate, generator=generator)


def _open_forget_gates(lstm: nn.LSTM, forget_bias: float) -> None:
    """The forget gate is the second of torch's four: i, f, g, o. torch adds two biases; one of them carries it."""
    for layer in range(lstm.num_layers):
        getattr(lstm, f"bias_ih_l{layer}")[lstm.hidden_size : 2 * lstm.hidden_size] = forget_bias


def num_parameters(network: nn.Module) -> int:
    """Trained numbers; the begin token's fixed row is not one."""
    fixed = sum(m.embedding_dim for m in network.modules() if isinstance(m, nn.Embedding))
    return sum(p.numel() for p in network.parameters()) - fixed
