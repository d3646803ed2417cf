"""Tasks that translate: answers, their texts, predictions and given pairs, on a network that has learned nothing."""

from collections.abc import Sequence
from dataclasses import replace
from math import exp
from pathlib import Path

import numpy as np
import pytest
from small_pairs import SIDE, examples, params, save_bundle, untrained

from pipeline.base.errors import PipelineError
from pipeline.sampling.beam import Hypothesis
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import load
from pipeline.tasks.pair_answers import Answer, Sides, answers
from pipeline.tasks.pair_params import PairParams
from pipeline.tasks.pair_task import pair_task
from pipeline.tokens.vocabulary import UNK_TOKEN, Vocabulary

ATTENTION = {"none": "encoder_decoder", "dot": "dot_attention", "additive": "additive_attention"}
every_attention = pytest.mark.parametrize("attention", ATTENTION)


@pytest.fixture
def bundled(model, tmp_path):
    """A maker of saved and loaded bundles."""

    def make(**changes) -> TaskBundle[PairParams]:
        save_bundle(params(**changes), model("gru", bidirectional=True), tmp_path)
        return TaskBundle.load(tmp_path)

    return make


@every_attention
def test_the_params_choose_the_network(attention):
    assert load("translation", params(attention=attention)).kind == ATTENTION[attention]


@every_attention
def test_no_answer_looks_at_a_target(model, attention):
    """Scoring is not teacher forced."""
    of = params(attention=attention)
    found = examples(of)
    network, test = untrained(of, found, model("lstm")), found.splits["test"]
    other = replace(test, targets=[np.zeros(1, np.int64)] * len(test))
    for given, of_other in zip(answers(of, network, test), answers(of, network, other), strict=True):
        assert given.hypotheses == of_other.hypotheses


@every_attention
def test_answers_come_in_the_order_of_the_sources(model, attention):
    """They are searched shortest first, several at a time."""
    of = params(attention=attention)
    found = examples(of)
    network, test = untrained(of, found, model("lstm")), found.splits["test"]
    for i, given in enumerate(answers(of, network, test, n_best=2)):
        one = replace(test, inputs=[test.inputs[i]], targets=[test.targets[i]])
        (alone,) = answers(of, network, one, n_best=2)
        assert [h.ids for h in given.hypotheses] == [h.ids for h in alone.hypotheses]
        for weights, of_alone, hypothesis in zip(given.weights, alone.weights, given.hypotheses, strict=True):
            assert (weights is None) == (attention == "none")
            if weights is not None and of_alone is not None:
                assert weights.shape == (len(hypothesis.ids), len(test.inputs[i]))
                np.testing.assert_allclose(weights, of_alone, atol=1e-5)
                np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)


def given(ids: Sequence[int], weights: Sequence[Sequence[float]] | None) -> Answer:
    return Answer([Hypothesis(ids, -1.0)], [None if weights is None else np.array(weights)])


LOOKS_AT_ITSELF = [[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.0, 0.4, 0.6], [0.0, 0.0, 1.0]]


@pytest.mark.parametrize(("copy", "text"), [(True, "two Otto one"), (False, f"two {UNK_TOKEN} one")])
def test_an_unknown_word_is_copied_from_where_attention_is_largest(copy, text):
    of = params(copy_unknown=copy)
    sides = Sides.of(of, examples(of))
    two, one = (int(sides.asked(word)[0]) for word in ("two", "one"))
    answer = given([two, Vocabulary.UNK, one, Vocabulary.EOS], LOOKS_AT_ITSELF)
    assert sides.text(answer, "zwei Otto eins") == text


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("pattern", "pattern", "two Otto one"),
        ("spaces", "pattern", "two Otto one"),
        ("pattern", "spaces", "two Otto one"),
        ("bytes", "pattern", "two Otto one"),
    ],
)
def test_a_copied_word_has_the_spaces_of_the_target(source, target, text):
    size = {"pattern": 50, "spaces": 50, "bytes": 280}
    bpe = {"scheme": "bytes", "lower_case": False, "max_size": 280, "max_steps": None}
    own = {name: bpe if name == "bytes" else {**SIDE, "scheme": name, "max_size": size[name]} for name in size}
    of = params(copy_unknown=True, source=own[source], target=own[target])
    sides = Sides.of(of, examples(of))
    pieces = sides.pieces("zwei Otto eins")
    two, one = (int(sides.asked(word)[0]) for word in ("two", "one"))
    at = next(i for i in range(len(pieces)) if "O" in pieces[i])
    weights = [[float(i == at) for i in range(len(pieces))]] * 4
    found = sides.text(given([two, Vocabulary.UNK, one, Vocabulary.EOS], weights), "zwei Otto eins")
    assert found == (text if source != "bytes" else f"two {pieces[at].strip()} one")


