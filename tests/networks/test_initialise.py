"""The order in which the weights of a network are drawn, written out by hand: a seed's network is a promise."""

from collections.abc import Iterator

import pytest
import torch
from sizes import E, H, V
from torch import Tensor, nn

from pipeline.networks.build import (
    build_additive_attention,
    build_frame_classifier,
    build_language_model,
    build_tagger,
)
from pipeline.networks.params import Model

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
CHRONO = {"gru": {"chrono_steps": 40}, "lstm": {"forget_bias": None, "chrono_steps": 40}}


def drawn_look_up(generator: torch.Generator, rows: int, size: int) -> Tensor:
    weight = torch.empty(rows + 1, size).normal_(generator=generator)
    weight[rows] = 0.0
    return weight


def drawn_stack(
    section: Model, generator: torch.Generator, num_inputs: int, gain: float, units: int = H
) -> Iterator[tuple[str, Tensor]]:
    """Layer by layer, the weights of the input before those of the state; of each, gate by gate."""
    for layer in range(section.num_layers):
        size, gates = num_inputs if layer == 0 else units, range(GATES[section.cell])
        bound = (6 / (units + size)) ** 0.5 * (4 if layer > 0 and section.cell == "lstm" else 1)
        of_input = [torch.empty(units, size).uniform_(-bound, bound, generator=generator) for _ in gates]
        of_state = [nn.init.orthogonal_(torch.empty(units, units), gain, generator=generator) for _ in gates]
        yield f"weight_ih_l{layer}", torch.cat(of_input)
        yield f"weight_hh_l{layer}", torch.cat(of_state)


def drawn_biases(section: Model, generator: torch.Generator, units: int = H) -> Iterator[tuple[str, Tensor]]:
    """ln u of the steps u ~ U[1, 39] of each layer, in the order i, f, g, o and r, z, n."""
    for layer in range(section.num_layers):
        keep, zero = torch.empty(units).uniform_(1, 39, generator=generator).log(), torch.zeros(units)
        gates = [zero, keep, zero] if section.cell == "gru" else [-keep, keep, zero, zero]
        yield f"bias_ih_l{layer}", torch.cat(gates)


def drawn(
    section: Model, *, stacks: list[str], embedding_size: int | None, tied: bool, gain: float
) -> dict[str, Tensor]:
    """All that is not zero."""
    generator, weights = torch.Generator().manual_seed(3), {}
    if embedding_size is not None:
        weights["embed.weight"] = drawn_look_up(generator, V, embedding_size)
    for stack in stacks:
        for name, weight in drawn_stack(section, generator, embedding_size or V, gain):
            weights[f"{stack}.rnn.{name}"] = weight
    if tied:
        weights["embed.weight"] /= H**0.5
    else:
        bound = section.readout_gain * (H * len(stacks)) ** -0.5
        weights["readout.weight"] = torch.empty(V, H * len(stacks)).uniform_(-bound, bound, generator=generator)
    if section.cell != "rnn":
        for stack in stacks:
            weights |= {f"{stack}.rnn.{name}": bias for name, bias in drawn_biases(section, generator)}
    return weights


@pytest.mark.parametrize("stacks", [["stack"], ["left", "right"]])
@pytest.mark.parametrize("embedding_size", [E, None])
@pytest.mark.parametrize("cell", GATES)
def test_a_network_is_drawn_in_the_written_order(model, cell, embedding_size, stacks):
    """The look-up; the stacks, the left one first; the readout; last the biases of the gates."""
    changes = {"num_layers": 2, "embedding_size": embedding_size, "bidirectional": len(stacks) == 2}
    changes |= CHRONO.get(cell, {"recurrent_gain": 1.3}) | {"readout_gain": 2.5}
    section = model(cell, **changes)
    expected = drawn(
        section, stacks=stacks, embedding_size=embedding_size, tied=False, gain=1.3 if cell == "rnn" else 1.0
    )
    found = build_language_model(section, V, seed=3).state_dict()
    assert expected.keys() == {name for name, weight in found.items() if weight.any()}
    for name, weight in expected.items():
        assert torch.equal(found[name], weight), name


def test_the_gain_scales_the_readout_alone(model):
    plain, scaled = (
        build_language_model(model("lstm", readout_gain=gain), V, seed=3).state_dict() for gain in (1.0, 10.0)
    )
    assert 9 / H**0.5 < scaled["readout.weight"].abs().max() < 10 / H**0.5
    for name, weight in plain.items():
        factor = 10.0 if name == "readout.weight" else 1.0
        torch.testing.assert_close(scaled[name], factor * weight, rtol=1e-5 if factor > 1 else 0, atol=0)


@pytest.mark.parametrize("cell", GATES)
def test_layers_above_the_first_of_an_lstm_have_large_input_weights(model, cell):
    """Their inputs, the hidden states below, are a fifth of the size that Glorot's bound is for."""
    weights = build_language_model(model(cell, num_layers=3), V, seed=3).state_dict()
    largest = [float(weights[f"stack.rnn.weight_ih_l{layer}"].abs().max()) for layer in range(3)]
    upper = (6 / (H + H)) ** 0.5 * (4 if cell == "lstm" else 1)
    for found, bound in zip(largest, [(6 / (E + H)) ** 0.5, upper, upper], strict=True):
        assert 0.8 * bound < found < bound


