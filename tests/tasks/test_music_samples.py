"""Music: what networks write from a kind or from first notes, and how bars are filled."""

from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from pipeline.base.errors import PipelineError
from pipeline.networks.cloze import ClozeModel
from pipeline.sampling.drawing import Choice
from pipeline.sampling.gaps import Gapped, fill
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.music.data import filled
from pipeline.tasks.music.data.files import abc_tunes
from pipeline.tasks.music.data.filled import spans_of
from pipeline.tasks.music.data.formats import written
from pipeline.tasks.music.data.played import of_tune
from pipeline.tasks.music.data.roll_figure import rolls_figure
from pipeline.tasks.music.data.sampled import all_sampled, frequent_kinds, sampled
from pipeline.tasks.music.data.tune_measures import longest_repeat, measures_of, notes_in_key, whole_bars
from pipeline.tasks.music.data.tunes import Chords, Note, Tune
from pipeline.tasks.music.data.write_abc import write_abc
from pipeline.tasks.music.data.written import sample

from .music_midi import midi_notes
from .music_networks import HALF, alphabet, bundle_of, chain_rule, drawn, request, tunes


@pytest.fixture
def bundle(model) -> TaskBundle:
    return bundle_of(model("gru"))


@pytest.mark.parametrize("kind", [None, "jig", "reel"])
def test_a_sample_has_its_probability_given_its_kind(bundle, kind):
    """Kinds are read, and never drawn."""
    network, choice, primer = bundle.trained.network, Choice(1.0, None, None), [3, 5]
    found = sampled(network, alphabet(), kind, primer, choice, num_samples=20, max_tokens=12, seed=2)
    for one in found:
        assert one.drawn.ids[:2] == primer
        assert max(one.drawn.ids) < alphabet().vocabulary.size
        expected = -sum(chain_rule(network, alphabet().first_id(kind), one.drawn.ids))
        assert one.drawn.log_probability == pytest.approx(expected, abs=1e-3)
    assert len({tuple(one.drawn.ids) for one in found}) > 1


def test_samples_are_of_the_frequent_kinds(bundle):
    _, examples = tunes()
    assert frequent_kinds(examples, alphabet()) in (["jig", "reel"], ["reel", "jig"])
    by_kind = all_sampled(bundle.trained.network, examples, alphabet())
    assert {kind: len(found) for kind, found in by_kind.items()} == {"jig": 2, "reel": 2}


def test_a_primer_is_kept_and_its_open_bar_goes_on(bundle, tmp_path):
    tune = drawn(Random(7), "jig")
    tune = Tune(tune.title, "jig", "D", "6/8", [tune.bars[0], tune.bars[1][:2]])
    for name in ("primer.abc", "primer.mid"):
        (tmp_path / name).write_bytes(written(tune, Path(name).suffix, Fraction(1)))
        (answer,) = sample(bundle, request(primer=tmp_path / name, condition="jig"))
        (tmp_path / "again.abc").write_text(answer.fields["abc"])
        (again,) = abc_tunes(tmp_path / "again.abc")
        assert (again.key, again.metre) == ("D", "6/8")
        expected = [note for note in tune.notes if note.pitch is not None]
        assert [note for note in again.notes if note.pitch is not None][: len(expected)] == expected
    assert alphabet().tokens(alphabet().known(tune, ""))[-1] == "|"


def test_files_have_the_notes_that_are_shown(bundle, tmp_path):
    asked = {"condition": "reel", "params": {"num_samples": 2}}
    shown = [answer.fields for answer in sample(bundle, request(**asked))]
    out = [answer.fields for answer in sample(bundle, request(**asked, out=tmp_path / "tune.mid"))]
    assert [Path(fields["file"]).name for fields in out] == ["tune-1.mid", "tune-2.mid"]
    for fields, file in zip(shown, out, strict=True):
        assert fields["abc"] == file["abc"]
        (tmp_path / "shown.abc").write_text(fields["abc"])
        (tune,) = abc_tunes(tmp_path / "shown.abc")
        assert midi_notes(Path(file["file"]).read_bytes()) == of_tune(tune)


