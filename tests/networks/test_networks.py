import math

import pytest
import torch
from sizes import B, E, H, T, V
from torch import nn
from torch.nn import functional as F

from pipeline.networks.build import Network, build_language_model, num_parameters, num_weights
from pipeline.networks.cloze import ClozeModel
from pipeline.networks.encoder import flipped
from pipeline.networks.evaluation import summed_nats
from pipeline.networks.inputs import OneHot, embedding
from pipeline.networks.language_model import LanguageModel
from pipeline.networks.params import Model
from pipeline.networks.readout import Readout
from pipeline.tokens.windows import IGNORED

CELLS = ["rnn", "gru", "lstm"]
BEGIN = V


def language_model(section: Model) -> LanguageModel:
    network = build_language_model(section, V, seed=1)
    assert isinstance(network, LanguageModel)
    return network


def look_up(network: LanguageModel) -> torch.Tensor:
    assert isinstance(network.embed, nn.Embedding)
    return network.embed.weight


@pytest.fixture
def ids(generator) -> torch.Tensor:
    return torch.randint(1, V, (B, 2 * T), generator=generator)


def test_the_look_up_is_the_product_with_the_one_hot_vector(ids):
    rows = embedding(V, E)
    assert isinstance(rows, nn.Embedding)
    ids[0, 0] = BEGIN
    torch.testing.assert_close(rows(ids), OneHot(V)(ids) @ rows.weight[:-1])


@pytest.mark.parametrize("embedding_size", [E, None])
def test_the_begin_token_is_the_zero_vector(embedding_size):
    assert (embedding(V, embedding_size)(torch.tensor([[BEGIN]])) == 0).all()


def test_the_begin_row_stays_zero_in_training(model, ids):
    network = language_model(model("gru"))
    ids[:, 0] = BEGIN
    optimizer = torch.optim.AdamW(network.parameters(), 0.1, weight_decay=0.1)
    network(ids)[0].sum().backward()
    optimizer.step()
    assert (look_up(network)[BEGIN] == 0).all()
    assert (look_up(network)[ids[0, 1]] != 0).all()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("changes", [{}, {"num_layers": 3}, {"embedding_size": None}])
def test_two_halves_with_carried_state_are_the_whole(model, ids, cell, changes):
    network = build_language_model(model(cell, **changes), V, seed=1)
    whole, last = network(ids)
    left, state = network(ids[:, :T])
    right, after = network(ids[:, T:], state)
    torch.testing.assert_close(torch.cat([left, right], 1), whole)
    torch.testing.assert_close(after, last)


@pytest.mark.parametrize("cell", CELLS)
def test_a_language_model_is_causal_and_its_rows_are_independent(model, ids, cell):
    network = build_language_model(model(cell, num_layers=2), V, seed=1)
    changed = ids.clone()
    changed[0, T] = ids[0, T] % (V - 1) + 1
    before, after = network(ids)[0], network(changed)[0]
    torch.testing.assert_close(after[0, :T], before[0, :T], rtol=0, atol=0)
    torch.testing.assert_close(after[1], before[1], rtol=0, atol=0)
    assert (after[0, T:] != before[0, T:]).all()


@pytest.mark.parametrize("cell", CELLS)
def test_the_zero_state_is_no_state(model, ids, cell):
    network = language_model(model(cell, num_layers=2))
    torch.testing.assert_close(network(ids, network.stack.zero_state(B))[0], network(ids)[0])


@pytest.mark.parametrize("cell", CELLS)
def test_the_cloze_model_sees_all_tokens_but_its_own(model, generator, cell):
    network = build_language_model(model(cell, bidirectional=True), V, seed=1)
    targets = torch.randint(1, V, (1, T), generator=generator)
    for t in range(T):
        changed = targets.clone()
        changed[0, t] = targets[0, t] % (V - 1) + 1
        before, after = (network(with_begin(y), y)[0] for y in (targets, changed))
        differs = (before != after).any(-1)[0]
        assert differs.tolist() == [other != t for other in range(T)]


def with_begin(targets: torch.Tensor) -> torch.Tensor:
    return torch.cat([torch.full_like(targets[:, :1], BEGIN), targets[:, :-1]], 1)


def test_the_cloze_model_is_a_left_and_a_right_pass(model, generator):
    network = build_language_model(model("lstm", bidirectional=True, num_layers=2), V, seed=1)
    assert isinstance(network, ClozeModel)
    y = torch.randint(1, V, (1, T), generator=generator)
    logits, _ = network(with_begin(y), y)
    for t in range(T):
        begin = torch.tensor([[BEGIN]])
        left = torch.cat([begin, y[:, :t]], 1)
        right = torch.cat([begin, y[:, t + 1 :].flip(1)], 1)
        features = [stack(network.embed(x))[0][:, -1] for stack, x in ((network.left, left), (network.right, right))]
        assert network.readout.weight is not None
        expected = F.linear(torch.cat(features, -1), network.readout.weight, network.readout.bias)
        torch.testing.assert_close(logits[:, t], expected)


