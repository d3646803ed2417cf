"""The cells inside torch's fused modules.

Training runs the fused modules, which show no state between the first step and the last. Here is the same
mathematics a step at a time, over the same weights, for analysis and for reading. A new cell is a file
beside rnn.py, gru.py and lstm.py, its name in `Cell`, and its module in `_cell`.
"""

from torch import nn

from pipeline.cells.gru import GruCell
from pipeline.cells.lstm import LstmCell
from pipeline.cells.rnn import RnnCell

Cell = RnnCell | GruCell | LstmCell
"""`step(x, state) -> state`, a state being (h,) or (h, c), and `jacobians(x, state)`, its derivatives by both."""

WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def cells_of(rnn: nn.RNNBase) -> list[Cell]:
    """One cell for each layer of `rnn`, lowest first, on the module's own weights: nothing is copied.

    >>> cells = cells_of(nn.LSTM(3, 5, num_layers=2))
    >>> [tuple(cell.weight_ih.shape) for cell in cells]
    [(20, 3), (20, 5)]
    """
    assert (rnn.bias, rnn.bidirectional, rnn.proj_size) == (True, False, 0), "the stacks build no other"
    return [_cell(rnn, layer) for layer in range(rnn.num_layers)]


def _cell(rnn: nn.RNNBase, layer: int) -> Cell:
    weights = {name: getattr(rnn, f"{name}_l{layer}") for name in WEIGHTS}
    match rnn:
        case nn.RNN():
            return RnnCell(**weights, nonlinearity=rnn.nonlinearity)
        case nn.GRU():
            return GruCell(**weights)
        case nn.LSTM():
            return LstmCell(**weights)
    raise AssertionError(f"no cell for {type(rnn).__name__}")
