"""Wrong values of params.yaml and of options: one sentence before anything runs."""

from pathlib import Path

import pytest
from bad_input import check_failed, given

from pipeline.base.errors import EXIT_USER_ERROR
from stages.corpus import corpus

WRONG_VALUES = {
    "run.models": (["grue"], r"run.models: each is an entry of models \(got 'grue'\); did you mean 'gru'"),
    "run.levels": (["letter"], "run.levels.0: .*'char', 'word' or 'bpe'"),
    "vocabulary.bpe.max_size": (257, "vocabulary.bpe.max_size: .*greater than or equal to 258 .got 257"),
    "vocabulary.word.min_count": (0, "vocabulary.word.min_count: .*greater than or equal to 1 .got 0"),
    "vocabulary.char.max_size": (2, "vocabulary.char.max_size: .*greater than or equal to 3 .got 2"),
    "training.char.batch_size": (0, "training.char.batch_size: .*greater than or equal to 1 .got 0"),
    "sampling.char.num_samples": (0, "sampling.char.num_samples: .*greater than or equal to 1 .got 0"),
    "sampling.char.max_tokens": (0, "sampling.char.max_tokens: .*greater than or equal to 1 .got 0"),
    "sampling.char.temperature": (0.0, "sampling.char.temperature: .*greater than 0 .got 0.0"),
    "sampling.word.temperature": (-1.0, "sampling.word.temperature: .*greater than 0 .got -1.0"),
    "sampling.char.top_p": (0.0, "sampling.char.top_p: .*greater than 0 .got 0.0"),
    "sampling.word.top_p": (1.5, "sampling.word.top_p: .*less than or equal to 1 .got 1.5"),
    "sampling.char.top_k": (0, "sampling.char.top_k: .*greater than or equal to 1 .got 0"),
}


@pytest.mark.parametrize("key", WRONG_VALUES)
def test_a_wrong_value_is_one_sentence_before_anything_runs(project, unroll, capfd, key):
    value, sentence = WRONG_VALUES[key]
    project(given(b"a", b"b", b"c"), **{key: value})
    code, out, err = unroll("check")
    assert out == ""
    check_failed(code, err, f"params.yaml: {sentence}", Path("out"))
    code = corpus.run(["--out", "out/corpus"])
    check_failed(code, capfd.readouterr().err, f"params.yaml: {sentence}", Path("out"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--num-samples", "0"], "unroll sample: num_samples: .*.got 0"),
        (["--max-tokens", "0"], "unroll sample: max_tokens: .*.got 0"),
        (["--num-samples", "1" + "0" * 25], "unroll sample: num_samples: .*less than or equal to 1000000000000"),
        (["--temperature", "0"], "unroll sample: temperature: .*greater than 0"),
        (["--temperature", "-1"], "unroll sample: temperature: .*greater than 0"),
        (["--top-p", "0"], "unroll sample: top_p: .*greater than 0"),
        (["--top-p", "1.01"], "unroll sample: top_p: .*less than or equal to 1"),
        (["--prompt", "zzq"], r"prompt: tokens that the model's vocabulary has \(got \['z', 'q'\]\); leave these out"),
        (["--prompt", "\udcff"], r"text: whole Unicode characters \(got '\\udcff' at place 0\); write it in UTF-8"),
    ],
)
def test_a_wrong_option_is_one_sentence(unroll, bundle, words, sentence):
    code, out, err = unroll("sample", str(bundle), *words)
    assert out == ""
    check_failed(code, err, sentence, Path("out"))


def test_half_a_character_cannot_be_scored(unroll, bundle):
    code, _, err = unroll("score", str(bundle), "a\udcff")
    check_failed(code, err, r"text: whole Unicode characters \(got '\\udcff' at place 1\)", Path("out"))


def test_a_seed_that_torch_does_not_take_is_a_usage_error(unroll, bundle):
    code, _, err = unroll("sample", str(bundle), "--seed", "9" * 30)
    assert code == EXIT_USER_ERROR
    assert "Invalid value for '--seed'" in err
