"""Ids on disk, and what the vocabulary lacks."""

import itertools
import json
import math
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.errors import EXIT_OK
from pipeline.text.encoding import encode_split, gather, spelling_nats
from pipeline.text.spelling import SpellingModel
from pipeline.tokens.batches import SCHEMA as TEXT_SCHEMA
from pipeline.tokens.batches import SPLITS, as_batch
from pipeline.tokens.tokenization import Scheme, tokenize
from pipeline.tokens.vocabulary import Vocabulary, count_types, learn
from stages.tokenization import tokenization as tokenization_stage
from stages.vocabulary import vocabulary as vocabulary_stage

SCHEMES: list[Scheme] = ["char", "pattern", "spaces", "bytes"]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), max_size=4), max_size=5))
def test_gather_is_the_obvious_loop(units):
    ids_of_types = [[5], [6, 7, 8], [9, 4]]
    expected = [i for unit in units for i in [*(i for code in unit for i in ids_of_types[code]), 0]]
    codes = np.array([code for unit in units for code in unit], np.int64)
    assert gather(codes, np.array([len(unit) for unit in units], np.int64), ids_of_types).tolist() == expected


@pytest.mark.parametrize("scheme", SCHEMES)
def test_ids_on_disk_are_those_of_the_vocabulary(tmp_path, scheme):
    """Unit by unit what Vocabulary.encode gives, and EOS; in two batches, an empty unit among them."""
    units = [["the cat sat", "", "on  the\nmat <unk>"], ["été 😀 zzz", "the end"]]
    batches = [tokenize(pa.array(texts), scheme) for texts in units]
    vocabulary = Vocabulary(learn(count_types(batches[:1]), 259, scheme))
    tally = encode_split(batches, vocabulary, tmp_path / "ids.npy")
    expected = [i for texts in units for text in texts for i in [*vocabulary.encode(text).tolist(), 0]]
    ids = np.load(tmp_path / "ids.npy", mmap_mode="r")
    assert ids.tolist() == expected
    assert (tally.units, tally.tokens, tally.unknown) == (5, len(expected), expected.count(1))
    assert tally.counts.tolist() == np.bincount(expected, minlength=vocabulary.size).tolist()
    assert tally.coverage == 1 - expected.count(1) / (len(expected) - 5)
    assert sum(tally.unknown_types.values()) == tally.unknown


@pytest.mark.parametrize(("size", "dtype"), [(255, np.uint8), (256, np.uint16), (65_536, np.uint32)])
def test_the_type_holds_the_size_itself(tmp_path, size, dtype):
    """The begin token is V: with V = 256 a byte is too small."""
    characters = [chr(0x20000 + i) for i in range(size - 2)]
    vocabulary = Vocabulary(learn(dict.fromkeys(characters, 1), size, "char"))
    encode_split([tokenize(pa.array(characters[-1:]), "char")], vocabulary, tmp_path / "ids.npy")
    assert vocabulary.size == size
    assert np.load(tmp_path / "ids.npy").tolist() == [size - 1, 0]
    assert np.load(tmp_path / "ids.npy").dtype == dtype


def test_an_empty_split_is_an_empty_array(tmp_path):
    encode_split([], Vocabulary(learn({"a": 1}, 3, "char")), tmp_path / "ids.npy")
    assert np.load(tmp_path / "ids.npy").shape == (0,)


def test_spelling_of_unknown_characters():
    """Each costs a choice among all of Unicode."""
    nats = spelling_nats({"train": Counter(), "test": Counter({"ж": 2, "я": 1})}, ["a"], "char")
    assert nats == pytest.approx({"train": 0.0, "test": 3 * math.log(1_114_112)})


def test_spelling_of_unknown_words():
    """Each occurrence is paid."""
    model = SpellingModel.fit(["cat", "mat"])
    expected = 2 * model.nats(["rat"])[0] + model.nats(["hat"])[0]
    unknown = {"train": Counter(), "validation": Counter(), "test": Counter({"rat": 2, "hat": 1})}
    nats = spelling_nats(unknown, ["mat", "cat"], "pattern")
    assert nats == pytest.approx({"train": 0.0, "validation": 0.0, "test": expected})


