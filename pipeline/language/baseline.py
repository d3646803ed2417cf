"""The best n-gram of a model's level beside the model: the two of them mixed, as in the report.

The stage `baseline` keeps what its best order paid, not its counts, which are many times larger: they are made again
from the ids of the training text.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.base.artifacts import Record, read_nats
from pipeline.base.errors import ArtifactError
from pipeline.language.bundle import TOKENIZER, LanguageBundle
from pipeline.language.scoring import TokenScores
from pipeline.text.mixture import best_weight, mixed
from pipeline.text.ngram import KneserNey
from pipeline.tokens.vocabulary import Vocabulary
from pipeline.tokens.windows import load_ids


@dataclass(frozen=True)
class Baseline:
    """An n-gram, and its weight beside one network."""

    ngram: KneserNey
    weight: float

    @classmethod
    def beside(cls, folder: Path, bundle: LanguageBundle) -> "Baseline":
        """The best n-gram of the run that trained the bundle in `folder`, which is out/train/NAME.

        Raises:
            ArtifactError: where out/baseline or out/vocabulary is missing, or is of another text or vocabulary.
        """
        out = Path(os.path.normpath(folder / ".." / ".."))
        baseline, vocabulary = out / "baseline" / bundle.level, out / "vocabulary" / bundle.level
        networks, ngrams = read_nats(folder, "validation"), read_nats(baseline, "validation")
        if Vocabulary.load(vocabulary / TOKENIZER) != bundle.vocabulary or len(networks) != len(ngrams):
            rule = "of the text and the vocabulary that the model was trained with"
            raise ArtifactError(str(baseline), rule, "another", "bring both up to date with `dvc repro`")
        record = Record.load(baseline)
        mode = "stream" if record.params["batching.mode"] == "stream" else "units"
        sizes = {"vocabulary_size": bundle.vocabulary.size, "max_order": int(record.metrics["best_order"])}
        ngram = KneserNey.fit(load_ids(vocabulary, "train"), **sizes, batching=mode)
        return cls(ngram, best_weight(networks, ngrams))

    @property
    def name(self) -> str:
        """As in the report."""
        return f"{self.ngram.max_order}-gram"

    def mix(self, scores: TokenScores) -> TokenScores:
        """The text under the mixture of the network, whose scores are given, and the n-gram."""
        nats = mixed(-np.array(scores.log_probabilities), self.ngram.nats(np.array(scores.ids))[-1], self.weight)
        return replace(scores, log_probabilities=(-nats).tolist())
