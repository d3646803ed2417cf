"""The task's answers: decoding against brute force, baselines, what is looked at, and predictions for a user's text."""

import itertools
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sizes import E, H
from torch import Tensor

from pipeline.base.errors import ParamsError
from pipeline.base.params import check
from pipeline.examples.sets import Examples
from pipeline.networks.build import BUILDERS
from pipeline.networks.bundle import Bundle
from pipeline.networks.tagger import CrfTagger
from pipeline.report.parts import MarkedText
from pipeline.report.task_results import TaskModelResults, TaskResults
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.entities.data import BASELINES, SOURCE
from pipeline.tasks.entities.data.baselines import gazetteer, linear_crf, most_frequent_tag
from pipeline.tasks.entities.data.encoding import spans_of_split
from pipeline.tasks.entities.data.spans import classes_of, spans_of, tags_named
from pipeline.tasks.entities.data.study import tables
from pipeline.tasks.entities.params import PARAMS
from pipeline.tasks.entities.report import REPORT
from pipeline.tasks.entities.task import TASK, Answer, EntityCost, answers_of

from .entity_params import GIVEN, SMALL, small, write

CLASSES = classes_of("ab")
TRAIN = """
see/O New/B-place York/I-place now/O
New/B-place things/O
Ann/B-person saw/O York/B-place
Ann/O
Ann/B-person Lee/I-person
"""
DEV = "in/O New/B-place York/I-place"
TEST = """
old/O York/B-place saw/O Bob/B-person
New/B-place York/I-place
it/O rained/O
"""


@pytest.fixture(params=[{}, {"crf": True, "character_size": 5}], ids=["plain", "crf and characters"])
def params(request, tmp_path):
    path = write(tmp_path / "ner", train=TRAIN, dev=DEV, test=TEST)
    return small(path=str(path), split=GIVEN, **request.param)


@pytest.fixture
def examples(params, tmp_path) -> Examples:
    """Read, written and read again, as the stages do."""
    folder = tmp_path / "examples"
    folder.mkdir()
    SOURCE.read(params).save(folder)
    return Examples.load(folder)


@pytest.fixture
def bundle(params, examples, model, tmp_path) -> TaskBundle:
    """Of a network with random scores of transitions, where it has any, saved and loaded."""
    section = model("lstm", hidden_size=H, embedding_size=E, bidirectional=True)
    sizes = TASK.sizes(params, examples)
    network = BUILDERS[TASK.kind](section, seed=1, **sizes)
    assert isinstance(network, CrfTagger)
    if params.crf:
        for scores in network.chain:
            torch.nn.init.normal_(scores, generator=torch.Generator().manual_seed(1))
    owner = TaskBundle.owner("entities", params, examples.classes)
    folder = tmp_path / "bundle"
    folder.mkdir()
    trained = Bundle(network, TASK.kind, sizes, section, 1, owner)
    TaskBundle(trained, "entities", params, examples.classes, examples.vocabulary, examples.characters).save(folder)
    return TaskBundle.load(folder)


def is_valid(tags: list[str]) -> bool:
    """Each I goes on with an entity of its type."""
    return all(tag[0] != "I" or before[1:] == tag[1:] for before, tag in zip(["O", *tags], tags, strict=False))


def path_scores(logits: Tensor, network: CrfTagger) -> dict[tuple[int, ...], float]:
    """The score of each valid sequence of classes of a sentence, one by one."""
    start, between, end = network.chain
    found = {}
    for path in itertools.product(range(len(CLASSES)), repeat=len(logits)):
        if is_valid([CLASSES[c] for c in path]):
            score = start[path[0]] + end[path[-1]] + sum(logits[t, c] for t, c in enumerate(path))
            found[path] = float(score + sum(between[a, b] for a, b in itertools.pairwise(path)))
    return found


def test_the_answer_is_the_best_valid_sequence_with_exact_probabilities(params, examples, bundle, generator):
    """By a list of all of them, for sentences of four and two words in one batch."""
    network = bundle.trained.network
    assert isinstance(network, CrfTagger)
    for _ in range(5):
        logits = 3 * torch.randn(2, 4, len(CLASSES), generator=generator, dtype=torch.float64)
        for row, answer in zip(logits, answers_of(logits, torch.tensor([4, 2]), network), strict=True):
            with torch.no_grad():
                scores = path_scores(row[: len(answer.classes)], network)
            assert tuple(answer.classes) == max(scores, key=lambda path: scores[path])
            spans = spans_of(tags_named(CLASSES, answer.classes))
            weights = {path: math.exp(score) for path, score in scores.items()}
            for span, probability in zip(spans, answer.probabilities, strict=True):
                having = [w for path, w in weights.items() if span in spans_of([CLASSES[c] for c in path])]
                assert probability == pytest.approx(sum(having) / sum(weights.values()))


