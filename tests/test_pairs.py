import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from bigrams import bigram_bundle

from pipeline.base.errors import PipelineError
from pipeline.base.metrics import wilson
from pipeline.networks.build import build
from pipeline.networks.bundle import Bundle
from pipeline.pairs import BATCH_SIZE, Pair, Share, compare, read_pairs, unit_log_probabilities
from pipeline.scoring import score_text
from pipeline.tokens.vocabulary import Vocabulary, learn

THEY = '{"good": "they are", "bad": "they is", "group": "B"}\n'


@pytest.fixture
def bigram(model) -> Bundle:
    """Known probabilities: the state is the last one-hot input, the readout a table of bigrams."""
    return bigram_bundle(model("rnn", nonlinearity="relu", hidden_size=4, embedding_size=None))


@pytest.fixture
def write(tmp_path) -> Callable[[str, str | bytes], Path]:
    def to(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_batches_of_padded_units_give_what_one_unit_alone_gives(model, dtype, bidirectional):
    section = model("lstm", num_layers=2, bidirectional=bidirectional)
    vocabulary = Vocabulary(learn(Counter("the cat sat."), 11, "char"))
    network = build(section, vocabulary.size, seed=1).eval().to(dtype)
    bundle = Bundle(network, vocabulary, section, "char", 1)
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("the cax."), size=rng.integers(0, 30))) for _ in range(2 * BATCH_SIZE + 5)]
    sums = unit_log_probabilities(network, [vocabulary.encode(text).tolist() for text in texts])
    alone = [score_text(bundle, text).log_probability for text in texts]
    assert sums == pytest.approx(alone, rel=1e-6 if dtype == torch.float32 else 1e-12)


def test_accuracies_and_what_is_counted_apart_by_hand(bigram):
    """p(ab, EOS) = p(a, EOS) = 1/8, p(ba, EOS) = 1/4 1/4 1/4, p(UNK, EOS) = 1/8 1/2."""
    pairs = [
        Pair("ab", "ba", "order"),  # right
        Pair("ba", "ab", "order"),  # wrong
        Pair("ab", "a", "length"),  # a tie
        Pair("a", "a", "length"),  # nothing to tell apart
        Pair("a", "é", "length"),  # é is unknown: right
        Pair("é", "è", "unknown"),  # both are UNK: nothing to tell apart
    ]
    comparison = compare(bigram, pairs)
    assert comparison.covered == Share(3, 1.5)
    assert comparison.groups == {"order": Share(2, 1.0), "length": Share(1, 0.5), "unknown": Share(0, 0.0)}
    assert comparison.unknown == Share(1, 1.0)
    assert (comparison.num_indistinguishable, comparison.num_ties, comparison.num_pairs) == (2, 1, 6)
    assert not comparison.is_pseudo


def test_a_share_has_an_accuracy_and_its_wilson_interval():
    assert Share(4, 2.5).accuracy == pytest.approx(0.625)
    assert Share(4, 2.5).interval == wilson(2.5, 4)
    assert Share(0, 0.0).accuracy is None


def test_sentences_are_read_in_nfc(bigram):
    assert compare(bigram, [Pair("é", "e\u0301")]).num_indistinguishable == 1
    assert compare(bigram, [Pair("ab", "ba")]).groups == {}


def test_a_cloze_model_compares_pseudo_log_likelihoods(model):
    section = model("gru", bidirectional=True)
    vocabulary = Vocabulary(learn(Counter("aab"), 10, "char"))
    bundle = Bundle(build(section, 4, seed=1).eval(), vocabulary, section, "char", 1)
    good, bad = (score_text(bundle, text).log_probability for text in ("abb", "ba"))
    comparison = compare(bundle, [Pair("abb", "ba")])
    assert comparison.is_pseudo
    assert comparison.covered.correct == float(good > bad)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.tsv", "he is\the are\tA\nthey are\tthey is\tB\n"),
        ("p.tsv", "good\tbad\tgroup\nhe is\the are\tA\nthey are\tthey is\tB"),
        ("p.tsv", "\ufeffgood\tbad\tgroup\r\nhe is\the are\tA\rthey are\tthey is\tB\r\n"),
        ("p.jsonl", '{"group": "A", "bad": "he are", "good": "he is"}\n' + THEY),
        ("p.jsonl", '{"sentence_good": "he is", "sentence_bad": "he are", "group": "A"}\r\n' + THEY),
    ],
)
def test_the_same_pairs_in_every_form(write, name, content):
    assert read_pairs(write(name, content)) == [Pair("he is", "he are", "A"), Pair("they are", "they is", "B")]