POLYPHONIC = Chords("", [(60, 64)])
UNKNOWN = Tune("", "", "Ebm", "7/8", [[Note(61, HALF)]])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"condition": "polka"}, "unroll sample --condition: one of jig, reel (got 'polka'); choose one"),
        ({"out": Path("x.mp3")}, "unroll sample --out: a file that ends with .mid, .abc, .wav (got x.mp3); name one"),
        ({"out": Path("no/x.mid")}, "unroll sample --out: a file in a folder that exists (got no/x.mid); make the "),
        ({"primer": Path("missing.abc")}, "missing.abc: a file that can be read (got no such file); name another"),
        ({"primer": Path("x.txt")}, "x.txt: a file of tunes (.abc, .mid, .midi) (got x.txt); name another"),
        ({"primer": Path("empty.abc")}, "empty.abc"),
        ({"primer": Path("two.abc")}, "two.abc: one tune (got 2); leave one in the file"),
        ({"primer": Path("silent.mid")}, "silent.mid: a MIDI file with notes (got none); "),
        ({"primer": Path("chords.mid")}, "chords.mid: a melody of one voice (got 2 notes at once); take the other "),
        (
            {"primer": Path("unknown.abc")},
            "unroll sample --primer: notes, a key and a metre that the training split has (got K:Ebm, M:7/8, 61:1/2); ",
        ),
    ],
)
def test_what_cannot_be_sampled_is_one_sentence(bundle, tmp_path, monkeypatch, asked, said):
    monkeypatch.chdir(tmp_path)
    Path("empty.abc").write_text("")
    Path("two.abc").write_text(write_abc(drawn(Random(1), "jig")) * 2)
    Path("chords.mid").write_bytes(written(POLYPHONIC, ".mid", Fraction(1)))
    Path("silent.mid").write_bytes(written(Chords("", []), ".mid", Fraction(1)))
    Path("unknown.abc").write_text(write_abc(UNKNOWN))
    with pytest.raises(PipelineError) as error:
        list(sample(bundle, request(**asked)))
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)


def test_a_network_that_reads_both_ways_writes_nothing(model):
    with pytest.raises(PipelineError, match="unroll sample: a network that reads from the left alone"):
        list(sample(bundle_of(model("gru", bidirectional=True)), request()))


def test_bars_and_keys_by_hand():
    bars = [[Note(62, Fraction(1))], [Note(62, Fraction(2)), Note(None, Fraction(1))], [Note(65, Fraction(3))]]
    tune = Tune("", "", "D", "6/8", bars)
    assert whole_bars(tune) == [False, True, True]
    assert notes_in_key(tune) == [True, True, False]  # D has F sharp; a rest is no note
    measured = measures_of([tune, Tune("", "", "C", "2/4", [[Note(60, HALF)] * 4])])
    assert measured == {"bars": 3 / 4, "in_key": 6 / 7, "notes": 3.5, "distinct": 1.5, "repeated": 4.0}
    assert measures_of([Chords("", [(60,), (60,), (62, 65)])]) == {
        "bars": None, "in_key": None, "notes": 3.0, "distinct": 3.0, "repeated": 2.0,
    }  # fmt: skip
    assert longest_repeat([]) == 0


def test_a_bar_is_filled_and_nothing_else_changes(model, monkeypatch):
    _, examples = tunes()
    network = bundle_of(model("gru", bidirectional=True)).trained.network
    assert isinstance(network, ClozeModel)
    seen: list[list[Gapped]] = []

    def watched(network, texts, choice, *, seed):
        seen.append(texts)
        return fill(network, texts, choice, seed=seed)

    monkeypatch.setattr(filled, "fill", watched)
    found = filled.fill_bars(network, examples.splits["test"], alphabet())
    (texts,) = seen
    test = examples.splits["test"]
    for text, inputs, ids in zip(texts, test.inputs, test.targets, strict=True):
        assert (text.ids, text.condition) == (ids.tolist(), int(inputs[0]))
        start, stop = text.gaps[0], text.gaps[-1] + 1
        spans = spans_of(alphabet().tokens(text.ids))
        assert (start, stop) == spans[1]  # of three bars the middle one
    assert found["gaps"]["pieces"] == len(texts) == 6
    assert found["gaps"]["true_bars"] == 1.0
    assert 0 <= found["gaps"]["right"] <= 1
    shown = found["filled"][0]
    assert shown["kind"] == "jig"
    assert shown["key"] == ["K:D", "M:6/8"]
    assert shown["truth"] != shown["filled"]


def test_a_roll_has_a_line_for_each_note():
    tune = drawn(Random(3), "jig")
    figure = rolls_figure([("Drawn", tune), ("Chords", Chords("", [(60, 64), (60,)]))], Fraction(1))
    first, second = figure.axes
    sounding = [note for note in tune.notes if note.pitch is not None]
    assert len(first.collections[0].get_paths()) == len(sounding)
    assert len(second.collections[0].get_paths()) == 2
    assert first.get_xlim()[1] == float(sum(note.beats for note in tune.notes)) or tune.notes[-1].pitch is None
