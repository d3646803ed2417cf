"""Music: what a network pays, by hand, and what the task and its report make of it."""

import json
import math
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from pipeline.networks.build import build_language_model
from pipeline.networks.bundle import Bundle
from pipeline.report.applications import part
from pipeline.report.formats import NONE
from pipeline.report.parts import Picture, Quotation, Sound, Table
from pipeline.report.task_results import TaskModelResults, TaskResults
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.music.data import SOURCE
from pipeline.tasks.music.data.alphabet import Alphabet
from pipeline.tasks.music.data.formats import SUFFIXES, written
from pipeline.tasks.music.data.synthesis import RATE
from pipeline.tasks.music.data.tunes import Chords
from pipeline.tasks.music.data.write_abc import write_abc
from pipeline.tasks.music.data.written import sample
from pipeline.tasks.music.report import REPORT, SECONDS
from pipeline.tasks.music.task import TASK, nats_of, predict

from .music_networks import alphabet, bundle_of, chain_rule, drawn, network_of, request, tunes
from .music_params import GIVEN
from .music_params import params as music_params


@pytest.fixture
def bundle(model) -> TaskBundle:
    return bundle_of(model("gru"))


def test_examples_are_behind_their_kind():
    _, examples = tunes()
    assert examples.classes == ["jig", "reel"]
    test = examples.splits["test"]
    assert [alphabet().kind_of(int(ids[0])) for ids in test.inputs] == test.notes["kind"]
    assert [alphabet().first_id(kind) - alphabet().begin_id for kind in (None, "jig", "reel")] == [0, 1, 2]


def test_the_cost_of_a_piece_is_the_chain_rule_from_its_kind(bundle):
    _, examples = tunes()
    network, test = bundle.trained.network, examples.splits["test"]
    for nats, inputs, targets in zip(nats_of(network, test, 4), test.inputs, test.targets, strict=True):
        assert nats == pytest.approx(chain_rule(network, int(inputs[0]), targets.tolist()), abs=1e-4)


def test_bits_are_of_all_tokens_and_a_cloze_model_has_others(model):
    params, examples = tunes()
    test = examples.splits["test"]
    for bidirectional, names in ((False, {"bits"}), (True, {"pseudo_bits"})):
        network = network_of(model("gru", bidirectional=bidirectional))
        answers = TASK.answer(params, network, test)
        measured = TASK.measure(params, examples, test, answers)
        assert set(measured) == names
        total, number = sum(of.nats.sum() for of in answers), sum(test.lengths)
        assert next(iter(measured.values())).value == pytest.approx(total / number / math.log(2))


def test_the_likeliest_kind_is_that_of_bayes(bundle, tmp_path):
    tune = drawn(Random(5), "jig")
    (tmp_path / "tune.abc").write_text(write_abc(tune))
    (answer,) = predict(bundle, [f"{tmp_path / 'tune.abc'} "], "input")
    ids = [*alphabet().known(tune, ""), 0]
    p = {
        kind: math.exp(-sum(chain_rule(bundle.trained.network, alphabet().first_id(kind), ids)))
        for kind in ("jig", "reel")
    }
    assert answer.fields["kinds"] == pytest.approx({kind: of / sum(p.values()) for kind, of in p.items()}, rel=1e-3)
    of_none = sum(chain_rule(bundle.trained.network, alphabet().begin_id, ids)) / math.log(2) / len(ids)
    assert answer.fields["bits"] == pytest.approx(of_none, abs=1e-4)
    assert answer.shown.startswith(f"Drawn: {of_none:.3f} bits a token; ")


def test_a_cloze_model_says_no_probability_of_a_kind(model, tmp_path):
    (tmp_path / "tune.abc").write_text(write_abc(drawn(Random(5), "jig")))
    (answer,) = predict(bundle_of(model("gru", bidirectional=True)), [str(tmp_path / "tune.abc")], "input")
    assert answer.fields["kinds"] == {}
    assert "pseudo-bits" in answer.shown


