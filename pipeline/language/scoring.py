"""What a trained network thinks of a text, token by token: the chain rule, from the first token to EOS.

ln p(y_1 .. y_n, EOS) = ln p(y_1) + ln p(y_2 | y_1) + ... + ln p(EOS | y_1 .. y_n). The first token is predicted
from x1 = 0 and a0 = 0 and counts like any other. A cloze model gives p(y_t | all the others) instead; the sum of
these is a pseudo-log-likelihood (Besag 1975), no probability of the text.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int

from pipeline.base.metrics import Score
from pipeline.base.params import Level
from pipeline.language.bundle import LanguageBundle
from pipeline.networks.build import Network
from pipeline.text.spelling import CODE_POINT_NATS
from pipeline.tokens.units import normalize
from pipeline.tokens.vocabulary import Vocabulary
from pipeline.tokens.windows import shifted

EOS, UNK = Vocabulary.EOS, Vocabulary.UNK


@dataclass(frozen=True)
class TokenScores:
    """A text, one unit, under one network."""

    text: str
    """In NFC, as the network's own corpus was."""
    ids: list[int]
    """Its tokens and the EOS that closes them."""
    tokens: list[str]
    """How the ids are written."""
    log_probabilities: list[float]
    """ln p of each, in nats."""
    level: Level
    is_pseudo: bool
    """From a cloze model: each token given all the others."""

    @property
    def log_probability(self) -> float:
        """The product in log space, nats: ln p(text, EOS), or the pseudo-log-likelihood."""
        return math.fsum(self.log_probabilities)

    @property
    def num_unknown(self) -> int:
        """Tokens that the vocabulary lacks."""
        return self.ids.count(UNK)

    @property
    def score(self) -> Score:
        """Perplexity and bits per character; an unknown character is named among all of Unicode on top of UNK."""
        spelling_nats = self.num_unknown * CODE_POINT_NATS if self.level == "char" else 0.0
        return Score(-self.log_probability, len(self.ids), len(self.text) + 1, spelling_nats)

    @property
    def is_lower_bound(self) -> bool:
        """Bits per character lack the price of unknown words: the model that spells them is not in a bundle."""
        return self.num_unknown > 0 and self.level != "char"


def score_text(bundle: LanguageBundle, text: str) -> TokenScores:
    """The text as one unit under the bundle's network."""
    text = normalize(text)
    ids = np.append(bundle.vocabulary.encode(text), EOS).astype(np.int64)
    tokens = [bundle.vocabulary.token(int(id)) for id in ids]
    log_probabilities = token_log_probabilities(bundle.network, ids).tolist()
    is_pseudo = bundle.network.predicts == "missing"
    return TokenScores(text, ids.tolist(), tokens, log_probabilities, bundle.level, is_pseudo)


@torch.inference_mode()
def token_log_probabilities(network: Network, ids: Int[np.ndarray, " T"]) -> Float64[np.ndarray, " T"]:
    """ln p of each id given those before it (language model) or all the others (cloze model), from the zero state."""
    inputs = torch.from_numpy(shifted(ids, network.begin_id))[None]
    targets = torch.from_numpy(ids)[None]
    logits, _ = network.window_logits(inputs, targets)
    return logits[0].double().log_softmax(-1).gather(-1, targets[0, :, None]).squeeze(-1).numpy()
