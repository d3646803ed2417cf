"""The commands on a trained model: words in, exit code and text out."""

import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from bigrams import TRAINING

from pipeline.text.ngram import KneserNey


def test_score_prints_the_chain_rule_and_its_sums(unroll, bigram):
    code, out, err = unroll("score", bigram, "ab")
    assert (code, err) == (0, "")
    rows = [line.split("│")[1:-1] for line in out.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["1", "'a'", "0.5", "-0.6931"],
        ["2", "'b'", "0.5", "-0.6931"],
        ["3", "<end of unit>", "0.5", "-0.6931"],
    ]
    assert f"ln p(text, EOS) = {-3 * math.log(2):.4f} nats" in out
    assert "perplexity = 2.0000" in out
    assert "bits per character = 1.0000 (3 characters; an end counts as one)" in out


def test_score_shows_the_mixture_with_the_ngram_of_the_run(unroll, bigram_of_a_run):
    """Three quarters of the network's 1/2, 1/2, 1/2 and a quarter of what the 2-gram says."""
    code, out, err = unroll("score", bigram_of_a_run, "ab")
    assert (code, err) == (0, "")
    assert "p, mixed with the 2-gram" in out
    p = [0.375 + q / 4 for q in np.exp(-KneserNey.fit(TRAINING, 4, 2, "stream").nats(np.array([2, 3, 0]))[-1])]
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if line.startswith("│")]
    assert [row[2] for row in rows] == ["0.5"] * 3
    assert [row[4] for row in rows] == [f"{each:.6g}" for each in p]
    assert [row[5] for row in rows] == [f"{math.log(each):.4f}" for each in p]
    nats = -sum(map(math.log, p))
    assert "mixed with the 2-gram, whose weight is 0.25:\n  ln p(text, EOS) = " + f"{-nats:.4f} nats\n" in out
    assert f"  bits per character = {nats / math.log(2) / 3:.4f} (3 characters" in out


def test_score_says_why_there_is_no_mixture(unroll, bigram):
    code, out, _ = unroll("score", bigram, "ab")
    assert code == 0
    said = (
        r"No column of the mixture with the n-gram: \S+/nats/validation.npy: the file is needed, whole, .*dvc repro`\n"
    )
    assert re.match(said, out)
    assert "mixed with" not in out


def test_score_of_a_file_adds_its_lines_up(unroll, bigram, tmp_path):
    (tmp_path / "texts.txt").write_text("ab\n\n", encoding="utf-8")
    code, out, _ = unroll("score", bigram, "--file", "texts.txt")
    assert code == 0
    assert re.findall(r"bits per character = (\S+)", out) == ["1.0000", "3.0000", "1.5000"]  # 3 bits, 3 bits, 6 over 4
    assert "all 2 texts:" in out


def test_a_mark_before_a_text_is_no_text(unroll, bigram, tmp_path):
    """Of a file, of an argument and of a prompt, as `"$(cat FILE)"` gives it; one within a text is a character."""
    (tmp_path / "marked.txt").write_text("\ufeffab\n", encoding="utf-8")
    plain = unroll("score", bigram, "ab")
    assert unroll("score", bigram, "\ufeffab") == plain
    assert unroll("score", bigram, "--file", "marked.txt") == plain
    assert "1 of the tokens are not in the vocabulary" in unroll("score", bigram, "a\ufeffb")[1]
    assert unroll("sample", bigram, "--prompt", "\ufeffab") == unroll("sample", bigram, "--prompt", "ab")


def test_a_file_in_another_encoding_is_named_with_what_converts_it(unroll, bigram, tmp_path):
    (tmp_path / "texts.txt").write_text("ab\n", encoding="utf-16")
    (tmp_path / "pairs.tsv").write_text("ab\tba\n", encoding="utf-16")
    for words in (["score", bigram, "--file", "texts.txt"], ["compare-pairs", bigram, "pairs.tsv"]):
        code, _, err = unroll(*words)
        sentence = r"(\w+\.\w+): byte 0: the text is UTF-8 \(got UTF-16\); .*`iconv -f UTF-16 -t UTF-8 < \1 > .*`\n"
        assert code == 2
        assert re.fullmatch(sentence, err)


def test_score_says_what_unknown_tokens_cost(unroll, bigram):
    code, out, _ = unroll("score", bigram, "a[é]")
    assert code == 0
    assert "3 of the tokens are not in the vocabulary: UNK is charged, and the character's name" in out
    assert "at least" not in out


def test_score_of_a_cloze_model_says_pseudo(unroll, cloze):
    code, out, _ = unroll("score", cloze, "cat")
    assert code == 0
    assert "pseudo-log-likelihood" in out
    assert "pseudo-perplexity" in out
    assert "no probability of the text, so it is not mixed with the n-gram" in out
    assert "No column" not in out


def test_samples_go_on_from_the_prompt_and_their_log_probability_is_the_score(unroll, bigram):
    code, out, _ = unroll("sample", bigram, "--prompt", "ab", "--num-samples", "4", "--max-tokens", "40")
    assert code == 0
    samples = re.findall(r"--- sample \d: \d+ tokens, ended by EOS, ln p = (\S+)\n(ab.*)\n", out)
    assert len(samples) == 4
    for log_probability, text in samples:
        _, scored, _ = unroll("score", bigram, text)
        assert f"ln p(text, EOS) = {float(log_probability):.3f}" in scored


def test_the_same_seed_gives_the_same_samples(unroll, bigram):
    one, same, other = (unroll("sample", bigram, "--seed", seed, "--num-samples", "9")[1] for seed in "112")
    assert one == same != other


