"""New sequences from a trained network: draw from the softmax, feed the draw back.

A language model starts from x1 = 0 and a0 = 0 and goes on to EOS or a limit; a whole batch is drawn at once. (A
cloze model has no next token: see gaps.py.) UNK, which no text can show, is given probability 0 before the
softmax: the same distribution as drawing again whenever UNK comes up.

The random number of row i and step t depends on the seed and the limit alone, so that a sample changes neither with
the number of its neighbours nor with the device.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from pipeline.networks.language_model import LanguageModel
from pipeline.tokens.vocabulary import Vocabulary

EOS, UNK = Vocabulary.EOS, Vocabulary.UNK
NEVER = -torch.inf
CERTAIN = 1e-30
"""A temperature so low that the likeliest token is certain; lower ones would divide 0 by float32's 0."""


@dataclass(frozen=True)
class Choice:
    """How a token is chosen of what the model predicts: UNK struck out, then temperature, top-k, top-p."""

    temperature: float
    """Logits are divided by it: below 1 the likely becomes likelier, towards 0 certain."""
    top_k: int | None
    """Only the k most probable tokens; those that tie with the k-th stay."""
    top_p: float | None
    """Only the smallest set of most probable tokens that holds at least this probability (Holtzman et al. 2020)."""

    def __call__(self, logits: Float[Tensor, "B V"], forbidden: Sequence[int]) -> Float[Tensor, "B V"]:
        """The probabilities that are drawn from; 0 for the ids `forbidden`."""
        logits = logits.index_fill(-1, torch.tensor(list(forbidden), device=logits.device), NEVER)
        logits = (logits - logits.amax(-1, keepdim=True)) / max(self.temperature, CERTAIN)
        if self.top_k is not None:
            logits = keep_top_k(logits, self.top_k)
        if self.top_p is not None:
            logits = keep_top_p(logits, self.top_p)
        return logits.softmax(-1)


def keep_top_k(logits: Float[Tensor, "B V"], k: int) -> Float[Tensor, "B V"]:
    """The logits, -inf where they are below their row's k-th greatest.

    >>> keep_top_k(torch.tensor([[1.0, 3.0, 2.0]]), 2)
    tensor([[-inf, 3., 2.]])
    """
    kth = logits.topk(min(k, logits.shape[-1])).values[:, -1:]
    return logits.masked_fill(logits < kth, NEVER)


def keep_top_p(logits: Float[Tensor, "B V"], p: float) -> Float[Tensor, "B V"]:
    """The logits, -inf outside the smallest set of most probable tokens whose probabilities sum to at least p.

    A token stays while those before it, in falling order, hold less than p: the first always does.

    >>> keep_top_p(torch.tensor([[0.5, 0.2, 0.3]]).log(), 0.7).exp()
    tensor([[0.5000, 0.0000, 0.3000]])
    """
    ordered, order = logits.sort(descending=True, stable=True)
    probabilities = ordered.double().softmax(-1)
    before = probabilities.cumsum(-1) - probabilities
    outside = (before >= p).scatter(-1, order, before >= p)
    return logits.masked_fill(outside, NEVER)


def draw(probabilities: Float[Tensor, "B V"], uniforms: Float64[Tensor, " B"]) -> Int[Tensor, " B"]:
    """The token of each row at which the running sum of probabilities passes that row's uniform number.

    Tokens of probability 0 are never drawn. (torch.multinomial makes V random numbers for each draw: 6 times
    slower at V = 200, 17 times at V = 5000.)

    >>> draw(torch.tensor([[0.2, 0.0, 0.8], [0.2, 0.0, 0.8]]), torch.tensor([0.1, 0.3]).double())
    tensor([0, 2])
    """
    sums = probabilities.cumsum(-1, dtype=torch.float64)
    return torch.searchsorted(sums, uniforms[:, None] * sums[:, -1:], right=True).squeeze(-1)


def uniform_numbers(num_rows: int, num_steps: int, seed: int, device: torch.device) -> Float64[Tensor, "T B"]:
    """Uniform in [0, 1), made on the CPU row by row: more rows leave the first ones as they were."""
    numbers = torch.rand(num_rows, num_steps, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return numbers.clamp_(max=1 - 2**-40).T.contiguous().to(device)  # times any sum, rounded, stays below that sum


@dataclass(frozen=True)
class Sample:
    """A drawn sequence."""

    ids: list[int]
    """The prompt, the draws, and the EOS that ended it, if one did."""
    prompt_tokens: int
    log_probability: float
    """ln p(ids) in nats by the chain rule under the model itself: prompt and EOS count, temperature and limits
    on the choice do not. It is what `unroll score` finds for the same tokens."""

    @property
    def drawn(self) -> list[int]:
        """What the model wrote: without prompt and EOS."""
        return self.ids[self.prompt_tokens : len(self.ids) - self.ended]

    @property
    def ended(self) -> bool:
        """Ended by EOS, not by the limit."""
        return self.ids[-1] == EOS


@torch.inference_mode()
def sample(
    network: LanguageModel,
    prompt: Sequence[int],
    choice: Choice,
    *,
    num_samples: int,
    max_tokens: int,
    seed: int,
    condition: int | None = None,
) -> list[Sample]:
    """Sequences that start with `prompt`, drawn until EOS, or `max_tokens` draws (EOS is one, the prompt's are not).

    Args:
        condition: the id that is read first in place of the begin token; it is no part of the sequence.
    """
    device = next(network.parameters()).device
    start = torch.tensor([network.begin_id if condition is None else condition, *prompt], device=device)
    logits, state = network(start[None])
    of_prompt = log_probability_of(logits[0, :-1], start[1:]).sum()
    logits = logits[:, -1].expand(num_samples, -1)
    state = tuple(part.repeat(1, num_samples, 1) for part in state)
    running = torch.ones(num_samples, dtype=torch.bool, device=device)
    draws, log_probabilities = [], []
    for uniforms in uniform_numbers(num_samples, max_tokens, seed, device):
        draws.append(draw(choice(logits, [UNK]), uniforms))
        log_probabilities.append(log_probability_of(logits, draws[-1]))
        running &= draws[-1] != EOS
        if not running.any():
            break
        logits, state = network(draws[-1][:, None], state)  # a row that has ended runs on; its draws are cut off below
        logits = logits[:, -1]
    ids = torch.stack(draws, 1)
    lengths, totals = _up_to_eos(ids, torch.stack(log_probabilities, 1))
    rows = zip(ids.tolist(), lengths.tolist(), (of_prompt + totals).tolist(), strict=True)
    return [Sample([*prompt, *row[:length]], len(prompt), total) for row, length, total in rows]


def log_probability_of(logits: Float[Tensor, "N V"], ids: Int[Tensor, " N"]) -> Float64[Tensor, " N"]:
    """ln p of each row's id."""
    return (logits.gather(-1, ids[:, None]).squeeze(-1) - logits.logsumexp(-1)).double()


def _up_to_eos(
    draws: Int[Tensor, "B T"], log_probabilities: Float64[Tensor, "B T"]
) -> tuple[Int[Tensor, " B"], Float64[Tensor, " B"]]:
    """How many draws of each row count (its first EOS is the last), and the sum of their log-probabilities.

    >>> _up_to_eos(torch.tensor([[5, 0, 6]]), torch.tensor([[-1.0, -2.0, -4.0]]).double())
    (tensor([2]), tensor([-3.], dtype=torch.float64))
    """
    is_end = (draws == EOS).long()
    counts = is_end.cumsum(1) - is_end == 0  # no EOS before
    return counts.sum(1), (log_probabilities * counts).sum(1)
