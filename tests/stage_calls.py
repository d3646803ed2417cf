"""Stages as dvc.yaml calls them, in the order in which they run."""

from stages.baseline import baseline
from stages.corpus import corpus
from stages.sampling import sampling
from stages.tokenization import tokenization
from stages.train import train
from stages.vocabulary import vocabulary

STAGES = (corpus, tokenization, vocabulary, baseline, train, sampling)


def flags(name: str, level: str, model: str) -> list[str]:
    """What dvc.yaml calls the stage with."""
    run = ["--level", level, "--model", model, "--seed", "1"]
    return {
        "corpus": ["--out", "out/corpus"],
        "tokenization": ["--level", level, "--corpus", "out/corpus", "--out", "out/tokenization"],
        "vocabulary": ["--level", level, "--tokens", "out/tokenization", "--out", "out/vocabulary"],
        "baseline": ["--level", level, "--ids", "out/vocabulary", "--corpus", "out/corpus", "--out", "out/baseline"],
        "train": [*run, "--ids", "out/vocabulary", "--out", "out/train"],
        "sampling": [*run, "--bundle", "out/train", "--ids", "out/vocabulary", "--out", "out/sampling"],
    }[name]