def test_a_cloze_model_fills_the_gaps_of_the_prompt(unroll, cloze):
    code, out, _ = unroll("sample", cloze, "--prompt", "the c___t s___t", "--num-samples", "2")
    assert code == 0
    assert len(re.findall(r"^the c.t s.t$", out, re.MULTILINE)) == 2
    assert len(re.findall(r"ln p = -\d", out)) == 4


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--temperature", "0"], r"unroll sample: temperature: .*greater than 0 \(got 0.0\)"),
        (["--temperature", "nan"], r"unroll sample: temperature: .*\(got nan\)"),
        (["--top-p", "0"], r"unroll sample: top_p: .*greater than 0 \(got 0.0\)"),
        (["--top-p", "1.5"], r"unroll sample: top_p: .*less than or equal to 1 \(got 1.5\)"),
        (["--top-k", "0"], r"unroll sample: top_k: .*greater than or equal to 1 \(got 0\)"),
        (["--num-samples", "0"], r"unroll sample: num_samples: .*\(got 0\)"),
        (["--max-tokens", "0"], r"unroll sample: max_tokens: .*\(got 0\)"),
        (["--prompt", "abcé"], r"prompt: tokens that the model's vocabulary has \(got \['c', 'é'\]\); leave these out"),
    ],
)
def test_a_wrong_value_is_one_sentence(unroll, bigram, words, sentence):
    code, out, err = unroll("sample", bigram, *words)
    assert (code, out) == (2, "")
    assert re.fullmatch(sentence + ".*\n", err)


def test_a_cloze_model_asks_for_gaps(unroll, cloze):
    code, _, err = unroll("sample", cloze)
    assert code == 2
    assert err == (
        "unroll sample --prompt: a cloze model fills gaps: text with ___ for each missing token (got ''); "
        "write ___ where a token is missing\n"
    )


def rows_of(out: str) -> list[list[str]]:
    """The cells of a printed table."""
    lines = [line.split("│")[1:-1] for line in out.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line] for line in lines]


def test_compare_pairs_prints_accuracies_and_coverage(unroll, bigram, tmp_path):
    (tmp_path / "pairs.tsv").write_text("ab\tba\t[x]\nba\tab\t[x]\nab\ta\ty\na\té\ty\na\ta\ty\n", encoding="utf-8")
    code, out, err = unroll("compare-pairs", bigram, "pairs.tsv")
    assert (code, err) == (0, "")
    assert rows_of(out) == [
        ["[x]", "2", "0.5000", "0.0945 to 0.9055"],
        ["y", "1", "0.5000", "0.0546 to 0.9454"],
        ["all that are covered", "3", "0.5000", "0.1253 to 0.8747"],
        ["with unknown tokens, apart", "1", "1.0000", "0.2065 to 1.0000"],
    ]
    assert out.endswith(
        "correct = the good sentence has the greater ln p(sentence, EOS); a tie counts half (ties: 1)\n"
        "covered = 3 of 5 pairs; left out are\n"
        "  1 with a token that is not in the vocabulary\n"
        "  1 whose two sentences are the same tokens to the model\n"
    )


def test_compare_pairs_of_a_cloze_model_says_pseudo(unroll, cloze, tmp_path):
    (tmp_path / "pairs.jsonl").write_text('{"good": "cat", "bad": "act", "kind": "swap"}\n', encoding="utf-8")
    code, out, _ = unroll("compare-pairs", cloze, "pairs.jsonl", "--group", "kind")
    assert code == 0
    assert [row[:2] for row in rows_of(out)] == [
        ["swap", "1"],
        ["all that are covered", "1"],
        ["with unknown tokens, apart", "0"],
    ]
    assert "the good sentence has the greater pseudo-log-likelihood" in out
    assert "no probability of the sentence" in out


def test_compare_pairs_names_every_malformed_line(unroll, bigram, tmp_path):
    (tmp_path / "pairs.tsv").write_text("ab\nab\tba\nb\n", encoding="utf-8")
    code, out, err = unroll("compare-pairs", bigram, "pairs.tsv")
    assert (code, out) == (2, "")
    assert [line.split(": good")[0] for line in err.splitlines()] == ["pairs.tsv: line 1", "pairs.tsv: line 3"]


@pytest.mark.parametrize("command", [["sample", "out/train/x"], ["score", "out/train/x", "a"]])
def test_a_missing_bundle_names_what_to_run_or_what_is_there(unroll, bigram, command, tmp_path):
    code, _, err = unroll(*command)
    assert (code, err) == (
        2,
        "out/train/x: the folder of a trained network (got no such folder); train one with `unroll repro train`\n",
    )
    shutil.copytree(bigram, tmp_path / "out/train/char-rnn-1")
    assert unroll(*command)[2].endswith("choose of out/train/char-rnn-1\n")


def test_a_damaged_bundle_is_one_sentence(unroll, bigram):
    (Path(bigram) / "weights.safetensors").write_bytes(b"no")
    code, _, err = unroll("score", bigram, "a")
    assert code == 2
    assert re.match(r"\S*weights.safetensors: the file is needed, whole", err)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], r"unroll score: either texts or --file \(got 0 texts\); give one of them\n"),
        (["a", "--file", "x"], r"unroll score: either texts or --file \(got 1 texts and x\); give one of them\n"),
        (["--file", "x"], r"x: a file that can be read \(got No such file or directory\); name another\n"),
        (["--file", "empty"], r"empty: at least one line \(got an empty file\); write .*\n"),
    ],
)
def test_score_needs_one_source_of_texts(unroll, bigram, tmp_path, words, sentence):
    (tmp_path / "empty").touch()
    code, _, err = unroll("score", bigram, *words)
    assert code == 2
    assert re.fullmatch(sentence, err)
