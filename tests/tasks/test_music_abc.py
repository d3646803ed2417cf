"""Reading ABC notation: rules by hand, what is wrong in a file, and music21's own reader on its own files."""

import random
import re
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.errors import CorpusError
from pipeline.tasks.music.data.abc import read_lines, tune_of_lines, tunes_in
from pipeline.tasks.music.data.encoding import tokens_of, tune_of
from pipeline.tasks.music.data.files import abc_tunes
from pipeline.tasks.music.data.ryan import _folder, repaired, ryans_tunes

SIGNS = [
    *"ABcdefgzZ|:[]()<>-/238 ^=_',\"{}!%\\u~\n",
    "|:",
    ":|2",
    "(3",
    "[1",
    "[K:D]",
    "[M:3/4]",
    "\nK:Em\n",
    "V:1\n",
    "||",
]
HEAD = "X:1\nT:A tune\nR:Slip  Jig\nM:{}\nL:{}\nK:{}\n"


def tune(music, metre="4/4", unit="1/4", key="C"):
    (lines,) = tunes_in(HEAD.format(metre, unit, key) + music, "a.abc")
    return tune_of_lines(lines, "a.abc")


def notes(music, **head):
    return " ".join(f"{n.pitch or 'z'}:{n.beats}" for n in tune(music, **head).notes)


@pytest.mark.parametrize(
    ("music", "read"),
    [
        ("C,D E'c''", "48:1 62:1 76:1 96:1"),
        ("A/ A// A3/2 A2 A/4", "69:1/2 69:1/4 69:3/2 69:2 69:1/4"),
        ("F ^F F f | F", "65:1 66:1 66:1 77:1 65:1"),  # to the bar's end, in its octave
        ("_B =B __B ^^c", "70:1 71:1 69:1 74:1"),
        ("A>B c<d | A>>B", "69:3/2 71:1/2 72:1/2 74:3/2 69:7/4 71:1/4"),
        ("(3ABc (3:2:2A2B d", "69:2/3 71:2/3 72:2/3 69:4/3 71:2/3 74:1"),
        ("(3A>Bc", "69:1 71:1/3 72:2/3"),
        ("A-A A-|A", "69:2 69:1 69:1"),  # over a bar line it is struck again
        ("B2-B>A", "71:7/2 69:1/2"),
        ("A | -B", "69:1 71:1"),
        ("[CEG]2 [c/E/] | z2x", "67:2 72:1/2 z:2 z:1"),
        (
            '"Am"A {cde}B !trill!c .d ~e vf (gA) +fermata+B H`c y % d',
            "69:1 71:1 72:1 74:1 76:1 77:1 79:1 69:1 71:1 72:1",
        ),
        ("A [K:D] F [L:1/8] F [r:a remark] G", "69:1 66:1 66:1/2 67:1/2"),
        ("A\nK:D\nF\nw:words A B\nM:3/4\nZ2", "69:1 66:1 z:3 z:3"),
    ],
)
def test_notes_have_the_pitches_and_lengths_of_the_standard(music, read):
    assert notes(music) == read


@pytest.mark.parametrize(
    ("music", "bars"),
    [
        ("A4 | B4 :|", "A B"),
        ("|: A4 |1 B4 :|2 c4 || d4 |]", "A c d"),
        ("A4 |[1 B4 :|[2 c4 |] d4", "A c d"),
        ("A4 [1 B4 :| [2 c4 ||", "A c"),
        ("A4 |1 B4 :|", "A B"),  # no other ending: it is the last
        ("A4 |1 B4 :|2 c4 :|: d4 |1 e4 :|2 f4 |]", "A c d f"),
        ("d | A4 | A3 :: e | B4 |]", "d A Ae B"),  # a bar that the repeat divides
        ("d | A4 | A2 | e | B4 |]", "d A A e B"),
    ],
)
def test_a_part_is_read_once_with_its_last_ending(music, bars):
    names = {69: "A", 71: "B", 72: "c", 74: "d", 76: "e", 77: "f"}
    assert " ".join("".join(names[note.pitch or 0] for note in bar) for bar in tune(music).bars) == bars


def test_the_header_says_title_kind_key_and_metre():
    read = tune("A | B\\\n c |", metre="C|", unit="1/8", key="A Dorian % a remark")
    assert (read.title, read.kind, read.key, read.metre, read.where) == (
        "A tune",
        "slip jig",
        "Ador",
        "2/2",
        "a.abc: line 1",
    )
    assert [len(bar) for bar in read.bars] == [1, 2]
    assert read.notes[0].beats == Fraction(1, 2)