def test_there_are_so_many_valid_sequences():
    """With o of them ending in O and e in an entity of two types, one word later: o + e and 2 o + 3 e."""
    network_of_zeros = SimpleNamespace(chain=(torch.zeros(5), torch.zeros(5, 5), torch.zeros(5)))
    assert [len(path_scores(torch.zeros(n, 5), network_of_zeros)) for n in (1, 2, 3)] == [3, 11, 41]  # type: ignore[arg-type]


def test_answers_do_not_depend_on_their_batch(params, examples, bundle):
    split = examples.splits["train"]
    answers = TASK.answer(params, bundle.trained.network, split)
    alone = TASK.answer(params.model_copy(update={"batch_size": 1}), bundle.trained.network, split)
    for answer, other, length in zip(answers, alone, split.lengths, strict=True):
        assert len(answer.classes) == length
        np.testing.assert_array_equal(answer.classes, other.classes)
        assert answer.probabilities == pytest.approx(other.probabilities, rel=1e-4)


def test_without_a_crf_transitions_stay_at_zero(params, examples, bundle):
    """Then the network is a plain tagger, whose loss no transition reaches."""
    network = bundle.trained.network
    batch = next(iter(TASK.objective(params, examples, network, 1).batches(0)))
    loss, _ = TASK.objective(params, examples, network, 1).loss(network, batch, None)
    loss.backward()
    assert [scores.grad is not None for scores in network.chain] == [params.crf] * 3


def test_the_best_weights_are_those_of_the_highest_f1(params, examples, bundle):
    """The validation split's score is that of its answers, and a network in training stays so."""
    network = bundle.trained.network.train()
    score = TASK.objective(params, examples, network, 1).validate(network)
    validation = examples.splits["validation"]
    answers = TASK.answer(params, network, validation)
    expected = TASK.measure(params, examples, validation, answers)["f1"].value
    assert score.loss == pytest.approx(1 - expected)
    metrics = score.as_metrics("validation")
    assert metrics["validation/f1"] == pytest.approx(expected)
    assert metrics["validation/nats_per_target"] > 0
    assert network.training
    assert math.isnan(EntityCost(math.inf, 1, "nats_per_target", f1=0.5).loss)  # which ends the training


WORDS = [["Ann", "Lee"], ["Ann"], ["Ann", "met", "Lee"], ["New", "York", "City"]]
TAGS = [["B-p", "I-p"], ["B-p"], ["O", "O", "B-p"], ["B-l", "I-l", "I-l"]]


def test_the_most_frequent_tag_of_a_word():
    tagger = most_frequent_tag(WORDS, TAGS)
    assert tagger(["met", "Ann", "City", "who"]) == ["O", "B-p", "I-l", "O"]


def test_the_gazetteer_takes_the_longest_and_cares_for_capitals():
    tagger = gazetteer(WORDS, TAGS)
    assert tagger(["Ann", "Lee", "Ann", "New", "York", "City", "New", "York", "ann"]) == [
        *["B-p", "I-p", "B-p", "B-l", "I-l", "I-l"],
        *["O", "O", "O"],
    ]
    assert gazetteer([["a"]], [["O"]])(["a", "b"]) == ["O", "O"]


def test_the_linear_crf_learns_what_neighbours_say():
    """A word is a name behind `Mr`, whatever it is; two trainings give the same tagger."""
    names = [f"name{n}" for n in range(20)]
    words = [[title, name, "came"] for name in names for title in ("Mr", "the")]
    tags = [["O", "B-p" if sentence[0] == "Mr" else "O", "O"] for sentence in words]
    tagger, again = linear_crf(words, tags), linear_crf(words, tags)
    for title, expected in (("Mr", "B-p"), ("the", "O")):
        assert tagger([title, "name99", "came"]) == again([title, "name99", "came"]) == ["O", expected, "O"]


