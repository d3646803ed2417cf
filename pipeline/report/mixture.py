"""Each network mixed with the best n-gram, token by token: what it knows that counts do not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.base.artifacts import read_nats
from pipeline.base.metrics import Score
from pipeline.text.mixture import best_weight, mixed


def mix(network: Path, ngram: Path, splits: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The weight of the n-gram, chosen on the validation text, and what the mixture scores with it on both.

    Args:
        network: the out of a training.
        ngram: the out of the baseline, which kept what its best order pays.
        splits: their counts in vocabulary.json. Unknown tokens are spelled at the same price, whoever predicts them.

    Raises:
        ArtifactError: where a file is missing or damaged.
    """
    weight = best_weight(read_nats(network, "validation"), read_nats(ngram, "validation"))
    numbers = {"weight": weight}
    for split in ("validation", "test"):
        nats = mixed(read_nats(network, split), read_nats(ngram, split), weight)
        counts = splits[split]
        score = Score(float(nats.sum()), len(nats), counts["characters"], counts["spelling_nats"])
        numbers |= score.as_metrics(split)
    return numbers
