"""Copying and embedded Reber: the strings, and their floors in closed form."""

import math
from collections import Counter, defaultdict
from random import Random

import numpy as np
import pytest

from pipeline.base.errors import PipelineError
from pipeline.tasks.copying.data.copies import ALPHABET, BLANK, MARKER, Copying
from pipeline.tasks.reber.data.grammar import ARCS, IDS, Reber, bits_of, reber_string
from pipeline.tasks.string_source import without_memory
from pipeline.tasks.strings import FIRST

COPYING = Copying(symbols=3, lengths=[0, 4], unseen_lengths=[9])


@pytest.mark.parametrize("blanks", [0, 4, 9])
def test_the_symbols_come_again_behind_blanks_and_marker(blanks):
    string = COPYING.string(Random(1), blanks)
    symbols = string.ids[:3]
    assert set(symbols) <= set(ALPHABET)
    assert list(string.ids) == [*symbols, *[BLANK] * blanks, MARKER, *symbols, 0]
    assert [string.ids[place] for place in string.places] == symbols
    assert len(string.places) == 3
    assert max(*ALPHABET, BLANK, MARKER) == FIRST + len(COPYING.names) - 1


def test_a_recalled_symbol_costs_ln_8_without_memory():
    assert without_memory(COPYING)[0] * math.log(2) == pytest.approx(math.log(8))
    firsts = Counter(COPYING.draw(random).ids[0] for random in [Random(1)] for _ in range(4000))
    assert all(abs(firsts[symbol] - 500) < 4 * 21 for symbol in ALPHABET)
    assert Counter(s.distance for s in COPYING.questions(Random(1), 2)) == {0: 2, 4: 2, 9: 2}


def test_an_embedded_reber_string_has_7_bits():
    """Entropy of the automaton's chain: visits (I - Q)^-1 from the start times log2 of the arcs, and 1 for T or P."""
    q = np.zeros((len(ARCS), len(ARCS)))
    for state, arcs in enumerate(ARCS):
        for _, to in arcs:
            if to < len(ARCS):
                q[state, to] += 1 / len(arcs)
    visits = np.linalg.inv(np.eye(len(ARCS)) - q)[0]
    bits = visits @ np.log2([len(arcs) for arcs in ARCS])
    assert bits + 1 == pytest.approx(7)
    assert visits.sum() == pytest.approx(8), "symbols of the string in the middle"


def test_bits_of_a_string_sum_to_the_entropy_over_all_strings():
    """Every string of up to 60 symbols, walked through the automaton: sum p = 1, sum p bits = 7, and p = 2^-bits."""
    reached, total, entropy = {(0, 0, 0): 1.0}, 0.0, 0.0  # (state, length, choices): probability
    for _ in range(60):
        after: defaultdict[tuple[int, int, int], float] = defaultdict(float)
        for (state, length, choices), p in reached.items():
            for _, to in ARCS[state]:
                key = (to, length + 1, choices + (len(ARCS[state]) == 2))
                if to == len(ARCS):
                    q = p / len(ARCS[state])
                    assert key[2] + 1 == bits_of(key[1])
                    total, entropy = total + q, entropy + q * (key[2] + 1)
                else:
                    after[key] += p / len(ARCS[state])
        reached = after
    assert total == pytest.approx(1)
    assert entropy == pytest.approx(7, abs=1e-4)


def test_an_embedded_string_walks_through_the_automaton():
    names = {i: symbol for symbol, i in IDS.items()}
    random, inner = Random(1), []
    for _ in range(200):
        string = Reber().draw(random)
        symbols = "".join(names[i] for i in string.ids[:-1])
        assert (symbols[0], symbols[-1], string.ids[-1]) == ("B", "E", 0)
        assert symbols[1] == symbols[-2] == names[string.ids[string.places[0]]]
        assert string.places == [len(symbols) - 2]
        state = 0
        for symbol in symbols[2:-2]:
            state = dict(ARCS[state])[symbol]
        assert state == len(ARCS)
        inner.append(string.distance == len(symbols) - 4)
    assert all(inner)
    assert without_memory(Reber()) == (1.0, 0.5)
    assert {reber_string(random)[:2] for _ in range(50)} == {"BT", "BP"}


def test_strings_that_a_user_began_are_asked_for_their_end():
    string = COPYING.asked("ba c__ !", "x")
    assert [COPYING.names[i - FIRST] for i in string.ids[:6]] == list("bac__!")
    assert (list(string.places), string.distance, len(string.ids)) == ([6, 7, 8], 2, 10)
    string = Reber().asked("BTBTXSE", "x")
    assert (string.places, string.distance, len(string.ids)) == ([7], 5, 10)
    assert string.ids[7] in Reber.choices


@pytest.mark.parametrize("line", ["", "!", "ab__", "ab!c!", "xy_!", "ab_c!"])
def test_a_line_that_is_no_beginning_of_a_copy_is_named(line):
    with pytest.raises(PipelineError, match=r"^FILE, line 3: "):
        COPYING.asked(line, "FILE, line 3")


@pytest.mark.parametrize("line", ["", "BT", "BXBTXSE", "BTBTXZE", "BTBTXS"])
def test_a_line_that_is_no_beginning_of_a_reber_string_is_named(line):
    with pytest.raises(PipelineError, match=r"^FILE, line 3: "):
        Reber().asked(line, "FILE, line 3")
