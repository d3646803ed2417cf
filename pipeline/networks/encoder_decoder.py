"""The encoder-decoder: a sequence of another length than what is read (Sutskever et al. 2014; Cho et al. 2014).

The encoder reads the source, in one direction or in both. A bridge turns its last state into the decoder's first. The
decoder is a language model of the target that starts there: it reads from the left whatever the encoder does, from the
begin token on, the token before at each step. Without attention that first state is all that it knows of the source.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from pipeline.networks.attention import DotAttention, Memory
from pipeline.networks.encoder import Encoder, is_padding
from pipeline.networks.readout import Readout
from pipeline.networks.stack import RecurrentStack, State
from pipeline.tokens.windows import IGNORED


class Bridge(nn.Module):
    """From the encoder's last state to the decoder's first: a matrix for each layer and each part of the state.

    The two count on different coordinates, and where the encoder reads both ways their state has two halves to mix. h
    goes through tanh, since that is the range of a state that a cell gives (Cho et al. 2014, Bahdanau et al. 2015); the
    c of an LSTM is a sum over steps without bound, and tanh would cut it off.
    """

    def __init__(self, num_parts: int, num_layers: int, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_parts, num_layers, size, size))
        self.bias = nn.Parameter(torch.empty(num_parts, num_layers, size))

    def forward(self, state: State) -> State:
        """The first state of each layer, (L, B, F) each part."""
        h, *c = (
            torch.baddbmm(bias[:, None], part, weight.transpose(1, 2))
            for part, weight, bias in zip(state, self.weight, self.bias, strict=True)
        )
        return (h.tanh(), *c)


class EncoderDecoder(nn.Module):
    """Look-up, encoder, bridge; look-up of the target, decoder, perhaps attention, readout.

    The decoder has as many units as the encoder has features. Input t of it is y_{t-1}, or the begin token
    `begin_id`; the logits at t are those of y_t. Behind a row's length anything may stand: it reaches no output of the
    row and no gradient.
    """

    def __init__(
        self,
        embed: nn.Module,
        encoder: Encoder,
        bridge: Bridge,
        target_embed: nn.Module,
        decoder: RecurrentStack,
        attention: DotAttention | None,
        readout: Readout,
    ) -> None:
        super().__init__()
        self.embed = embed
        self.encoder = encoder
        self.bridge = bridge
        self.target_embed = target_embed
        self.decoder = decoder
        self.attention = attention
        self.readout = readout

    @property
    def begin_id(self) -> int:
        """W, the number of tokens of the target."""
        return len(self.readout.bias)

    @property
    def stacks(self) -> list[RecurrentStack]:
        """Those of the encoder, and the decoder."""
        return [*self.encoder.stacks, self.decoder]

    def forward(
        self, inputs: Int[Tensor, "B T"], lengths: Int[Tensor, " B"], targets: Int[Tensor, "B U"]
    ) -> Float[Tensor, "B U W"]:
        """Logits of each target, given the true ones before it (teacher forcing); IGNORED ends a row."""
        logits, _, _ = self.decode(self.shifted(targets), *self.encode(inputs, lengths))
        return logits

    def shifted(self, targets: Int[Tensor, "B U"]) -> Int[Tensor, "B U"]:
        """What the decoder reads: the begin token, y_1, ..., y_{U-1}; what it reads in the padding reaches nothing."""
        begin = torch.full_like(targets[:, :1], self.begin_id)
        read = torch.cat([begin, targets[:, :-1]], dim=1)
        return torch.where(read == IGNORED, self.begin_id, read)

    def encode(self, inputs: Int[Tensor, "B T"], lengths: Int[Tensor, " B"]) -> tuple[Memory, State]:
        """What there is to know of the sources, and the first state of the decoder."""
        values, state = self.encoder.with_state(self.embed(inputs), lengths)
        keys = values if self.attention is None else self.attention.keys(values)
        return Memory(values, keys, is_padding(lengths, inputs.shape[1])), self.bridge(state)

    def decode(
        self, inputs: Int[Tensor, "B U"], memory: Memory, state: State
    ) -> tuple[Float[Tensor, "B U W"], Float[Tensor, "B U T"] | None, State]:
        """Logits of the token behind each input, the weights of the source's steps, and the state to go on from."""
        features, after = self.decoder(self.target_embed(inputs), state)
        if self.attention is None:
            return self.readout(features), None, after
        features, weights = self.attention(features, memory)
        return self.readout(features), weights, after
