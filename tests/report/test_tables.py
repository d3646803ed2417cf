import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.base.artifacts import write_nats
from pipeline.base.params import RunParams
from pipeline.report.collect import LevelResults, Results, collect
from pipeline.report.estimates import Estimate
from pipeline.report.tables import cloze_scores, costs_compared, levels_compared, scores


@pytest.fixture
def results(folders: dict[str, Path], run: RunParams) -> Results:
    return collect(folders, run)


def test_networks_and_floor_stand_in_one_order(results: Results):
    assert unmixed(results.levels[0]) == ["lstm", "3-gram", "2-gram", "rnn", "bz2", "1-gram"]
    assert unmixed(results.levels[1]) == ["3-gram", "2-gram", "lstm", "rnn", "bz2", "1-gram"]


def unmixed(level: LevelResults) -> list[str]:
    return [row.name for row in scores(level) if row.kind != "mixture"]


def test_each_language_model_is_mixed_with_the_best_order(results: Results):
    """Half of 1/2 and half of 1/8 is 5/16 for every token; a word is 5 characters, and spelling adds 1/4 bit."""
    mixtures = {
        (level.level, row.name): row for level in results.levels for row in scores(level) if row.kind == "mixture"
    }
    assert set(mixtures) == {(level, f"{m} + 2-gram") for level in ("char", "word") for m in ("rnn", "lstm")}
    bits = math.log2(16 / 5)
    char, word = mixtures["char", "lstm + 2-gram"].numbers, mixtures["word", "lstm + 2-gram"].numbers
    assert char["weight"].mean == pytest.approx(0.5)
    assert (char["test/bits_per_char"].mean, char["test/perplexity"].mean) == pytest.approx((bits, 16 / 5))
    assert word["validation/bits_per_char"].mean == pytest.approx(bits / 5)
    assert word["test/bits_per_char"].mean == pytest.approx(bits / 5 + 1 / 4)
    assert word["test/perplexity"].mean == pytest.approx(16 / 5)


def test_the_weight_comes_from_the_validation_text_of_each_seed(folders: dict[str, Path], run: RunParams):
    """Of the second seed, the network knows the validation text by heart and nothing of the test text."""
    out = folders["train"] / "char-lstm-2"
    shutil.rmtree(out / "nats")
    write_nats(out, {"validation": np.zeros(200), "test": np.full(200, 9.0)})
    lstm = collect(folders, run).levels[0].models[1]
    assert [seed.mixture["weight"] for seed in lstm.seeds] == pytest.approx([0.5, 0.0])
    assert lstm.seeds[1].mixture["test/nats_per_token"] == pytest.approx(9)
    assert lstm.mixture["weight"].mean == pytest.approx(0.25)


def test_one_order_is_marked(results: Results):
    assert [row.name for row in scores(results.levels[0]) if row.is_best_order] == ["2-gram"]


def test_a_compressor_has_no_perplexity_and_no_parameters(results: Results):
    bz2 = next(row for row in scores(results.levels[0]) if row.kind == "compressor")
    assert bz2["validation/bits_per_char"] == Estimate(2.5, None, 1)
    assert bz2["test/perplexity"] is None
    assert bz2["parameters"] is None


def test_the_cloze_model_has_a_table_of_its_own(results: Results):
    assert [row.name for row in cloze_scores(results.levels[0])] == ["bilstm"]
    assert "bilstm" not in {row.name for row in scores(results.levels[0])}


def test_levels_are_compared_by_hand_computed_ratios(results: Results):
    char, word = levels_compared(results)
    assert (char.chars_per_token, word.chars_per_token) == (1.0, 5.0)
    assert char.tokens_per_unit == 100.0
    assert word.unknown_rate == 5 / 200
    assert word.vocabulary_size == 11


def test_cost_is_the_weights_used_for_each_character(results: Results):
    rnn = costs_compared(results)[0]
    # 1000 parameters less a look-up of 11 rows of 5; a word is used for 5 characters
    assert rnn.multiply_adds_per_char == {"char": 945.0, "word": 189.0}
    assert rnn.bits_per_char["word"].mean == pytest.approx(2.2)


def test_tied_embeddings_are_used_by_the_softmax(folders: dict[str, Path], run: RunParams):
    from pipeline.base.artifacts import Record

    for level in ("char", "word"):
        for seed in (1, 2):
            folder = folders["train"] / f"{level}-rnn-{seed}"
            old = Record.load(folder)
            Record({**old.params, "model.tied_embeddings": True}, {}, old.metrics, old.history).save(folder)
    assert costs_compared(collect(folders, run))[0].multiply_adds_per_char["char"] == 1000.0


def test_the_cloze_model_is_not_compared_with_the_others(results: Results):
    assert [row.model for row in costs_compared(results)] == ["rnn", "lstm"]
