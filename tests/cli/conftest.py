"""The command as a shell would call it, and trained models for it."""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from bigrams import bigram_bundle, save_run
from sizes import V

from pipeline import cli
from pipeline.language.bundle import LanguageBundle
from pipeline.networks.build import build_language_model
from pipeline.tokens.vocabulary import Vocabulary, learn


@pytest.fixture
def unroll(monkeypatch, capfd, tmp_path) -> Callable[..., tuple[int, str, str]]:
    """A caller of the command in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["unroll", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), *capfd.readouterr()

    return call


@pytest.fixture
def bundle(project, model) -> Path:
    """A saved bundle in the project's folder."""
    project({})
    section = model("gru")
    words = Vocabulary(learn(Counter("the cat sat."), 11, "char"))
    Path("bundle").mkdir()
    LanguageBundle(build_language_model(section, words.size, seed=1), words, section, "char", 1).save(Path("bundle"))
    return Path("bundle")


@pytest.fixture
def bigram(model, tmp_path) -> str:
    """A saved bundle of known probabilities: the state is the last one-hot input, the readout a table of bigrams."""
    bundle = bigram_bundle(model("rnn", nonlinearity="relu", hidden_size=4, embedding_size=None))
    return saved(bundle, tmp_path / "bigram")


@pytest.fixture
def bigram_of_a_run(model, tmp_path) -> str:
    """The same, with the n-gram of its run beside it."""
    bundle = bigram_bundle(model("rnn", nonlinearity="relu", hidden_size=4, embedding_size=None))
    return str(save_run(bundle, tmp_path / "out"))


@pytest.fixture
def cloze(model, tmp_path) -> str:
    section = model("gru", bidirectional=True)
    vocabulary = Vocabulary(learn(Counter("the cat sat."), V, "char"))
    return saved(
        LanguageBundle(build_language_model(section, vocabulary.size, seed=1), vocabulary, section, "char", 1),
        tmp_path / "cloze",
    )


def saved(bundle: LanguageBundle, folder: Path) -> str:
    folder.mkdir()
    bundle.save(folder)
    return str(folder)
