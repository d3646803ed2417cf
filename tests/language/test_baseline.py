"""A text under a network of known probabilities and the n-gram of its run."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from bigrams import FIRST, NEXT, TRAINING, bigram_network, save_run

from pipeline.base.errors import ArtifactError
from pipeline.language.baseline import Baseline
from pipeline.language.bundle import LanguageBundle
from pipeline.language.scoring import score_text
from pipeline.networks.build import build_language_model
from pipeline.text.ngram import KneserNey
from pipeline.tokens.vocabulary import Vocabulary, learn


@pytest.fixture
def bundle(model) -> LanguageBundle:
    vocabulary = Vocabulary(learn({"a": 2, "b": 1}, 10, "char"))
    return LanguageBundle(bigram_network(FIRST, NEXT), vocabulary, model("rnn"), "char", 1)


@pytest.mark.parametrize("batching", ["stream", "units"])
def test_a_text_is_mixed_with_the_best_order_by_the_weight_of_the_validation_text(bundle, tmp_path, batching):
    baseline = Baseline.beside(save_run(bundle, tmp_path / "out", batching), bundle)
    assert (baseline.name, baseline.weight) == ("2-gram", pytest.approx(1 / 4))
    mixed = baseline.mix(score_text(bundle, "ab"))
    ngram = KneserNey.fit(TRAINING, 4, 2, batching)
    counts = [ngram.probabilities([0])[2], ngram.probabilities([0, 2])[3], ngram.probabilities([2, 3])[0]]
    expected = 3 / 4 * np.array([FIRST[2], NEXT[2, 3], NEXT[3, 0]]) + 1 / 4 * np.array(counts)
    assert np.exp(mixed.log_probabilities) == pytest.approx(expected, rel=1e-6)
    assert mixed.score.nats == pytest.approx(-np.log(expected).sum())


def test_the_mixtures_probabilities_of_the_next_token_sum_to_one(bundle, tmp_path):
    """Those of a text without its end add up over its last token."""
    baseline = Baseline.beside(save_run(bundle, tmp_path / "out"), bundle)
    lasts = [baseline.mix(score_text(bundle, f"b{last}")).log_probabilities[1] for last in ("a", "b", "?")]
    assert np.exp([*lasts, baseline.mix(score_text(bundle, "b")).log_probabilities[1]]).sum() == pytest.approx(1)


def test_the_folder_may_be_named_from_within(bundle, tmp_path, monkeypatch):
    monkeypatch.chdir(save_run(bundle, tmp_path / "out"))
    assert Baseline.beside(Path("."), bundle).name == "2-gram"


@pytest.mark.parametrize("part", ["train/char-bigram-1/nats", "baseline", "vocabulary"])
def test_what_is_not_at_hand_is_named(bundle, tmp_path, part):
    folder = save_run(bundle, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / part)
    with pytest.raises(ArtifactError, match=rf"out/{part}/.*: the file is needed, .*\(got no such file\)"):
        Baseline.beside(folder, bundle)


def test_the_ngram_of_another_vocabulary_or_text_is_refused(bundle, model, tmp_path):
    folder = save_run(bundle, tmp_path / "out")
    other = Vocabulary(learn({"a": 2, "c": 1}, 10, "char"))
    network = build_language_model(model("rnn"), 4, seed=1)
    with pytest.raises(ArtifactError, match=r"baseline/char: of the text and the vocabulary .*\(got another\)"):
        Baseline.beside(folder, LanguageBundle(network, other, model("rnn"), "char", 1))
    np.save(tmp_path / "out/baseline/char/nats/validation.npy", np.zeros(3, np.float32))
    with pytest.raises(ArtifactError, match=r"\(got another\); bring both up to date with `dvc repro`"):
        Baseline.beside(folder, bundle)