def test_targets_as_answers_are_all_right():
    of = params(target={**SIDE, "lower_case": True})
    found = examples(of)
    test = found.splits["train"]
    right = [given(ids.tolist(), None) for ids in test.targets]
    measures = pair_task(of).measure(of, found, test, right)
    assert (measures["exact"].value, next(iter(measures))) == (1.0, "exact")
    wrong = [given([Vocabulary.EOS], None), *right[1:]]
    assert pair_task(of).measure(of, found, test, wrong)["exact"].value == 0.75


@every_attention
def test_the_study_has_maps_where_there_is_attention(model, attention):
    of = params(attention=attention)
    found = examples(of)
    network = untrained(of, found, model("lstm"))
    study = pair_task(of).study(of, found, network, answers(of, network, found.splits["test"]))
    assert [row["n"] for row in study.tables["length"]] == [3]
    assert len(study.details["examples"]) == 3
    assert len(study.predictions["answer"]) == 3
    assert list(study.figures) == ([] if attention == "none" else ["attention.png"])
    for of_map in study.details["maps"]:
        assert np.shape(of_map["weights"]) == (len(of_map["answer"]), len(of_map["source"]))
    for draw in study.figures.values():
        assert len(draw().axes) == 3


@every_attention
def test_a_predictions_n_best_cost_what_score_pair_says(bundled, attention):
    bundle = bundled(attention=attention)
    learned = load("translation", bundle.params)
    assert learned.score_pair is not None
    (prediction,) = learned.predict(bundle, ["zwei drei"], "input")
    n_best = prediction.fields["n_best"]
    assert prediction.shown == n_best[0]["text"]
    assert prediction.fields["tokens"] == ["zwei", "drei"]
    assert len(n_best) == 3
    assert sum(exp(found["log_probability"]) for found in n_best) < 1
    for found in (found for found in n_best if found["ended"] and UNK_TOKEN not in found["text"]):
        scored = learned.score_pair(bundle, "zwei drei", found["text"])
        assert scored.fields["log_probability"] == pytest.approx(found["log_probability"], abs=1e-5)
        assert [token["token"] for token in scored.fields["tokens"]] == found["target_tokens"]
        assert (found["attention"] is None) == (attention == "none")


def test_score_pair_shows_each_token_and_the_sum(bundled):
    learned, bundle = load("translation", params()), bundled()
    assert learned.score_pair is not None
    scored = learned.score_pair(bundle, "eins", "one two")
    each = [token["log_probability"] for token in scored.fields["tokens"]]
    assert scored.shown.splitlines()[-1] == f"ln p(target | source) = {sum(each):.4f} nats"
    assert len(scored.shown.splitlines()) == 2 + 3


@pytest.mark.parametrize("line", ["", "  "])
def test_a_source_without_a_token_is_one_sentence(bundled, line):
    bundle = bundled()
    learned = load("translation", bundle.params)
    with pytest.raises(PipelineError, match=r"input: line 2: a text with a token"):
        list(learned.predict(bundle, ["eins", line], "input"))
    assert learned.score_pair is not None
    with pytest.raises(PipelineError, match="SOURCE: a text with a token"):
        learned.score_pair(bundle, line, "one")


def test_both_folders_share_their_params():
    root = Path(__file__).parents[2] / "pipeline" / "tasks"
    for name in ("params.py", "task.py"):
        texts = [(root / folder / name).read_text() for folder in ("translation", "translation_attention")]
        assert texts[0] == texts[1]
