"""The answers against a slow loop, and against predictors whose answers are known."""

import math
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from sizes import V
from torch import Tensor, nn

from pipeline.examples.sets import Examples
from pipeline.networks.build import build_language_model
from pipeline.networks.language_model import LanguageModel
from pipeline.networks.stack import State
from pipeline.params import load_params
from pipeline.tasks.agreement.data import SOURCE
from pipeline.tasks.agreement.data.sentences import IDS, PLURALS, WORDS, Agreement
from pipeline.tasks.recall import measured
from pipeline.tasks.recall_task import answers, bits_per_string, completed
from pipeline.tasks.string_source import examples_of, split_of
from pipeline.tasks.strings import FIRST, String
from pipeline.tokens.windows import shifted

ROOT = Path(__file__).parents[2]
TASK = Agreement([0, 1, 3, 6], [13], max_attractors=2)
NAMES = ["", "<unk>", *WORDS]
LETTERS = list("01abcdefghi")
STRINGS = [
    String([3, 5, 6, 5, 7, 0], [3], 2),
    String([3, 5, 0], [1], 0),
    String([4, 6, 4, 4, 6, 6, 5, 0], [1, 5], 9, attractors=1),
]


class Oracle(LanguageModel):
    """Reads the subject, the second word, and knows the verb; or forgets it, and finds all tokens as likely."""

    def __init__(self, remembers: bool, sure: float = 40.0) -> None:
        nn.Module.__init__(self)
        self.begin_id = FIRST + len(WORDS)
        self.weight = nn.Parameter(torch.tensor(sure))
        self.remembers = remembers

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, tuple[Tensor]]:
        logits = torch.zeros(*inputs.shape, self.begin_id)
        plurals = torch.tensor([IDS[word] for word in PLURALS])
        plural = torch.isin(inputs[:, 2], plurals).long()
        if self.remembers:
            verbs = torch.tensor(TASK.choices)[plural]
            logits[torch.arange(len(inputs)), :, verbs] = self.weight.detach()
        return logits, (torch.zeros(1, len(inputs), 1),)


def questions(number: int):
    return split_of(TASK.questions(Random(1), number), NAMES)


def test_examples_are_shifted_strings_that_a_person_can_read(tmp_path):
    examples = examples_of(TASK, budget_tokens=300, test_sequences=2)
    examples.save(tmp_path)
    again = Examples.load(tmp_path)
    for name, split in again.splits.items():
        for i in range(len(split)):
            ids, words = split.targets[i], split.notes["text"][i].split()
            assert [again.classes[j] for j in ids[:-1]] == words
            assert ids[-1] == 0
            assert split.inputs[i].tolist() == [len(again.classes), *ids[:-1].tolist()]
            (place,) = split.notes["places"][i]
            assert words[place] in ("was", "were")
            assert place - 2 == split.notes["distance"][i]
            assert split.notes["text"][i] == examples.splits[name].notes["text"][i]
    assert again.splits["test"].notes["attractors"] == examples.splits["test"].notes["attractors"]
    assert [split.notes["distance"] for split in again.splits.values()][1:] == [[0, 0, 1, 1, 3, 3, 6, 6, 13, 13]] * 2
    assert sum(again.splits["train"].lengths) >= 300
    texts = [text for split in again.splits.values() for text in split.notes["text"] if len(text.split()) > 6]
    assert len(set(texts)) == len(texts), "splits are drawn from generators of their own"


@pytest.mark.parametrize("bidirectional", [False, True])
def test_answers_are_those_of_a_loop_over_single_strings(model, bidirectional):
    network = build_language_model(model("lstm", num_layers=2, bidirectional=bidirectional), V, seed=1)
    choices = (5, 6)
    given = answers(network.train(), split_of(STRINGS, LETTERS), choices)
    expected = []
    for string in STRINGS:
        ids = torch.tensor([string.ids])
        inputs = torch.from_numpy(shifted(ids[0].numpy(), V))[None]
        with torch.no_grad():
            logits, _ = network.eval().window_logits(inputs, ids)
        for place in string.places:
            p = logits[0, place].softmax(-1)
            true, false = p[string.ids[place]], p[11 - string.ids[place]]
            expected.append((bool(true > false), float(-(true / (true + false)).log2())))
    assert [right for a in given for right in a.right] == [right for right, _ in expected]
    assert [cost for a in given for cost in a.costs] == pytest.approx([cost for _, cost in expected], rel=1e-4)
    assert [len(a.costs) for a in given] == [1, 1, 2]


def test_one_who_remembers_is_always_right_at_0_bits():
    scores = measured(answers(Oracle(True), questions(60), TASK.choices), "bits")
    assert scores["accuracy"].value == 1.0
    assert scores["bits"].high < 1e-6


def test_one_without_memory_pays_exactly_1_bit_and_is_right_by_chance():
    scores = measured(answers(Oracle(False), questions(200), TASK.choices), "bits")
    assert scores["bits"].value == pytest.approx(1, abs=1e-6)
    assert scores["accuracy"].low < 0.5 < scores["accuracy"].high


def test_a_place_that_is_off_by_one_is_no_question():
    string = TASK.sentence(Random(1), 3)
    for wrong in (-1, 1):
        moved = String(string.ids, [string.places[0] + wrong], 3)
        with pytest.raises(ValueError, match="not in"):
            answers(Oracle(True), split_of([moved], NAMES), TASK.choices)


def test_bits_per_string_are_those_of_single_strings(model):
    network = build_language_model(model("gru"), V, seed=1)
    bits = []
    for string in STRINGS:
        ids = torch.tensor(string.ids)
        logits, _ = network.window_logits(torch.from_numpy(shifted(ids.numpy(), V))[None], ids[None])
        bits.append(-float(logits[0].detach().log_softmax(-1)[range(len(ids)), ids].sum()) / math.log(2))
    assert bits_per_string(network, split_of(STRINGS, LETTERS)) == pytest.approx(np.mean(bits), rel=1e-5)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_string_is_completed_with_the_likeliest_symbols_so_far(model, bidirectional):
    """Against a loop that fills each place in turn."""
    network = build_language_model(model("gru", bidirectional=bidirectional), V, seed=3)
    string, choices = String([4, 5, 7, 5, 5, 5, 0], [3, 4, 5], 1), (5, 6, 8)
    ids, expected = list(string.ids), []
    for place in string.places:
        tensor = torch.tensor([ids])
        logits, _ = network.window_logits(torch.tensor([[V, *ids[:-1]]]), tensor)
        p = logits[0, place, list(choices)].exp()
        expected += (p / p.sum()).tolist()
        ids[place] = max(choices, key=lambda c: float(logits[0, place, c].detach()))
    assert completed(network, string, choices).flatten().tolist() == pytest.approx(expected, rel=1e-4)


def test_the_figure_counts_the_examples_of_each_distance():
    params = load_params(ROOT / "params.yaml").tasks.agreement
    train, test = SOURCE.figure(params, examples_of(TASK, 300, 3)).axes
    assert [patch.get_height() for patch in test.patches] == [3] * 5  # type: ignore[attr-defined]
    assert len(train.patches) == 4
