"""The cells against torch's fused modules, and what a recurrence must do whatever its equations."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from pipeline.cells.base import WEIGHTS, Cell, cells_of

B, T, E, H = 2, 3, 5, 7
Module = Callable[..., nn.RNNBase]
MODULES = [
    pytest.param(partial(nn.RNN, nonlinearity="tanh"), id="rnn-tanh"),
    pytest.param(partial(nn.RNN, nonlinearity="relu"), id="rnn-relu"),
    pytest.param(nn.GRU, id="gru"),
    pytest.param(nn.LSTM, id="lstm"),
]
DEPTHS = pytest.mark.parametrize("num_layers", [1, 2, 3])
every_module = pytest.mark.parametrize("module", MODULES)


def draw(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def fused(module: Module, num_layers: int = 1) -> nn.RNNBase:
    """torch's module in float64, with drawn weights that are none too small for its nonlinearities to show."""
    rnn = module(E, H, num_layers=num_layers, batch_first=True, dtype=torch.float64)
    for i, weight in enumerate(rnn.parameters()):
        weight.data = 0.5 * draw(*weight.shape, seed=i)
    return rnn


def parts(rnn: nn.RNNBase) -> int:
    return 2 if isinstance(rnn, nn.LSTM) else 1


def initial(rnn: nn.RNNBase) -> tuple[Tensor, ...]:
    """A state other than zero: (h,) or (h, c), each (L, B, H)."""
    return tuple(draw(rnn.num_layers, B, H, seed=90 + part).requires_grad_() for part in range(parts(rnn)))


def unrolled(cells: Sequence[Cell], x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The top layer's h at every step, and the last state, by stepping through time and layers."""
    states, features = [tuple(part[layer] for part in state) for layer in range(len(cells))], []
    for t in range(x.shape[1]):
        below = x[:, t]
        for layer, cell in enumerate(cells):
            states[layer] = cell.step(below, states[layer])
            below = states[layer][0]
        features.append(below)
    return torch.stack(features, dim=1), tuple(torch.stack(layers) for layers in zip(*states, strict=True))


def torch_outputs(rnn: nn.RNNBase, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
    features, last = rnn(x, state if isinstance(rnn, nn.LSTM) else state[0])
    return features, last if isinstance(last, tuple) else (last,)


def all_gradients(rnn: nn.RNNBase, x: Tensor, state: tuple[Tensor, ...], outputs: Sequence[Tensor]) -> list[Tensor]:
    """Gradients of one fixed random projection of the outputs, with respect to weights, input and first state."""
    loss = sum((output * draw(*output.shape, seed=70 + i)).sum() for i, output in enumerate(outputs))
    assert isinstance(loss, Tensor)
    return list(torch.autograd.grad(loss, [*rnn.parameters(), x, *state]))


@every_module
@DEPTHS
def test_unrolled_cells_equal_torch_in_outputs_and_gradients(module: Module, num_layers: int) -> None:
    rnn = fused(module, num_layers)
    x, state = draw(B, T, E, seed=80).requires_grad_(), initial(rnn)
    features, last = unrolled(cells_of(rnn), x, state)
    torch_features, torch_last = torch_outputs(rnn, x, state)
    torch.testing.assert_close((features, *last), (torch_features, *torch_last), rtol=1e-12, atol=1e-12)
    mine = all_gradients(rnn, x, state, (features, *last))
    torch.testing.assert_close(
        mine, all_gradients(rnn, x, state, (torch_features, *torch_last)), rtol=1e-10, atol=1e-12
    )
    assert all(gradient.abs().max() > 1e-3 for gradient in mine)  # none of them agrees by being zero


@every_module
def test_cells_share_the_weights_of_the_module(module: Module) -> None:
    rnn = fused(module, num_layers=2)
    for layer, cell in enumerate(cells_of(rnn)):
        for name in WEIGHTS:
            assert getattr(cell, name) is getattr(rnn, f"{name}_l{layer}")


@every_module
def test_gradcheck(module: Module) -> None:
    """Autograd's gradient of one step equals finite differences, for the input, the state and every weight."""
    rnn = fused(module)
    (cell,) = cells_of(rnn)

    def step(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        state, weights = rest[: parts(rnn)], rest[parts(rnn) :]
        changed = type(cell)(**{**vars(cell), **dict(zip(WEIGHTS, weights, strict=True))})
        return changed.step(x, state)

    state = [part[0].detach().requires_grad_() for part in initial(rnn)]
    x = draw(B, E, seed=80).requires_grad_()
    assert torch.autograd.gradcheck(step, (x, *state, *rnn.parameters()))


@every_module
def test_two_halves_with_carried_state_equal_the_whole(module: Module) -> None:
    rnn = fused(module, num_layers=2)
    cells, x, state = cells_of(rnn), draw(B, T, E, seed=80), initial(rnn)
    whole, last = unrolled(cells, x, state)
    first, carried = unrolled(cells, x[:, :1], state)
    second, carried = unrolled(cells, x[:, 1:], carried)
    assert torch.equal(torch.cat([first, second], dim=1), whole)
    assert all(torch.equal(mine, its) for mine, its in zip(carried, last, strict=True))


@every_module
def test_an_input_changes_its_own_step_and_later_ones_of_its_own_lane_alone(module: Module) -> None:
    rnn = fused(module, num_layers=2)
    x, state = draw(B, T, E, seed=80), initial(rnn)
    other = x.clone()
    other[0, 1] += 1.0
    features, changed = (unrolled(cells_of(rnn), inputs, state)[0] for inputs in (x, other))
    assert torch.equal(features[:, 0], changed[:, 0])
    assert torch.equal(features[1], changed[1])
    assert ((features - changed)[0, 1:].abs().amax(dim=1) > 1e-6).all()


@every_module
def test_the_jacobians_written_out_are_those_of_autograd(module: Module) -> None:
    """A lane at a time, by the vector that is read and by each part of the state."""
    (cell,) = cells_of(fused(module))
    x, state = draw(B, E, seed=60), tuple(draw(B, H, seed=61 + part) for part in range(parts(fused(module))))
    by_x, by_state = cell.jacobians(x, state)
    for lane in range(B):

        def step(x: Tensor, *state: Tensor) -> Tensor:
            return torch.stack(cell.step(x[None], tuple(part[None] for part in state)))[:, 0]

        expected = torch.autograd.functional.jacobian(step, (x[lane], *(part[lane] for part in state)))
        assert isinstance(expected, tuple)
        torch.testing.assert_close(by_x[lane], expected[0], rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(by_state[lane], torch.stack(expected[1:], dim=2), rtol=1e-12, atol=1e-14)


def test_relu_is_flat_where_it_is_off() -> None:
    (cell,) = cells_of(fused(partial(nn.RNN, nonlinearity="relu")))
    x, state = draw(B, E, seed=60), (draw(B, H, seed=61),)
    (h,) = cell.step(x, state)
    assert (h == 0).any()
    assert not cell.jacobians(x, state)[1][:, 0, :, 0][h == 0].any()
