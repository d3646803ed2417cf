"""A split as training needs it: its ids and the counts that turn nats into bits per character."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.base.artifacts import read_json
from pipeline.base.metrics import Score
from pipeline.tokens.windows import Ids, load_ids


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

    def share(self, nats: float, tokens: int) -> Score:
        """The score of `tokens` of the split's tokens, with their share of its characters and spelling."""
        part = tokens / len(self.ids)
        return Score(nats, tokens, round(self.characters * part), self.spelling_nats * part)
