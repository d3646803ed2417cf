"""A stack of recurrent layers over time, in one direction, on torch's fused kernels."""

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

State = tuple[Float[Tensor, "L B H"], ...]
"""(h,) of rnn and gru, (h, c) of lstm."""


class RecurrentStack(nn.Module):
    """L layers of one cell, the first reading x, each further one the hidden states below it.

    pipeline/cells holds the same mathematics one step at a time.
    """

    def __init__(self, rnn: nn.RNNBase, dropout: float) -> None:
        super().__init__()
        assert rnn.batch_first
        assert not rnn.bidirectional
        self.rnn = rnn
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B T E"], state: State | None = None) -> tuple[Float[Tensor, "B T H"], State]:
        """The top layer's hidden states and the state after the last step; no state is the zero state."""
        given = None if state is None else (state if isinstance(self.rnn, nn.LSTM) else state[0])
        features, after = self.rnn(self.dropout(x), given)
        return self.dropout(features), after if isinstance(after, tuple) else (after,)

    def packed(self, x: Float[Tensor, "B T E"], lengths: Int[Tensor, " B"]) -> tuple[Float[Tensor, "B T H"], State]:
        """The same from the zero state, of rows that end after `lengths` steps: the features behind are zero, and the
        state is that of every layer after each row's own last step. It takes half as long again, unless all rows have
        the same length.
        """
        if int(lengths.min()) == x.shape[1]:
            return self(x)
        rows = pack_padded_sequence(self.dropout(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed, after = self.rnn(rows)
        features, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
        return self.dropout(features), after if isinstance(after, tuple) else (after,)

    def zero_state(self, batch_size: int) -> State:
        """a0 = 0."""
        like = next(self.rnn.parameters())
        zero = like.new_zeros(self.rnn.num_layers, batch_size, self.rnn.hidden_size)
        return (zero, zero) if isinstance(self.rnn, nn.LSTM) else (zero,)