def test_baselines_have_the_measures_of_a_network(params, examples):
    answers = [Answer(target, []) for target in examples.splits["test"].targets]
    measures = TASK.measure(params, examples, examples.splits["test"], answers)
    assert {name: measure.value for name, measure in measures.items()} == dict.fromkeys(measures, 1.0)
    baselines = SOURCE.baselines(params, examples)
    assert [baseline.name for baseline in baselines] == list(BASELINES)
    for baseline in baselines:
        assert baseline.scores["test"].keys() == baseline.scores["validation"].keys() == measures.keys()
    assert baselines[1].scores["test"]["f1"].value == pytest.approx(2 * 2 / (2 + 3))  # Bob is in no list


def test_tables_by_type_by_whether_known_and_by_length(examples):
    """Found: old [place York] saw [person Bob's place], as place; New York as it is."""
    wanted = spans_of_split(examples.splits["test"], examples.classes)
    found = [spans_of(["O", "B-place", "O", "B-place"]), spans_of(["B-place", "I-place"]), []]
    assert [len(spans) for spans in wanted] == [2, 1, 0]
    rows = tables(examples, found)
    by_type = {row["type"]: (row["n"], row["precision"], row["recall"]) for row in rows["type"]}
    assert by_type == {"person": (1, 0.0, 0.0), "place": (2, pytest.approx(2 / 3), 1.0)}
    seen = {row["in_training"]: (row["n"], row["precision"], row["recall"]) for row in rows["in_training"]}
    assert seen == {"seen": (2, 1.0, 1.0), "unseen": (1, 0.0, 0.0)}
    assert [(row["length"], row["n"]) for row in rows["length"]] == [("1-8", 3)]


def test_the_study_holds_a_column_an_example_and_shows_right_and_wrong(params, examples, bundle):
    answers = [Answer(target.copy(), [0.5]) for target in examples.splits["test"].targets]
    answers[0].classes[1] = 0  # of two entities one is left
    study = TASK.study(params, examples, bundle.trained.network, answers)
    assert study.predictions["answer"][1] == ["B-place", "I-place"]
    assert study.predictions["probabilities"] == [[0.5]] * 3
    shown = study.details["sentences"]
    assert [(s["words"], s["right"]) for s in shown] == [
        (["New", "York"], True),
        (["old", "York", "saw", "Bob"], False),
    ]


def test_predictions_have_offsets_in_the_text(bundle):
    texts = ["New York,  or Ann?", "", "  ", "Zürich 2024", "x" * 5000]
    answers = list(TASK.predict(bundle, texts, "input"))
    assert [answer.fields["text"] for answer in answers] == texts
    for text, answer in zip(texts, answers, strict=True):
        shown = text
        for entity in reversed(answer.fields["entities"]):
            start, end = entity["start"], entity["end"]
            assert text[start:end] == entity["text"]
            assert 0 < entity["probability"] <= 1
            assert entity["type"] in {"person", "place"}
            shown = f"{shown[:start]}[{entity['type']} {entity['text']}]{shown[end:]}"
        assert answer.shown == shown
    assert answers[1].fields["entities"] == answers[2].fields["entities"] == []


def test_the_report_shows_what_is_right_and_what_is_wrong(params, examples, bundle):
    """Of `old [York] saw [Bob]` the first is found, and `old` wrongly."""
    answers = [Answer(target.copy(), [0.5]) for target in examples.splits["test"].targets]
    names = list(examples.classes)
    answers[0].classes[:] = [names.index(tag) for tag in ("B-place", "B-place", "O", "O")]
    details = TASK.study(params, examples, bundle.trained.network, answers).details
    measures = {"f1": {"value": 0.5, "low": 0.4, "high": 0.6}}
    model = TaskModelResults("lstm", {1: {"validation": measures, "test": measures, "details": details}})
    shown = list(REPORT.blocks(TaskResults("entities", {}, {}, [], [model])))
    texts = [block.text for block in shown if isinstance(block, MarkedText)]
    assert texts == [
        "[place New York]",
        "old [place York] saw [!person Bob]\n[!place old] [place York] saw Bob",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"split": GIVEN}, "split.method: the docstrings bring no splits (got 'given'); set hash, or set path"),
        (
            {"split": {"method": "hash", "validation": 0.5, "test": 0.5, "seed": 1}},
            "split: validation and test leave a share to train (got 1.0); make them smaller",
        ),
        ({"character_size": 0}, "character_size: input should be greater than or equal to 1 (got 0)"),
    ],
)
def test_wrong_params_are_named(changes, sentence):
    with pytest.raises(ParamsError, match=re.escape(sentence)):
        check(PARAMS, SMALL | changes, "params.yaml: tasks.entities")
