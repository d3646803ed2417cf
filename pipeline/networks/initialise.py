"""The initial weights of a network, drawn in a written order."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from pipeline.base.errors import PipelineError
from pipeline.networks.attention import DotAttention
from pipeline.networks.encoder_decoder import Bridge, EncoderDecoder
from pipeline.networks.inputs import FrameConvolution, WordsAndCharacters
from pipeline.networks.params import GruModel, LstmModel, Model, RnnModel
from pipeline.networks.readout import Readout
from pipeline.networks.sequence import SequenceNetwork
from pipeline.networks.stack import RecurrentStack

UPPER_INPUT_GAIN = {"rnn": 1.0, "gru": 1.0, "lstm": 4.0}
"""On the input weights of layers above the first, by cell. Glorot's are for inputs of size 1, but the hidden states
of an LSTM start at a root mean square of 0.2: at gain 1 a deep one learns the tokens' frequencies alone for long."""


@torch.no_grad()
def initialise(
    model: Model, seed: int, *, embed: nn.Module | None, stacks: Sequence[RecurrentStack], readout: Readout
) -> None:
    """Draw every weight anew: the look-up, the stacks, the readout, and then the biases of the stacks' gates.

    The order is part of what a seed means. The biases of gates are drawn last: with them or without, all other
    weights are the same.

    Args:
        embed: the input layer of a network that reads ids or images; one-hot vectors have no weights.
    """
    generator = torch.Generator().manual_seed(seed)
    initialise_inputs(embed, generator)
    for stack in stacks:
        initialise_stack(stack, model, generator)
    initialise_readout(readout, model.readout_gain, generator)
    for stack in stacks:
        initialise_gates(stack, model, generator)


@torch.no_grad()
def initialise_encoder_decoder(network: EncoderDecoder, model: Model, seed: int) -> None:
    """The same of a network with two sides: the look-up, the encoder's stacks, the bridge, the look-up of the target,
    the decoder, the attention, the readout, and then the biases of the gates of all stacks in their order.
    """
    generator = torch.Generator().manual_seed(seed)
    initialise_inputs(network.embed, generator)
    for stack in network.encoder.stacks:
        initialise_stack(stack, model, generator)
    initialise_bridge(network.bridge, generator)
    initialise_inputs(network.target_embed, generator)
    initialise_stack(network.decoder, model, generator)
    if network.attention is not None:
        initialise_attention(network.attention, generator)
    initialise_readout(network.readout, model.readout_gain, generator)
    for stack in network.stacks:
        initialise_gates(stack, model, generator)


def initialise_bridge(bridge: Bridge, generator: torch.Generator) -> None:
    """Orthogonal, as the recurrent weights are: part by part, layer by layer."""
    nn.init.zeros_(bridge.bias)
    for weight in bridge.weight.flatten(0, 1):
        nn.init.orthogonal_(weight, generator=generator)


def initialise_attention(attention: DotAttention, generator: torch.Generator) -> None:
    """Glorot's: what the readout reads, then of additive attention W, U and v."""
    for weight in attention.parameters():
        nn.init.xavier_uniform_(weight, generator=generator)


def initialise_inputs(embed: nn.Module | None, generator: torch.Generator) -> None:
    """The look-up; with characters beside the words that of words, that of characters, and Glorot's convolution; of
    images He's convolutions (He et al. 2015, arXiv:1502.01852)."""
    match embed:
        case nn.Embedding():
            initialise_look_up(embed, generator)
        case WordsAndCharacters():
            initialise_inputs(embed.words, generator)
            initialise_look_up(embed.characters, generator)
            nn.init.xavier_uniform_(embed.convolution.weight, generator=generator)
            nn.init.zeros_(embed.convolution.get_parameter("bias"))
        case FrameConvolution():
            for layer in (embed.fine, embed.coarse):
                nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
                nn.init.zeros_(layer.get_parameter("bias"))


def initialise_look_up(embed: nn.Embedding, generator: torch.Generator) -> None:
    """Normal numbers of size 1; the row of the begin token, or of no character, is zero."""
    nn.init.normal_(embed.weight, generator=generator)
    embed.weight[embed.padding_idx].zero_()