def test_tied_weights_are_drawn_once_and_scaled_to_norm_1(model):
    section = model("gru", num_layers=2, embedding_size=H, tied_embeddings=True, **CHRONO["gru"])
    expected = drawn(section, stacks=["stack"], embedding_size=H, tied=True, gain=1.0)
    found = build_language_model(section, V, seed=3).state_dict()
    assert expected.keys() == {name for name, weight in found.items() if weight.any()}
    torch.testing.assert_close(found["embed.weight"], expected["embed.weight"], rtol=1e-6, atol=0)
    for name in expected.keys() - {"embed.weight"}:
        assert torch.equal(found[name], expected[name]), name


def test_the_characters_are_drawn_behind_the_words(model):
    """The look-up of words, that of characters, the convolution; then the stack."""
    weights = build_tagger(model("rnn"), V, 4, seed=3, num_characters=6, character_size=2).state_dict()
    generator = torch.Generator().manual_seed(3)
    assert torch.equal(weights["embed.words.weight"], drawn_look_up(generator, V, E))
    characters = torch.empty(6, 2).normal_(generator=generator)
    characters[0] = 0.0
    assert torch.equal(weights["embed.characters.weight"], characters)
    bound = (6 / (2 * 3 + 2 * 3)) ** 0.5
    convolution = torch.empty(2, 2, 3).uniform_(-bound, bound, generator=generator)
    assert torch.equal(weights["embed.convolution.weight"], convolution)
    assert not weights["embed.convolution.bias"].any()
    stack = dict(drawn_stack(model("rnn"), generator, E + 2, 1.0))
    assert torch.equal(weights["encoder.left.rnn.weight_ih_l0"], stack["weight_ih_l0"])


@pytest.mark.parametrize("cell", GATES)
def test_an_encoder_decoder_is_drawn_in_the_written_order(model, cell):
    """Source look-up, encoder, bridge, target look-up, decoder, attention, readout; last the biases of the gates."""
    section, size = model(cell, bidirectional=True, **CHRONO.get(cell, {})), 2 * H
    weights = build_additive_attention(section, V, 6, seed=3).state_dict()
    generator = torch.Generator().manual_seed(3)
    expected = {"embed.weight": drawn_look_up(generator, V, E)}
    for side in ("left", "right"):
        for name, weight in drawn_stack(section, generator, E, 1.0):
            expected[f"encoder.{side}.rnn.{name}"] = weight
    parts = [nn.init.orthogonal_(torch.empty(size, size), generator=generator) for _ in range(1 + (cell == "lstm"))]
    expected["bridge.weight"] = torch.stack(parts)[:, None]
    expected["target_embed.weight"] = drawn_look_up(generator, 6, E)
    for name, weight in drawn_stack(section, generator, E, 1.0, size):
        expected[f"decoder.rnn.{name}"] = weight
    for name, rows, columns in (("combine", size, 2 * size), ("of_state", size, size), ("of_source", size, size)):
        bound = (6 / (rows + columns)) ** 0.5
        expected[f"attention.{name}.weight"] = torch.empty(rows, columns).uniform_(-bound, bound, generator=generator)
    bound = (6 / (1 + size)) ** 0.5
    expected["attention.score.weight"] = torch.empty(1, size).uniform_(-bound, bound, generator=generator)
    expected["readout.weight"] = torch.empty(6, size).uniform_(-(size**-0.5), size**-0.5, generator=generator)
    if cell != "rnn":
        for stack, units in (("encoder.left", H), ("encoder.right", H), ("decoder", size)):
            biases = drawn_biases(section, generator, units)
            expected |= {f"{stack}.rnn.{name}": bias for name, bias in biases}
    assert expected.keys() == {name for name, weight in weights.items() if weight.any()}
    for name, weight in expected.items():
        assert torch.equal(weights[name], weight), name


def test_the_convolutions_of_images_are_drawn_before_the_stack(model):
    """He's bound: the square root of 6 over the inputs of a feature."""
    weights = build_frame_classifier(model("rnn"), 20, 4, seed=3, height=4, width=5, features=2).state_dict()
    generator = torch.Generator().manual_seed(3)
    for name, inputs in (("fine", 1), ("coarse", 2)):
        bound = (6 / (9 * inputs)) ** 0.5
        expected = torch.empty(2, inputs, 3, 3).uniform_(-bound, bound, generator=generator)
        torch.testing.assert_close(weights[f"embed.{name}.weight"], expected, rtol=1e-6, atol=0)
        assert not weights[f"embed.{name}.bias"].any()
    stack = dict(drawn_stack(model("rnn"), generator, 2 * 1 * 2, 1.0))
    assert torch.equal(weights["encoder.left.rnn.weight_ih_l0"], stack["weight_ih_l0"])