def test_marks_of_the_text_itself_and_unknown_words_share_what_unk_stands_for():
    """In training, 6 marks and 1 unknown word; by Laplace's rule, 7 and 2 of 9. A mark has no spelling."""
    model = SpellingModel.fit(["cat", "mat"])
    unknown = {"train": Counter({"<unk>": 6, "mat": 1}), "test": Counter({"rat": 2, "<unk>": 3})}
    nats = spelling_nats(unknown, ["mat", "cat", "<unk>"], "spaces")
    assert nats["train"] == pytest.approx(6 * math.log(9 / 7) + math.log(9 / 2) + model.nats(["mat"])[0])
    assert nats["test"] == pytest.approx(3 * math.log(9 / 7) + 2 * (math.log(9 / 2) + model.nats(["rat"])[0]))


@pytest.mark.parametrize("scheme", ["char", "pattern", "spaces"])
def test_what_unk_stands_for_is_a_code(scheme):
    """exp(-nats) over the tokens adds up to 1 at most: over all of Unicode, or over all short words and <unk>."""
    training = ["ab", "b", "ba"]
    alphabet = ["a", "b", chr(0x416)]
    words = ["".join(word) for n in (1, 2, 3) for word in itertools.product(alphabet, repeat=n)]
    tokens = {"char": alphabet, "pattern": words, "spaces": [*words, "<unk>"]}[scheme]
    train = Counter({"ab": 1, "<unk>": 3} if scheme == "spaces" else {"ab": 1})
    nats = [spelling_nats({"train": train, "test": Counter([t])}, training, scheme)["test"] for t in tokens]
    assert 0 < math.fsum(math.exp(-one) for one in nats) <= 1
    if scheme == "char":  # of which there are 0x110000
        assert math.exp(-nats[0]) * 0x110000 == pytest.approx(1)
    else:
        assert math.fsum(math.exp(-one) for one in nats) > 0.5


@pytest.mark.slow
def test_a_long_sum_of_spellings_is_exact():
    """Not what some order of adding gives: BLAS adds in another order on a machine of more cores."""
    words = sorted(f"{n**3:b}" for n in range(20_000))
    counts = Counter({word: 1 + place**2 % 97 for place, word in enumerate(words)})
    model = SpellingModel.fit(["101", "0", "11"])
    exact = math.fsum(counts[word] * nats for word, nats in zip(words, model.nats(words).tolist(), strict=True))
    assert spelling_nats({"train": counts}, ["101", "0", "11"], "pattern") == {"train": exact}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with params.yaml and a corpus, to run stages in."""
    params = (Path(__file__).parents[2] / "params.yaml").read_text()
    for key, value in (("max_lag", 1), ("positions", 1), ("min_count", 1)):
        params = re.sub(rf"{key}: \d+", f"{key}: {value}", params)
    (tmp_path / "params.yaml").write_text(params)
    monkeypatch.chdir(tmp_path)
    Path("corpus").mkdir()
    for split, texts in zip(SPLITS, (["to be, or not", "to be"], ["to see it"], ["be", "ж"]), strict=True):
        with pq.ParquetWriter(f"corpus/{split}.parquet", TEXT_SCHEMA) as file:
            file.write_batch(as_batch(texts))
    return tmp_path


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
def test_the_stage(project, level):
    """From corpus to ids: what design.md promises the next stages."""
    assert tokenization_stage.run(["--level", level, "--corpus", "corpus", "--out", f"tokens/{level}"]) == EXIT_OK
    flags = ["--level", level, "--tokens", f"tokens/{level}"]
    for out in ("a", "b"):
        assert vocabulary_stage.run([*flags, "--out", f"{out}/{level}"]) == EXIT_OK
    about = json.loads(Path(f"a/{level}/vocabulary.json").read_text())
    vocabulary = Vocabulary.load(Path(f"a/{level}/tokenizer.json"))
    assert (about["level"], about["size"]) == (level, vocabulary.size)
    for split, text, characters in (
        ("train", "to be, or notto be", 20),
        ("validation", "to see it", 10),
        ("test", "beж", 5),
    ):
        ids, counts = np.load(f"a/{level}/{split}.npy"), about["splits"][split]
        assert counts["tokens"] == len(ids)
        assert (counts["units"], counts["characters"]) == ((ids == 0).sum(), characters)
        assert counts["unknown"] == (ids == 1).sum()
        if not counts["unknown"]:
            assert vocabulary.decode(ids) == text
        assert (counts["spelling_nats"] > 0) == (counts["unknown"] > 0)
    unknown = {"char": 1, "word": 2, "bpe": 0}  # as a word, `be` with no space before it is new, too
    assert about["splits"]["test"]["unknown"] == unknown[level]
    for file in sorted(Path(f"a/{level}").rglob("*.*")):
        assert file.read_bytes() == Path("b", *file.parts[1:]).read_bytes()
