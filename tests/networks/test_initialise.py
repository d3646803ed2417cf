"""The order in which the weights of a network are drawn, written out by hand: a seed's network is a promise."""

from collections.abc import Iterator

import pytest
import torch
from sizes import E, H, V
from torch import Tensor, nn

from pipeline.networks.build import build_language_model
from pipeline.networks.params import Model

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
CHRONO = {"gru": {"chrono_steps": 40}, "lstm": {"forget_bias": None, "chrono_steps": 40}}


def drawn_look_up(generator: torch.Generator, rows: int, size: int) -> Tensor:
    weight = torch.empty(rows + 1, size).normal_(generator=generator)
    weight[rows] = 0.0
    return weight


def drawn_stack(
    section: Model, generator: torch.Generator, num_inputs: int, gain: float
) -> Iterator[tuple[str, Tensor]]:
    """Layer by layer, the weights of the input before those of the state; of each, gate by gate."""
    for layer in range(section.num_layers):
        size, gates = num_inputs if layer == 0 else H, range(GATES[section.cell])
        of_input = [nn.init.xavier_uniform_(torch.empty(H, size), generator=generator) for _ in gates]
        of_state = [nn.init.orthogonal_(torch.empty(H, H), gain, generator=generator) for _ in gates]
        yield f"weight_ih_l{layer}", torch.cat(of_input)
        yield f"weight_hh_l{layer}", torch.cat(of_state)


def drawn_biases(section: Model, generator: torch.Generator) -> Iterator[tuple[str, Tensor]]:
    """ln u of the steps u ~ U[1, 39] of each layer, in the order i, f, g, o and r, z, n."""
    for layer in range(section.num_layers):
        keep, zero = torch.empty(H).uniform_(1, 39, generator=generator).log(), torch.zeros(H)
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
        bound = (H * len(stacks)) ** -0.5
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
    changes |= CHRONO.get(cell, {"recurrent_gain": 1.3})
    section = model(cell, **changes)
    expected = drawn(
        section, stacks=stacks, embedding_size=embedding_size, tied=False, gain=1.3 if cell == "rnn" else 1.0
    )
    found = build_language_model(section, V, seed=3).state_dict()
    assert expected.keys() == {name for name, weight in found.items() if weight.any()}
    for name, weight in expected.items():
        assert torch.equal(found[name], weight), name


def test_tied_weights_are_drawn_once_and_scaled_to_norm_1(model):
    section = model("gru", num_layers=2, embedding_size=H, tied_embeddings=True, **CHRONO["gru"])
    expected = drawn(section, stacks=["stack"], embedding_size=H, tied=True, gain=1.0)
    found = build_language_model(section, V, seed=3).state_dict()
    assert expected.keys() == {name for name, weight in found.items() if weight.any()}
    torch.testing.assert_close(found["embed.weight"], expected["embed.weight"], rtol=1e-6, atol=0)
    for name in expected.keys() - {"embed.weight"}:
        assert torch.equal(found[name], expected[name]), name
