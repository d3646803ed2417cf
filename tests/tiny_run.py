"""Stages on a small text, one after the other in one process: `python tests/tiny_run.py`, in a project's folder."""

import shutil
from pathlib import Path

from reliability.project import ROOT, change_params, small, write_text
from stages.baseline import baseline
from stages.corpus import corpus
from stages.gradients import gradients
from stages.sampling import sampling
from stages.tokenization import tokenization
from stages.train import train
from stages.vocabulary import vocabulary

TRAINED = "--bundle out/train --ids out/vocabulary/word --level word --model lstm --seed 1"
TEXT_STAGES = (
    (corpus, "--out out/corpus"),
    (tokenization, "--level word --corpus out/corpus --out out/tokenization/word"),
    (tokenization, "--level bpe --corpus out/corpus --out out/tokenization/bpe"),
    (vocabulary, "--level word --tokens out/tokenization/word --out out/vocabulary/word"),
    (vocabulary, "--level bpe --tokens out/tokenization/bpe --out out/vocabulary/bpe"),
    (baseline, "--level word --ids out/vocabulary/word --corpus out/corpus --out out/baseline/word"),
)
MODEL_STAGES = (
    (train, "--level word --model lstm --seed 1 --ids out/vocabulary/word --out out/train"),
    (gradients, f"{TRAINED} --out out/gradients"),
    (sampling, f"{TRAINED} --out out/sampling"),
)


def lay(folder: Path) -> None:
    """The small project's text and params, and no code."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "params.yaml", folder)
    change_params(folder, small)
    write_text(folder)


def run_stages() -> None:
    """Run them in the working directory."""
    for stage, flags in (*TEXT_STAGES, *MODEL_STAGES):
        assert stage.run(flags.split()) == 0, f"{stage.name} {flags}"


if __name__ == "__main__":
    run_stages()
