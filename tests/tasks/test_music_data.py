"""Music's examples: tokens and back, related tunes, files of each format, and what scores without a network."""

import json
import math
from collections import Counter
from fractions import Fraction
from itertools import chain, combinations

import numpy as np
import pytest

from pipeline.base.errors import CorpusError, ParamsError
from pipeline.examples.sets import Split
from pipeline.tasks.music.data import SOURCE, chord_models, transposed
from pipeline.tasks.music.data.chord_models import ChordBigram, Keys
from pipeline.tasks.music.data.encoding import chords_of, tokens_of, tokens_of_chords, tune_of
from pipeline.tasks.music.data.families import families
from pipeline.tasks.music.data.keys import LETTERS, MODES, moved, scale_of, signature_of
from pipeline.tasks.music.data.ryan import ryans_tunes
from pipeline.tasks.music.data.scores import measure
from pipeline.tasks.music.data.splits import pieces_of_splits
from pipeline.tasks.music.data.tunes import Chords, Note, Tune
from pipeline.text.ngram import KneserNey

from .music_params import GIVEN, ROLLS, params


@pytest.fixture(scope="module")
def ryan():
    return ryans_tunes()[0]


@pytest.fixture
def rolls(tmp_path):
    (tmp_path / "rolls.json").write_text(json.dumps(ROLLS))
    return params(path=str(tmp_path / "rolls.json"), format="chords", split=GIVEN)


@pytest.mark.slow
def test_tokens_say_each_real_tune_completely(ryan):
    for tune in ryan:
        again = tune_of(tokens_of(tune), tune.title, tune.kind)
        assert (again.key, again.metre, again.bars) == (tune.key, tune.metre, tune.bars)


def test_tokens_say_chords_completely():
    frames = [(48, 60, 64), (), (48,), (50, 71)]
    assert chords_of(tokens_of_chords(Chords("", frames))).frames == frames


def test_any_tokens_are_a_tune():
    """What a network may draw: no head, a second key, bars without notes, no end, UNK, a note of no length."""
    tune = tune_of(["|", "60:1", "K:D", "K:G", "M:x", "|", "|", "<unk>", "r:1/2", "61:0"], "", "jig", metre="6/8")
    assert (tune.key, tune.metre) == ("D", "6/8")
    assert tune.bars == [[Note(60, Fraction(1))], [Note(None, Fraction(1, 2))]]
    assert tune_of([], "", "").bars == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("tonic", ["C", "D", "F", "G", "A", "Bb"])
def test_a_scale_is_the_letters_with_the_signature_and_moves_with_its_key(tonic, mode):
    key = tonic + mode
    letters = {(place + signature_of(key).get(letter, 0)) % 12 for letter, place in LETTERS.items()}
    assert scale_of(key) == letters
    for by in range(-6, 7):
        assert scale_of(moved(key, by)) == {(note + by) % 12 for note in letters}


def test_a_transposed_tune_has_its_key_moved():
    tune = transposed(Tune("", "", "D", "4/4", [[Note(62, Fraction(1)), Note(None, Fraction(1))]]), -2)
    assert isinstance(tune, Tune)
    assert (tune.key, [note.pitch for note in tune.notes]) == ("C", [60, None])


def test_versions_are_one_family_in_any_key_and_others_are_not():
    rng = np.random.default_rng(1)
    tune, other = (np.cumsum(rng.integers(-4, 5, 80)) + 60 for _ in range(2))
    version = tune + 5
    version[::20] += 1  # another note here and there
    half = np.concatenate([tune[:40], other[:40]])
    melodies = [of.tolist() for of in (tune, other, version, rng.permutation(tune), half)]
    assert families(["a", "b", "c", "d", "The B. -- Jig"], [*melodies[:4], [50, 52, 53]]) == [0, 1, 0, 3, 1]
    assert families(["", "", ""], [melodies[0], melodies[1], melodies[4]]) == [0, 0, 0]  # half of each, so all are one