@torch.no_grad()
def initialise_from_vectors(network: SequenceNetwork, vectors: Float[np.ndarray, "V E"]) -> None:
    """Start the look-up from word vectors, as they are; a row of zeros is a word without one, whose row stays drawn.

    Raises:
        PipelineError: where the look-up has rows of another size, or the model has none.
    """
    embed = network.embed.words if isinstance(network.embed, WordsAndCharacters) else network.embed
    size = vectors.shape[1]
    if not isinstance(embed, nn.Embedding) or embed.embedding_dim != size:
        got = embed.embedding_dim if isinstance(embed, nn.Embedding) else None
        rule = f"embedding_size of a model that starts from word vectors is theirs, {size}"
        what_to_do = f"set it to {size}, or name a file of other vectors"
        raise PipelineError("params.yaml: models", rule, "null" if got is None else got, what_to_do)
    given = torch.from_numpy(vectors)
    has_vector = given.any(1)
    embed.weight[:-1][has_vector] = given[has_vector].to(embed.weight)


def initialise_stack(stack: RecurrentStack, model: Model, generator: torch.Generator) -> None:
    """Layer by layer the input weights, then the recurrent ones, each gate by gate; all biases are zero.

    Recurrent weights are orthogonal, times `recurrent_gain`: at gain 1 they neither shrink nor stretch a gradient at
    step 0 (Saxe et al. 2014, arXiv:1312.6120). Input weights are Glorot's, above the first layer times a gain.
    """
    recurrent_gain = model.recurrent_gain if isinstance(model, RnnModel) else 1.0
    for name, weight in stack.rnn.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(weight)
            continue
        input_gain = 1.0 if name.endswith("_l0") else UPPER_INPUT_GAIN[model.cell]
        for gate in weight.split(stack.rnn.hidden_size):
            if name.startswith("weight_hh"):
                nn.init.orthogonal_(gate, recurrent_gain, generator=generator)
            else:
                nn.init.xavier_uniform_(gate, input_gain, generator=generator)


def initialise_readout(readout: Readout, gain: float, generator: torch.Generator) -> None:
    """Uniform within `gain` / sqrt(F); an embedding that serves as output too is scaled to rows of norm 1 instead."""
    nn.init.zeros_(readout.bias)
    if readout.weight is not None:
        bound = gain / math.sqrt(readout.weight.shape[1])
        nn.init.uniform_(readout.weight, -bound, bound, generator=generator)
    for tied in readout.tied_to:
        tied.weight.mul_(1 / math.sqrt(tied.embedding_dim))


def initialise_gates(stack: RecurrentStack, model: Model, generator: torch.Generator) -> None:
    """Draw the biases of each layer's gates that do not start at zero."""
    for layer in range(stack.rnn.num_layers):
        bias = stack.rnn.get_parameter(f"bias_ih_l{layer}")  # torch adds two; this one carries it
        gates = bias.view(-1, stack.rnn.hidden_size)
        for gate, values in gate_biases(model, stack.rnn.hidden_size, generator).items():
            gates[gate] = values


def gate_biases(model: Model, size: int, generator: torch.Generator) -> dict[int, Float[Tensor, " H"]]:
    """One layer's gate biases that do not start at zero, by their place among torch's gates: i, f, g, o and r, z, n.

    A constant opens the LSTM's forget gate; or the chrono initialisation spreads the time constants of the units,
    with b_f = ln u, b_i = -b_f, and in the GRU, where torch's z keeps the state, b_z = ln u, u ~ U[1, T_max - 1]
    (Tallec & Ollivier 2018, arXiv:1804.11188). sigmoid(ln u) = u / (1 + u): the gate forgets in 1 + u steps.
    """
    match model:
        case LstmModel(forget_bias=float(bias)):
            return {1: torch.full((size,), bias)}
        case LstmModel(chrono_steps=int(steps)):
            keep = _log_uniform_draws(size, steps, generator)
            return {0: -keep, 1: keep}
        case GruModel(chrono_steps=int(steps)):
            return {1: _log_uniform_draws(size, steps, generator)}
    return {}


def _log_uniform_draws(size: int, chrono_steps: int, generator: torch.Generator) -> Float[Tensor, " H"]:
    return torch.empty(size).uniform_(1, chrono_steps - 1, generator=generator).log()