def draw_biases(network: Network, generator: torch.Generator) -> None:
    """As built, biases are zero, and begin tokens leave the zero state as it is: padding would not show."""
    for stack in network.stacks:
        stack.rnn.get_parameter("bias_ih_l0").data.normal_(generator=generator)


def test_padding_does_nothing_to_the_cloze_model(model, generator):
    network = build_language_model(model("gru", bidirectional=True), V, seed=1)
    draw_biases(network, generator)
    y = torch.randint(1, V, (1, T), generator=generator)
    padded = torch.cat([y, torch.full((1, 2), -1)], 1)
    inputs = torch.cat([with_begin(y), torch.full((1, 2), BEGIN)], 1)
    alone, _ = network(with_begin(y), y)
    among, _ = network(inputs, padded, torch.tensor([T]))
    torch.testing.assert_close(among[:, :T], alone)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_each_stack_reads_up_to_the_step_whose_logits_are_asked(model, generator, bidirectional):
    """The features of the last step that each stack reads are those under the logits of the window."""
    network = build_language_model(model("lstm", bidirectional=bidirectional), V, seed=1)
    draw_biases(network, generator)
    y = torch.randint(1, V, (B, 2 * T), generator=generator)
    y[1, -2:] = IGNORED
    inputs = with_begin(y).clamp(min=0)
    logits, _ = network.window_logits(inputs, y)
    reads = network.reads(inputs[:, : T + 1], y[:, T:])
    alone = network.reads(inputs[1:, : T + 1], y[1:, T:-2])
    for row, ids in ((0, [read[:1] for read in reads]), (1, alone)):
        ends = [stack(network.embed(read))[0][:, -1] for stack, read in zip(network.stacks, ids, strict=True)]
        torch.testing.assert_close(network.readout(torch.cat(ends, 1))[0], logits[row, T])


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_left_state_is_carried_into_the_next_window(model, ids, bidirectional):
    network = build_language_model(model("gru", bidirectional=bidirectional), V, seed=1)
    _, state = network.window_logits(with_begin(ids)[:, :T], ids[:, :T])
    carried_on, _ = network.window_logits(with_begin(ids)[:, T:], ids[:, T:], state)
    whole, _ = network.window_logits(with_begin(ids), ids)
    torch.testing.assert_close(carried_on, whole[:, T:])


def test_the_right_stack_reads_eos_as_the_begin_token(model):
    network = build_language_model(model("rnn", bidirectional=True), V, seed=1)
    assert isinstance(network, ClozeModel)
    assert network.right_inputs(torch.tensor([[4, 0, 5, 6]])).tolist() == [[BEGIN, 6, 5, BEGIN]]


def test_flipping_twice_gives_the_row_back(generator):
    x = torch.rand(B, T, E, generator=generator)
    lengths = torch.tensor([T, 1])
    torch.testing.assert_close(flipped(flipped(x, lengths), lengths), x)


def test_the_loss_is_summed_over_time_and_skips_padding():
    logits = torch.tensor([[[0.0, 0.0], [math.log(3), 0.0], [5.0, -5.0]]])
    targets = torch.tensor([[0, 1, -1]])
    assert float(summed_nats(logits, targets)) == pytest.approx(math.log(2) + math.log(4))


@pytest.mark.parametrize("changes", [{}, {"bidirectional": True}, {"embedding_size": H, "tied_embeddings": True}])
@pytest.mark.parametrize("cell", CELLS)
def test_an_untrained_network_pays_about_ln_v(model, generator, cell, changes):
    if changes.get("bidirectional"):
        changes = changes | {"embedding_size": E}
    network = build_language_model(model(cell, **changes), V, seed=1)
    y = torch.randint(0, V, (50, T), generator=generator)
    logits = network(with_begin(y), y)[0] if isinstance(network, ClozeModel) else network(with_begin(y))[0]
    assert float(summed_nats(logits, y).detach()) / y.numel() == pytest.approx(math.log(V), rel=0.15)