@pytest.mark.slow
def test_no_related_tunes_are_on_two_sides(ryan):
    """No common title, and no pair with as much in common as two versions have, counted pair by pair."""
    found, counts = pieces_of_splits(params(split={"method": "hash", "validation": 0.1, "test": 0.1, "seed": 1}))
    assert counts["families"] < counts["read"] == sum(map(len, found.values())) == len(ryan)

    def runs(tune):
        pitches = [note.pitch for note in tune.notes if note.pitch is not None]
        steps = np.diff(pitches).tolist()
        return {tuple(steps[i : i + 8]) for i in range(max(1, len(steps) - 7))}

    held_out = [(tune.title.casefold(), runs(tune)) for tune in chain(found["validation"], found["test"])]
    common = Counter(run for tune in ryan for run in runs(tune))
    for tune in found["train"]:
        own = runs(tune)
        for title, other in held_out:
            shared = sum(common[run] <= 50 for run in own & other)
            assert title != tune.title.casefold()
            assert shared < 0.15 * min(len(own), len(other))


def test_inputs_are_targets_behind_their_kind(tmp_path):
    """Kinds of ten training tunes or more are conditions; a fifth of the training tunes has none."""
    for i in range(200):
        (tmp_path / f"{i}.abc").write_text(
            f"X:1\nT:tune {i}\nR:{'reel' if i % 2 else 'jig'}\nM:4/4\nL:1/4\nK:{'CDG'[i % 3]}\n{_melody(i)}"
        )
    (tmp_path / "a.abc").write_text(f"X:1\nR:rare\nM:4/4\nK:C\n{_melody(777)}")
    examples = SOURCE.read(params(path=str(tmp_path)))
    assert examples.classes == ["jig", "reel"]
    assert examples.vocabulary is not None
    size = examples.vocabulary.size
    for name, split in examples.splits.items():
        firsts = Counter()
        for ids, targets, kind in zip(split.inputs, split.targets, split.notes["kind"], strict=True):
            assert targets[-1] == examples.vocabulary.EOS
            assert np.array_equal(ids[1:], targets[:-1])
            assert max(ids[1:]) < size
            assert ids[0] in (size, {"jig": size + 1, "reel": size + 2}.get(kind, size))
            firsts[ids[0] == size, kind] += 1
        if name == "train":
            assert 0.1 < sum(n for (without, _), n in firsts.items() if without) / len(split) < 0.3
        else:
            assert not any(without and kind != "rare" for without, kind in firsts)
    assert examples.counts["unknown_tokens"] == sum(
        int((ids == 1).sum()) for name in ("validation", "test") for ids in examples.splits[name].targets
    )


def _melody(seed):
    rng = np.random.default_rng(seed)
    return " | ".join(" ".join(rng.choice(list("CDEFGABcde"), 4)) for _ in range(8)) + " |]\n"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "chords"}, "path: chords are read from files"),
        ({"split": GIVEN}, "split.method: the tunes bring no splits"),
        ({"split": {"method": "hash", "validation": 0.5, "test": 0.5, "seed": 1}}, "split: validation and test leave"),
        ({"transposed": 7}, "transposed: input should be less than or equal to 6"),
    ],
)
def test_settings_without_an_effect_are_refused(changes, said):
    with pytest.raises(ParamsError, match=said):
        params(**changes)


def test_no_file_and_too_long_pieces_are_one_sentence(tmp_path, rolls):
    with pytest.raises(CorpusError, match=r"tasks\.music\.path: a file or folder that is there"):
        SOURCE.read(params(path=str(tmp_path / "none")))
    with pytest.raises(CorpusError, match="each split has a piece that is short enough"):
        SOURCE.read(rolls.model_copy(update={"max_steps": 4}))
    assert SOURCE.read(rolls.model_copy(update={"max_steps": 6})).counts["too_long"] == 1
    with pytest.raises(CorpusError, match=r"tasks\.music\.min_count: some token occurs 9 times"):
        SOURCE.read(rolls.model_copy(update={"min_count": 9}))


def test_the_training_split_alone_is_transposed(rolls):
    examples = SOURCE.read(rolls.model_copy(update={"transposed": 2}))
    assert {name: len(split) for name, split in examples.splits.items()} == {"train": 10, "validation": 1, "test": 1}
    assert examples.splits["train"].notes["chords"][:5] == [
        [[60 + by, 64 + by], [60 + by, 64 + by], []] for by in (0, -1, 1, -2, 2)
    ]


