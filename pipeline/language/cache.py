"""Adaptive evaluation: a neural cache, which expects again what followed when the network was in a like state.

    p(w) = (1 - l) p_network(w) + l p_cache(w)        p_cache(w) ~ sum of exp(theta h_t . h_i) over i with y_i = w

h_t is what the readout reads when y_t is predicted, and i runs over the last SIZE steps before t. No weight changes,
and nothing but the text before y_t is read, so this is a model of the text. But it learns from the text that it is
judged on, so its numbers are never beside static ones. theta and l come from the validation text.

The cache was chosen for its price. On characters it took an LSTM from 2.092 to 2.022 validation bits for 1 s of CPU, on
words from 1.893 to 1.850; dynamic evaluation (Krause et al. 2018, arXiv:1709.07432) to 2.077 and 1.885 for 4 s a rate.

Source: Grave, Joulin & Usunier 2017, arXiv:1612.04426, section 3, linear interpolation.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pipeline.networks.evaluation import evaluation_windows, read
from pipeline.networks.language_model import LanguageModel
from pipeline.text.mixture import best_weight, mixed
from pipeline.tokens.windows import IGNORED, Ids, Window

SIZE = 500
"""Steps in the cache: 1000 and 2000 cost more, gain 0.002 bits on characters and lose as much on words."""
THETAS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""Tried on the validation text. The smaller h is, the larger theta: the plain RNN takes 0.2, the GRU 0.4, the LSTM 1.6,
two layers of it 3.2."""
STEPS_AT_A_TIME = 64
"""Looked up together: few, so that the products of all pairs stay near the processor, whatever the window."""
LANE_TOKENS, MAX_LANES = 10_000, 8
"""A lane of a stream is no shorter: its cache is empty at first, which costs 0.001 bits. More lanes save no time."""

Nats = Mapping[str, Float[np.ndarray, " N"]]


@dataclass(frozen=True)
class Adapted:
    """The validation and the test text under a network with a cache."""

    theta: float
    """How much a cached step must resemble the present one."""
    weight: float
    """l, the cache's."""
    nats: Nats
    """-ln p of each token, by split."""


def adapt(network: LanguageModel, ids: Mapping[str, Ids], nats: Nats, batching: str, batch_size: int) -> Adapted:
    """Choose theta and l on the validation split, and use them on both.

    Args:
        ids: of the validation and the test split.
        nats: what the network alone pays for each token of them.
        batching: of a stream, the cache runs across the ends of units; a unit that stands alone begins with none.
        batch_size: units at a time.
    """

    def costs(split: str, thetas: Sequence[float]) -> Float[np.ndarray, "thetas N"]:
        of_split = ids[split]
        num_lanes = batch_size if batching == "units" else max(1, min(MAX_LANES, len(of_split) // LANE_TOKENS))
        windows = evaluation_windows(of_split, network.begin_id, batching, num_lanes)
        return cache_nats(network, windows, len(of_split), thetas)

    of_thetas = costs("validation", THETAS)
    weights = [best_weight(nats["validation"], of_theta) for of_theta in of_thetas]
    tried = [mixed(nats["validation"], of_theta, w) for of_theta, w in zip(of_thetas, weights, strict=True)]
    best = int(np.argmin([of_theta.sum() for of_theta in tried]))
    (of_test,) = costs("test", THETAS[best : best + 1])
    test = mixed(nats["test"], of_test, weights[best])
    return Adapted(THETAS[best], weights[best], {"validation": tried[best], "test": test})


@torch.inference_mode()
def cache_nats(
    network: LanguageModel, windows: Iterator[Window], num_tokens: int, thetas: Sequence[float], size: int = SIZE
) -> Float[np.ndarray, "thetas N"]:
    """-ln p_cache of each token of a text for each theta, in the text's order; inf for what is not in the cache.

    Args:
        windows: have each token once; their lanes all start anew, or none does. An empty cache has p = 1 / V.
    """
    nats = np.full((len(thetas), num_tokens), np.nan)
    keys, values = torch.empty(0), torch.empty(0)
    for window, targets, features in read(network, windows, lambda inputs, _, state: network.features(inputs, state)):
        goes_on = not window.fresh.any()
        assert goes_on or window.fresh.all()
        keys = torch.cat([keys[:, -size:], features], dim=1) if goes_on else features
        values = torch.cat([values[:, -size:], targets], dim=1) if goes_on else targets
        parts = [
            looked_up(keys[:, start:stop], values[:, start:stop], num_steps, thetas, size)
            for start, stop, num_steps in _parts(keys.shape[1], targets.shape[1], size)
        ]
        p = torch.cat(parts, dim=2)
        costs = -torch.where(p.isnan(), 1 / network.vocabulary_size, p).log()
        counted = window.targets != IGNORED
        nats[:, window.places[counted]] = costs.cpu().numpy()[:, counted]
    return nats


def _parts(num_keys: int, num_steps: int, size: int) -> Iterator[tuple[int, int, int]]:
    """Where the keys of a few steps start and stop, and how many steps these are, for all steps of a window.

    >>> list(_parts(num_keys=300, num_steps=100, size=150))
    [(50, 264, 64), (114, 300, 36)]
    """
    for first in range(num_keys - num_steps, num_keys, STEPS_AT_A_TIME):
        stop = min(first + STEPS_AT_A_TIME, num_keys)
        yield max(0, first - size), stop, stop - first


def looked_up(
    keys: Float[Tensor, "B K H"], values: Int[Tensor, "B K"], num_steps: int, thetas: Sequence[float], size: int
) -> Float[Tensor, "thetas B T"]:
    """p_cache of the last T values given the `size` steps before each, for each theta; NaN where there is none.

    Args:
        keys: h of each step.
        values: the token that was predicted from it; IGNORED is none.
        num_steps: T.
    """
    steps = torch.arange(values.shape[1], device=keys.device)
    age = steps[-num_steps:, None] - steps  # (T, K)
    hidden = (age < 1) | (age > size) | (values == IGNORED)[:, None]  # (B, T, K)
    likeness = (keys[:, -num_steps:] @ keys.mT).masked_fill_(hidden, -torch.inf)
    likeness -= likeness.amax(2, keepdim=True)  # so that exp does not overflow
    hits = (values[:, None] == values[:, -num_steps:, None]).to(keys.dtype)
    shares = (torch.exp(theta * likeness) for theta in thetas)
    return torch.stack([(share * hits).sum(2) / share.sum(2) for share in shares])
