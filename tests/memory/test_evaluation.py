"""The answers against a slow loop, and against predictors whose answers are known."""

import math
from random import Random

import numpy as np
import pytest
import torch
from sizes import V
from torch import Tensor, nn

from pipeline.memory.agreement.data import IDS, PLURALS, Agreement
from pipeline.memory.evaluation import Answer, answers, bits_per_string, by, longest_good, measured
from pipeline.memory.figures import accuracy_figure
from pipeline.memory.reber.data import Reber
from pipeline.memory.strings import String, joined
from pipeline.networks.build import build_language_model
from pipeline.networks.evaluation import evaluation_windows, nats_of
from pipeline.networks.language_model import LanguageModel
from pipeline.networks.stack import State
from pipeline.tokens.windows import shifted

TASK = Agreement([0, 1, 3, 6], [13], max_attractors=2)


class Oracle(LanguageModel):
    """Reads the subject, which stands second, and knows the verb; or forgets it, and finds all tokens as likely."""

    def __init__(self, remembers: bool, sure: float = 40.0) -> None:
        nn.Module.__init__(self)
        self.begin_id = TASK.vocabulary_size
        self.weight = nn.Parameter(torch.tensor(sure))
        self.remembers = remembers

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, tuple[Tensor]]:
        logits = torch.zeros(*inputs.shape, TASK.vocabulary_size)
        plurals = torch.tensor([IDS[word] for word in PLURALS])
        plural = torch.isin(inputs[:, 2], plurals).long()
        if self.remembers:
            verbs = torch.tensor(TASK.choices)[plural]
            logits[torch.arange(len(inputs)), :, verbs] = self.weight.detach()
        return logits, (torch.zeros(1, len(inputs), 1),)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_answers_are_those_of_a_loop_over_single_strings(model, bidirectional):
    network = build_language_model(model("lstm", num_layers=2, bidirectional=bidirectional), V, seed=1)
    strings = [
        String([3, 5, 6, 5, 7, 0], [3], 2),
        String([3, 5, 0], [1], 0),
        String([4, 6, 4, 4, 6, 6, 5, 0], [1, 5], 9, attractors=1),
    ]
    choices = (5, 6)
    given = answers(network.train(), strings, choices)
    expected = []
    for string in strings:
        ids = torch.tensor([string.ids])
        inputs = torch.from_numpy(shifted(ids[0].numpy(), V))[None]
        with torch.no_grad():
            logits, _ = network.eval().window_logits(inputs, ids)
        for place in string.places:
            p = logits[0, place].softmax(-1)
            true, false = p[string.ids[place]], p[11 - string.ids[place]]
            expected.append((string.distance, bool(true > false), float(-(true / (true + false)).log2())))
    assert [(a.distance, a.right) for a in given] == [e[:2] for e in expected]
    assert [a.cost for a in given] == pytest.approx([e[2] for e in expected], rel=1e-4)
    assert [a.attractors for a in given] == [None, None, 1, 1]


def test_one_who_remembers_is_always_right_at_0_bits():
    given = answers(Oracle(True), TASK.questions(Random(1), 60), TASK.choices)
    row = measured(given, "bits")
    assert (row["n"], row["accuracy"]) == (300, 1.0)
    assert row["bits"] < 1e-6


def test_one_without_memory_pays_exactly_1_bit_and_is_right_by_chance():
    row = measured(answers(Oracle(False), TASK.questions(Random(1), 200), TASK.choices), "bits")
    assert row["bits"] == pytest.approx(1, abs=1e-6)
    assert row["interval"][0] < 0.5 < row["interval"][1]


def test_a_place_that_is_off_by_one_is_no_question():
    string = TASK.sentence(Random(1), 3)
    for wrong in (-1, 1):
        with pytest.raises(ValueError, match="not in"):
            answers(Oracle(True), [String(string.ids, [string.places[0] + wrong], 3)], TASK.choices)


def test_bits_per_string_are_those_of_the_whole_text(model):
    network = build_language_model(model("gru"), Reber.vocabulary_size, seed=1)
    assert isinstance(network, LanguageModel)
    strings = Reber().questions(Random(1), 5)
    nats = sum(nats_of(network, evaluation_windows(joined([s]), network.begin_id, "units", 1))[0] for s in strings)
    assert bits_per_string(network, strings) == pytest.approx(nats / math.log(2) / 5, rel=1e-5)


ANSWERS = [Answer(4, True, 1.0, 0), Answer(1, True, 2.0), Answer(4, False, 6.0, 2), Answer(1, True, 0.0, 2)]


def test_groups_rise_and_hold_their_own_answers():
    near, far = by("distance", ANSWERS, "bits")
    assert (near["distance"], near["n"], near["accuracy"], near["bits"]) == (1, 2, 1.0, 1.0)
    assert (far["distance"], far["n"], far["accuracy"], far["bits"]) == (4, 2, 0.5, 3.5)
    assert far["interval"] == pytest.approx((0.0945, 0.9055), abs=1e-4)  # Wilson's formula by hand
    assert [(row["attractors"], row["n"]) for row in by("attractors", ANSWERS, "bits")] == [(0, 1), (2, 2)]


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [([1.0, 0.95, 1.0], 30), ([1.0, 0.94, 1.0], 10), ([0.9, 1.0, 1.0], None)],
)
def test_a_distance_counts_while_no_nearer_one_fails(accuracies, expected):
    rows = [{"distance": d, "accuracy": a} for d, a in zip([10, 20, 30], accuracies, strict=True)]
    assert longest_good(rows) == expected


def test_the_figure_draws_every_distance_and_its_interval():
    rows = by("distance", ANSWERS, "bits")
    (axes,) = accuracy_figure(rows, "a title").axes
    assert np.asarray(axes.lines[1].get_xydata()).tolist() == [[1, 1.0], [4, 0.5]]
    band = axes.collections[0].get_paths()[0].get_extents()
    assert (band.x0, band.x1, band.y0) == pytest.approx((1, 4, rows[1]["interval"][0]))
    assert axes.get_title(loc="left") == "a title"
