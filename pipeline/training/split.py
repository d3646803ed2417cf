"""A split as training needs it: its ids and the counts that turn nats into bits per character."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from pipeline.base.artifacts import read_json
from pipeline.base.metrics import Score
from pipeline.tokens.windows import UNK, Ids, load_ids


@dataclass(frozen=True)
class Split:
    """One split of an encoded text."""

    ids: Ids
    characters: int
    spelling_nats: float

    @classmethod
    def load(cls, folder: Path, name: str) -> "Split":
        """Read split `name` from what the vocabulary stage wrote."""
        counts = read_json(folder / "vocabulary.json")["splits"][name]
        return cls(load_ids(folder, name), counts["characters"], counts["spelling_nats"])

    def score(self, nats: Float[np.ndarray, " N"]) -> Score:
        """The score of a model that pays so much for each of the split's tokens."""
        unknown = float(nats[self.ids == UNK].sum(dtype=np.float64))
        whole = float(nats.sum(dtype=np.float64))
        return Score(whole, len(self.ids), self.characters, self.spelling_nats, unknown)

    def share(self, nats: float, tokens: int) -> Score:
        """The score of `tokens` of the split's tokens, with their share of its characters and spelling."""
        part = tokens / len(self.ids)
        return Score(nats, tokens, round(self.characters * part), self.spelling_nats * part)
