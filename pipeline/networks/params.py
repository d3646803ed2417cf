"""Sections of params.yaml: the models."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.base.params import Count, PositiveFloat, Section

Dropout = Annotated[float, Field(ge=0, lt=1)]
ChronoSteps = Annotated[int, Field(ge=3)]


class AnyModel(Section):
    """What every model has."""

    hidden_size: Count
    num_layers: Count
    bidirectional: bool
    """true: one stack reads from the left and one from the right. Where the next token is to be predicted it is a
    cloze model: token t from the left state at t-1 and the right state at t+1."""
    embedding_size: Count | None
    """Size of the look-up of the one-hot input; null feeds the one-hot vector itself."""
    tied_embeddings: bool
    """The output weights are the embedding's."""
    readout_gain: PositiveFloat
    """The output weights start uniform within this over sqrt(F), for F features. Features of a gated cell are small at
    the start, and smaller with chrono_steps (root mean square: rnn 0.6, gru 0.34 and 0.15, lstm 0.20 and 0.07), so that
    at gain 1 little of the loss's gradient reaches the cell: 3 to 10 is good for an LSTM, 3 to 5 for a GRU."""
    dropout: Dropout
    """On the stack's input, output, and between its layers."""
    learning_rate: PositiveFloat
    """The peak of the one-cycle schedule."""
    max_grad_norm: PositiveFloat | None
    """The gradient of the nats per token is scaled down to this norm; null clips nothing."""

    @model_validator(mode="after")
    def _tied_sizes_agree(self) -> "AnyModel":
        output_size = self.hidden_size * (2 if self.bidirectional else 1)
        if self.tied_embeddings and self.embedding_size != output_size:
            rule = f"tied_embeddings: needs embedding_size equal to the network's output size, {output_size}"
            raise ValueError(f"{rule} (got {self.embedding_size}); change one of them")
        return self

    @model_validator(mode="after")
    def _tied_weights_have_no_gain(self) -> "AnyModel":
        if self.tied_embeddings and self.readout_gain != 1:
            rule = "readout_gain: 1 with tied_embeddings, for the output weights start as the embedding's"
            raise ValueError(f"{rule} (got {self.readout_gain}); change one of them")
        return self


class RnnModel(AnyModel):
    """The plain (Elman) network."""

    cell: Literal["rnn"]
    nonlinearity: Literal["tanh", "relu"]
    recurrent_gain: PositiveFloat
    """The recurrent weights start as an orthogonal matrix times this: beyond 1, gradients may explode."""


class GruModel(AnyModel):
    """Gated recurrent units."""

    cell: Literal["gru"]
    chrono_steps: ChronoSteps | None
    """T_max, in steps: units start with time constants from 2 to it (Tallec & Ollivier 2018); null: all with 2."""


class LstmModel(AnyModel):
    """Long short-term memory."""

    cell: Literal["lstm"]
    forget_bias: Annotated[float, Field(allow_inf_nan=False)] | None
    """The forget gate's bias at initialisation: 1 opens it (Gers et al. 2000, Jozefowicz et al. 2015)."""
    chrono_steps: ChronoSteps | None
    """T_max, in steps: units start with time constants from 2 to it (Tallec & Ollivier 2018)."""

    @model_validator(mode="after")
    def _one_start_of_the_forget_gate(self) -> "LstmModel":
        if (self.forget_bias is None) == (self.chrono_steps is None):
            rule = "forget_bias: either it or chrono_steps says how the forget gate starts"
            got = f"{self.forget_bias} and {self.chrono_steps}"
            raise ValueError(f"{rule} (got {got}); set one of them, and the other to null")
        return self


Model = RnnModel | GruModel | LstmModel