def test_only_the_exact_header_is_one(write):
    assert read_pairs(write("p.tsv", "good\tbad\na\tb\n")) == [Pair("a", "b")]
    assert read_pairs(write("q.tsv", "Good\tbad\na\tb\n")) == [Pair("Good", "bad"), Pair("a", "b")]
    assert read_pairs(write("r.tsv", "a\tb\ngood\tbad\n")) == [Pair("a", "b"), Pair("good", "bad")]


def test_a_line_of_blimp_is_read_as_it_is(write):
    blimp = {"sentence_good": "Who left?", "sentence_bad": "Who leave?", "UID": "wh", "pair_id": 0, "one_prefix": True}
    path = write("b.jsonl", json.dumps(blimp) + "\n")
    assert read_pairs(path) == [Pair("Who left?", "Who leave?")]
    assert read_pairs(path, "UID") == [Pair("Who left?", "Who leave?", "wh")]


def test_every_malformed_line_is_named_at_once(write):
    path = write("p.tsv", "a\tb\n\nonly\na\tb\tc\td\n \tb\na\tb\n")
    with pytest.raises(PipelineError) as caught:
        read_pairs(path)
    rule = "good TAB bad, or good TAB bad TAB group"
    assert str(caught.value).splitlines() == [
        f"{path}: line 2: {rule} (got 1 fields); mend the line",
        f"{path}: line 3: {rule} (got 1 fields); mend the line",
        f"{path}: line 4: {rule} (got 4 fields); mend the line",
        f"{path}: line 5: good is text, and not empty (got ' '); mend the line",
    ]


def test_of_many_malformed_lines_the_first_are_shown(write):
    with pytest.raises(PipelineError) as caught:
        read_pairs(write("p.tsv", "x\n" * 12))
    lines = str(caught.value).splitlines()
    assert (len(lines), lines[-1]) == (6, "... and 7 more")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", r"line 2: a line of JSON \(got Expecting property name.*\); mend the line"),
        ("[1]", r"line 2: an object with the keys good and bad, or sentence_good and sentence_bad \(got \[1\]\); .*"),
        ('{"good": "a", "x": 1}', r"line 2: an object with the keys .* \(got the keys good, x\); .*"),
        ('{"good": "a", "bad": 3, "group": "g"}', r"line 2: bad is text, and not empty \(got 3\); .*"),
        ('{"good": "a", "bad": "\\ud800", "group": "g"}', r"line 2: bad is text, and not empty \(got '\\ud800'\); .*"),
        ('{"good": "a", "bad": "b", "group": null}', r"line 2: group is text, and not empty \(got None\); .*"),
        ('{"good": "a", "bad": "b"}', r"line 2: every pair has a group, or none has \(got none\); .*"),
    ],
)
def test_a_malformed_line_of_json_says_what_it_lacks(write, line, sentence):
    path = write("p.jsonl", '{"good": "a", "bad": "b", "group": "g"}\n' + line + "\n")
    with pytest.raises(PipelineError, match=f"^{path}: {sentence}$"):
        read_pairs(path)


def test_a_group_key_that_lines_lack_is_an_error(write):
    with pytest.raises(PipelineError, match=r"line 1: UID is text, and not empty \(got None\); mend the line"):
        read_pairs(write("p.jsonl", '{"good": "a", "bad": "b", "group": "g"}\n'), "UID")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("p.tsv", b"good\tb\xff\n", r"p.tsv: byte 6: the text is UTF-8 \(got 0xff\); convert it from .*"),
        ("p.tsv", b"\xef\xbb\xbfgood\tb\xff\n", r"p.tsv: byte 9: the text is UTF-8 \(got 0xff\); .*"),
        ("p.tsv", "", r"p.tsv: at least one pair \(got none\); write a good and a bad sentence on each line"),
        ("p.tsv", "good\tbad\n", r"p.tsv: at least one pair \(got none\); .*"),
        ("p.jsonl", "", r"p.jsonl: at least one pair \(got none\); .*"),
        ("p.csv", "a,b\n", r"p.csv: pairs come as .tsv, or as .jsonl, .* \(got p.csv\); .*"),
    ],
)
def test_a_file_without_pairs_is_one_sentence(write, name, content, sentence):
    with pytest.raises(PipelineError, match=f"/{sentence}$"):
        read_pairs(write(name, content))


def test_a_missing_file_and_a_group_key_for_tsv(write, tmp_path):
    with pytest.raises(PipelineError, match=r"no.tsv: a file that can be read \(got No such file"):
        read_pairs(tmp_path / "no.tsv")
    with pytest.raises(PipelineError, match=r"p.tsv: pairs come as .tsv, .*; convert the file, or leave --group out"):
        read_pairs(write("p.tsv", "a\tb\tc\n"), "UID")