def test_the_report_shows_what_was_written(model):
    """The part of two models: one that writes, with sounds and a roll, and one that fills."""
    params, examples = tunes()
    models = []
    for name, bidirectional in (("gru", False), ("bidirectional_gru", True)):
        network = network_of(model("gru", bidirectional=bidirectional))
        answers = {split: TASK.answer(params, network, examples.splits[split]) for split in ("validation", "test")}
        study = TASK.study(params, examples, network, answers["test"])
        about: dict[str, Any] = {"details": study.details, "tables": study.tables, "shape": TASK.shape}
        for split, given in answers.items():
            measured = TASK.measure(params, examples, examples.splits[split], given)
            about[split] = {key: of.as_json() for key, of in measured.items()}
        models.append(TaskModelResults(name, {1: json.loads(json.dumps(about))}))
        assert set(study.files) == (set() if bidirectional else {f"{k}{s}" for k in ("jig", "reel") for s in SUFFIXES})
    sizes = {name: {"examples": len(split)} for name, split in examples.splits.items()}
    flat = params.model_dump()
    shown = part(TaskResults("music", {"splits": sizes}, flat, [], models), REPORT, {})
    sounds = [block for block in shown.blocks if isinstance(block, Sound)]
    assert len(sounds) == 2
    assert all(len(sound.wav) <= 44 + 2 * RATE * SECONDS for sound in sounds)
    (roll,) = [block for block in shown.blocks if isinstance(block, Picture)]
    assert len(roll.draw().axes) == 2
    tables = [block for block in shown.blocks if isinstance(block, Table)]
    assert [row.cells[0] for row in tables[-1].rows] == ["real pieces", "gru"]
    assert tables[-1].rows[0].cells[2] == "100.0"  # all bars of these tunes add up
    assert tables[0].rows[0].cells[2] == NONE  # what a cloze model pays has a column of its own
    quoted = [block.text for block in shown.blocks if isinstance(block, Quotation)]
    assert sum(text.startswith("X:1") for text in quoted) == 2
    assert sum("filled" in text for text in quoted) == 3
    models[0].seeds[1]["details"]["real"] = []  # no test piece is of these kinds
    shown = part(TaskResults("music", {"splits": sizes}, flat, [], models), REPORT, {})
    tables = [block for block in shown.blocks if isinstance(block, Table)]
    assert [row.cells[0] for row in tables[-1].rows] == ["gru"]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_network_that_was_just_trained_writes_without_dropout(model, bidirectional):
    params, examples = tunes()
    network = network_of(model("gru", bidirectional=bidirectional, dropout=0.6))
    answers = TASK.answer(params, network, examples.splits["test"])
    first, second = (TASK.study(params, examples, network.train(of), answers).details for of in (False, True))
    assert first == second


@pytest.mark.parametrize("bidirectional", [False, True])
def test_chords_are_scored_written_and_filled_frame_by_frame(model, tmp_path, bidirectional):
    frames = [[48, 60, 64], [48, 60], [50, 62, 65], [], [48, 60, 64]]
    rolls = {split: [frames[i:] + frames[:i] for i in range(3)] for split in ("train", "valid", "test")}
    (tmp_path / "rolls.json").write_text(json.dumps(rolls))
    params = music_params(path=str(tmp_path / "rolls.json"), format="chords", split=GIVEN, samples=2)
    examples, section = SOURCE.read(params), model("gru", bidirectional=bidirectional)
    network = build_language_model(section, seed=1, **TASK.sizes(params, examples))
    test = examples.splits["test"]
    answers = TASK.answer(params, network, test)
    measured = TASK.measure(params, examples, test, answers)
    prefix = "pseudo_" if bidirectional else ""
    assert set(measured) == {f"{prefix}{name}" for name in ("nats_per_frame", "nats_after_first", "bits")}
    study = TASK.study(params, examples, network, answers)
    if bidirectional:
        assert study.details["gaps"]["pieces"] == 3
        assert "bars" not in study.details["gaps"]
        return
    assert set(study.files) == {"sample.mid", "sample.abc", "sample.wav"}
    assert study.details["samples"][0]["bars"] is None
    assert examples.vocabulary is not None
    piece = Alphabet(params, examples.vocabulary, []).piece(test.targets[0].tolist(), "", None)
    assert piece == Chords("", [tuple(frame) for frame in frames])
    owner = TaskBundle.owner("music", params, [])
    sizes = TASK.sizes(params, examples)
    bundle = TaskBundle(
        Bundle(network, "language_model", sizes, section, 1, owner), "music", params, [], examples.vocabulary
    )
    (tmp_path / "first.mid").write_bytes(written(Chords("", [(48, 60, 64), (48, 60)]), ".mid", Fraction(1, 4)))
    (answer,) = sample(bundle, request(primer=tmp_path / "first.mid"))
    assert "[=C,=C=E]/2 [=C,=C]" in answer.fields["abc"]
    (scored,) = predict(bundle, [str(tmp_path / "first.mid")], "input")
    assert scored.fields["kinds"] == {}
