"""Transcripts: what is read off a network's probabilities, and what is shown of it."""

import io
import json

import jiwer
import numpy as np
import pytest

from pipeline.examples.sets import Examples
from pipeline.networks.build import BUILDERS, build_frame_tagger
from pipeline.networks.tagger import Tagger
from pipeline.sampling.ctc import NO_LABEL, best_path, log_probability
from pipeline.tasks.speech.data.pictures import alignments
from pipeline.tasks.speech.data.study import confusions, rows_by, shown, tables, worst
from pipeline.tasks.speech.data.transcripts import Transcriber, alignment, text_of, timed_words
from pipeline.tasks.speech.task import TASK, answer, measure, objective, sizes, study, text, transcripts

from . import toy_clips
from .toy_clips import CLASSES, heard, params


@pytest.fixture(scope="module")
def examples() -> Examples:
    return toy_clips.examples()


@pytest.fixture
def network(model, examples) -> Tagger:
    return build_frame_tagger(model("gru", bidirectional=True), **sizes(params(), examples), seed=1)


def right_answers(examples: Examples, split: str = "test") -> list[np.ndarray]:
    return [heard(of) for of in examples.splits[split].notes["text"]]


def test_the_network_is_of_the_sizes_of_the_examples(model, examples):
    network = BUILDERS[TASK.kind](model("lstm"), seed=1, **sizes(params(), examples))
    assert isinstance(network, Tagger)
    assert network.readout.bias.shape == (len(CLASSES),)
    assert network.stacks[0].rnn.input_size == toy_clips.NUM_MELS * toy_clips.STACKED


def test_a_transcript_longer_than_its_clip_never_reaches_the_loss(model, examples, network):
    train = examples.splits["train"]
    short = Examples({**examples.splits, "train": train.__class__([of[:2] for of in train.inputs], train.targets)})
    with pytest.raises(AssertionError, match="data/ checks each clip"):
        objective(params(), short, network, seed=1)


def test_the_best_weights_are_those_with_the_fewest_errors_of_greedy_transcripts(examples, network):
    validation = examples.splits["validation"]
    cost = objective(params(), examples, network, seed=1).validate(network)
    answers = answer(params(), network, validation)
    said = ["".join(CLASSES[label] for label in best_path(log_p)) for log_p in answers]
    assert cost.loss == pytest.approx(jiwer.cer(validation.notes["text"], said))
    nats = -sum(log_probability(p, t.tolist()) for p, t in zip(answers, validation.targets, strict=True))
    expected = nats / sum(map(len, validation.targets))
    assert cost.as_metrics("v") == pytest.approx({"v/nats_per_target": expected, "v/cer_greedy": cost.loss}, rel=1e-4)


def test_an_answer_is_the_probabilities_of_each_step_whatever_the_batch(examples, network):
    test = examples.splits["test"]
    found = answer(params(batch_size=3), network, test)
    alone = answer(params(batch_size=1), network, test)
    for one, other, steps in zip(found, alone, test.inputs, strict=True):
        assert one.shape == (len(steps), len(CLASSES))
        np.testing.assert_allclose(np.exp(one).sum(1), 1)
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_right_answers_have_no_error(examples):
    found = measure(params(), examples, examples.splits["test"], right_answers(examples))
    assert list(found) == ["wer", "cer", "wer_greedy"]
    assert all(rate.value == 0 for rate in found.values())


def test_the_language_model_is_of_the_training_transcripts_alone(examples):
    said = "".join(CLASSES[label] if label else "." for label in text(examples))
    assert said == "".join(f"{of}." for of in examples.splits["train"].notes["text"])


def test_the_language_model_corrects_what_the_network_hears_badly():
    """The network takes `w` for `o` by a little, and no training transcript has `too`."""
    log_p = heard("two")
    log_p[2] = np.log([0.01, 0.01, 0.01, 0.01, 0.5, 0.01, 0.45])
    ids = text_of([np.array([CLASSES.index(c) for c in "two"])] * 5)
    with_it, without = (
        Transcriber.of(params(language_model_weight=weight, beam_size=8), CLASSES, ids)(log_p) for weight in (1.0, 0.0)
    )
    assert (with_it.text, without.text) == ("two", "too")
    assert with_it.greedy == without.greedy == "too"
    assert with_it.log_probability == log_probability(log_p, with_it.labels) < without.log_probability


