"""Scores of translations: against sacrebleu and torchmetrics, by hand, and their rows by length."""

import random

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

from pipeline.tasks import pair_scores
from pipeline.tasks.pair_scores import measure, rows_by, rows_by_length, signatures, tokens_13a

WORDS = "the A cat dog's sat on mat, man. 2,000 (big) 3.5 &amp; it-self 2026-11-27 été 日月 x".split()
HARD = ["", " ", "a", "a b", "...", "1.2.3", "a.b", "5-6-a", "A  b\u00a0c", "<skipped>x", "&quot;x&quot;"]


def sentences(seed, number, kept=0.7):
    """References, and answers that leave out, exchange and repeat some of their words."""
    rng = random.Random(seed)
    references = [" ".join(rng.choices(WORDS, k=rng.randint(1, 12))) for _ in range(number)]
    answers = [
        " ".join(word if rng.random() < kept else rng.choice(WORDS) for word in text.split() if rng.random() < 0.9)
        for text in references
    ]
    return answers, references


@pytest.mark.parametrize("text", [*HARD, *WORDS, " ".join(WORDS)])
def test_tokens_are_those_of_13a(text):
    assert tokens_13a(text) == Tokenizer13a()(text).split()


@pytest.mark.parametrize("lower_case", [False, True])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.7, 1.0])
def test_bleu_and_chrf_are_sacrebleus(kept, lower_case):
    answers, references = sentences(1, 60, kept)
    found = measure(answers, references, lower_case)
    bleu, chrf = BLEU(lowercase=lower_case), CHRF(lowercase=lower_case)
    assert 100 * found["bleu"].value == pytest.approx(bleu.corpus_score(answers, [references]).score, abs=1e-9)
    assert 100 * found["chrf"].value == pytest.approx(chrf.corpus_score(answers, [references]).score, abs=1e-9)
    assert found["bleu"].low <= found["bleu"].value <= found["bleu"].high


@pytest.mark.parametrize("answer", HARD)
@pytest.mark.parametrize("reference", ["a b", "a", "x y z v w", "1.2.3 5-6-a"])
def test_short_and_empty_answers_score_as_in_sacrebleu(answer, reference):
    """One sentence alone: orders without an n-gram, or without a right one."""
    found = measure([answer], [reference])
    assert 100 * found["bleu"].value == pytest.approx(BLEU().corpus_score([answer], [[reference]]).score, abs=1e-9)
    assert 100 * found["chrf"].value == pytest.approx(CHRF().corpus_score([answer], [[reference]]).score, abs=1e-9)


@pytest.mark.slow  # its import takes seconds
def test_bleu_is_that_of_torchmetrics():
    """Not chrF, which is the mean of F over the orders there, and F of means in sacrebleu."""
    from torchmetrics.functional.text import sacre_bleu_score

    answers, references = sentences(2, 30)
    found = measure(answers, references)
    wrapped = [[text] for text in references]
    assert found["bleu"].value == pytest.approx(float(sacre_bleu_score(answers, wrapped, tokenize="13a")), abs=1e-6)


def test_the_signatures_are_sacrebleus_but_for_its_version():
    for lower_case in (False, True):
        found = {"bleu": BLEU(lowercase=lower_case), "chrf": CHRF(lowercase=lower_case)}
        for name, metric in found.items():
            metric.corpus_score(["a"], [["a"]])
            theirs = str(metric.get_signature()).rpartition("|version:")[0]
            assert signatures(lower_case)[name] == theirs


def test_the_interval_is_that_of_sacrebleus_bootstrap():
    """Both draw sentences with replacement; sacrebleu gives half of the width of the 95 % interval."""
    answers, references = sentences(3, 400)
    found = measure(answers, references)
    for name, metric in (("bleu", BLEU()), ("chrf", CHRF())):
        theirs = metric.corpus_score(answers, [references], n_bootstrap=1000)
        half = 50 * (found[name].high - found[name].low)
        assert half == pytest.approx(theirs._ci, rel=0.15)


def test_exact_match_ignores_white_space_and_case_where_asked():
    assert measure(["A  b ", "c"], ["A b", "d"])["exact"].value == 0.5
    assert measure(["A b", "c"], ["a b", "d"])["exact"].value == 0
    assert measure(["A b", "c"], ["a b", "d"], lower_case=True)["exact"].value == 0.5


def test_rows_by_length_are_the_scores_of_their_pairs():
    answers, references = sentences(4, 50)
    lengths = [3, 9, 20, 20, 9] * 10
    rows = rows_by_length(lengths, answers, references)
    assert [(row["length"], row["n"]) for row in rows] == [("1-5", 10), ("6-10", 20), ("16-20", 20)]
    kept = [i for i, n in enumerate(lengths) if n == 9]
    expected = measure([answers[i] for i in kept], [references[i] for i in kept])
    assert rows[1]["bleu"] == expected["bleu"].value
    assert rows[1]["chrf_low"] == expected["chrf"].low
    assert [row["seen"] for row in rows_by("seen", [True, False] * 25, answers, references)] == [False, True]


def test_sums_are_added_up_and_divided_once():
    """A mean of the sentences' BLEU is another number."""
    counts = np.array([pair_scores.bleu_counts("a b c d", "a b c d"), pair_scores.bleu_counts("a b c e f", "a b c d")])
    right, total = (4 + 3, 3 + 2, 2 + 1, 1), (4 + 5, 3 + 4, 2 + 3, 1 + 2)
    expected = np.exp(np.mean([np.log(r / n) for r, n in zip(right, total, strict=True)]))
    assert pair_scores.bleu(counts.sum(0).astype(float)) == pytest.approx(expected)
