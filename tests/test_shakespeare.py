import itertools
import math
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks import shakespeare as benchmark
from benchmarks import word_language_model as example
from benchmarks.page import Section, Target, page, replaced
from benchmarks.shakespeare import Ours, main, of_one_lstm, section_of, shakespeare, write_splits
from benchmarks.word_language_model import Trained, Training, WordLanguageModel, columns, mean_nats, windows
from pipeline.params import Params, read_yaml
from pipeline.text.ngram import KneserNey

ROOT = Path(__file__).parents[1]
V = 7


@pytest.fixture
def network() -> WordLanguageModel:
    torch.manual_seed(1)
    return WordLanguageModel(V)


@pytest.fixture
def text(rng: np.random.Generator) -> torch.Tensor:
    return torch.from_numpy(rng.integers(V, size=301))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_no_target_is_of_another_column(monkeypatch: pytest.MonkeyPatch):
    """Of 0..10 in two columns 10 is left over, and 5, the first of the second column, is nobody's target."""
    monkeypatch.setattr(example, "BPTT_STEPS", 3)
    pairs = [(inputs.T.tolist(), targets.T.tolist()) for inputs, targets in windows(columns(torch.arange(11), 2))]
    assert pairs == [([[0, 1, 2], [5, 6, 7]], [[1, 2, 3], [6, 7, 8]]), ([[3], [8]], [[4], [9]])]


def test_a_column_pays_what_it_pays_alone(network: WordLanguageModel, text: torch.Tensor):
    """The state of one column, carried from window to window, reaches no other."""
    both = columns(text, 2)
    alone = [mean_nats(network, column[:, None]) for column in both.T]
    assert mean_nats(network, both) == pytest.approx(sum(alone) / 2, rel=1e-6)
    assert len(list(windows(both))) > 1
    assert alone[0] != pytest.approx(alone[1], rel=1e-6)


def test_windows_change_no_score(network: WordLanguageModel, text: torch.Tensor):
    logits, _ = network.eval()(text[:-1, None], None)
    whole = float(F.cross_entropy(logits.flatten(0, 1), text[1:]).detach())
    assert mean_nats(network, text[:, None]) == pytest.approx(whole, rel=1e-6)


def test_a_step_is_plain_gradient_descent_on_a_clipped_gradient(network: WordLanguageModel, text: torch.Tensor):
    with torch.no_grad():
        network.readout.weight *= 50
    one = columns(text[:40], 2)
    by_hand, training = deepcopy(network), Training(network, one, one)
    ((inputs, targets),) = windows(one)
    torch.manual_seed(3)
    logits, _ = by_hand(inputs, None)
    nats = -logits.log_softmax(-1).gather(-1, targets[..., None]).mean()
    gradients = torch.autograd.grad(nats, list(by_hand.parameters()))
    norm = math.sqrt(sum(float(gradient.square().sum()) for gradient in gradients))
    assert norm > 1
    torch.manual_seed(3)
    training.step(inputs, targets, None)
    for gradient, before, after in zip(gradients, by_hand.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(after, before - 20 * 0.25 / norm * gradient, rtol=1e-4, atol=1e-6)


def test_the_reference_learns(network: WordLanguageModel):
    text = columns(torch.arange(600) % V, 2)
    training, before = Training(network, text, text), mean_nats(network, text)
    for _ in range(4):
        training.epoch()
    assert before == pytest.approx(math.log(V), abs=0.1)
    assert mean_nats(network, text) < 0.1
    assert training.epochs == 4


def test_the_best_weights_are_kept_and_the_rate_falls_without_a_better_validation(
    network: WordLanguageModel, text: torch.Tensor, monkeypatch: pytest.MonkeyPatch
):
    """The clock ticks before each epoch and after each step: four epochs of two windows each, and half of one."""
    training, clock = Training(network, columns(text, 2)[:50], text[:, None]), itertools.count()
    validations, seen = iter([3.0, 2.0, 2.5, 2.1, 2.2]), []
    monkeypatch.setattr(example.time, "process_time", lambda: next(clock))

    def known(model: nn.Module, _: torch.Tensor) -> float:
        seen.append(deepcopy(model.state_dict()))
        return next(validations)

    monkeypatch.setattr(example, "mean_nats", known)
    assert training.run(seconds=13) == 2.0
    assert (len(seen), training.epochs) == (5, 4.5)
    assert training.optimizer.param_groups[0]["lr"] == 20 / 4**3
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, seen[1][name], rtol=0, atol=0)