def test_words_have_the_times_of_their_characters():
    log_p, transcript = heard("on two"), Transcriber.of(params(), CLASSES, text_of([np.array([4, 3])]))(heard("on two"))
    places = alignment(log_p, transcript)
    assert places.tolist() == [0, NO_LABEL, 1, NO_LABEL, 2, NO_LABEL, 3, NO_LABEL, 4, NO_LABEL, 5, NO_LABEL]
    first, second = timed_words(places, transcript.text, 0.02)
    assert (first["word"], first["start"], first["end"]) == ("on", 0.0, 0.06)
    assert (second["word"], second["start"], second["end"]) == ("two", 0.12, 0.22)


def test_a_clip_in_which_nothing_is_heard_has_no_words():
    log_p = np.log(np.full((4, len(CLASSES)), [0.94, *[0.01] * 6]))
    transcript = Transcriber.of(params(), CLASSES, text_of([np.array([4])]))(log_p)
    assert (transcript.text, transcript.greedy) == ("", "")
    assert alignment(log_p, transcript).tolist() == [NO_LABEL] * 4
    assert timed_words(alignment(log_p, transcript), "", 0.02) == []


def test_rates_are_by_noise_clean_clips_first_and_by_number_of_words(examples):
    test = examples.splits["test"]
    found = transcripts(params(), examples, [heard("one"), *right_answers(examples)[1:]])
    by = tables(test, found)
    assert [(row["snr_db"], row["n"]) for row in by["snr_db"]] == [("clean", 2), ("10", 3)]
    assert by["snr_db"][0]["wer"] == 0 < by["snr_db"][1]["wer"]
    assert sum(row["n"] for row in by["length"]) == len(test)
    assert all(isinstance(row["length"], int) for row in by["length"])
    assert by["speaker"] == []  # one alone
    assert [row["x"] for row in rows_by("x", list("babab"), test, found, str)] == ["a", "b"]


def test_the_worst_clips_are_those_with_the_most_wrong_words(examples):
    test = examples.splits["test"]
    answers = right_answers(examples)
    answers[3] = heard("one two one two one two")
    answers[1] = heard(f"{test.notes['text'][1]} one")
    rows = worst(test, transcripts(params(), examples, answers))
    assert [(row["clip"], row["wrong_words"]) for row in rows][1:] == [("c-1", 1)]
    assert rows[0]["clip"] == "c-3"
    assert rows[0]["answer"] == "one two one two one two"
    assert rows[0]["wanted"] == test.notes["text"][3]


def test_words_left_out_and_added_are_confusions():
    assert confusions(["one two", "two"], ["one", "one two"]) == [
        {"wanted": "", "said": "two", "n": 1},
        {"wanted": "one", "said": "", "n": 1},
    ]


def test_clips_that_are_shown_are_right_and_wrong_ones_with_their_alignment(examples):
    answers = [heard("one"), heard("two"), *right_answers(examples)[2:]]
    found = transcripts(params(), examples, answers)
    clips = shown(params(), examples, answers, found)
    assert [clip["right"] for clip in clips] == [True, True, False, False]
    for clip in clips:
        said = [place for place in clip["places"] if place != NO_LABEL]
        assert said == list(range(len(clip["answer"])))  # heard() has a step for each
        assert len(clip["blank"]) == len(clip["places"])
    assert shown(params(), examples, answers, found) == clips
    json.dumps(clips, allow_nan=False)


def test_the_figure_has_a_spectrogram_and_the_characters_of_each_clip(examples):
    answers = [heard("one"), *right_answers(examples)[1:]]
    clips = shown(params(), examples, answers, transcripts(params(), examples, answers))
    figure = alignments(clips)
    assert len(figure.axes) == 2 * len(clips)
    for clip, spectrogram, characters in zip(clips, figure.axes[::2], figure.axes[1::2], strict=True):
        assert clip["answer"] in spectrogram.get_title(loc="left")
        assert "".join(t.get_text() for t in characters.texts) == clip["answer"].replace(" ", "\u2423")
    figure.savefig(io.BytesIO(), format="png")


def test_the_study_has_what_the_report_shows(examples, network):
    found = study(params(), examples, network, answer(params(), network, examples.splits["test"]))
    assert set(found.tables) == {"snr_db", "speaker", "length"}
    assert set(found.details) == {"worst", "confusions", "shown", "heard"}
    assert [clip["file"] for clip in found.details["heard"]] == list(found.files) == ["clip-1.wav", "clip-2.wav"]
    assert set(found.figures) == {"alignment.png"}
    assert {len(column) for column in found.predictions.values()} == {len(examples.splits["test"])}
    json.dumps(found.details, allow_nan=False)
