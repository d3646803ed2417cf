"""The compressors against texts whose entropy is known, and the figures of a known file."""

import lzma
from math import log2
from pathlib import Path

import numpy as np
import pytest

from pipeline.text.compressors import COMPRESSORS, bits_per_char, bz2_compress, joined, xz_compress

LM = Path(__file__).parents[2] / "../shared/data/lm"


def random_text(seed: int, length: int, letters: str = "abcd") -> str:
    return "".join(np.random.default_rng(seed).choice(list(letters), size=length))


@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_random_text_costs_its_entropy_and_no_less(name):
    """2 bits a character of four equal ones: nothing can do better, and these lose less than a fifth."""
    bits = bits_per_char(COMPRESSORS[name], random_text(1, 60_000), {"test": random_text(2, 30_000)})["test"]
    assert 2 <= bits < 2.4


def test_a_biased_text_costs_more_than_its_entropy_and_less_than_a_fair_one():
    biased = [random_text(seed, 40_000, "aaaaaaaaab") for seed in (1, 2)]
    entropy = -(0.9 * log2(0.9) + 0.1 * log2(0.1))
    for compress in COMPRESSORS.values():
        assert entropy < bits_per_char(compress, biased[0], {"test": biased[1]})["test"] < 1


@pytest.mark.parametrize("name", COMPRESSORS)
def test_what_the_training_text_says_often_costs_next_to_nothing(name):
    phrase = random_text(3, 300)
    known = bits_per_char(COMPRESSORS[name], phrase * 50, {"test": phrase * 5})["test"]
    unknown = bits_per_char(COMPRESSORS[name], random_text(4, 300) * 50, {"test": phrase * 5})["test"]
    assert known < 0.1 < unknown


@pytest.mark.slow
def test_bz2_forgets_what_lies_a_block_back_and_xz_does_not():
    """A block and more of random letters, then the first 50,000 of them again."""
    letters = "".join(map(chr, range(48, 112)))
    train = random_text(5, 1_000_000, letters)
    again = {"test": train[:50_000]}
    assert bits_per_char(bz2_compress, train, again)["test"] > log2(len(letters))
    assert bits_per_char(xz_compress, train, again)["test"] < 0.05


def test_the_denominator_is_characters_and_each_split_stands_alone():
    text = "häuschen, größer\n"  # two bytes for each of ä, ö, ß
    bits = bits_per_char(lambda data: data, "für\n", {"validation": text, "test": "ab"})
    assert bits == {"validation": 8 * (len(text) + 3) / len(text), "test": 8}


def test_a_units_end_is_one_character():
    units = ["first", "", "third one"]
    assert len(joined(units)) == sum(map(len, units)) + len(units)


def test_what_xz_writes_can_be_read_with_any_xz():
    text = random_text(6, 5_000).encode()
    assert lzma.decompress(xz_compress(text)) == text
    assert lzma.decompress(xz_compress(b"")) == b""


@pytest.mark.slow
def test_tiny_shakespeare_as_a_whole_has_the_known_bits():
    path = LM / "tinyshakespeare.txt"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    text = path.read_text(encoding="utf-8")
    assert bits_per_char(bz2_compress, "", {"all": text})["all"] == pytest.approx(2.36, abs=0.005)
    assert bits_per_char(xz_compress, "", {"all": text})["all"] == pytest.approx(2.61, abs=0.005)