def test_a_seed_decides_every_weight(model):
    one, same, other = (build_language_model(model("lstm"), V, seed=s).state_dict() for s in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["stack.rnn.weight_hh_l0"], other["stack.rnn.weight_hh_l0"])


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_weights_start_orthogonal_and_the_forget_gate_open(model, cell):
    rnn = dict(language_model(model(cell, num_layers=2)).stack.rnn.named_parameters())
    for gate in rnn["weight_hh_l1"].detach().split(H):
        torch.testing.assert_close(gate @ gate.T, torch.eye(H), atol=1e-5, rtol=0)
    bias = (rnn["bias_ih_l1"] + rnn["bias_hh_l1"]).detach()
    if cell == "lstm":
        assert bias.view(4, H)[1].tolist() == [1.0] * H
        bias = bias.view(4, H)[[0, 2, 3]]
    assert (bias == 0).all()


CHRONO = {"gru": {"chrono_steps": 40}, "lstm": {"forget_bias": None, "chrono_steps": 40}}


def gate_biases_of(section: Model, layer: int) -> torch.Tensor:
    """What torch adds to the gates' pre-activations, a row a gate."""
    rnn = language_model(section).stack.rnn
    bias = rnn.get_parameter(f"bias_ih_l{layer}") + rnn.get_parameter(f"bias_hh_l{layer}")
    return bias.detach().view(-1, section.hidden_size)


@pytest.mark.parametrize("cell", CHRONO)
def test_chrono_gates_forget_in_2_to_t_max_steps_uniformly(model, cell):
    """1 / (1 - sigmoid(b)) ~ U[2, 40]: the order statistics of 300 units lie near the line (Kolmogorov's bound)."""
    for layer in (0, 1):
        keep = torch.sigmoid(gate_biases_of(model(cell, num_layers=2, hidden_size=300, **CHRONO[cell]), layer)[1])
        steps = (1 / (1 - keep.double())).sort().values
        assert 2 <= steps[0].round(decimals=3)
        assert steps[-1].round(decimals=3) <= 40
        assert ((steps - 2) / 38 - torch.linspace(0, 1, 300)).abs().max() < 1.95 / math.sqrt(300)  # p = 0.001


def test_chrono_moves_no_other_gate_and_the_lstms_input_gate_against_the_forget_gate(model):
    i, f, g, o = gate_biases_of(model("lstm", **CHRONO["lstm"]), 0)
    assert torch.equal(i, -f)
    assert (f > 0).all()
    r, z, n = gate_biases_of(model("gru", **CHRONO["gru"]), 0)
    assert (z > 0).all()
    assert not any(bias.any() for bias in (g, o, r, n))


@pytest.mark.parametrize("cell", CHRONO)
def test_chrono_units_layers_and_seeds_differ_and_all_other_weights_stay(model, cell):
    section = model(cell, num_layers=2, **CHRONO[cell])
    chrono, plain, other = (
        build_language_model(section, V, seed=1),
        build_language_model(model(cell, num_layers=2), V, 1),
        build_language_model(section, V, seed=2),
    )
    for name, weight in chrono.state_dict().items():
        assert torch.equal(weight, plain.state_dict()[name]) == ("bias_ih" not in name)
    drawn = [network.state_dict()[f"stack.rnn.bias_ih_l{layer}"] for network in (chrono, other) for layer in (0, 1)]
    assert len(torch.cat(drawn).unique()) == len(torch.cat([bias[bias != 0] for bias in drawn])) + 1  # and zero


@pytest.mark.parametrize(("cell", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_parameters_are_counted_by_the_closed_form(model, cell, gates):
    layers = gates * (E * H + H * H + 2 * H) + gates * (2 * H * H + 2 * H)
    assert num_parameters(build_language_model(model(cell, num_layers=2), V, seed=1)) == V * E + layers + V * H + V


def test_tied_weights_are_counted_once_and_move_together(model, ids):
    network = language_model(model("gru", embedding_size=H, tied_embeddings=True))
    assert num_parameters(network) == V * H + 3 * (2 * H * H + 2 * H) + V
    features = torch.ones(1, 1, H)
    expected = F.linear(features, look_up(network)[:-1], network.readout.bias)
    torch.testing.assert_close(network.readout(features), expected)
    assert "readout.weight" not in network.state_dict()


def test_dropout_acts_in_training_and_not_in_evaluation(model, ids):
    network = build_language_model(model("lstm", dropout=0.5, num_layers=2), V, seed=1)
    assert not torch.equal(network.train()(ids)[0], network(ids)[0])
    torch.testing.assert_close(network.eval()(ids)[0], network(ids)[0], rtol=0, atol=0)


def test_the_readout_has_no_place_for_the_begin_token():
    assert Readout(V, H, None).bias.shape == (V,)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("embedding_size", [E, None])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_weights_are_counted_before_they_are_made(model, cell, embedding_size, bidirectional):
    section = model(cell, num_layers=3, embedding_size=embedding_size, bidirectional=bidirectional)
    assert num_weights(section, V) == sum(
        weight.numel() for weight in build_language_model(section, V, seed=1).parameters()
    )