def test_the_last_tenth_is_for_the_test_and_nothing_is_read_twice(tmp_path: Path):
    (tmp_path / "text.txt").write_text("".join(f"{number:02}" for number in range(50)))
    assert write_splits(tmp_path / "text.txt", tmp_path / "splits") == 100
    parts = {path.stem: path.read_text() for path in (tmp_path / "splits").iterdir()}
    assert parts == {
        "validation": "00",
        "train": "".join(f"{number:02}" for number in range(1, 45)),
        "test": "4546474849",
    }


OURS = Ours(validation=1.5, test=1.51, ngram=1.53, tokens_seen=1760, cpu_seconds=70.4)
THEIRS = Trained(epochs=1.5, validation=1.7, test=1.75)


def test_the_section_compares_all_of_them():
    section = section_of(OURS, THEIRS, ngram=1.52, characters=1000)
    assert section.rows == [
        ["7-gram of the training split", "-", "-", "-", "1.5300"],
        ["7-gram of the first 90 %", "-", "-", "-", "1.5200"],
        ["lstm", "70", "2.00", "1.5000", "1.5100"],
        ["PyTorch's example", "70", "1.50", "1.7000", "1.7500"],
    ]
    assert [(target.measured, target.verdict) for target in section.targets] == [
        (pytest.approx(0.01), "held"),
        (pytest.approx(0.24), "held"),
    ]
    assert "python -m benchmarks.shakespeare TEXT" in section.method
    assert "1,000 characters as one document" in section.method
    behind = section_of(replace(OURS, test=1.56), THEIRS, ngram=1.52, characters=1000)
    assert [target.verdict for target in behind.targets] == ["missed", "missed"]


def test_a_section_measured_apart_is_replaced_and_nothing_else():
    others = [
        Section(name, "How.", ["cell", "ms"], [["gru", "1"]], [Target(f"cost of {name}", "ms", 2, 1)]) for name in "AB"
    ]
    before = page(others, threads=1)
    sections = [section_of(OURS, Trained(1.5, 1.7, test), 1.52, 1000) for test in (1.75, 1.85)]
    once = replaced(before, sections[0])
    assert once == page([*others, sections[0]], threads=1)
    assert replaced(once, sections[1]) == page([*others, sections[1]], threads=1)


def test_a_text_that_is_absent_is_skipped_aloud(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    main(tmp_path / "absent.txt")
    assert f"skipped: {tmp_path}/absent.txt is absent" in capsys.readouterr().out


def test_the_values_are_valid():
    params = read_yaml(ROOT / "params.yaml")
    of_one_lstm(params)
    assert Params.model_validate(params).corpus.unit == "document"


@pytest.mark.slow
def test_all_read_the_same_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator):
    """Letters drawn at random: the test split is the last 10 % of them, and no model pays less than their entropy."""
    text = "".join(rng.choice(list("abc de\n"), size=20_000))
    (tmp_path / "text.txt").write_text(text)
    monkeypatch.setattr(benchmark, "BUDGET", 4000)
    monkeypatch.setitem(benchmark.RUNTIME, "precision", "float32")  # any processor has it
    section = shakespeare(tmp_path / "text.txt")
    symbols = sorted(set(text))
    ids = np.array([symbols.index(character) + 2 for character in text] + [0])
    first, last = ids[:18_000], ids[18_000:]
    assert "20,000 characters" in section.method
    expected = KneserNey.fit(np.append(first, 0), len(symbols) + 2, 7, "stream").nats(last)[-1].mean()
    assert float(section.rows[1][-1]) == pytest.approx(expected, abs=1e-4)
    assert all(float(row[-1]) > math.log(7) - 0.02 for row in section.rows), "nobody sees what is to be predicted"