def test_frames_are_scored_as_published(rolls):
    """By hand: the notes and the end of every frame, EOS left out; without the first frame of each piece."""
    examples = SOURCE.read(rolls)
    split = examples.splits["validation"]
    assert examples.vocabulary is not None
    tokens = [examples.vocabulary.token(i) for i in split.targets[0].tolist()]
    assert tokens == ["60", "|", "64", "60", "|", "<end of unit>"]
    scores = measure(rolls, split, [np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])])
    assert scores["nats_per_frame"].value == pytest.approx(31 / 2)
    assert scores["nats_after_first"].value == pytest.approx(28)
    assert scores["bits"].value == pytest.approx(63 / 6 / math.log(2))


@pytest.mark.parametrize("model", [*(("keys", kind) for kind in ("marginal", "repeat", "markov")), ("bigram", None)])
def test_chord_models_sum_to_one(monkeypatch, model):
    """Over all chords of a piano of four keys, whatever came before, seen or not."""
    monkeypatch.setattr(chord_models, "NUM_KEYS", 4)
    rng = np.random.default_rng(3)
    chords = [c for n in range(5) for c in combinations(range(21, 25), n)]
    pieces = [[chords[i] for i in rng.integers(0, 12, 7)] for _ in range(4)]
    name, kind = model
    fitted = Keys.fit(pieces, kind) if name == "keys" else ChordBigram.fit(pieces)
    for was in chords:
        assert sum(math.exp(-fitted.nats([was, now])[1]) for now in chords) == pytest.approx(1)


def test_chord_models_count_as_by_hand():
    pieces = [[(60,), (60, 64), (60, 64)], [(60,)]]
    keys = Keys.fit(pieces, "markov")
    assert keys.on[0, 60 - 21] == pytest.approx(2.5 / 3)  # twice off before, twice on then
    assert keys.on[1, 64 - 21] == pytest.approx(1.5 / 2)
    marginal = Keys.fit(pieces, "marginal").on
    assert marginal[:, 64 - 21].tolist() == pytest.approx([2.5 / 5, 2.5 / 5])
    alone = (2 + 2 * math.exp(-keys.nats([(60,), (60,)])[1])) / (4 + 2)
    assert ChordBigram.fit(pieces).nats([(60,), (60,)])[1] == pytest.approx(-math.log((0 + 1 * alone) / (1 + 1)))


def test_baselines_have_the_scores_of_a_network_and_no_condition(rolls):
    examples = SOURCE.read(rolls)
    found = {baseline.name: baseline.scores for baseline in SOURCE.baselines(rolls, examples)}
    assert list(found)[:5] == [
        "each key by itself", "the frame before", "each key from itself before", "chord bigram", "1-gram"
    ]  # fmt: skip
    assert examples.vocabulary is not None
    ids = np.concatenate(examples.splits["train"].targets)
    nats = KneserNey.fit(ids, examples.vocabulary.size, 2, "units").nats(examples.splits["test"].targets[0])[1]
    assert found["2-gram"]["test"]["nats_per_frame"].value == pytest.approx(nats[:-1].sum() / 2)
    chords = ChordBigram.fit([[tuple(frame) for frame in piece] for piece in ROLLS["train"]])
    assert found["chord bigram"]["test"]["nats_per_frame"].value == pytest.approx(chords.nats([(60, 64), (62,)]).mean())


def test_examples_survive_the_disk(rolls, tmp_path):
    examples = SOURCE.read(rolls)
    examples.save(tmp_path)
    again = type(examples).load(tmp_path)
    assert again.splits["train"].notes == examples.splits["train"].notes
    assert isinstance(again.splits["test"], Split)
    assert [b.as_json() for b in SOURCE.baselines(rolls, again)] == [
        b.as_json() for b in SOURCE.baselines(rolls, examples)
    ]


def test_the_figure_shows_a_piece_of_each_kind(rolls, tmp_path):
    assert len(SOURCE.figure(rolls, SOURCE.read(rolls)).axes) == 2