def test_a_length_that_is_not_said_is_a_sixteenth_below_three_quarters_of_a_whole():
    for metre, beats in (("2/4", Fraction(1, 4)), ("6/8", Fraction(1, 2))):
        (lines,) = tunes_in(f"X:1\nM:{metre}\nK:C\nA", "")
        assert tune_of_lines(lines, "").notes[0].beats == beats


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("T:no tune\nK:C\nA", "a.abc: a tune in ABC notation, which begins with X: (got none)"),
        ("X:1\nM:4/4\nK:C\nA B\nA ? B", "a.abc: line 5: notes and bars in ABC notation (got '? B')"),
        ("X:1\nM:4/4\nK:H\nA", "a.abc: line 3: K: names a key, as K:D, K:Em or K:Ador (got 'H')"),
        ("X:1\nM:4/4\nK:G#\nA", "a.abc: line 3: K: names a key, as K:D, K:Em or K:Ador (got 'G#')"),
        ("X:1\nM:4/5\nK:C\nA", "a.abc: line 3: M: names a metre, as M:6/8 (got '4/5')"),
        ("X:1\nK:C\nA", "a.abc: line 2: M: before K: says the metre (got none)"),
        ("X:1\nM:4/4\nL:1/3\nK:C\nA", "a.abc: line 4: L: names a length, as L:1/8 (got '1/3')"),
        ("X:1\nM:4/4\nA B", "a.abc: line 1: K: ends the header of a tune (got none)"),
        ("X:1\nM:4/4\nK:C\nz4", "a.abc: line 1: a tune with a note (got none)"),
        ("X:1\nM:4/4\nK:C\n", "a.abc: line 1: a tune with a note (got none)"),
        ("X:1\nM:4/4\nK:C\n>A", "a.abc: line 4: a note before '>' (got none in its bar)"),
        ("X:1\nM:4/4\nK:C\n[ ]A", "a.abc: line 4: a chord has a note (got '[ ]')"),
        ("X:1\nM:4/4\nK:C\nV:1\nA\nV:2\nB", "a.abc: line 6: tunes of one voice (got V:2)"),
        ("X:1\nM:4/4\nK:C\nA\n\nX:2\nM:4/4\nK:C\nA0", "a.abc: line 9: notes and bars in ABC notation (got '0')"),
    ],
)
def test_a_wrong_file_is_one_sentence_with_its_line(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.abc").write_text(text)
    with pytest.raises(CorpusError) as error:
        abc_tunes((tmp_path / "a.abc").relative_to(tmp_path))
    assert str(error.value).startswith(said + "; ")


def test_several_tunes_of_a_file_are_read_one_by_one(tmp_path):
    (tmp_path / "a.abc").write_text("%abc-2.1\n\nX:1\nM:4/4\nK:C\nA4\n\nX:2\nR:reel\nM:4/4\nK:G\nF4\n")
    first, second = abc_tunes(tmp_path / "a.abc", kind="jig")
    assert (first.kind, first.notes[0].pitch, second.kind, second.notes[0].pitch) == ("jig", 69, "reel", 66)


@given(st.lists(st.sampled_from(SIGNS), max_size=20))
def test_any_text_is_a_tune_or_one_sentence_of_error(signs):
    found, said = None, "a.abc: line 1: rule (got it); do"
    try:
        found = tune("".join(signs))
    except CorpusError as error:
        said = str(error)
    assert re.fullmatch(r"a\.abc: line \d+: [^\n]+ \(got [^\n]+\); [^\n]+", said)
    if found is not None:
        assert tune_of(tokens_of(found), "", "").bars == found.bars
        assert all(note.beats > 0 for note in found.notes)


@pytest.mark.slow
def test_ryans_tunes_are_read_without_the_package_and_what_cannot_be_read_is_said(capsys):
    """1,059 tunes; the kinds as counted in the files by hand; most bars add up."""
    found, num_unreadable = ryans_tunes()
    assert (len(found), num_unreadable) == (1050, 9)
    assert len(re.findall(r"left out: \w+\.abc: line \d+: .* \(got", capsys.readouterr().err)) == num_unreadable
    kinds = {kind: sum(tune.kind == kind for tune in found) for kind in ("reel", "jig", "slip jig", "highland fling")}
    assert kinds == {"reel": 439, "jig": 230, "slip jig": 17, "highland fling": 16}
    full = [sum(n.beats for n in bar) == 4 * Fraction(tune.metre) for tune in found for bar in tune.bars]
    assert sum(full) / len(full) > 0.9
    assert "music21" not in sys.modules


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_music21_reads_the_same_notes():
    """A sample of its files without ties, which it keeps apart, and without annotations and slurs, at which it loses
    the broken rhythm behind them. Told that accidentals hold in their octave alone."""
    files = random.Random(1).sample(sorted(_folder().glob("*.abc")), 60)
    compared = 0
    for file in files:
        text = plain(repaired(file.read_text(encoding="utf-8", errors="replace")))
        if "-" in "".join(line for line in text.splitlines() if line[1:2] != ":"):
            continue
        (lines,) = tunes_in(text, file.name)
        try:
            _, body = read_lines(lines, file.name)
        except CorpusError:
            continue
        ours = [(note.pitch, note.beats) for bar in body.end() for note in bar.notes]
        assert ours == music21_notes(text), file.name
        compared += 1
    assert compared >= 45


def plain(text):
    """Music without what says nothing of its notes."""
    fields = re.compile(r"[A-Za-z]:")
    noise = re.compile(r'"[^"]*"|\((?!\d)|\)|[.~uvTHS]')
    return "\n".join(line if fields.match(line) else noise.sub("", line) for line in text.split("\n"))


def music21_notes(text):
    from music21 import abcFormat
    from music21.abcFormat.translate import abcToStreamScore

    handler = abcFormat.ABCFile().readstr(f"%abc-2.1\n%%propagate-accidentals octave\n{text}")
    found = []
    for note in abcToStreamScore(handler).flatten().notesAndRests:
        if not note.duration.isGrace:
            length = Fraction(note.duration.quarterLength).limit_denominator(1000)
            found.append((max((pitch.midi for pitch in note.pitches), default=None), length))
    return found
