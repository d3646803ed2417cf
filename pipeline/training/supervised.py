"""The objective of examples: classes, one a sequence or one a step, tokens, or numbers."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.examples.batches import Padded, batches_of_epoch, in_order, padded
from pipeline.examples.sets import Split
from pipeline.networks.build import Network
from pipeline.networks.encoder_decoder import EncoderDecoder
from pipeline.networks.stack import State
from pipeline.networks.tagger import Tagger
from pipeline.tokens.windows import IGNORED
from pipeline.training.objective import Batch

N = TypeVar("N", bound=nn.Module)

Loss = Callable[[N, Padded], Tensor]
"""The loss of a batch, summed over its targets."""


def class_nats(network: nn.Module, batch: Padded) -> Tensor:
    """Softmax cross-entropy of a network whose logits are (B, C), of a class each, or (B, T, C), of a class a step."""
    inputs, lengths, targets = batch
    logits = network(inputs, lengths)
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=IGNORED, reduction="sum")


def crf_nats(network: Tagger, batch: Padded) -> Tensor:
    """-ln p of the whole path of each example, of a tagger that scores paths."""
    return network.nats(*batch).sum()


def ctc_nats(network: Tagger, batch: Padded) -> Tensor:
    """-ln p of each transcript, summed over all alignments (Graves et al. 2006, ICML); class 0 is the blank.

    A transcript of U labels, R of them equal to the one before, needs U + R steps: with fewer the loss is infinite.
    """
    inputs, lengths, targets = batch
    log_p = network(inputs, lengths).log_softmax(-1).transpose(0, 1)  # (T, B, C)
    return F.ctc_loss(log_p, targets.clamp(min=0), lengths, (targets != IGNORED).sum(1), reduction="sum")


def translation_nats(network: EncoderDecoder, batch: Padded) -> Tensor:
    """Softmax cross-entropy of the tokens of each target, EOS counted, each given the true ones before it."""
    inputs, lengths, targets = batch
    logits = network(inputs, lengths, targets)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum")


def token_nats(network: Network, batch: Padded) -> Tensor:
    """Softmax cross-entropy of a network that predicts tokens; its inputs are the targets shifted."""
    inputs, _, targets = batch
    logits, _ = network.window_logits(inputs, targets)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum")


def squared_error(network: nn.Module, batch: Padded) -> Tensor:
    """Squared errors of a network whose output is a number each, (B)."""
    inputs, lengths, targets = batch
    return F.mse_loss(network(inputs, lengths), targets, reduction="sum")


@dataclass(frozen=True)
class Cost:
    """A loss, summed.

    >>> Cost(3.0, 2, "nats").as_metrics("validation")
    {'validation/nats': 1.5}
    """

    summed: float
    number: int
    name: str

    @property
    def loss(self) -> float:
        """The mean of a target."""
        return self.summed / self.number

    def as_metrics(self, prefix: str) -> dict[str, float]:
        """The mean under `prefix`/, where it is finite."""
        return {f"{prefix}/{self.name}": self.loss} if math.isfinite(self.loss) else {}


@dataclass(frozen=True)
class Supervised(Generic[N]):
    """Passes over the training examples; each pass has an order of its own."""

    train: Split
    validation: Split
    loss_of: Loss[N]
    epochs: int
    batch_size: int
    seed: int

    loss_name: ClassVar[str] = "nats_per_target"
    target_name: ClassVar[str] = "targets"

    @property
    def num_steps(self) -> int:
        """Batches of all passes."""
        return self.epochs * math.ceil(len(self.train) / self.batch_size)

    def batches(self, skip: int) -> Iterator[Batch]:
        """The batches of all passes from batch `skip` on."""
        a_pass, within = divmod(skip, math.ceil(len(self.train) / self.batch_size))
        for epoch in range(a_pass, self.epochs):
            rng = np.random.default_rng([self.seed, epoch])
            for indices in batches_of_epoch(self.train.lengths, self.batch_size, rng)[within:]:
                yield padded(self.train, indices)
            within = 0

    def num_targets(self, batch: Batch) -> int:
        """Targets that are not padding."""
        targets = batch[2]
        return targets.numel() if targets.is_floating_point() else int((targets != IGNORED).sum())

    def loss(self, network: N, batch: Batch, state: State | None) -> tuple[Tensor, None]:
        """Summed over the batch's targets; no sequence goes on in the next batch."""
        inputs, lengths, targets = batch
        return self.loss_of(network, (inputs, lengths, targets)), None

    def score(self, loss: float, num_targets: int) -> Cost:
        """Of training targets."""
        return Cost(loss, num_targets, self.loss_name)

    @torch.inference_mode()
    def validate(self, network: N) -> Cost:
        """Of the validation examples."""
        was_training, device = network.training, next(network.parameters()).device
        network.eval()
        losses, number = [], 0
        for indices in in_order(self.validation.lengths, self.batch_size):
            batch = padded(self.validation, indices)
            inputs, lengths, targets = (part.to(device) for part in batch)
            losses.append(float(self.loss_of(network, (inputs, lengths, targets))))
            number += self.num_targets(batch)
        network.train(was_training)
        return Cost(math.fsum(losses), number, self.loss_name)


class LeastSquares(Supervised[N]):
    """The same for numbers, with `squared_error`."""

    loss_name: ClassVar[str] = "squared_error"
