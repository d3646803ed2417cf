"""`unroll sample` with the network of a task: which options mean something to which network."""

from collections import Counter
from pathlib import Path

import pytest

from pipeline.networks.build import build_language_model
from pipeline.networks.bundle import Bundle
from pipeline.params import PARAMS_FILE, load_params
from pipeline.tasks import source
from pipeline.tasks.bundle import TaskBundle
from pipeline.tokens.vocabulary import Vocabulary, learn

ROOT = Path(__file__).parents[2]
TOKENS = ["K:D", "M:6/8", "62:1/2", "66:1/2", "r:1", "|"]


def saved(bundle: TaskBundle, folder: Path) -> str:
    folder.mkdir()
    bundle.save(folder)
    return str(folder)


@pytest.fixture
def music(model, tmp_path) -> str:
    """A network that has learned nothing of jigs and reels."""
    params, kinds = load_params(ROOT / PARAMS_FILE).tasks.music, ["jig", "reel"]
    vocabulary, section = Vocabulary(learn(Counter(TOKENS), 100, "spaces")), model("gru")
    sizes = {"vocabulary_size": vocabulary.size, "num_conditions": 2}
    owner = TaskBundle.owner("music", params, kinds)
    bundle = Bundle(build_language_model(section, seed=1, **sizes), "language_model", sizes, section, 1, owner)
    return saved(TaskBundle(bundle, "music", params, kinds, vocabulary), tmp_path / "music-gru-1")


@pytest.fixture
def agreement(model, tmp_path) -> str:
    params, section = load_params(ROOT / PARAMS_FILE).tasks.agreement, model("gru")
    few = params.model_copy(update={"budget_tokens": 100, "test_sequences": 2})
    classes = source.load("agreement").read(few).classes
    sizes, owner = {"vocabulary_size": len(classes)}, TaskBundle.owner("agreement", params, classes)
    bundle = Bundle(build_language_model(section, seed=1, **sizes), "language_model", sizes, section, 1, owner)
    return saved(TaskBundle(bundle, "agreement", params, classes, None), tmp_path / "agreement-gru-1")


def test_a_tune_is_shown_or_written(unroll, music):
    asked = ["sample", music, "--condition", "jig", "--num-samples", "2", "--max-tokens", "30"]
    code, shown, _ = unroll(*asked)
    assert code == 0
    assert shown.count("X:1\n") == shown.count("R:jig\n") == 2
    code, said, _ = unroll(*asked, "--out", "tune.wav")
    assert code == 0
    assert [line for line in said.splitlines() if line.startswith("written")] == [
        "written: tune-1.wav", "written: tune-2.wav",
    ]  # fmt: skip
    assert Path("tune-1.wav").read_bytes().startswith(b"RIFF")
    assert [line for line in said.splitlines() if line.startswith("---")] == [
        line for line in shown.splitlines() if line.startswith("---")
    ]


def test_a_primer_is_gone_on_from(unroll, music):
    Path("first.abc").write_text("X:1\nM:6/8\nL:1/8\nK:D\nDFD FDF|D\n")
    code, shown, _ = unroll("sample", music, "--primer", "first.abc", "--num-samples", "1", "--max-tokens", "5")
    assert code == 0
    assert "K:D\nD F D F D F | D" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["MUSIC", "--prompt", "x"],
            "unroll sample --prompt: an option of language models (got the network of a task); ",
        ),
        (
            ["TEXT", "--condition", "jig"],
            "unroll sample --condition: an option of tasks that write sequences (got the ",
        ),
        (["TEXT", "--primer", "x.abc"], "unroll sample --primer: an option of tasks that write sequences (got the net"),
        (
            ["TEXT", "--out", "x.mid"],
            "unroll sample --out: an option of tasks that write sequences (got the network of ",
        ),
        (["MUSIC", "--condition", "polka"], "unroll sample --condition: one of jig, reel (got 'polka'); choose one"),
        (["AGREEMENT"], "agreement-gru-1: the network of a task that writes sequences (got agreement); choose another"),
    ],
)
def test_an_option_that_does_not_fit_is_one_sentence(unroll, music, agreement, bigram, words, said):
    folders = {"MUSIC": music, "TEXT": bigram, "AGREEMENT": agreement}
    code, shown, error = unroll("sample", *(folders.get(word, word) for word in words))
    assert (code, shown, error.count("\n")) == (2, "", 1)
    assert error.rpartition("/")[2].startswith(said) or error.startswith(said)
