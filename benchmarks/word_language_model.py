"""The word language model of PyTorch's examples, trained with its defaults in so many CPU seconds: a reference.

`python -m benchmarks.word_language_model IDS SECONDS` trains it on the ids that the stage vocabulary wrote, and writes
a line of JSON to standard error.

Source: github.com/pytorch/examples, word_language_model; the constants are the defaults of its main.py.
"""

import json
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.base.artifacts import read_json
from pipeline.tokens.windows import EOS, load_ids

SIZE = 200
"""Of the embeddings and of each layer."""
NUM_LAYERS = 2
DROPOUT = 0.2
INITIAL_WEIGHT = 0.1
"""Embeddings and output weights are drawn from -0.1 to 0.1."""
BPTT_STEPS = 35
COLUMNS = 20
VALIDATION_COLUMNS = 10
LEARNING_RATE = 20.0
DIVISOR = 4.0
"""Of the learning rate, after an epoch without a better validation."""
MAX_GRAD_NORM = 0.25
SEED = 1111

Text = Int[Tensor, "S B"]
"""B columns of S tokens that follow each other downwards."""
State = tuple[Tensor, Tensor]


class WordLanguageModel(nn.Module):
    """Embedding, two layers of LSTM, linear output, with dropout between all of them."""

    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary_size, SIZE)
        self.rnn = nn.LSTM(SIZE, SIZE, NUM_LAYERS, dropout=DROPOUT)
        self.readout = nn.Linear(SIZE, vocabulary_size)
        self.dropout = nn.Dropout(DROPOUT)
        for weight in (self.embed.weight, self.readout.weight):
            nn.init.uniform_(weight, -INITIAL_WEIGHT, INITIAL_WEIGHT)
        nn.init.zeros_(self.readout.bias)

    def forward(self, inputs: Int[Tensor, "T B"], state: State | None) -> tuple[Float[Tensor, "T B V"], State]:
        """Logits of the next tokens, and the state after the last; no state is the zero state."""
        features, after = self.rnn(self.dropout(self.embed(inputs)), state)
        return self.readout(self.dropout(features)), after


@dataclass(frozen=True)
class Trained:
    """How a training went."""

    epochs: float
    validation: float
    """Nats per token, the best of all validations."""
    test: float
    """Nats per token in one unbroken pass, with the weights of the best validation."""


def load_text(ids: Path, split: str) -> Int[Tensor, " N"]:
    """The EOS before a split, and its ids."""
    return torch.cat([torch.tensor([EOS]), torch.from_numpy(load_ids(ids, split).astype("int64"))])


def columns(text: Int[Tensor, " N"], num: int) -> Text:
    """The text cut into columns of equal length, side by side; what is left over at its end is dropped.

    >>> columns(torch.arange(8), 3)
    tensor([[0, 2, 4],
            [1, 3, 5]])
    """
    length = len(text) // num
    return text[: num * length].view(num, length).t().contiguous()


def windows(text: Text) -> Iterator[tuple[Int[Tensor, "T B"], Int[Tensor, "T B"]]]:
    """Inputs and targets from the top to the bottom; a target is the token below its input."""
    for start in range(0, len(text) - 1, BPTT_STEPS):
        inputs = text[start : start + BPTT_STEPS][: len(text) - 1 - start]
        yield inputs, text[start + 1 : start + 1 + len(inputs)]


class Training:
    """A model and its text, trained until the time is up."""

    def __init__(self, model: WordLanguageModel, train: Text, validation: Text) -> None:
        self.model, self.train, self.validation = model, train, validation
        self.optimizer = torch.optim.SGD(model.parameters(), LEARNING_RATE)
        self.steps = 0

    @property
    def epochs(self) -> float:
        """How often the text was read."""
        return self.steps / math.ceil((len(self.train) - 1) / BPTT_STEPS)

    def run(self, seconds: float) -> float:
        """Train until the process has used so many CPU seconds; keep the best weights.

        Returns:
            Nats per token of the best validation.
        """
        best, weights = math.inf, {}
        while time.process_time() < seconds:
            self.epoch(seconds)
            nats = mean_nats(self.model, self.validation)
            if nats < best:
                best, weights = nats, {name: value.clone() for name, value in self.model.state_dict().items()}
            else:
                self.optimizer.param_groups[0]["lr"] /= DIVISOR
        self.model.load_state_dict(weights)
        return best

    def epoch(self, seconds: float = math.inf) -> None:
        """Read the text once, or until the process has used so many CPU seconds."""
        self.model.train()
        state = None
        for inputs, targets in windows(self.train):
            state = self.step(inputs, targets, state)
            if time.process_time() >= seconds:
                return

    def step(self, inputs: Tensor, targets: Tensor, state: State | None) -> State:
        """Learn from a window; the state goes on into the next one, its gradient does not."""
        logits, (h, c) = self.model(inputs, state)
        self.optimizer.zero_grad()
        F.cross_entropy(logits.flatten(0, 1), targets.flatten()).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), MAX_GRAD_NORM)
        self.optimizer.step()
        self.steps += 1
        return h.detach(), c.detach()


@torch.inference_mode()
def mean_nats(model: WordLanguageModel, text: Text) -> float:
    """Nats per target over all windows, weighted by their targets."""
    model.eval()
    state, nats = None, 0.0
    for inputs, targets in windows(text):
        logits, state = model(inputs, state)
        nats += float(F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum"))
    return nats / text[1:].numel()


def reference(ids: Path, seconds: float) -> Trained:
    """Train the model on the ids of a level and score its test split."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    model = WordLanguageModel(read_json(ids / "vocabulary.json")["size"])
    train, validation = load_text(ids, "train"), load_text(ids, "validation")
    training = Training(model, columns(train, COLUMNS), columns(validation, VALIDATION_COLUMNS))
    best = training.run(seconds)
    return Trained(training.epochs, best, mean_nats(model, columns(load_text(ids, "test"), 1)))


if __name__ == "__main__":
    sys.stderr.write(json.dumps(asdict(reference(Path(sys.argv[1]), float(sys.argv[2])))) + "\n")
